"""Whole bars: what is done at the open, what is logged, in which order things happen, by hand.

The state `held()` is a loan of 10 coins and 500 USD of debt (460 USD at a spot of 96) and a short
of 10 contracts from 110 on a margin of 400 (500 USD at a mark of 100).
"""

from __future__ import annotations

import pytest

from basislab.kernels.events import LONG, NO_LEG, SHORT
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_bar, kernel_params, perp_terms, posted

venue = plain.venue()
ev, whole = venue["events"], venue["whole"]
equity = venue["state"].equity

COSTS = vp.Costs(
    open_fee=0.0,
    flash_fee=0.0,
    gas=3.0,
    swap_fee=0.001,
    transfer_usd=2.0,
    transfer_rate=0.0,
    delay_bars=2,
)
NO_ORDER, NO_TRANSIT = (vs.NO_ORDER, 0.0), (0.0, vs.NOWHERE, 0)
EMPTY = ((0.0, 0.0), (0.0, 0.0, 0.0))


def params(*switches, costs=COSTS, response=vp.REOPEN, entry_apy=-float("inf"), **changes):
    """Parameters with a few costs; conventions by name; a policy that never acts by itself."""
    made = kernel_params(costs=costs, **changes)
    policy = {"kind": vp.NEVER, "response": response, "entry_apy": entry_apy}
    return made._replace(
        conventions=vp.Conventions(*(name in switches for name in vp.Conventions._fields)),
        policy=made.policy._replace(**policy),
    )


def new_log():
    return ev.new_log(9)


def rows(log):
    """Events as (bar, kind, leg, reason, moved, cost, penalty)."""
    return [tuple(pytest.approx(one) for one in row[:7]) for row in log.rows[: log.filled[0]]]


def executed(order, *, params=params, made=None, **state):
    log, before = new_log(), held(order=vs.Order(*order), **state)
    done = whole.executed(made or params(), before, QUOTE, kernel_bar(), log)
    assert done.order == NO_ORDER
    return before, done, rows(log)


def test_a_move_is_done_and_noted_with_its_cost():
    """80 out of the loan, 2 of cost; 78 arrive at bar 9."""
    before, done, log = executed((vs.MOVE, 80.0))
    assert (580.0, (78.0, vs.TO_SHORT, 9)) == (done.position.long.debt, done.transit)
    assert [(7, ev.REBALANCE, NO_LEG, ev.NO_REASON, 80.0, 2.0, 0.0)] == log
    assert {"transfer_fees": -2.0} == posted(before, done)


@pytest.mark.parametrize(
    ("debt", "moved"),
    [(655.0, 11.0), (660.0, 6.0), (661.0, None), (700.0, None)],
)
def test_what_venues_no_longer_let_go_is_not_moved(debt, moved):
    """80 were wanted at the close; at the open the loan lends 666 less the debt. Five dollars or
    less are not sent: they would only pay the transfer's cost."""
    before, done, log = executed((vs.MOVE, 80.0), long=(10.0, debt))
    assert ([moved] if moved else []) == [event[4] for event in log]
    if moved is None:
        assert (before.position, before.transit) == (done.position, done.transit)


@pytest.mark.parametrize("kind", [vs.TOP_UP_LONG, vs.TOP_UP_SHORT])
def test_a_top_up_is_done_and_noted_with_its_cost(kind):
    """50 of 70 idle; 48 arrive."""
    _, done, log = executed((kind, 50.0), idle=70.0)
    target = {vs.TOP_UP_LONG: vs.TO_LONG, vs.TOP_UP_SHORT: vs.TO_SHORT}[kind]
    assert (20.0, (48.0, target, 9)) == (done.idle, done.transit)
    assert [(7, ev.REBALANCE, NO_LEG, ev.NO_REASON, 50.0, 2.0, 0.0)] == log


def test_a_cut_is_done_and_noted_with_its_cost():
    """A quarter: 240 USD of coin at 10 bps, 2.5 contracts at 102 against a mark of 100."""
    _, done, log = executed((vs.DELEVER, 0.25))
    assert (7.5, 7.5) == (done.position.long.quantity, done.position.short.contracts)
    assert [(7, ev.DELEVERAGE, NO_LEG, ev.NO_REASON, 0.0, 0.24 + 5.0, 0.0)] == log


