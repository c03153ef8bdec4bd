"""Keeping the size, with two leverages: by hand, on flat hours at one price without costs.

10 000 USD at 2x and 2x open at 100: 100 coins and contracts, a debt and a margin of 5 000.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from basislab.errors import ConfigError
from basislab.research.venue import firing_ends
from basislab.simulate import simulate
from basislab.types import RateSeries
from basislab.types.constants import MarginTier
from basislab.types.venue_config import CONVENTIONS
from basislab.types.venue_terms import LendingMarket, Route
from tests.venue_builders import (
    FREE,
    LOAN,
    PERP,
    costly,
    events_of,
    free_venue_config,
    hourly_market,
)

SLOW = Route(name="slow", kind="transfer", delay_seconds=5_400.0)
"""Two bars after it left."""

NONE = LendingMarket(
    name="none", protocol="none", max_ltv=0.0, liquidation_ltv=1.0, procedure="none"
)


def kept(**changes):
    """A config that only keeps its size, within 20 %."""
    return free_venue_config(**({"policy": "never", "band": 0.2} | changes))


def run(rows, **changes):
    return simulate(hourly_market(rows), kept(**changes))


def resizes(result):
    return [event for event in result.event_list if event.kind == "resize"]


def last(result):
    """Coins of the long less contracts, both legs' equity, LTV, at the last close."""
    names = ("net_coins", "long_usd", "short_usd", "ltv", "idle_usd")
    return tuple(float(result.column(name)[-1]) for name in names)


def test_a_rise_sells_both_legs_and_the_proceeds_become_margin():
    """130: 8 000 and 2 000, 13 000 against 10 000. 23.0769 coins go; 3 000 are borrowed again."""
    result = run([100, 130, 130])
    (event,) = resizes(result)
    assert (2, pytest.approx(-3_000 / 130), 0.0) == (event.bar, event.coins, event.cost_usd)
    before = (event.long_leverage_before, event.short_leverage_before)
    assert (13_000 / 8_000, 13_000 / 2_000) == pytest.approx(before)
    assert (10_000 / 8_000, 10_000 / 2_000) == pytest.approx(
        (event.long_leverage_after, event.short_leverage_after)
    )
    assert (0.0, 5_000, 5_000, 0.5, 0.0) == pytest.approx(last(result))
    moved = [event.moved_usd for event in result.event_list if event.kind == "rebalance"]
    assert [3_000] == pytest.approx(moved)
    assert 10_000 == pytest.approx(result.final_usd)


def test_a_fall_moves_capital_first_and_grows_at_the_look_after():
    """70: 2 000 and 8 000; growing at once needs an LTV of 8 000 / 10 000. 3 000 go to the loan in
    bar 2 (debt 2 000); in bar 3 as much is borrowed: 42.857 coins and contracts."""
    result = run([100, 70, 70, 70])
    kinds = [(bar, kind) for bar, kind, _ in events_of(result)]
    assert [(0, "open"), (2, "rebalance"), (2, "arrival"), (3, "resize")] == kinds
    assert 2_000 / 7_000 == pytest.approx(result.column("ltv")[2])
    assert 3_000 / 70 == pytest.approx(resizes(result)[0].coins)
    assert (0.0, 5_000, 5_000, 0.5, 0.0) == pytest.approx(last(result))


def test_growing_waits_for_the_arrival():
    """Two bars under way: it leaves in bar 2, arrives in bar 4, whose close is the next look."""
    result = run([100, 70, 70, 70, 70, 70], transfer=SLOW)
    kinds = [(bar, kind) for bar, kind, _ in events_of(result)]
    assert [(0, "open"), (2, "rebalance"), (4, "arrival"), (5, "resize")] == kinds
    assert (0.0, 5_000, 5_000, 0.5, 0.0) == pytest.approx(last(result))


@pytest.mark.parametrize(("price", "is_resized"), [(119.9, 0), (120.1, 1), (80.1, 0), (79.9, 1)])
def test_the_band_is_of_the_size_that_the_equity_carries(price, is_resized):
    """Price alone moves the size here: equity stays 10 000."""
    assert is_resized == len(resizes(run([100, price, price, price])))


