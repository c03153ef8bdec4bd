"""What goes wrong by a list of faults, and terms that change within a run.

Auto-deleveraging, an outage, transfers that fail or wait; docs/venue-engine.md, eqs. 41 to 43.
"""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.events import SHORT, EventLog
from basislab.kernels.fields import fields_of
from basislab.kernels.legs import ShortLeg, short_equity, with_short
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.bars import Bar, Bars
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import (
    ADL,
    DATED,
    DELAY,
    FAILURE,
    GONE,
    OUTAGE,
    LoanTerms,
    Params,
)
from basislab.kernels.venue.state import (
    CLOSED,
    NOWHERE,
    OPEN,
    TO_IDLE,
    WAITING,
    State,
    Transit,
    flagged,
    no_order,
)

shrunk = fields_of(State, "position", "is_hurt", "accounts")
with_transit = fields_of(State, "transit")
with_loan = fields_of(Params, "loan")
with_dated = fields_of(LoanTerms, *DATED)


def holds(params: Params, bar: Bar, row: int, code: int) -> bool:
    """Whether a fault of that code holds in this bar."""
    return bool(params.faults[row, 0] == code and (bar.faults >> row) & 1)


def is_out(params: Params, bar: Bar) -> bool:
    """Whether no order and no transfer passes in this bar."""
    is_down = False
    for row in range(len(params.faults)):
        is_down = is_down or holds(params, bar, row, OUTAGE)
    return is_down


def disturbed(params: Params, state: State, bar: Bar) -> State:
    """Let a transfer that left in this bar take longer, or come back to idle cash."""
    transit = state.transit
    if transit.target == NOWHERE:
        return state
    for row in range(len(params.faults)):
        if holds(params, bar, row, DELAY):
            later = transit.arrival + int(params.faults[row, 1])
            transit = Transit(transit.amount, transit.target, later)
        if holds(params, bar, row, FAILURE):
            transit = Transit(transit.amount, TO_IDLE, transit.arrival)
    return with_transit(state, transit)


def auto_deleveraged(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Let the venue close a share of the short at the open, at the mark or a part above it.

    The long is naked from here to the response.
    """
    for row in range(len(params.faults)):
        short = state.position.short
        size = params.faults[row, 1] * short.contracts
        if not holds(params, bar, row, ADL) or state.status != OPEN or size <= 0.0:
            continue
        price = bar.open.mark * (1.0 + params.faults[row, 2])
        cost = size * (price - bar.open.mark)
        margin = short.margin + size * (short.entry - price)
        left = short.contracts - size
        leg = ShortLeg(left, short.entry if left > 0.0 else 0.0, margin)
        accounts = post(state.accounts, perp_liquidation=-cost)
        state = shrunk(state, with_short(state.position, leg), True, accounts)
        ev.note(log, bar.number, ev.ADL, state, SHORT, ev.NO_REASON, 0.0, 0.0, cost)
    return state


def venue_gone(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Let the short and its margin be lost at the open; what idles elsewhere is kept."""
    if not is_gone(params, bar):
        return state
    if state.status == WAITING:
        return flagged(state, no_order(), CLOSED, False)
    short = state.position.short
    if state.status != OPEN or short.contracts <= 0.0:
        return state
    cost = short_equity(short, bar.open.mark)
    accounts = post(state.accounts, perp_liquidation=-cost)
    state = shrunk(state, with_short(state.position, ShortLeg(0.0, 0.0, 0.0)), True, accounts)
    ev.note(log, bar.number, ev.ADL, state, SHORT, ev.NO_REASON, 0.0, 0.0, cost)
    return state


def is_gone(params: Params, bar: Bar) -> bool:
    """Whether the perpetual venue is gone: then a position is closed for good."""
    is_over = False
    for row in range(len(params.faults)):
        is_over = is_over or holds(params, bar, row, GONE)
    return is_over


def ruled(params: Params, row: int) -> Params:
    """Return the parameters with the loan's terms of a row of `Params.dated`."""
    if len(params.dated) == 0:
        return params
    now = params.dated[row]
    loan = with_dated(params.loan, now[0], now[1], now[2], now[3], now[4], now[5], now[6])
    return with_loan(params, loan)


def ruled_until(params: Params, bars: Bars, first: int) -> int:
    """Return the first bar after `first` at which the venues' terms are others."""
    end = len(bars.terms)
    if len(params.dated) > 0:
        end = first + 1
        while end < len(bars.terms) and bars.terms[end] == bars.terms[first]:
            end += 1
    return end


compile_module(globals(), inline=("ruled",), owners=())