@pytest.mark.parametrize("entry_apy", [-float("inf"), 0.05])
def test_who_leaves_for_carry_enters_again_only_where_an_entry_is_set(entry_apy):
    """960 less 0.96 less 500; 400 + 10 * (110 - 102): 939.04 of 960 are left."""
    _, done, log = executed((vs.LEAVE, 0.0), made=params(entry_apy=entry_apy), is_hurt=True)
    out = vs.WAITING if entry_apy > 0 else vs.CLOSED
    assert (EMPTY, out, False) == (done.position, done.status, done.is_hurt)
    assert 939.04 == pytest.approx(done.idle)
    assert [(7, ev.CLOSE, NO_LEG, ev.CARRY, 0.0, 20.96, 0.0)] == log


def test_who_enters_sends_all_cash_to_both_legs():
    _, done, log = executed((vs.ENTER, 0.0), long=(0.0, 0.0), short=(0.0, 0.0, 0.0), idle=70.0)
    assert (0.0, (68.0, vs.TO_BOTH, 9)) == (done.idle, done.transit)
    assert [] == log


@pytest.mark.parametrize("entry_apy", [-float("inf"), 0.05])
@pytest.mark.parametrize("coins", [6.0, 0.5, 0.0])
def test_a_rehedge_is_noted_and_who_holds_nothing_is_out(coins, entry_apy):
    """10 contracts are cut to the coins that the loan has left, at 102 against a mark of 100.
    Without coins everything is closed, and the run waits where it may enter again."""
    made = params(response=vp.REHEDGE, entry_apy=entry_apy)
    _, done, log = executed((vs.RESPOND, 0.0), made=made, long=(coins, 0.0), is_hurt=True)
    assert (coins, coins) == (done.position.long.quantity, done.position.short.contracts)
    cost = 2 * (10 - coins)
    assert [(7, ev.REHEDGE, NO_LEG, ev.NO_REASON, 0.0, cost, 0.0)] == log
    out = vs.WAITING if entry_apy > 0 else vs.CLOSED
    assert ((vs.OPEN if coins else out), False) == (done.status, done.is_hurt)


@pytest.mark.parametrize("entry_apy", [-float("inf"), 0.05])
def test_an_exit_is_noted_and_for_good_unless_the_run_enters_by_carry(entry_apy):
    made = params(response=vp.EXIT, entry_apy=entry_apy)
    _, done, log = executed((vs.RESPOND, 0.0), made=made, is_hurt=True)
    assert (EMPTY, NO_TRANSIT, False) == (done.position, done.transit, done.is_hurt)
    assert 939.04 == pytest.approx(done.idle)
    assert [(7, ev.CLOSE, NO_LEG, ev.AFTER_LIQUIDATION, 0.0, 20.96, 0.0)] == log
    assert (vs.WAITING if entry_apy > 0 else vs.CLOSED) == done.status


@pytest.mark.parametrize(
    ("long", "margin", "sent"),
    [
        ((10.0, 500.0), 400.0, 939.04 - 2),
        ((10.0, 959.04), -79.5, 0.5 - 0.5),  # half a dollar pays for half of the transfer
        ((10.0, 959.04), -80.0, None),  # both legs are worth nothing
    ],
)
def test_a_reopening_closes_and_sends_all_cash_to_both_legs(long, margin, sent):
    """The loan is worth 959.04 less its debt, the short its margin and 80."""
    _, done, log = executed((vs.RESPOND, 0.0), long=long, short=(10.0, 110.0, margin), is_hurt=True)
    assert [(7, ev.CLOSE, NO_LEG, ev.AFTER_LIQUIDATION)] == [event[:4] for event in log]
    assert (vs.WAITING, False, 0.0) == (done.status, done.is_hurt, pytest.approx(done.idle))
    if sent is None:
        assert NO_TRANSIT == done.transit
    else:
        assert (pytest.approx(sent), vs.TO_BOTH, 9) == done.transit


@pytest.mark.parametrize(("arrival", "is_there"), [(8, False), (7, True), (6, True)])
def test_a_transfer_arrives_at_its_bar_and_is_noted(arrival, is_there):
    log, before = new_log(), held(transit=vs.Transit(30.0, vs.TO_SHORT, arrival))
    done = whole.acted(params(), before, QUOTE, kernel_bar(), log)
    assert (430.0 if is_there else 400.0) == done.position.short.margin
    wanted = [(7, ev.ARRIVAL, NO_LEG, ev.NO_REASON, 30.0, 0.0, 0.0)]
    assert (wanted if is_there else []) == rows(log)


def test_the_studys_transfers_arrive_without_a_word():
    log, before = new_log(), held(transit=vs.Transit(30.0, vs.TO_SHORT, 7))
    done = whole.acted(params("instant"), before, QUOTE, kernel_bar(), log)
    assert (430.0, []) == (done.position.short.margin, rows(log))


