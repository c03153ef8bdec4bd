"""What the trader does at a close, knowing the bar's close and nothing later (eqs. 25 to 30)."""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.legs import effective_leverage, long_equity, short_equity
from basislab.kernels.venue import lending, perp
from basislab.kernels.venue.bars import Bar, Quote
from basislab.kernels.venue.params import (
    BANDS,
    DISTANCE,
    NEVER,
    TRIGGER,
    Params,
)
from basislab.kernels.venue.room import can_resize
from basislab.kernels.venue.size import is_off_size
from basislab.kernels.venue.state import (
    DELEVER,
    ENTER,
    LEAVE,
    MOVE,
    NOWHERE,
    OPEN,
    RESIZE,
    RESPOND,
    TOP_UP_LONG,
    TOP_UP_SHORT,
    WAITING,
    Order,
    State,
    no_order,
)
from basislab.kernels.venue.transfers import MIN_MOVE_USD, movable


def distances(params: Params, state: State, quote: Quote) -> tuple[float, float]:
    """Return how far loan and short are from liquidation, fractions of price, >= 0 while healthy.

    The loan by a fall of the oracle, the short by a rise of the mark; inf where there is none.
    """
    to_long, to_short = np.inf, np.inf
    if state.position.long.debt > 0.0:
        to_long = 1.0 - lending.liquidation_price(params.loan, state.position.long) / quote.oracle
    if state.position.short.contracts > 0.0:
        to_short = perp.liquidation_price(params.perp, state.position.short) / quote.mark - 1.0
    return to_long, to_short


def short_leverage(params: Params) -> float:
    """Return the leverage that the short is opened at."""
    return params.share * params.leverage / (1.0 - params.share)


def is_stretched(params: Params, state: State, bar: Bar) -> bool:
    """Whether a leg asks for capital, by the policy's kind."""
    policy, quote = params.policy, bar.close
    long, short = state.position.long, state.position.short
    if policy.kind == NEVER:
        return False
    if policy.kind == TRIGGER:
        worth, notional = long.quantity * quote.spot, short.contracts * quote.mark
        of_long = effective_leverage(worth, long_equity(long, quote.spot))
        of_short = effective_leverage(notional, short_equity(short, quote.mark))
        return of_long > policy.trigger or of_short > policy.trigger * policy.short_ratio
    if policy.kind == BANDS:
        ltv = lending.loan_to_value(long, quote.oracle)
        floor = policy.margin_band * short.contracts * quote.mark
        return ltv > policy.ltv_band or short_equity(short, quote.mark) < floor
    to_long, to_short = distances(params, state, quote)
    is_fixed = policy.kind == DISTANCE
    nearest = policy.distance if is_fixed else policy.sigma_multiple * bar.sigma
    return min(to_long, to_short) < nearest


def relief(params: Params, state: State, quote: Quote) -> Order:
    """Return what a stretched leg gets: idle cash, else capital of the other leg, else a cut.

    Capital is moved until the long has its share of the equity. Where the venues do not let enough
    go and the policy allows it, both legs are cut to the leverage that the weak one was opened at.
    """
    equity_long = long_equity(state.position.long, quote.spot)
    equity_short = short_equity(state.position.short, quote.mark)
    amount = equity_long - params.share * (equity_long + equity_short)
    if abs(amount) <= MIN_MOVE_USD or (params.is_debtless and amount < 0.0):
        return no_order()
    if state.idle > MIN_MOVE_USD:
        kind = TOP_UP_SHORT if amount > 0.0 else TOP_UP_LONG
        return Order(kind, min(state.idle, abs(amount)))
    possible = movable(params, state, amount, quote)
    if params.policy.has_deleverage and abs(possible) < abs(amount):
        if amount > 0.0:
            held, weak = state.position.short.contracts * quote.mark, max(equity_short, 0.0)
            leverage = short_leverage(params)
        else:
            held, weak = state.position.long.quantity * quote.spot, max(equity_long, 0.0)
            leverage = params.leverage
        return Order(DELEVER, max(1.0 - leverage * weak / held, 0.0))
    return Order(MOVE, possible) if abs(possible) > MIN_MOVE_USD else no_order()


def decided(params: Params, state: State, bar: Bar) -> Order:
    """Return the order of this close; nothing while the trader does not look or cash is under way.

    Parameters
    ----------
    state : State
        Marked to the bar's close.

    Returns
    -------
    Order
        Done at the next bar's open.
    """
    if not bar.is_look or state.transit.target != NOWHERE:
        return no_order()
    if state.status == WAITING:
        may_enter = state.idle > MIN_MOVE_USD and bar.carry > params.policy.entry_apy
        return Order(ENTER, 0.0) if may_enter else no_order()
    if state.status != OPEN:
        return no_order()
    if state.is_hurt:
        return Order(RESPOND, 0.0)
    if bar.carry < params.policy.exit_apy:
        return Order(LEAVE, 0.0)
    if is_off_size(params, state, bar.close) and can_resize(params, state, bar.close, bar.taker):
        return Order(RESIZE, 0.0)
    return relief(params, state, bar.close) if is_stretched(params, state, bar) else no_order()


compile_module(globals(), owners=())