def test_a_step_that_fits_is_grown_at_once():
    """79: 2 900 and 7 100. To 10 000 by borrowing 2 100: an LTV of 7 100 / 10 000 = 0.71, below
    0.98 * 0.74. The transfer of 2 100 that restores the share leaves at the same open."""
    result = run([100, 79, 79])
    assert 2_100 / 79 == pytest.approx(resizes(result)[0].coins)
    assert (0.0, 5_000, 5_000, 0.5, 0.0) == pytest.approx(last(result))


@pytest.mark.parametrize(("price", "edge"), [(130, 11_000), (79, 9_000)])
def test_to_the_edge_is_half_way_out(price, edge):
    """Of 10 000 the inner half of a band of 20 % ends at 9 000 and 11 000."""
    result = run([100, price, price], resize_to="edge")
    assert (edge - 100 * price) / price == pytest.approx(resizes(result)[0].coins)


def test_the_legs_have_their_own_leverages():
    """1.5 and 3: N = 10 000 / (2/3 + 1/3) = 10 000; equity 6 667, margin 3 333, debt 3 333."""
    result = run([100, 100], long_leverage=1.5, short_leverage=3.0)
    assert (0.0, 20_000 / 3, 10_000 / 3, 1 / 3, 0.0) == pytest.approx(last(result))
    assert 2.0 == pytest.approx(result.config.leverage)


@pytest.mark.parametrize(
    ("price", "kinds"),
    [
        (70, [(2, "resize"), (2, "rebalance"), (2, "arrival")]),  # LTV 6 333 / 10 000: it fits
        (60, [(2, "rebalance"), (2, "arrival"), (3, "resize")]),  # 7 333 / 10 000 does not
    ],
)
def test_unequal_legs_grow_at_once_where_the_loan_lends_it(price, kinds):
    """1.5 and 3: a debt of 3 333; what the short has gained goes to the loan. To 10 000 again."""
    result = run([100, price, price, price, price], long_leverage=1.5, short_leverage=3.0)
    assert kinds == [(bar, kind) for bar, kind, _ in events_of(result)][1:]
    assert (0.0, 20_000 / 3, 10_000 / 3, 1 / 3, 0.0) == pytest.approx(last(result))


def test_a_long_of_one_buys_when_the_margin_has_arrived():
    """79: 1 575 leave the margin in bar 2 and are cash in bar 4; the look after it buys."""
    result = run([100, *[79] * 5], long_leverage=1.0, short_leverage=3.0, transfer=SLOW)
    kinds = [(bar, kind) for bar, kind, _ in events_of(result)][1:]
    assert [(2, "rebalance"), (4, "arrival"), (5, "resize")] == kinds
    assert 1_575 / 79 == pytest.approx(resizes(result)[0].coins)
    assert (0.0, 7_500, 2_500, 0.0, 0.0) == pytest.approx(last(result), abs=1e-6)


def test_to_the_edge_waits_for_capital_too():
    """70: growing to 9 000 needs an LTV of 7 000 / 9 000; 3 000 move first (debt 2 000), then 2 000
    are borrowed: 4 000 of 9 000."""
    result = run([100, 70, 70, 70], resize_to="edge")
    assert 2_000 / 70 == pytest.approx(resizes(result)[0].coins)
    assert (0.0, 5_000, 5_000, 4 / 9, 0.0) == pytest.approx(last(result))


def test_unequal_legs_are_restored_to_their_share():
    """1.5 and 3 at 130: 9 667 and 333; after it 6 667 and 3 333 again."""
    result = run([100, 130, 130], long_leverage=1.5, short_leverage=3.0)
    assert (0.0, 20_000 / 3, 10_000 / 3, 1 / 3, 0.0) == pytest.approx(last(result))


def test_equal_transfers_become_transfers_to_the_share():
    """Trigger 5 without a band: at 118 the short of 3x has 1 533 (7.7x); 1 800 go to it."""
    result = run(
        [100, 118, 118], long_leverage=1.5, short_leverage=3.0, band=None, policy="trigger",
        trigger=5.0,
    )  # fmt: skip
    moved = [event.moved_usd for event in result.event_list if event.kind == "rebalance"]
    assert [1_800] == pytest.approx(moved)
    assert (0.0, 20_000 / 3, 10_000 / 3) == pytest.approx(last(result)[:3])