def test_a_reopening_is_noted_with_its_cost():
    """1 000 at 2x: swap 1, gas 3; 10.42 coins sold at 102 where the mark is 100: a gain of
    20.83."""
    cash = (
        venue["state"].idle_state(100.0, QUOTE)._replace(transit=vs.Transit(900.0, vs.TO_BOTH, 7))
    )
    log = new_log()
    done = whole.acted(params(), cash, QUOTE, kernel_bar(), log)
    assert vs.OPEN == done.status
    cost = 1.0 + 3.0 - 2 * 1_000 / 96
    assert [(7, ev.REOPEN, NO_LEG, ev.NO_REASON, 0.0, cost, 0.0)] == rows(log)


def test_what_has_no_delay_arrives_at_the_same_open():
    """80 less 2 is margin at once; with a delay it is under way."""
    for delay, margin in ((0, 478.0), (1, 400.0)):
        made = params(costs=COSTS._replace(delay_bars=delay))
        before = held(order=vs.Order(vs.MOVE, 80.0))
        done = whole.acted(made, before, QUOTE, kernel_bar(), new_log())
        assert margin == done.position.short.margin


def test_a_bar_begins_at_its_open_without_the_last_bars_hits():
    hits = vs.Hits(True, True, 5.0, 4.0, 2.0, 88.0, 99.0)
    begun = whole.begun(held(hits=hits, naked_bars=3), QUOTE._replace(spot=97.0))
    assert (False, False, 0.0, 0.0, 0.0, 0.0, 0.0) == begun.hits
    assert (97.0, 3, 10.0) == (begun.last.spot, begun.naked_bars, begun.accounts.net_delta +
                               begun.accounts.basis)  # fmt: skip


@pytest.mark.parametrize(
    ("is_long", "is_short", "wanted"),
    [
        (True, True, [(LONG, 5.0), (SHORT, 4.0)]),
        (True, False, [(LONG, 5.0)]),
        (False, True, [(SHORT, 4.0)]),
        (False, False, []),
    ],
)
def test_each_liquidated_leg_is_an_event_with_its_penalty(is_long, is_short, wanted):
    log = new_log()
    hits = vs.Hits(is_long, is_short, 5.0, 4.0, 2.0, 88.0, 99.0)
    whole.noted(held(hits=hits), kernel_bar(), log)
    events = [(7, ev.LIQUIDATION, leg, ev.NO_REASON, 0.0, 0.0, cost) for leg, cost in wanted]
    assert events == rows(log)


@pytest.mark.parametrize(
    ("is_hurt", "coins", "count"), [(True, 9.0, 4), (True, 10.0, 3), (False, 9.0, 3)]
)
def test_a_close_is_naked_where_the_legs_differ_after_a_liquidation(is_hurt, coins, count):
    state = held((coins, 500.0), is_hurt=is_hurt, naked_bars=3)
    assert count == whole.exposed(state).naked_bars


RATES = {"supply": 0.01, "borrow": 0.02, "funding": 0.001}


@pytest.mark.parametrize("switches", [(), ("funding_first",), ("settle_at_close",)])
def test_a_whole_bar_accrues_and_pays_funding_on_the_oracles_notional(switches):
    """0.1 coins at 96, 10 USD of 500, 0.1 % of 10 * 90."""
    before, log = held(), new_log()
    done = whole.whole_bar(params(*switches), before, kernel_bar(**RATES), log)
    assert {
        "supply_interest": 9.6,
        "borrow_interest": -10.0,
        "funding": 0.9,
    } == posted(before, done)
    assert (10.1, 510.0, 400.9) == pytest.approx((*done.position.long, done.position.short.margin))
    assert [] == rows(log)


@pytest.mark.parametrize(("switches", "is_hit"), [((), True), (("funding_first",), False)])
def test_funding_settles_after_the_path_unless_it_is_first(switches, is_hit):
    """The mark goes to 147, where a margin of 400 is dead; funding of 2 % of 900 saves it in
    time."""
    bar = kernel_bar(funding=0.02)._replace(high=QUOTE._replace(mark=147.0))
    log = new_log()
    done = whole.whole_bar(params(*switches), held(), bar, log)
    assert done.hits.is_short is is_hit
    assert is_hit == bool(rows(log))


def test_funding_may_kill_after_the_path():
    """-55 % of 900 = -495 leaves 5 of 1 000: less than 25, seen at the close; the backstop takes
    it."""
    log = new_log()
    done = whole.whole_bar(params(), held(), kernel_bar(funding=-0.55), log)
    assert 5.0 == pytest.approx(done.hits.perp_cost)
    assert [(7, ev.LIQUIDATION, SHORT)] == [event[:3] for event in rows(log)]


