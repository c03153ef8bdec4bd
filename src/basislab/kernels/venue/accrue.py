"""Interest and funding of one bar (docs/venue-engine.md, eqs. 4 and 5)."""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.legs import LongLeg, with_long, with_margin, with_short
from basislab.kernels.venue.bars import Bar, Quote
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import MARK_PRICE, ORACLE_PRICE
from basislab.kernels.venue.state import State, changed


def interest_accrued(state: State, bar: Bar) -> State:
    """Grow collateral and debt by the bar's factors.

    What is earned in coin is valued at the bar's close: its price move within the bar is interest
    and not price, so that two runs with the same rates book the same interest.
    """
    long = state.position.long
    supplied = long.quantity * bar.supply
    staked = long.quantity * bar.stake
    interest = long.debt * bar.borrow
    grown = LongLeg(long.quantity + supplied + staked, long.debt + interest)
    later = (supplied + staked) * (bar.close.spot - state.last.spot)
    accounts = post(
        state.accounts,
        supply_interest=supplied * bar.close.spot,
        borrow_interest=-interest,
        collateral_yield=staked * bar.close.spot,
        net_delta=0.0 if state.is_hurt else -later,
        naked=-later if state.is_hurt else 0.0,
    )
    position = with_long(state.position, grown)
    return changed(state, position, state.idle, state.transit, accounts)


def funding_price(kind: int, quote: Quote) -> float:
    """Return the price of the notional that funding is paid on."""
    if kind == ORACLE_PRICE:
        return quote.oracle
    if kind == MARK_PRICE:
        return quote.mark
    return quote.perp


def funding_settled(state: State, rate: float, price: float) -> State:
    """Pay funding into (or out of) the margin: ``rate * contracts * price``, on what is held."""
    short = state.position.short
    paid = rate * short.contracts * price
    position = with_short(state.position, with_margin(short, short.margin + paid))
    accounts = post(state.accounts, funding=paid)
    return changed(state, position, state.idle, state.transit, accounts)


compile_module(globals(), owners=())
