"""What a bar shows, what it earns, what is written down: by hand, at four prices that differ."""

from __future__ import annotations

import numpy as np
import pytest

from basislab.kernels.events import NO_LEG
from basislab.kernels.legs import LongLeg, Position, ShortLeg
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from basislab.kernels.venue.bars import Bars, Candles, Quote
from basislab.kernels.venue.ledger import empty_accounts
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_bar, kernel_params, posted

venue = plain.venue()
accrue, bars, events, record, state = (
    venue[name] for name in ("accrue", "bars", "events", "record", "state")
)


def test_a_bar_shows_each_series_where_it_belongs():
    """Sixteen prices and twelve series, each with its own number at bar 1."""
    number = iter(range(1, 99))
    candles = [
        Candles(*(np.array([0.0, next(number)]) for _ in range(4)))  # open, high, low, close
        for _ in range(4)  # mark, perp, spot, oracle
    ]
    others = [np.array([0.0, next(number)]) for _ in range(12)]
    shown = bars.bar_at(Bars(*candles, *others), 1)
    assert 1 == shown.number
    assert (1, 5, 9, 13) == tuple(shown.open)
    assert (2, 6, 10, 14) == tuple(shown.high)
    assert (3, 7, 11, 15) == tuple(shown.low)
    assert (4, 8, 12, 16) == tuple(shown.close)
    assert tuple(range(17, 29)) == tuple(shown)[5:]


def test_all_prices_go_the_same_share_of_the_way():
    start, end = Quote(100.0, 102.0, 96.0, 90.0), Quote(110.0, 122.0, 126.0, 130.0)
    assert (102.5, 107.0, 103.5, 100.0) == tuple(bars.between(start, end, 0.25))


@pytest.mark.parametrize(("is_hurt", "open_part"), [(False, "net_delta"), (True, "naked")])
def test_what_is_earned_in_coin_is_valued_at_the_close(is_hurt, open_part):
    """10 coins earn 1 % and 2 %: 0.1 and 0.2, worth 9.6 and 19.2 at the close of 96; 500 owe 3 %:
    15. From the last spot of 90 the 0.3 coins would gain 1.8: that is interest, not price."""
    before = held(quote=QUOTE._replace(spot=90.0), is_hurt=is_hurt)
    after = accrue.interest_accrued(before, kernel_bar(supply=0.01, stake=0.02, borrow=0.03))
    assert (10.3, 515.0) == pytest.approx(tuple(after.position.long))
    assert before.position.short == after.position.short
    assert {
        "supply_interest": 9.6,
        "borrow_interest": -15.0,
        "collateral_yield": 19.2,
        open_part: -0.3 * 6.0,
    } == posted(before, after)


@pytest.mark.parametrize(
    ("kind", "price"), [(vp.ORACLE_PRICE, 90.0), (vp.MARK_PRICE, 100.0), (vp.PERP_PRICE, 102.0)]
)
def test_the_notional_of_funding_has_the_venues_price(kind, price):
    assert price == accrue.funding_price(kind, QUOTE)


def test_funding_is_paid_into_the_margin():
    """0.1 % of 10 contracts at 90: 0.90."""
    before = held()
    after = accrue.funding_settled(before, 0.001, 90.0)
    assert (10.0, 110.0, pytest.approx(400.9)) == tuple(after.position.short)
    assert {"funding": 0.9} == posted(before, after)


@pytest.mark.parametrize(
    ("coins", "contracts", "basis", "rest"),
    [(12.0, 10.0, 10 * (4 - 5), 2 * 4), (10.0, 12.0, 10 * (4 - 5), -2 * 5), (10.0, 0.0, 0.0, 40)],
)
@pytest.mark.parametrize(("is_hurt", "open_part"), [(False, "net_delta"), (True, "naked")])
def test_a_price_move_is_basis_as_far_as_both_legs_reach(
    coins, contracts, basis, rest, is_hurt, open_part
):
    """Spot + 4, mark + 5: on the hedged part -1 a coin; the rest moves with its own price."""
    before = held((coins, 0.0), (contracts, 110.0, 400.0), is_hurt=is_hurt)
    after = state.repriced(before, Quote(105.0, 0.0, 100.0, 0.0))
    wanted = {"basis": basis, open_part: rest}
    assert {name: value for name, value in wanted.items() if value} == posted(before, after)
    assert Quote(105.0, 0.0, 100.0, 0.0) == after.last
    change = coins * 4 - contracts * 5
    assert state.equity(before) + change == pytest.approx(state.equity(after))


def test_equity_is_both_legs_and_the_cash():
    """10 * 96 - 500 = 460; 400 + 10 * (110 - 100) = 500; 30 on its way, 7 idle."""
    assert 997.0 == state.equity(held(idle=7.0, transit=vs.Transit(30.0, vs.TO_LONG, 9)))
    assert 960.0 == state.legs_equity(held())


def test_the_lowest_debt_is_remembered():
    """It is what shows a debt below zero."""
    before, short = held(), ShortLeg(10.0, 110.0, 400.0)
    for debt, lowest in ((-20.0, -20.0), (700.0, 500.0)):
        position = Position(LongLeg(10.0, debt), short)
        after = state.changed(before, position, 0.0, before.transit, before.accounts)
        assert lowest == after.lowest_debt


