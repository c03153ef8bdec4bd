"""A stretch of quiet bars in one go: the sweep layout's inner loop, on local scalars.

The formulas of `quiet`, in the same order and to the same bits, for a position in the first margin
tier under the study's trigger or none. It stops before the first bar that is not quiet or at whose
close there is something to decide; `step` does that one.
"""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.legs import LongLeg, Position, ShortLeg, effective_leverage
from basislab.kernels.venue.bars import Bars, Quote
from basislab.kernels.venue.params import MARK_PRICE, NEVER, ORACLE_PRICE, TRIGGER, Params
from basislab.kernels.venue.quiet import advanced, with_accrual
from basislab.kernels.venue.size import is_off
from basislab.kernels.venue.state import NO_ORDER, NOWHERE, OPEN, State


def may_stretch(params: Params, state: State) -> bool:
    """Whether the state allows it; what the bars say is asked one by one."""
    switches = params.conventions
    if switches.settle_at_close or switches.funding_first:
        return False
    if params.policy.kind != TRIGGER and params.policy.kind != NEVER:
        return False
    is_calm = state.order.kind == NO_ORDER and state.transit.target == NOWHERE
    return is_calm and state.status == OPEN and not state.is_hurt


def stretch(  # noqa: C901 - one loop on local scalars is what makes it fast
    params: Params, state: State, bars: Bars, first: int
) -> tuple[State, int]:
    """Advance over quiet bars from `first` on; return the state and the first bar not done."""
    if not may_stretch(params, state):
        return state, first
    terms, limit = params.perp, params.loan.liquidation_ltv
    rate, ceiling = terms.rates[0], terms.bounds[1] if len(terms.bounds) > 1 else np.inf
    deduction = terms.deductions[0]
    is_triggered, trigger = params.policy.kind == TRIGGER, params.policy.trigger
    short_trigger = trigger * params.policy.short_ratio
    is_kept, idle = params.policy.band < np.inf, state.idle
    exit_apy, kind = params.policy.exit_apy, terms.funding_price
    priced = bars.perp.close
    if kind == ORACLE_PRICE:
        priced = bars.oracle.close
    elif kind == MARK_PRICE:
        priced = bars.mark.close
    spots, marks, n_bars = bars.spot.close, bars.mark.close, len(bars.funding)
    coins, debt = state.position.long.quantity, state.position.long.debt
    contracts, entry = state.position.short.contracts, state.position.short.entry
    margin, lowest = state.position.short.margin, state.lowest_debt
    spot, mark, books = state.last.spot, state.last.mark, state.accounts
    supplied, borrowed = books.supply_interest, books.borrow_interest
    staked = books.collateral_yield
    funded, basis, delta = books.funding, books.basis, books.net_delta
    index, is_dated = first, len(params.dated) > 0
    while index < n_bars:
        if is_dated and bars.terms[index] != bars.terms[first]:
            break
        close, at = spots[index], marks[index]
        grown = coins * (1.0 + bars.supply[index] + bars.stake[index])
        owed = debt * (1.0 + bars.borrow[index])
        paid = bars.funding[index] * contracts * priced[index]
        worst = bars.worst_mark[index]
        notional = contracts * worst
        worth = margin + min(paid, 0.0) + contracts * (entry - worst)
        is_calm = owed < limit * grown * bars.worst_oracle[index] and owed < grown * close
        if not (is_calm and worth > rate * notional - deduction and notional <= ceiling):
            break
        earned, bonus = coins * bars.supply[index], coins * bars.stake[index]
        interest = debt * bars.borrow[index]
        after, due, kept = coins + earned + bonus, debt + interest, margin + paid
        if bars.is_look[index]:
            if bars.carry[index] < exit_apy:
                break
            worth, equity = after * close, kept + contracts * (entry - at)
            if is_triggered and (
                effective_leverage(worth, worth - due) > trigger
                or effective_leverage(contracts * at, equity) > short_trigger
            ):
                break
            if is_kept and is_off(
                params,
                worth - due + equity + idle,
                worth,
                contracts * at,
                abs(after - contracts) * close,
            ):
                break
        rise, climb, hedged = close - spot, at - mark, min(coins, contracts)
        basis += hedged * (rise - climb)
        delta += (coins - hedged) * rise - (contracts - hedged) * climb
        supplied += earned * close
        borrowed -= interest
        staked += bonus * close
        funded += paid
        coins, debt, margin, spot, mark = after, due, kept, close, at
        lowest = min(lowest, debt)
        index += 1
    if index == first:
        return state, first
    accounts = with_accrual(books, supplied, borrowed, staked, funded, basis, delta)
    last = Quote(mark, bars.perp.close[index - 1], spot, bars.oracle.close[index - 1])
    position = Position(LongLeg(coins, debt), ShortLeg(contracts, entry, margin))
    return advanced(state, position, lowest, last, accounts), index


compile_module(globals(), inline=False)
