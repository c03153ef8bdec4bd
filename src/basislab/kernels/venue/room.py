"""How far a resize can go now: what both venues let in, what capital has to move before.

docs/venue-engine.md, eqs. 38 to 40.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.legs import short_equity
from basislab.kernels.venue.bars import Quote
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.perp import fill_slippage, tier_of
from basislab.kernels.venue.size import target_notional
from basislab.kernels.venue.state import State, equity
from basislab.kernels.venue.transfers import MIN_MOVE_USD, movable

LIMIT_SHARE = 0.98
"""A leg grows to this share of what its venue allows."""

MIN_TRADE_USD = 10.0
"""No smaller trade is worth its while."""

WHOLE = 1e-9
"""A step that is short of the wanted size by less is whole: cash that just suffices is cash enough,
however it was added up."""

UNSETTLED_SHARE = 0.01
"""Capital of this share of the equity in the wrong leg moves before the legs grow."""


class Plan(NamedTuple):
    """What a resize does now: trade both legs to `coins`, or move capital first."""

    coins: float
    is_trade: bool
    is_move: bool


class Restoring(NamedTuple):
    """Capital that restores the long's share, as far as it may leave; USD.

    Out of idle cash, and out of the loan (> 0) or the margin (< 0).
    """

    idle: float
    leg: float


def spare_cash(params: Params, state: State) -> float:
    """Return idle cash beyond the reserve, USD."""
    return max(state.idle - params.policy.reserve * equity(state), 0.0)


def restoring(params: Params, state: State, quote: Quote) -> Restoring:
    """Return what gives the short its share of the equity again."""
    working = equity(state) * (1.0 - params.policy.reserve)
    held = short_equity(state.position.short, quote.mark)
    need = (1.0 - params.share) * working - held
    if abs(need) <= MIN_MOVE_USD:
        return Restoring(0.0, 0.0)
    if need < 0.0:
        return Restoring(0.0, movable(params, state, need, quote))
    idle = min(spare_cash(params, state), need)
    rest = movable(params, state, need - idle, quote) if need > idle else 0.0
    return Restoring(idle, rest)


def room_of_long(params: Params, state: State, quote: Quote) -> float:
    """Return the coins that can be bought: with spare cash, then borrowed up to the maximum LTV.

    Solves ``debt + x s (1 + fees) - cash = 0.98 max_ltv (q + x) oracle``; without a loan cash pays.
    """
    costs, long = params.costs, state.position.long
    cash = spare_cash(params, state) - costs.gas
    limit = 0.0 if params.is_debtless else LIMIT_SHARE * params.loan.max_ltv * quote.oracle
    price = quote.spot * (1.0 + costs.swap_fee + costs.open_fee + costs.flash_fee)
    if price <= limit:
        return np.inf
    return max((limit * long.quantity - long.debt + cash) / (price - limit), 0.0)


def room_of_short(params: Params, state: State, quote: Quote, taker: float, wanted: float) -> float:
    """Return the contracts, of those wanted, that the initial margin lets be sold.

    Solves ``initial (c + x) mark = 0.98 (equity - x (slippage + fee))``.
    """
    short = state.position.short
    rate = params.perp.initial[tier_of(params.perp, (short.contracts + wanted) * quote.mark)]
    fill = quote.perp * (1.0 - fill_slippage(params.perp, wanted * quote.perp))
    cost = quote.mark - fill + fill * taker
    funds = LIMIT_SHARE * short_equity(short, quote.mark) - rate * short.contracts * quote.mark
    each = rate * quote.mark + LIMIT_SHARE * cost
    if each <= 0.0:
        return wanted
    return float(min(max(funds / each, 0.0), wanted))


def aimed(params: Params, state: State, quote: Quote) -> float:
    """Return the coins that both legs should have: the target, or the inner half's nearer edge."""
    target = target_notional(params, equity(state))
    if not params.policy.is_to_edge:
        return target / quote.spot
    long, short = state.position.long, state.position.short
    larger = max(long.quantity * quote.spot, short.contracts * quote.mark)
    half = 0.5 * params.policy.band
    return min(max(larger, (1.0 - half) * target), (1.0 + half) * target) / quote.spot


def reachable(params: Params, state: State, quote: Quote, taker: float, wanted: float) -> float:
    """Return the coins that both legs can have now: those wanted, as far as the venues let grow."""
    if params.conventions.instant:
        return wanted
    coins, contracts = state.position.long.quantity, state.position.short.contracts
    most = wanted
    if wanted > coins:
        most = min(most, coins + room_of_long(params, state, quote))
    if wanted > contracts:
        room = room_of_short(params, state, quote, taker, wanted - contracts)
        most = min(most, contracts + room)
    return max(most, min(coins, contracts, wanted))


def whole_orders(params: Params, state: State, quote: Quote, coins: float) -> float:
    """Round down to the venue's size step; a contract order below the minimum is not sent."""
    step, contracts = params.perp.size_step, state.position.short.contracts
    if step > 0.0:
        coins = np.floor(coins / step * (1.0 + 1e-12)) * step
    is_small = abs(coins - contracts) * quote.mark < smallest_trade(params)
    return contracts if is_small else coins


def smallest_trade(params: Params) -> float:
    """Return the smallest trade that is done, USD."""
    return max(MIN_TRADE_USD, params.perp.min_order)


def planned(params: Params, state: State, quote: Quote, taker: float) -> Plan:
    """Return what a resize does at these prices; growing waits for capital in the wrong leg."""
    wanted = aimed(params, state, quote)
    coins = reachable(params, state, quote, taker, wanted)
    if coins < wanted * (1.0 - WHOLE):
        first = restoring(params, state, quote)
        if abs(first.idle + first.leg) > UNSETTLED_SHARE * equity(state):
            return Plan(coins, False, True)
    coins = whole_orders(params, state, quote, coins)
    long, short = state.position.long, state.position.short
    bought, sold = abs(coins - long.quantity), abs(coins - short.contracts)
    least = smallest_trade(params)
    is_trade = bought * quote.spot >= least or sold * quote.mark >= least
    return Plan(coins, is_trade, False)


def can_resize(params: Params, state: State, quote: Quote, taker: float) -> bool:
    """Whether a resize would do anything at these prices."""
    plan = planned(params, state, quote, taker)
    return plan.is_trade or plan.is_move


compile_module(globals(), inline=False, owners=())
