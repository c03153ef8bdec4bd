"""What goes wrong by a list, and terms that change within a run: by hand, on flat hours.

10 000 USD at 2x and 2x open at 100: 100 coins and contracts, a debt and a margin of 5 000.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from basislab.errors import ConfigError
from basislab.kernels.events import SHORT
from basislab.kernels.venue import events as ev
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from basislab.presets.terms import load_lending
from basislab.simulate import simulate
from basislab.types.constants import DatedTerm
from basislab.types.faults import Fault
from tests import plain
from tests.venue_builders import (
    LOAN,
    PERP,
    QUOTE,
    events_of,
    free_venue_config,
    held,
    hourly_market,
    kernel_bar,
    kernel_params,
    loan_terms,
    posted,
)

faults, lending = plain.venue()["faults"], plain.venue()["lending"]


def at(hour):
    return datetime(2025, 1, 1, hour, tzinfo=UTC)


def run(rows, *faults, **changes):
    config = free_venue_config(**({"policy": "never", "faults": faults} | changes))
    return simulate(hourly_market(rows), config)


def test_auto_deleveraging_leaves_the_long_naked_until_the_look():
    """40 % of the short at 80, the open of bar 2, a tenth above the mark: 40 contracts at 88 cost
    320. The close is 75: 40 coins lose 5 each. The look of bar 2 answers at 75: 40 coins go."""
    fault = Fault(kind="adl", start=at(2), share=0.4, beyond=0.1)
    result = run([100, 80, (80, 80, 75, 75), 75, 75], fault, response="rehedge")
    kinds = [(bar, kind) for bar, kind, _ in events_of(result)]
    assert [(0, "open"), (2, "adl"), (3, "rehedge")] == kinds
    accounts = result.ledger.accounts
    assert (-320, -200) == pytest.approx((accounts["perp_liquidation"], accounts["naked"]))
    assert (1, 0.0) == (result.naked_bars, result.column("net_coins")[-1])
    assert 10_000 - 520 == pytest.approx(result.final_usd)


def test_auto_deleveraging_happens_once_at_the_bar_that_holds_its_time():
    fault = Fault(kind="adl", start=datetime(2025, 1, 1, 2, 59, tzinfo=UTC), share=1.0)
    result = run([100] * 5, fault, response="exit")
    assert [(2, "adl", "short")] == [each for each in events_of(result) if each[1] == "adl"]


def test_in_an_outage_an_order_waits_and_nobody_looks():
    """130 in bar 1 asks for a resize; the venues are down from 02:00 to 04:00: it is done in bar 4.
    Without a look in bars 2 and 3 nothing else is decided."""
    outage = Fault(kind="outage", start=at(2), end=at(4))
    result = run([100, 130, 130, 130, 130, 130], outage, band=0.2)
    assert [4] == [event.bar for event in result.event_list if event.kind == "resize"]
    assert 5_000 == pytest.approx(result.column("short_usd")[-1])


def test_in_an_outage_legs_are_liquidated_all_the_same():
    """A wick to 160 in bar 2; what was taken is answered when the venues are back."""
    outage = Fault(kind="outage", start=at(1), end=at(5))
    result = run([100, 100, (100, 160, 100, 100), *[100] * 4], outage, response="exit")
    kinds = [(bar, kind) for bar, kind, _ in events_of(result)]
    assert (2, "liquidation") in kinds
    assert (6, "close") in kinds


def test_a_delayed_transfer_arrives_later():
    """It leaves in bar 2 and would be there at once; two hours more are bar 4."""
    delay = Fault(kind="delay", start=at(2), end=at(3), seconds=7_200.0)
    result = run([100, 130, 130, 130, 130, 130], delay, band=0.2)
    kinds = [(bar, kind) for bar, kind, _ in events_of(result)]
    assert {(2, "rebalance"), (4, "arrival")} < set(kinds)
    assert 3_000 == pytest.approx(result.column("transit_usd")[3])


def test_a_failed_transfer_comes_back_to_idle_cash():
    failure = Fault(kind="failure", start=at(2), end=at(3))
    result = run([100, 130, 130, 130], failure, band=0.2)
    assert 3_000 == pytest.approx(result.column("idle_usd")[2])
    assert 10_000 == pytest.approx(result.final_usd)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "theft"}, "Fault.kind"),
        ({"share": 0.0}, "Fault.share"),
        ({"kind": "outage"}, "give an end after the start"),
        ({"kind": "delay", "end": at(1)}, "give an end after the start"),
        ({"start": "2025-01-01"}, "it must be a datetime"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        Fault(**({"kind": "adl", "start": at(2)} | changes))


CHANGING = replace(
    LOAN,
    max_ltv=0.6,
    liquidation_ltv=0.9,
    dated=(DatedTerm(date(2025, 1, 2), "liquidation_ltv", 0.7),),
)


def test_a_liquidation_ltv_changes_at_its_day():
    """At 70 the LTV is 5 000 / 7 000 = 0.714: healthy under 0.9, liquidated at 00:00 under 0.7."""
    result = run([100, *[70] * 30], lending=CHANGING, response="exit")
    assert [24] == [event.bar for event in result.event_list if event.kind == "liquidation"]


def test_a_run_that_begins_after_a_change_has_the_later_terms():
    market = hourly_market([100] * 50)
    low = replace(CHANGING, max_ltv=0.4, dated=(DatedTerm(date(2025, 1, 2), "max_ltv", 0.6),))
    config = free_venue_config(lending=low, policy="never")
    assert simulate(market, config, start=date(2025, 1, 2)).final_usd == 10_000
    with pytest.raises(ConfigError, match=r"stops at 1\.67"):
        simulate(market, config)


def test_a_presets_constant_may_be_a_list_with_since(tmp_path):
    text = load_lending.__globals__["locate"]("kamino", list)[0].read_text(encoding="utf-8")
    dated = text.replace(
        "[constants.liquidation_ltv]\nvalue = 0.75",
        "[constants.liquidation_ltv]\nvalue = [{since = '2023-01-01', value = 0.8}, "
        "{since = '2025-06-01', value = 0.75}]",
    )
    path = tmp_path / "own.toml"
    path.write_text(dated, encoding="utf-8")
    loan = load_lending(path)
    assert (0.8, 0.75) == (loan.liquidation_ltv, loan.at(date(2025, 6, 1)).liquidation_ltv)
    assert () == loan.at(date(2025, 6, 1)).dated


def test_terms_that_cannot_be_dated_are_refused():
    with pytest.raises(ConfigError, match="procedure cannot be dated"):
        replace(LOAN, dated=(DatedTerm(date(2025, 1, 1), "procedure", 0.0),))
    with pytest.raises(ConfigError, match="is not above max_ltv"):
        replace(LOAN, dated=(DatedTerm(date(2025, 1, 1), "liquidation_ltv", 0.7),))


def test_no_call_repays_more_than_its_cap():
    """A debt of 10 M against 13.3 M: a tenth would be 1 M, a call takes 500 000."""
    leg = plain.venue()["state"].LongLeg(133_000.0, 1e7)
    done = lending.kamino_round(loan_terms(max_call=5e5), leg, 100.0)
    assert 5e5 == pytest.approx(done.repaid)
    assert 1e6 == pytest.approx(lending.kamino_round(loan_terms(), leg, 100.0).repaid)


def test_capped_calls_repeat_at_the_same_price_until_the_loan_is_healthy():
    leg = plain.venue()["state"].LongLeg(133_000.0, 1e7)
    done = lending.liquidated(loan_terms(max_call=5e5), leg, 100.0)
    assert not lending.is_unhealthy(loan_terms(), done.leg, 100.0)


def test_funding_is_cut_at_the_venues_cap():
    """10 % in an hour on 10 000 USD is cut at 4 %, on both sides."""
    perp = replace(PERP, funding_cap=0.04)
    market = hourly_market([100] * 3, funding=np.array([0.0, 0.1, -0.1]))
    curve = simulate(market, free_venue_config(perp=perp, policy="never")).equity_usd
    assert (400, -400) == pytest.approx(tuple(np.diff(curve)))


def test_a_cut_below_the_minimum_order_is_not_done():
    """Half of 10 contracts at 102 are 510 USD: an order that a venue of 511 does not take."""
    whole, state, params = plain.venue()["whole"], plain.venue()["state"], kernel_params()
    for least, left in ((511.0, 10.0), (510.0, 5.0), (509.0, 5.0)):
        strict = params._replace(perp=params.perp._replace(min_order=least))
        before = held(order=state.Order(state.DELEVER, 0.5))
        log = plain.venue()["events"].new_log(9)
        after = whole.executed(strict, before, QUOTE, kernel_bar(), log)
        assert (left, left) == (after.position.long.quantity, after.position.short.contracts)
        assert state.NO_ORDER == after.order.kind


def faulty(*rows):
    """Parameters with a row (code, value, beyond) a fault, and a bar in which all of them hold."""
    params = kernel_params(faults=np.array(rows, float).reshape(-1, 3))
    return params, kernel_bar(faults=2 ** len(rows) - 1)


def deleveraged(share, before):
    """What a venue's closing of a share at a fifth above the mark leaves, and its events."""
    log = plain.venue()["events"].new_log(9)
    params, bar = faulty((vp.ADL, share, 0.2))
    after = faults.auto_deleveraged(params, before, bar, log)
    return after, [tuple(row[:7]) for row in log.rows[: log.filled[0]]]


