"""The path inside a bar: liquidations at the price at which they happen (eqs. 31 to 34).

From the open to one extreme, to the other, to the close; all four prices move together along each
part. Which extreme comes first is unknown: the one nearer to the open, or, pessimistically, the
order that leaves less.
"""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.fields import fields_of
from basislab.kernels.legs import with_long, with_short
from basislab.kernels.venue import lending, perp
from basislab.kernels.venue.bars import Bar, Quote, between
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import PESSIMISTIC, Params
from basislab.kernels.venue.state import Hits, State, equity, repriced

NONE = 2.0
"""A share of the way that is never reached."""

MAX_STEPS = 64
"""A leg that is restored at every tick is settled at the end of the part after so many."""

hurt = fields_of(State, "position", "is_hurt", "hits", "accounts")
with_long_hit = fields_of(Hits, "is_long", "lending_cost", "borne", "oracle")
with_short_hit = fields_of(Hits, "is_short", "perp_cost", "borne", "mark")


def long_crossing(params: Params, state: State, start: Quote, end: Quote, progress: float) -> float:
    """Return how far along the part the oracle liquidates the loan; `NONE` where it does not.

    The oracle moves in steps: it is seen up to ``oracle_step`` beyond the liquidation price.
    """
    price = lending.liquidation_price(params.loan, state.position.long)
    if price <= 0.0:
        return NONE
    if start.oracle + progress * (end.oracle - start.oracle) <= price:
        return progress
    if end.oracle > price:
        return NONE
    seen = max(price * (1.0 - params.loan.oracle_step), end.oracle)
    return min(max((start.oracle - seen) / (start.oracle - end.oracle), progress), 1.0)


def short_crossing(
    params: Params, state: State, start: Quote, end: Quote, progress: float
) -> float:
    """Return how far along the part the mark liquidates the short; `NONE` where it does not."""
    if state.position.short.contracts <= 0.0:
        return NONE
    price = perp.liquidation_price(params.perp, state.position.short)
    if start.mark + progress * (end.mark - start.mark) >= price:
        return progress
    if end.mark < price:
        return NONE
    seen = min(price * (1.0 + params.perp.mark_step), end.mark)
    return min(max((seen - start.mark) / (end.mark - start.mark), progress), 1.0)


def long_hit(params: Params, state: State) -> State:
    """Liquidate the loan at the last prices; what was seized is booked at spot."""
    quote, hits = state.last, state.hits
    done = lending.liquidated(params.loan, state.position.long, quote.oracle)
    cost = done.seized * quote.spot - done.repaid
    first = hits.oracle if hits.is_long else quote.oracle
    after = with_long_hit(hits, True, hits.lending_cost + cost, hits.borne + done.bad_debt, first)
    accounts = post(state.accounts, lending_liquidation=-cost, loss_borne_by_venue=done.bad_debt)
    return hurt(state, with_long(state.position, done.leg), True, after, accounts)


def short_hit(params: Params, state: State, taker: float) -> State:
    """Liquidate the short at the last prices; a second order within the bar is full size."""
    quote, hits = state.last, state.hits
    short = state.position.short
    done = perp.liquidated(params.perp, short, quote.mark, quote.perp, taker, hits.is_short)
    first = hits.mark if hits.is_short else quote.mark
    after = with_short_hit(hits, True, hits.perp_cost + done.cost, hits.borne + done.borne, first)
    accounts = post(state.accounts, perp_liquidation=-done.cost, loss_borne_by_venue=done.borne)
    return hurt(state, with_short(state.position, done.leg), True, after, accounts)


def part(params: Params, state: State, start: Quote, end: Quote, taker: float) -> State:
    """Go from one quote to another, liquidating each leg where its price is crossed."""
    progress = 0.0
    for count in range(2 * MAX_STEPS):
        to_long = long_crossing(params, state, start, end, progress)
        to_short = short_crossing(params, state, start, end, progress)
        progress = min(to_long, to_short)
        if progress > 1.0:
            break
        if count >= MAX_STEPS:
            progress = 1.0
        state = repriced(state, between(start, end, progress))
        is_long = to_long <= to_short
        state = long_hit(params, state) if is_long else short_hit(params, state, taker)
    return repriced(state, end)


def walked(params: Params, state: State, bar: Bar, first: Quote, second: Quote) -> State:
    """Go from the open to one extreme, to the other, and to the close."""
    state = part(params, state, bar.open, first, bar.taker)
    state = part(params, state, first, second, bar.taker)
    return part(params, state, second, bar.close, bar.taker)


def is_untouched(params: Params, state: State, oracle: float, mark: float) -> bool:
    """Whether neither leg is liquidated by an oracle so low and a mark so high."""
    if 0.0 < lending.liquidation_price(params.loan, state.position.long) >= oracle:
        return False
    short = state.position.short
    return short.contracts <= 0.0 or perp.liquidation_price(params.perp, short) > mark


def turns(bar: Bar) -> tuple[Quote, Quote]:
    """Return the bar's extremes, the nearer to the open first."""
    is_up_first = bar.high.mark - bar.open.mark <= bar.open.mark - bar.low.mark
    return (bar.high, bar.low) if is_up_first else (bar.low, bar.high)


def marked_along(state: State, first: Quote, second: Quote, last: Quote) -> State:
    """Mark from one quote to the next; nothing is liquidated between them."""
    return repriced(repriced(repriced(state, first), second), last)


def through(params: Params, state: State, bar: Bar) -> State:
    """Go through the bar; where its prices meet no leg's they are only marked to."""
    oracle = min(bar.open.oracle, bar.high.oracle, bar.low.oracle, bar.close.oracle)
    mark = max(bar.open.mark, bar.high.mark, bar.low.mark, bar.close.mark)
    if not is_untouched(params, state, oracle, mark):
        return touched(params, state, bar)
    first, second = turns(bar)
    nearest = marked_along(state, first, second, bar.close)
    if params.path_order != PESSIMISTIC:
        return nearest
    other = marked_along(state, second, first, bar.close)
    return other if equity(other) < equity(nearest) else nearest


def checked(params: Params, state: State, quote: Quote, taker: float) -> State:
    """Liquidate what is unhealthy at a quote, after funding."""
    if is_untouched(params, state, quote.oracle, quote.mark):
        return repriced(state, quote)
    return part(params, state, quote, quote, taker)


def touched(params: Params, state: State, bar: Bar) -> State:
    """Go through the bar in the nearest order of its extremes, or in the one that leaves less."""
    first, second = turns(bar)
    nearest = walked(params, state, bar, first, second)
    if params.path_order != PESSIMISTIC:
        return nearest
    other = walked(params, state, bar, second, first)
    return other if equity(other) < equity(nearest) else nearest


_SHORT = ("is_untouched", "turns", "marked_along", "through", "checked")

compile_module(globals(), inline=_SHORT, owners=())