def test_the_studys_bar_is_marked_to_its_close_and_settled_there():
    """Spot and mark rise by 4: 10 * 4 - 10 * 4 = 0 of basis on both legs. The oracle's low of 50
    kills the loan (500 of 500): its 500 at the close are halved, everything is reopened."""
    terms = vp.StudyTerms(0.05, 0, 0.5, 0.0, 0.0, 0.0)
    made = params("settle_at_close", "flat_margin", study=terms)
    close = QUOTE._replace(spot=100.0, mark=104.0)
    bar = kernel_bar()._replace(close=close, low=QUOTE._replace(oracle=50.0))
    log, before = new_log(), held(is_hurt=False)
    done = whole.full_bar(made, before, bar, log)
    assert close == done.last
    assert [ev.LIQUIDATION, ev.REOPEN] == [event[1] for event in rows(log)]
    assert {"lending_liquidation": -250.0} == posted(before, done)
    assert (710 / 100, 104.0) == pytest.approx(done.position.short[:2])


def test_the_studys_settlement_leaves_cash_alone():
    """Nothing held is no liquidation, although 0 <= 5 % of 0."""
    made = params("settle_at_close", "flat_margin")
    cash = held((0.0, 0.0), (0.0, 0.0, 0.0), idle=70.0, status=vs.CLOSED)
    log = new_log()
    assert 70.0 == whole.full_bar(made, cash, kernel_bar(), log).idle
    assert [] == rows(log)


def test_half_a_dollar_is_not_nothing():
    """460 + 500 less 959.5."""
    before = held((10.0, 1_459.5))
    done = whole.decided_on(params(), before, kernel_bar(), new_log())
    assert vs.OPEN == done.status


def test_nothing_left_ends_the_run_at_that_close():
    """Debt 1 460: the long lacks 500, the short has 500."""
    before, log = held((10.0, 1_460.0)), new_log()
    done = whole.decided_on(params(), before, kernel_bar(), log)
    assert (vs.ENDED, EMPTY) == (done.status, done.position)
    assert [(7, ev.RUINED, NO_LEG, ev.NO_REASON, 0.0, 0.0, 0.0)] == rows(log)


@pytest.mark.parametrize("instant", [True, False])
def test_the_study_acts_at_the_close_itself(instant):
    """460 and 500: 20 go at once, or are ordered for the next open."""
    made = params(*(["instant"] if instant else []))
    made = made._replace(policy=made.policy._replace(kind=vp.TRIGGER, trigger=1.5))
    done = whole.decided_on(made, held(), kernel_bar(), new_log())
    assert (NO_ORDER if instant else (vs.MOVE, -20.0)) == done.order
    assert (380.0 if instant else 400.0) == done.position.short.margin


@pytest.mark.parametrize(
    ("perp", "slippage"), [(102.0, -10 * (102 * 1.01 - 100)), (90.0, 10 * (100 - 90 * 1.01))]
)
def test_closing_costs_are_paid_and_the_legs_stay(perp, slippage):
    """960 at 10 bps and 20 bps; 10 contracts at the perp price and 1 %, 4 bps of it; a fill better
    than the mark is a gain."""
    made = params(perp=perp_terms(slippage=0.01), costs=COSTS._replace(flash_fee=0.002))
    before = held(idle=7.0)
    close = QUOTE._replace(perp=perp)
    done = whole.closing_cost(made, before, kernel_bar(close, taker=0.0004))
    fees = 960 * 0.003 + 10 * perp * 1.01 * 0.0004
    assert {"trading_fees": -fees, "slippage": slippage} == posted(before, done)
    assert before.position == done.position
    assert 7 - fees + slippage == pytest.approx(done.idle)


def test_closing_slips_more_for_a_larger_notional():
    """1 % for each 100 000 USD at the perp price: 1.02 % of a hundredth."""
    made = params(perp=perp_terms(impact=0.01), costs=COSTS._replace(swap_fee=0.0))
    done = whole.closing_cost(made, held(), kernel_bar())
    fill = 102 * (1 + 0.01 * 1_020 / 100_000)
    assert -10 * (fill - 100) == pytest.approx(done.accounts.slippage, rel=1e-12)


def test_closing_costs_no_more_than_there_is():
    """Equity of 3: fees of 0.96 first, then 2.04 of the slippage of 20."""
    before = held((10.0, 1_457.0))
    done = whole.closing_cost(params(), before, kernel_bar())
    assert 0.0 == pytest.approx(equity(done), abs=1e-9)
    assert {"trading_fees": -0.96, "slippage": -2.04} == posted(before, done)
