"""Keeping the size: both legs are traded to the same coins, and the long's share is restored.

docs/venue-engine.md, eqs. 38 to 40.
"""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.events import NO_LEG, EventLog
from basislab.kernels.legs import LongLeg, ShortLeg, with_debt, with_long, with_margin, with_short
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.bars import Bar, Quote
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.perp import fill_slippage
from basislab.kernels.venue.room import planned, restoring, spare_cash
from basislab.kernels.venue.state import TO_LONG, TO_SHORT, State, changed, equity
from basislab.kernels.venue.trades import long_sold, short_cut
from basislab.kernels.venue.transfers import MIN_MOVE_USD, sent


def long_bought(params: Params, state: State, coins: float, spot: float) -> State:
    """Buy coins through the opening's route: spare cash pays first, the rest is borrowed."""
    costs, long = params.costs, state.position.long
    worth = coins * spot
    fee = worth * (costs.open_fee + costs.swap_fee)
    due = worth + fee + costs.gas
    # a debtless long buys what its cash pays for: rounding must not leave it a debt
    cash = due if params.is_debtless else min(spare_cash(params, state), due)
    flash = (due - cash) * costs.flash_fee
    debt = long.debt + due - cash + flash
    accounts = post(state.accounts, trading_fees=-fee - flash, gas=-costs.gas)
    position = with_long(state.position, LongLeg(long.quantity + coins, debt))
    return changed(state, position, state.idle - cash, state.transit, accounts)


def short_added(
    params: Params, state: State, contracts: float, quote: Quote, taker: float
) -> State:
    """Sell more contracts at the perp price less slippage; the entry is the mean of all."""
    short = state.position.short
    fill = quote.perp * (1.0 - fill_slippage(params.perp, contracts * quote.perp))
    fee = contracts * fill * taker
    held = short.contracts + contracts
    entry = (short.contracts * short.entry + contracts * fill) / held
    accounts = post(state.accounts, trading_fees=-fee, slippage=-contracts * (quote.mark - fill))
    position = with_short(state.position, ShortLeg(held, entry, short.margin - fee))
    return changed(state, position, state.idle, state.transit, accounts)


def sized(params: Params, state: State, coins: float, quote: Quote, taker: float) -> State:
    """Trade both legs to the same coins; only what is traded costs."""
    held, contracts = state.position.long.quantity, state.position.short.contracts
    if coins < held:
        state = long_sold(params, state, held - coins, quote.spot, params.costs.swap_fee)
    elif coins > held:
        state = long_bought(params, state, coins - held, quote.spot)
    if coins < contracts:
        state = short_cut(params, state, contracts - coins, quote, taker)
    elif coins > contracts:
        state = short_added(params, state, coins - contracts, quote, taker)
    long, short = state.position.long, state.position.short
    # equal to the bit, whatever was added and taken away
    position = with_long(state.position, LongLeg(coins, long.debt))
    position = with_short(position, ShortLeg(coins, short.entry, short.margin))
    return changed(state, position, state.idle, state.transit, state.accounts)


def restored(params: Params, state: State, quote: Quote, number: int, log: EventLog) -> State:
    """Send what restores the long's share, as far as the venues let it leave."""
    move = restoring(params, state, quote)
    amount = move.idle + move.leg
    if abs(amount) <= MIN_MOVE_USD:
        return state
    before, long, short = equity(state), state.position.long, state.position.short
    if amount > 0.0:
        position = with_long(state.position, with_debt(long, long.debt + move.leg))
        target = TO_SHORT
    else:
        position = with_short(state.position, with_margin(short, short.margin + move.leg))
        target = TO_LONG
    out = changed(state, position, state.idle - move.idle, state.transit, state.accounts)
    state = sent(params, out, abs(amount), target, number)
    cost = before - equity(state)
    ev.note(log, number, ev.REBALANCE, state, NO_LEG, ev.NO_REASON, amount, cost, 0.0)
    return state


def resized(params: Params, state: State, quote: Quote, bar: Bar, log: EventLog) -> State:
    """Trade to the size as far as it goes, or let the capital that growing needs leave first."""
    plan = planned(params, state, quote, bar.taker)
    if plan.is_trade:
        before = state
        state = sized(params, state, plan.coins, quote, bar.taker)
        ev.note_resize(log, bar.number, before, state)
    if plan.is_trade or plan.is_move:
        state = restored(params, state, quote, bar.number, log)
    return state


compile_module(globals(), inline=False, owners=())