@pytest.mark.parametrize(("share", "left"), [(0.25, 7.5), (0.05, 9.5), (0.95, 0.5)])
def test_a_share_of_the_short_is_closed_beyond_the_mark(share, left):
    """A quarter of 10 contracts from 110 at 120, a mark of 100: 25 of the margin of 400, and 50
    lost against the mark. Half a contract: 5, and 10."""
    before = held()
    after, events = deleveraged(share, before)
    cost = 20 * (10 - left)
    assert (left, 110.0, 400 - cost / 2) == pytest.approx(tuple(after.position.short))
    assert {"perp_liquidation": -cost} == posted(before, after)
    assert after.is_hurt
    assert [(7, ev.ADL, SHORT, ev.NO_REASON, 0.0, 0.0, pytest.approx(cost))] == events


def test_a_short_that_is_closed_wholly_has_no_entry():
    after, _ = deleveraged(1.0, held())
    assert (0.0, 0.0, 300.0) == pytest.approx(tuple(after.position.short))


@pytest.mark.parametrize("before", [held(status=vs.CLOSED), held(short=(0.0, 0.0, 400.0))])
def test_who_is_out_or_has_no_contracts_is_not_deleveraged(before):
    assert (before, []) == deleveraged(0.25, before)


@pytest.mark.parametrize("codes", [(vp.OUTAGE, vp.ADL), (vp.ADL, vp.OUTAGE), (vp.OUTAGE,)])
def test_one_outage_among_other_faults_is_one(codes):
    assert faults.is_out(*faulty(*((code, 0.1, 0.0) for code in codes)))