@pytest.mark.parametrize("lending", [LOAN, NONE])
def test_a_long_of_one_has_no_debt_and_pays_out_of_what_it_sells(lending):
    """1 and 3: N = 7 500, margin 2 500. 121: 75 coins are 9 075 (r 1.21); sold to 7 500, and 1 575
    of cash become margin. 79 instead: 1 575 of margin become cash, and the cash buys coin."""
    changes = {"long_leverage": 1.0, "short_leverage": 3.0, "lending": lending}
    up = run([100, 121, 121], **changes)
    assert (0.0, 7_500, 2_500, 0.0, 0.0) == pytest.approx(last(up))
    down = run([100, 79, 79, 79], **changes)
    assert (0.0, 7_500, 2_500, 0.0, 0.0) == pytest.approx(last(down), abs=1e-6)
    assert 0.0 == up.column("ltv").max() == down.column("ltv").max()


def test_coin_that_is_held_earns_nothing_and_pays_the_swap_only():
    """Swap 3 bps, opening 15 bps and 0.10 USD that are not paid: N (1 + 0.0003 * 3/4) = 7 500."""
    config = costly(kept(long_leverage=1.0, short_leverage=3.0, band=None))
    free = replace(config, perp=PERP, lending=NONE)
    result = simulate(hourly_market([100, 100], supply=0.5), free)
    notional = 7_500 / (1 + 0.0003 * 0.75)
    opening = result.event_list[0].cost_usd
    assert 0.0003 * notional == pytest.approx(opening)
    assert 0.0 == result.ledger.accounts["supply_interest"] == result.ledger.gas
    assert (0.0, notional) == pytest.approx(last(result)[:2])


def test_supplied_coin_without_a_loan_earns_interest():
    market = hourly_market([100] * 3, supply=0.5)
    result = simulate(market, kept(long_leverage=1.0, short_leverage=3.0))
    assert result.ledger.accounts["supply_interest"] > 0.0
    assert 0.0 == result.ledger.accounts["borrow_interest"]


def test_initial_margin_binds_step_by_step():
    """At most 3x: 2 and 2.9 want N = 11 837 at 2.9x, and 98 % of the initial margin is 2.94x: after
    the fall to 79 the legs grow as far as that lets them."""
    perp = replace(PERP, margin_tiers=(MarginTier(0.0, 0.025, 3.0),))
    result = run([100, 79, 79, 79, 79], long_leverage=2.0, short_leverage=2.9, perp=perp)
    notional = 79 * sum(event.coins for event in resizes(result)) + 79 * 118.3673
    assert 0.0 == pytest.approx(last(result)[0])
    assert notional <= 0.98 * 3 * last(result)[2] * (1 + 1e-6)
    assert notional > 0.95 * 10_000 / (1 / 2 + 1 / 2.9)


def test_where_both_venues_refuse_nothing_happens():
    """79: an LTV of 0.633 is above 98 % of a maximum of 0.63, and a withdrawal floor of 99 % of the
    notional keeps the short's 7 100: no order, look after look."""
    venues = {"perp": replace(PERP, withdrawal_floor=0.99), "lending": replace(LOAN, max_ltv=0.63)}
    assert ["open"] == [event.kind for event in run([100, 79, 79, 79], **venues).event_list]


def test_a_net_delta_is_closed_at_any_size():
    """Interest of 6 % in an hour (the first): 106 coins against 100 contracts. T is 10 600, so both
    legs become 106; a band of 50 % alone would let them be."""
    apy = np.array([0.0, np.exp(8_760 * np.log(1.06)) - 1, 0.0, 0.0])
    market = hourly_market([100] * 4)
    supply = dict(market.supply) | {("kamino", "SOL"): RateSeries(apy)}
    result = simulate(replace(market, supply=supply), kept(band=0.5))
    (event,) = resizes(result)
    assert (2, 0.0) == (event.bar, last(result)[0])
    assert (10_600 / 2, 10_600 / 2) == pytest.approx(last(result)[1:3])


