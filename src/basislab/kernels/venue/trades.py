"""Opening, cutting and closing the legs, each cost where it arises (eqs. 18 to 21)."""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.fields import fields_of
from basislab.kernels.ledger import affordable
from basislab.kernels.legs import (
    LongLeg,
    Position,
    ShortLeg,
    charged,
    flat,
    with_long,
    with_short,
)
from basislab.kernels.venue.bars import Quote
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.perp import fill_slippage
from basislab.kernels.venue.state import (
    OPEN,
    State,
    changed,
    ended,
    flagged,
    no_order,
    no_transit,
)

fresh = fields_of(
    State, "position", "idle", "order", "status", "is_hurt", "lowest_debt", "last", "accounts"
)


def halves(params: Params, capital: float, price: float) -> Position:
    """Both legs at `price`: the long's share of the capital, levered; the rest is margin."""
    backing = capital * params.share
    coins = backing * params.leverage / price
    long = LongLeg(coins, backing * (params.leverage - 1.0))
    return Position(long, ShortLeg(coins, price, capital * (1.0 - params.share)))


def opened(params: Params, state: State, capital: float, quote: Quote, taker: float) -> State:
    """Open both halves with `capital`, which must be idle; a reserve stays idle.

    The long buys ``N = w L (1 - reserve) capital`` at spot, the short sells as many coins at the
    perp price less slippage. Costs of the long are added to its debt, or bought less for where it
    has none; those of the short come off its margin; the study splits them in halves.
    """
    costs = params.costs
    working = capital * (1.0 - params.policy.reserve)
    backing = working
    if params.is_debtless:
        rate = params.share * params.leverage * (costs.open_fee + costs.swap_fee)
        backing = max(working - costs.gas, 0.0) / (1.0 + rate)
    legs = halves(params, backing, quote.spot)
    coins = legs.long.quantity
    notional = backing * params.share * params.leverage
    fill = quote.perp * (1.0 - fill_slippage(params.perp, notional))
    long_fees = notional * (costs.open_fee + costs.swap_fee) + legs.long.debt * costs.flash_fee
    short_fees = coins * fill * taker
    slippage = coins * (quote.mark - fill)
    cost = affordable(long_fees + short_fees, costs.gas, working - slippage)
    accounts = post(state.accounts, trading_fees=-cost.trading, gas=-cost.gas, slippage=-slippage)
    position = Position(legs.long, ShortLeg(coins, fill, legs.short.margin))
    spent = working
    if params.is_debtless:
        spent = backing + cost.total - short_fees
        position = with_short(position, ShortLeg(coins, fill, legs.short.margin - short_fees))
    elif params.conventions.split_costs:
        position = charged(position, cost.total)
    else:
        debt = legs.long.debt + cost.total - short_fees
        position = Position(
            LongLeg(coins, debt), ShortLeg(coins, fill, legs.short.margin - short_fees)
        )
    # The debt starts here: a smaller one was never owed.
    debt, idle = position.long.debt, state.idle - spent
    begun = fresh(state, position, idle, no_order(), OPEN, False, debt, quote, accounts)
    return ended(begun) if cost.total >= working - slippage else begun


def long_cut(params: Params, state: State, coins: float, spot: float) -> State:
    """Sell collateral (no more than there is) and repay debt; what is beyond it is idle cash."""
    return long_sold(params, state, coins, spot, params.costs.swap_fee + params.costs.flash_fee)


def long_sold(params: Params, state: State, coins: float, spot: float, rate: float) -> State:
    """Sell coins at a fee of `rate`, repay debt with what they bring, keep the rest idle."""
    long = state.position.long
    worth = coins * spot
    fee = worth * rate
    debt, idle = long.debt - (worth - fee), state.idle
    if debt < 0.0 and not params.conventions.negative_debt:
        idle, debt = idle - debt, 0.0
    accounts = post(state.accounts, trading_fees=-fee)
    position = with_long(state.position, LongLeg(long.quantity - coins, debt))
    return changed(state, position, idle, state.transit, accounts)


def short_cut(params: Params, state: State, contracts: float, quote: Quote, taker: float) -> State:
    """Buy back contracts (no more than there are) at the perp price and its slippage.

    The margin stays at the venue.
    """
    short = state.position.short
    fill = quote.perp * (1.0 + fill_slippage(params.perp, contracts * quote.perp))
    fee = contracts * fill * taker
    margin = short.margin + contracts * (short.entry - fill) - fee
    accounts = post(state.accounts, trading_fees=-fee, slippage=-contracts * (fill - quote.mark))
    left = ShortLeg(short.contracts - contracts, short.entry, margin)
    position = with_short(state.position, left)
    return changed(state, position, state.idle, state.transit, accounts)


def closed(params: Params, state: State, quote: Quote, taker: float) -> State:
    """Close both legs to idle cash; what a leg lacks below zero its venue or lenders bear."""
    cut = long_cut(params, state, state.position.long.quantity, quote.spot)
    cut = short_cut(params, cut, cut.position.short.contracts, quote, taker)
    debt, margin = cut.position.long.debt, cut.position.short.margin  # no contracts are left
    borne = max(debt, 0.0) + max(-margin, 0.0)
    idle = cut.idle + max(-debt, 0.0) + max(margin, 0.0)
    accounts = post(cut.accounts, loss_borne_by_venue=borne)
    done = changed(cut, flat(), idle, cut.transit, accounts)
    return flagged(done, no_order(), done.status, False)


def delevered(params: Params, state: State, share: float, quote: Quote, taker: float) -> State:
    """Cut both legs by a share of what they hold."""
    cut = long_cut(params, state, share * state.position.long.quantity, quote.spot)
    return short_cut(params, cut, share * state.position.short.contracts, quote, taker)


def rehedged(params: Params, state: State, quote: Quote, taker: float) -> State:
    """Cut the larger leg to the smaller one: nothing is naked any more.

    Except contracts that are too few for an order of the venue.
    """
    coins, contracts = state.position.long.quantity, state.position.short.contracts
    cut = state
    if coins > contracts:
        cut = long_cut(params, state, coins - contracts, quote.spot)
    elif (contracts - coins) * quote.perp >= params.perp.min_order:
        cut = short_cut(params, state, contracts - coins, quote, taker)
    if min(coins, contracts) <= 0.0:
        cut = closed(params, cut, quote, taker)
    return flagged(cut, no_order(), cut.status, False)


def collected(state: State) -> State:
    """Return `state` with the cash in transit counted as idle: it has arrived."""
    idle = state.idle + state.transit.amount
    return changed(state, state.position, idle, no_transit(), state.accounts)


compile_module(globals(), inline=False, owners=())
