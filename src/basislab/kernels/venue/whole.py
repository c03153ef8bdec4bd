"""What a bar asks for where it is not quiet: arrivals, orders, the path, the trader's decision.

Compiled apart from the loop: it runs on few bars and would only slow the others down.
"""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.events import LONG, NO_LEG, SHORT, EventLog
from basislab.kernels.fields import fields_of
from basislab.kernels.ledger import affordable
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.accrue import funding_price, funding_settled, interest_accrued
from basislab.kernels.venue.bars import Bar, Quote
from basislab.kernels.venue.faults import auto_deleveraged, disturbed, is_gone, is_out, venue_gone
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import EXIT, REHEDGE, Params
from basislab.kernels.venue.perp import fill_slippage
from basislab.kernels.venue.policies import decided
from basislab.kernels.venue.resize import resized
from basislab.kernels.venue.state import (
    CLOSED,
    DELEVER,
    ENDED,
    LEAVE,
    MOVE,
    NO_ORDER,
    NOWHERE,
    OPEN,
    RESIZE,
    RESPOND,
    TO_BOTH,
    TO_LONG,
    TO_SHORT,
    TOP_UP_LONG,
    TOP_UP_SHORT,
    WAITING,
    State,
    changed,
    ended,
    equity,
    flagged,
    no_hits,
    no_order,
    repriced,
)
from basislab.kernels.venue.study import settled
from basislab.kernels.venue.trades import closed, delevered, rehedged
from basislab.kernels.venue.transfers import MIN_MOVE_USD, arrived, movable, moved, topped_up
from basislab.kernels.venue.within import checked, through

with_hits = fields_of(State, "hits")
with_naked_bars = fields_of(State, "naked_bars")


def responded(params: Params, state: State, quote: Quote, bar: Bar, log: EventLog) -> State:
    """Respond to a liquidation: cut to the hedge, close for good, or close and open anew."""
    before = equity(state)
    is_over = is_gone(params, bar)
    if params.policy.response == REHEDGE and not is_over:
        state = rehedged(params, state, quote, bar.taker)
        if state.position.long.quantity <= 0.0:
            state = flagged(state, no_order(), out_of_market(params), False)
        ev.note(
            log,
            bar.number,
            ev.REHEDGE,
            state,
            NO_LEG,
            ev.NO_REASON,
            0.0,
            before - equity(state),
            0.0,
        )
        return state
    state = closed(params, state, quote, bar.taker)
    cost = before - equity(state)
    status = out_of_market(params) if params.policy.response == EXIT else WAITING
    status = CLOSED if is_over else status
    state = flagged(state, no_order(), status, False)
    reason = ev.AFTER_LIQUIDATION
    ev.note(log, bar.number, ev.CLOSE, state, NO_LEG, reason, 0.0, cost, 0.0)
    if is_over or params.policy.response == EXIT or state.idle <= 0.0:
        return state
    return topped_up(params, state, state.idle, TO_BOTH, bar.number)


def out_of_market(params: Params) -> int:
    """Return the status after a close: waiting where the policy may enter again."""
    return WAITING if params.policy.entry_apy > -np.inf else CLOSED


def executed(params: Params, state: State, quote: Quote, bar: Bar, log: EventLog) -> State:
    """Do what was decided at the last close, at these prices."""
    order = state.order
    state = flagged(state, no_order(), state.status, state.is_hurt)
    if order.kind == MOVE:
        amount = movable(params, state, order.amount, quote)
        if abs(amount) <= MIN_MOVE_USD:  # the venues let go less than at the close
            return state
        before = equity(state)
        state = moved(params, state, amount, bar.number)
        cost = before - equity(state)
        ev.note(log, bar.number, ev.REBALANCE, state, NO_LEG, ev.NO_REASON, amount, cost, 0.0)
    elif order.kind == TOP_UP_LONG or order.kind == TOP_UP_SHORT:
        target = TO_LONG if order.kind == TOP_UP_LONG else TO_SHORT
        amount, before = order.amount, equity(state)
        state = topped_up(params, state, amount, target, bar.number)
        cost = before - equity(state)
        ev.note(log, bar.number, ev.REBALANCE, state, NO_LEG, ev.NO_REASON, amount, cost, 0.0)
    elif order.kind == DELEVER:
        cut = order.amount * state.position.short.contracts * quote.perp
        if cut < params.perp.min_order:  # the venue takes no such order
            return state
        before = equity(state)
        state = delevered(params, state, order.amount, quote, bar.taker)
        ev.note(
            log,
            bar.number,
            ev.DELEVERAGE,
            state,
            NO_LEG,
            ev.NO_REASON,
            0.0,
            before - equity(state),
            0.0,
        )
    elif order.kind == RESIZE:
        state = resized(params, state, quote, bar, log)
    elif order.kind == RESPOND:
        state = responded(params, state, quote, bar, log)
    elif order.kind == LEAVE:
        before = equity(state)
        state = closed(params, state, quote, bar.taker)
        state = flagged(state, no_order(), out_of_market(params), False)
        cost = before - equity(state)
        ev.note(log, bar.number, ev.CLOSE, state, NO_LEG, ev.CARRY, 0.0, cost, 0.0)
    else:  # enter
        state = topped_up(params, state, state.idle, TO_BOTH, bar.number)
    return state