def test_a_run_begins_with_cash_and_nothing_else():
    begun = state.idle_state(1_000.0, QUOTE)
    assert ((0.0, 0.0), (0.0, 0.0, 0.0)) == tuple(map(tuple, begun.position))
    assert (1_000.0, (0.0, vs.NOWHERE, 0), (vs.NO_ORDER, 0.0)) == tuple(begun[1:4])
    assert (vs.WAITING, False, 0, 0.0, QUOTE) == tuple(begun[4:9])
    assert (False, False, 0.0, 0.0, 0.0, 0.0, 0.0) == begun.hits
    assert empty_accounts() == begun.accounts


@pytest.mark.parametrize(("margin", "borne"), [(400.0, -960.0), (-700.0, 140.0)])
def test_an_end_leaves_nothing_and_its_loss_is_the_venues(margin, borne):
    """460 + 500 are gone (handed over), or 460 - 600 = -140 are borne."""
    before = held(short=(10.0, 110.0, margin), is_hurt=True, order=vs.Order(vs.MOVE, 9.0))
    after = state.ended(before)
    assert 0.0 == state.equity(after)
    assert (vs.ENDED, False, (vs.NO_ORDER, 0.0)) == (after.status, after.is_hurt, after.order)
    assert {"loss_borne_by_venue": borne} == posted(before, after)


def test_a_row_says_what_both_legs_are_worth_and_how_far_they_are():
    """Long 460, LTV 500 / 900, dies at 500 / 7.5 = 66.67 of an oracle of 90. Short 500 on 1 000,
    dies at (400 + 1 100) / 10.25 = 146.34 of a mark of 100. Hits cost 3 + 4."""
    hits = vs.Hits(True, True, 3.0, 4.0, 5.0, 66.0, 147.0)
    before = held((11.0, 500.0), idle=7.0, transit=vs.Transit(30.0, 1, 9), hits=hits)
    row = np.zeros(len(record.COLUMNS))
    record.recorded(kernel_params(), before, kernel_bar(), row)
    wanted = {
        "long_usd": 11 * 96 - 500,
        "short_usd": 500,
        "ltv": 500 / 990,
        "margin_ratio": 0.5,
        "long_distance": 1 - 500 / (11 * 0.75) / 90,
        "short_distance": 1_500 / 10.25 / 100 - 1,
        "net_coins": 1,
        "idle_usd": 7,
        "transit_usd": 30,
        "liquidation_oracle": 66,
        "liquidation_mark": 147,
        "liquidation_cost_usd": 7,
    }
    assert wanted == pytest.approx(dict(zip(record.COLUMNS, row.tolist(), strict=True)))


def test_where_nothing_can_be_liquidated_distances_are_infinite():
    row = np.zeros(len(record.COLUMNS))
    record.recorded(kernel_params(), held((1.0, 0.0), (0.0, 0.0, 40.0)), kernel_bar(), row)
    found = dict(zip(record.COLUMNS, row.tolist(), strict=True))
    assert (np.inf, np.inf, 0.0) == (
        found["long_distance"],
        found["short_distance"],
        found["ltv"],
    )
    assert found["margin_ratio"] == np.inf


def test_a_small_position_has_its_ratios_too():
    """Half a cent of a coin: ratios know no size. Margin 0.4 + 0.1 on a notional of 1."""
    row = np.zeros(len(record.COLUMNS))
    record.recorded(kernel_params(), held((0.01, 0.5), (0.01, 110.0, 0.4)), kernel_bar(), row)
    assert (0.5 / 0.9, 0.5) == pytest.approx((row[2], row[3]))
    assert (1 - 0.5 / 0.0075 / 90, 1.5 / 0.01025 / 100 - 1) == pytest.approx((row[4], row[5]))


def test_events_beyond_the_room_are_counted_and_not_kept():
    """Room for one: the second and the third are counted."""
    log = events.new_log(1)
    for amount in (1.0, 2.0, 3.0):
        events.note(log, 4, events.ARRIVAL, held(), NO_LEG, events.NO_REASON, amount, 0.0, 0.0)
    assert (1, 3) == (len(log.rows), log.filled[0])
    assert 1.0 == log.rows[0][4]


def test_an_event_says_what_and_the_equity_after_it():
    """Bar 4, kind, leg, reason, moved, cost, penalty; equity 960."""
    log = events.new_log(2)
    events.note(log, 4, events.ARRIVAL, held(), NO_LEG, events.CARRY, 7.0, 8.0, 9.0)
    row = log.rows[0]
    assert [4, events.ARRIVAL, NO_LEG, events.CARRY, 7.0, 8.0, 9.0] == row[:7].tolist()
    assert 960.0 == row[9]
    assert np.isnan(row[10:]).all()
    assert 1 == log.filled[0]


def test_a_trailing_deviation_is_a_plain_mean_until_its_window_fills():
    """Squares of 9, 4, 16, 1 (1e-4): the first bar's alone; then a mean of one, (4 + 16) / 2, and
    from a share of 0.4 on 10 + 0.4 (1 - 10). Four bars of reaction double the deviation."""
    returns, sigma = np.array([0.03, -0.02, 0.04, 0.01]), np.zeros(4)
    plain.venue()["volatility"].trailing_deviation(returns, 0.4, 4.0, sigma)
    assert np.sqrt(4e-4 * np.array([9, 4, 10, 6.4])) == pytest.approx(sigma)