@pytest.mark.parametrize("codes", [(vp.GONE, vp.ADL), (vp.ADL, vp.GONE), (vp.GONE,)])
def test_a_venue_that_is_gone_is_gone_whatever_else_fails(codes):
    assert faults.is_gone(*faulty(*((code, 0.1, 0.0) for code in codes)))


def test_a_fault_of_another_bar_is_none():
    params, bar = faulty((vp.OUTAGE, 0.0, 0.0), (vp.GONE, 0.0, 0.0), (vp.ADL, 0.1, 0.0))
    later = bar._replace(faults=0b100)
    assert not faults.is_out(params, later)
    assert not faults.is_gone(params, later)
    log = plain.venue()["events"].new_log(9)
    assert held() == faults.venue_gone(params, held(), later, log)
    assert held() == faults.auto_deleveraged(params, held(), bar._replace(faults=0b011), log)
    assert 0 == log.filled[0]


def after_the_end(before):
    """What a venue leaves that is gone, and the events."""
    params, bar = faulty((vp.GONE, 0.0, 0.0))
    log = plain.venue()["events"].new_log(9)
    after = faults.venue_gone(params, before, bar, log)
    return after, [tuple(row[:7]) for row in log.rows[: log.filled[0]]]


@pytest.mark.parametrize(("contracts", "lost"), [(10.0, 500.0), (0.5, 405.0)])
def test_a_venue_that_is_gone_takes_what_the_short_is_worth_at_the_mark(contracts, lost):
    """400 and 10 or half a contract from 110 at 100; the coins and idle cash stay."""
    before = held(short=(contracts, 110.0, 400.0), idle=7.0)
    after, events = after_the_end(before)
    assert ((10.0, 500.0), (0.0, 0.0, 0.0)) == after.position
    assert (7.0, True, vs.OPEN) == (after.idle, after.is_hurt, after.status)
    assert {"perp_liquidation": -lost} == posted(before, after)
    assert [(7, ev.ADL, SHORT, ev.NO_REASON, 0.0, 0.0, lost)] == events