def is_due(state: State, bar: Bar) -> bool:
    """Whether what is under way arrives by now."""
    return state.transit.target != NOWHERE and bar.number >= state.transit.arrival


def settled_in(params: Params, state: State, quote: Quote, bar: Bar, log: EventLog) -> State:
    """Let what is due arrive."""
    is_opening = state.transit.target == TO_BOTH
    amount, before = state.transit.amount, equity(state)
    state = arrived(params, state, quote, bar.taker)
    if is_opening:
        ev.note(
            log,
            bar.number,
            ev.REOPEN,
            state,
            NO_LEG,
            ev.NO_REASON,
            0.0,
            before - equity(state),
            0.0,
        )
    elif not params.conventions.instant:
        ev.note(log, bar.number, ev.ARRIVAL, state, NO_LEG, ev.NO_REASON, amount, 0.0, 0.0)
    return state


def acted(params: Params, state: State, quote: Quote, bar: Bar, log: EventLog) -> State:
    """Let transfers arrive, do what was decided, and let what has no delay arrive at once.

    In an outage all of it waits.
    """
    if is_out(params, bar):
        return state
    if is_due(state, bar):
        state = settled_in(params, state, quote, bar, log)
    if state.order.kind != NO_ORDER:
        state = executed(params, state, quote, bar, log)
        if len(params.faults) > 0:
            state = disturbed(params, state, bar)
        if is_due(state, bar):
            state = settled_in(params, state, quote, bar, log)
    return state


def begun(state: State, quote: Quote) -> State:
    """Forget the last bar's liquidations and mark to the open."""
    return repriced(with_hits(state, no_hits()), quote)


def noted(state: State, bar: Bar, log: EventLog) -> None:
    """Log this bar's liquidations, one event a leg."""
    hits = state.hits
    if hits.is_long:
        ev.note(
            log, bar.number, ev.LIQUIDATION, state, LONG, ev.NO_REASON, 0.0, 0.0, hits.lending_cost
        )
    if hits.is_short:
        ev.note(
            log, bar.number, ev.LIQUIDATION, state, SHORT, ev.NO_REASON, 0.0, 0.0, hits.perp_cost
        )


def exposed(state: State) -> State:
    """Count a close at which the legs differ after a liquidation."""
    is_naked = state.position.long.quantity != state.position.short.contracts
    count = 1 if state.is_hurt and is_naked else 0
    return with_naked_bars(state, state.naked_bars + count)


def full_bar(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Advance one bar by every rule, up to the trader's decision."""
    switches = params.conventions
    price = funding_price(params.perp.funding_price, bar.close)
    state = begun(state, bar.open)
    if state.order.kind != NO_ORDER or is_due(state, bar):
        state = acted(params, state, bar.open, bar, log)
    if len(params.faults) > 0:
        state = auto_deleveraged(params, state, bar, log)
        state = venue_gone(params, state, bar, log)
    state = interest_accrued(state, bar)
    if switches.funding_first:
        state = funding_settled(state, bar.funding, price)
    if switches.settle_at_close:
        state = repriced(state, bar.close)
        if state.status == OPEN:
            state = settled(params, state, bar, log)
    else:
        state = through(params, state, bar)
    if not switches.funding_first:
        state = funding_settled(state, bar.funding, price)
    if not switches.settle_at_close:
        state = checked(params, state, bar.close, bar.taker)
        if state.hits.is_long or state.hits.is_short:
            noted(state, bar, log)
    return exposed(state)


def acted_at_once(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Act at the close, by the study's convention."""
    return acted(params, state, bar.close, bar, log)


def decided_on(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Let the trader decide at the close; the study acts at once. Nothing left ends the run."""
    if state.order.kind == NO_ORDER:  # what an outage holds up stays as it was decided
        state = flagged(state, decided(params, state, bar), state.status, state.is_hurt)
    if params.conventions.instant and state.order.kind != NO_ORDER:
        state = acted_at_once(params, state, bar, log)
    if equity(state) <= 0.0:
        state = ended(state)
    if state.status == ENDED:
        ev.note(log, bar.number, ev.RUINED, state, NO_LEG, ev.NO_REASON, 0.0, 0.0, 0.0)
    return state


def whole_bar(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Advance one bar by every rule."""
    return decided_on(params, full_bar(params, state, bar, log), bar, log)


def closing_cost(params: Params, state: State, bar: Bar) -> State:
    """Pay for closing both legs at the last close, as far as equity reaches; the legs stay."""
    worth = state.position.long.quantity * bar.close.spot
    contracts = state.position.short.contracts
    slip = fill_slippage(params.perp, contracts * bar.close.perp)
    fill = bar.close.perp * (1.0 + slip)
    trading = worth * (params.costs.swap_fee + params.costs.flash_fee)
    trading += contracts * fill * bar.taker
    slippage = contracts * (fill - bar.close.mark)
    left = equity(state)
    cost = affordable(trading, max(slippage, 0.0), left)
    gain = max(-slippage, 0.0)
    accounts = post(state.accounts, trading_fees=-cost.trading, slippage=gain - cost.gas)
    # paid from idle cash, which may be negative for this one moment
    return changed(state, state.position, state.idle + gain - cost.total, state.transit, accounts)


_SHORT = ("acted", "begun", "executed", "exposed", "full_bar", "is_due", "out_of_market")

compile_module(globals(), inline=_SHORT, owners=())
