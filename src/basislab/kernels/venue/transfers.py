"""Moving capital: what may leave, what it costs, when it arrives (eqs. 22 to 24)."""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.legs import charged, with_debt, with_long, with_margin, with_short
from basislab.kernels.venue.bars import Quote
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.lending import borrowable
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.perp import withdrawable
from basislab.kernels.venue.state import (
    TO_BOTH,
    TO_IDLE,
    TO_LONG,
    TO_SHORT,
    State,
    Transit,
    changed,
    ended,
    equity,
    no_transit,
)
from basislab.kernels.venue.trades import collected, opened

MIN_MOVE_USD = 5.0
"""The study moves no less; neither does this engine."""


def movable(params: Params, state: State, amount: float, quote: Quote) -> float:
    """Return how much of a move the venues let go now; > 0 goes to the short, < 0 to the long.

    Out of the loan at most borrowing up to the maximum LTV (nothing where there is to be none), out
    of the perpetual at most what leaves its margin requirement; the study knows no limits.
    """
    if params.conventions.instant:
        return amount
    if amount > 0.0:
        if params.is_debtless:
            return 0.0
        return min(amount, borrowable(params.loan, state.position.long, quote.oracle))
    return -min(-amount, withdrawable(params.perp, state.position.short, quote.mark))


def transfer_cost(params: Params, amount: float) -> float:
    """Return the cost of sending `amount` (>= 0), USD."""
    return params.costs.transfer_usd + params.costs.transfer_rate * amount


def sent(params: Params, state: State, amount: float, target: int, number: int) -> State:
    """Send `amount` (> 0, already out of its leg) off; the cost comes off it, or is split.

    What opens a position anew has no legs yet that could share the cost.
    """
    is_split = params.conventions.split_costs and target != TO_BOTH
    cost = transfer_cost(params, amount)
    if not is_split:
        cost = min(cost, amount)
    position, arriving = state.position, amount - cost
    if is_split:
        whole = equity(state) + amount
        cost = min(cost, max(whole, 0.0))
        position, arriving = charged(position, cost), amount
        if cost >= whole:
            accounts = post(state.accounts, transfer_fees=-cost)
            transit = Transit(arriving, target, number)
            return ended(changed(state, position, state.idle, transit, accounts))
    delay = 0 if params.conventions.instant else params.costs.delay_bars
    accounts = post(state.accounts, transfer_fees=-cost)
    transit = Transit(arriving, target, number + delay)
    return changed(state, position, state.idle, transit, accounts)


def moved(params: Params, state: State, amount: float, number: int) -> State:
    """Send capital from one leg to the other; > 0 is borrowed and goes to the short."""
    long, short = state.position.long, state.position.short
    if amount > 0.0:
        position = with_long(state.position, with_debt(long, long.debt + amount))
        target = TO_SHORT
    else:
        position = with_short(state.position, with_margin(short, short.margin + amount))
        target = TO_LONG
    out = changed(state, position, state.idle, state.transit, state.accounts)
    return sent(params, out, abs(amount), target, number)


def topped_up(params: Params, state: State, amount: float, target: int, number: int) -> State:
    """Send idle cash to a leg."""
    out = changed(state, state.position, state.idle - amount, state.transit, state.accounts)
    return sent(params, out, amount, target, number)


def arrived(params: Params, state: State, quote: Quote, taker: float) -> State:
    """Put what was in transit where it belongs; surplus beyond zero debt is idle cash."""
    amount, target = state.transit.amount, state.transit.target
    long, short = state.position.long, state.position.short
    if target == TO_BOTH:
        whole = collected(state)
        return opened(params, whole, whole.idle, quote, taker)
    if target == TO_IDLE:  # it failed
        return collected(state)
    if target == TO_SHORT:
        position = with_short(state.position, with_margin(short, short.margin + amount))
        return changed(state, position, state.idle, no_transit(), state.accounts)
    if long.quantity <= 0.0:  # the loan is gone meanwhile
        return collected(state)
    debt, idle = long.debt - amount, state.idle
    if debt < 0.0 and not params.conventions.negative_debt:
        idle, debt = idle - debt, 0.0
    position = with_long(state.position, with_debt(long, debt))
    return changed(state, position, idle, no_transit(), state.accounts)


compile_module(globals(), inline=False, owners=())