def test_after_a_liquidation_the_response_comes_first_and_the_size_after_it():
    """A wick to 160 takes the short (dead at 146.34); the response cuts the long away to nothing
    held: with `rehedge` nothing is left to grow. A tenth of the loan instead: 66.6 liquidates
    rounds of 10 %; the short is cut to the coins first, and only a later bar resizes."""
    result = run([100, (100, 100, 66.6, 100), 100, 100, 100], response="rehedge")
    kinds = [(bar, kind) for bar, kind, _ in events_of(result)]
    assert (1, "liquidation") in kinds
    assert (2, "rehedge") in kinds
    assert all(bar > 2 for bar, kind in kinds if kind == "resize")


def test_nothing_grows_while_a_leg_is_hurt():
    """The look is a day away: between liquidation and response there is no resize."""
    rows = [100, (100, 100, 66.6, 70), *[70] * 30]
    result = run(rows, response="rehedge", monitor_seconds=86_400)
    first = min(event.bar for event in result.event_list if event.kind == "rehedge")
    assert all(event.bar > first for event in resizes(result))


def test_the_gate_leaves_before_the_size_is_kept():
    """The carry of 0 is below an exit of 1 %: at 130 it closes, it does not resize."""
    result = run([100, 130, 130, 130], exit_apy=0.01, entry_apy=None)
    assert [] == resizes(result)
    assert (2, "close", "carry") in events_of(result)


def test_who_enters_again_has_the_size_that_the_equity_carries():
    """In at 100, out when carry fades, in again at 130 when it has come back: 2x of what there is
    on both legs, which no band asks to be changed."""
    funding = np.array([1e-3] * 3 + [-5e-3] * 3 + [2e-2] * 4 + [0.0] * 2)
    market = hourly_market([*[100] * 6, *[130] * 6], funding=funding)
    gate = {"entry_apy": 0.05, "exit_apy": 0.0, "lookback_days": 1}
    result = simulate(market, kept(**gate))
    assert ["reopen", "close", "reopen"] == [event.kind for event in result.event_list]
    names = ("long_usd", "short_usd")
    begun = result.event_list[-1].bar
    long, short = (result.column(name)[begun] for name in names)
    assert long == pytest.approx(0.5 * result.equity_usd[begun - 1])
    assert long + 130 * 2e-2 * long * 2 / 130 == pytest.approx(short)


def test_an_order_below_ten_dollars_is_not_done():
    """30 USD at 2x: 130 asks for a trade of 9 USD."""
    assert [] == resizes(run([100, 130, 130], capital_usd=30.0))
    assert 1 == len(resizes(run([100, 130, 130], capital_usd=40.0)))


def test_an_opening_below_the_venues_minimum_order_is_refused():
    """2x of 10 USD less a reserve of a tenth: 9 USD of each leg; 11.12 are needed."""
    perp = replace(PERP, min_order_usd=10.0)
    small = {"capital_usd": 10.0, "reserve": 0.1, "perp": perp}
    with pytest.raises(ConfigError, match=r"9\.00 USD of each leg; .* below 10 USD\. Give 11\.12"):
        run([100, 100], **small)
    assert "open" == run([100, 100], **(small | {"capital_usd": 11.12})).event_list[0].kind


def test_contracts_are_multiples_of_the_size_step():
    """Steps of a coin: 76.92 becomes 76 on both legs."""
    result = run([100, 130, 130], perp=replace(PERP, size_step=1.0))
    assert -24.0 == pytest.approx(resizes(result)[0].coins)
    assert 0.0 == last(result)[0]