def test_a_venue_is_gone_at_the_open_of_its_bar():
    """The bar's funding is nobody's any more."""
    params, bar = faulty((vp.GONE, 0.0, 0.0))
    log = plain.venue()["events"].new_log(9)
    after = plain.venue()["whole"].full_bar(params, held(), bar._replace(funding=0.01), log)
    assert (0.0, 0.0, 0.0) == after.position.short
    assert (0.0, 1) == (after.accounts.funding, log.filled[0])


def test_who_waits_for_a_venue_that_is_gone_is_out():
    waiting = held((0.0, 0.0), (0.0, 0.0, 0.0), idle=7.0, status=vs.WAITING,
                   order=vs.Order(vs.ENTER, 0.0), is_hurt=True)  # fmt: skip
    after, events = after_the_end(waiting)
    assert (vs.CLOSED, (vs.NO_ORDER, 0.0), False) == (after.status, after.order, after.is_hurt)
    assert [] == events


@pytest.mark.parametrize("before", [held(status=vs.CLOSED), held(short=(0.0, 0.0, 0.0))])
def test_who_holds_nothing_at_a_venue_loses_nothing_with_it(before):
    assert (before, []) == after_the_end(before)


@pytest.mark.parametrize("response", [vp.REHEDGE, vp.REOPEN, vp.EXIT])
def test_after_a_venue_is_gone_every_response_is_a_close_for_good(response):
    """960 of coin less 500 is idle cash: nothing is cut to a hedge or sent to both legs."""
    params, bar = faulty((vp.GONE, 0.0, 0.0))
    params = params._replace(policy=params.policy._replace(response=response, entry_apy=0.05))
    before = held(short=(0.0, 0.0, 0.0), is_hurt=True)
    log = plain.venue()["events"].new_log(9)
    after = plain.venue()["whole"].responded(params, before, QUOTE, bar, log)
    assert (vs.CLOSED, 460.0, False) == (after.status, after.idle, after.is_hurt)
    assert vs.NOWHERE == after.transit.target
    assert [ev.CLOSE] == [row[1] for row in log.rows[: log.filled[0]]]


def test_what_is_not_under_way_neither_waits_nor_fails():
    before = held()
    disturbed = faults.disturbed(*_with(before, (vp.DELAY, 3, 0.0), (vp.FAILURE, 0.0, 0.0)))
    assert before == disturbed


def test_a_transfer_under_way_waits_and_comes_back():
    """30 USD due in bar 9 are idle cash in bar 12."""
    before = held(transit=vs.Transit(30.0, vs.TO_SHORT, 9))
    disturbed = faults.disturbed(*_with(before, (vp.DELAY, 3, 0.0), (vp.FAILURE, 0.0, 0.0)))
    assert (30.0, vs.TO_IDLE, 12) == disturbed.transit


def _with(state, *rows):
    params, bar = faulty(*rows)
    return params, state, bar


@pytest.mark.parametrize(("first", "end"), [(0, 1), (1, 3), (2, 3), (3, 6), (5, 6)])
def test_terms_hold_until_the_bar_that_has_others(first, end):
    """Rows 0, 1, 1, 2, 2, 2."""
    bars = SimpleNamespace(terms=np.array([0, 1, 1, 2, 2, 2]))
    params = kernel_params(dated=np.zeros((3, 7)))
    assert end == faults.ruled_until(params, bars, first)
    assert 6 == faults.ruled_until(kernel_params(), bars, first)


def test_each_dated_term_takes_its_own_place():
    """Seven terms, seven numbers."""
    row = 0.1 * np.arange(1, 8)
    params = kernel_params(dated=np.array([np.zeros(7), row]))
    loan = faults.ruled(params, 1).loan
    assert tuple(row) == tuple(getattr(loan, name) for name in vp.DATED)
    still = params._replace(dated=np.empty((0, 7)))
    assert still == faults.ruled(still, 1)