def test_only_what_is_traded_costs():
    """Swap 3 bps of 3 000; taker 4.5 bps, slippage 1 bps and impact of 1.4 * 0.03 bps of as much;
    the transfer's 1.50 and 1 bp. Nothing of the opening's 15 bps."""
    market = hourly_market([100, 130, 130])
    config = costly(kept())
    before = simulate(market.window(), replace(config, band=None)).ledger.accounts
    after = simulate(market, config).ledger.accounts
    event = resizes(simulate(market, config))[0]
    traded = -event.coins * 130
    fill = traded * (1 + 1e-4 + 1.4e-4 * traded / 100_000)
    closing = traded * 3.1e-4 + fill * 4.5e-4  # what the smaller position saves at the end
    fees = after["trading_fees"] - before["trading_fees"]
    assert -traded * 3e-4 - fill * 4.5e-4 + closing == pytest.approx(fees, abs=0.05)
    assert event.cost_usd == pytest.approx(
        traded * (3e-4 + 4.5e-4 + 1e-4 + 1.4e-4 * 0.03), abs=0.01
    )
    assert after["gas"] == before["gas"]


def test_growing_pays_the_openings_fee_on_what_is_added():
    """79: swap 3, opening 15, flash 0.1, taker 4.5, slippage 1.03 bps of 2 100 USD, 0.10 gas."""
    result = simulate(hourly_market([100, 79, 79]), costly(kept()))
    event = resizes(result)[0]
    worth = event.coins * 79
    assert worth * (3 + 15 + 0.1 + 4.5 + 1 + 1.4 * worth / 1e5) * 1e-4 + 0.1 == pytest.approx(
        event.cost_usd, rel=1e-3
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"long_leverage": 3.9}, "^long leverage 3.9 cannot be opened at loan: it stops at 3.85"),
        (
            {"short_leverage": 21.0},
            "^short leverage 21 cannot be opened at perp: it stops at 20.00",
        ),
        ({"lending": NONE}, "^leverage 2 cannot be opened at none: it stops at 1.00"),
    ],
)
def test_a_refusal_says_which_leg_and_how_far_it_can_go(changes, message):
    with pytest.raises(ConfigError, match=message):
        run([100, 100], **changes)


def test_the_shorts_largest_leverage_is_its_tiers():
    perp = replace(PERP, margin_tiers=(MarginTier(0.0, 0.025, 20.0), MarginTier(1e6, 0.05, 10.0)))
    legs = {"long_leverage": 1.0, "short_leverage": 15.0, "perp": perp}
    run([100, 100], **legs)
    with pytest.raises(ConfigError, match=r"^short leverage 15 .* stops at 10\.00"):
        run([100, 100], capital_usd=2e6, **legs)


def test_a_config_without_a_leverage_is_refused():
    with pytest.raises(ConfigError, match="it has no leverage"):
        kept(leverage=None)


def test_one_leg_may_be_named_beside_the_leverage_of_both():
    assert (2.0, 3.0) == kept(leverage=2.0, short_leverage=3.0).leverages


def test_with_every_convention_of_the_study_there_is_no_resizing():
    config = kept(conventions=CONVENTIONS, monitor_seconds=86_400, study=FREE["study"])
    result = simulate(hourly_market([100, 130, 130], hours=24), config)
    assert [] == resizes(result)


def test_without_any_lender_there_is_no_hurdle_and_no_zero_for_it():
    """A market of prices and funding alone: the missing rate is said to be missing."""
    market = replace(hourly_market([100, 100], funding=1e-4), supply={}, borrow={})
    config = kept(long_leverage=1.0, short_leverage=3.0, lending=NONE)
    result = simulate(market, config)
    row = result.to_dict()
    assert (None, None) == (row["hurdle_return"], row["excess_return"])
    assert "hurdle" not in result.summary().split("!")[0]
    assert any("the hurdle is none" in text for text in result.warnings)
    assert 0.75 == pytest.approx(result.ledger.funding)


def test_a_long_without_debt_fires_no_trigger():
    legs = firing_ends(kept(long_leverage=1.0, short_leverage=3.0, policy="trigger"))
    assert {"short": 40.0} == legs


def test_auto_lets_both_legs_grow_by_the_same_factor():
    """The loan dies at 4x: sqrt(1.5 * 4) / 1.5 = 1.633 times 1.5 and 3."""
    triggers = kept(long_leverage=1.5, short_leverage=3.0, policy="trigger").triggers
    assert (6**0.5, 2 * 6**0.5) == pytest.approx(triggers)
