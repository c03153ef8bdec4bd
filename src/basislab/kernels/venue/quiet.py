"""A quiet bar: nothing arrives, nothing is ordered, no leg comes near liquidation.

Almost every bar is one. It is told apart by the bar's worst prices, and booked from the last close
to this one in a few operations; a test holds it equal to the long way.
"""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.fields import fields_of
from basislab.kernels.legs import LongLeg, Position, with_margin
from basislab.kernels.venue.accrue import funding_price
from basislab.kernels.venue.bars import Bar
from basislab.kernels.venue.ledger import Accounts
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.perp import maintenance_margin
from basislab.kernels.venue.policies import is_stretched
from basislab.kernels.venue.size import is_off_size
from basislab.kernels.venue.state import NO_ORDER, NOWHERE, OPEN, State

advanced = fields_of(State, "position", "lowest_debt", "last", "accounts")
with_accrual = fields_of(
    Accounts,
    "supply_interest",
    "borrow_interest",
    "collateral_yield",
    "funding",
    "basis",
    "net_delta",
)


def is_quiet(params: Params, state: State, bar: Bar) -> bool:
    """Whether nothing can happen within the bar, whatever the order of its extremes."""
    if state.status != OPEN or state.order.kind != NO_ORDER:
        return False
    if state.is_hurt or state.transit.target != NOWHERE:
        return False
    if params.conventions.settle_at_close or params.conventions.funding_first:
        return False
    long, short = state.position.long, state.position.short
    coins = long.quantity * (1.0 + bar.supply + bar.stake)
    debt = long.debt * (1.0 + bar.borrow)
    if debt >= params.loan.liquidation_ltv * coins * bar.worst_oracle:
        return False
    if debt >= coins * bar.close.spot:
        return False
    price = funding_price(params.perp.funding_price, bar.close)
    margin = short.margin + min(bar.funding * short.contracts * price, 0.0)
    worth = margin + short.contracts * (short.entry - bar.worst_mark)
    return worth > maintenance_margin(params.perp, short.contracts * bar.worst_mark)


def is_wanted(params: Params, state: State, bar: Bar) -> bool:
    """Whether the trader looks, after a quiet bar, and sees something to decide."""
    if not bar.is_look:
        return False
    if bar.carry < params.policy.exit_apy or is_stretched(params, state, bar):
        return True
    return is_off_size(params, state, bar.close)


def quiet_bar(params: Params, state: State, bar: Bar) -> State:
    """Mark from the last close to this one, accrue, and settle funding."""
    long, short, books = state.position.long, state.position.short, state.accounts
    spot, mark = bar.close.spot - state.last.spot, bar.close.mark - state.last.mark
    hedged = min(long.quantity, short.contracts)
    open_part = (long.quantity - hedged) * spot - (short.contracts - hedged) * mark
    supplied, staked = long.quantity * bar.supply, long.quantity * bar.stake
    interest = long.debt * bar.borrow
    price = funding_price(params.perp.funding_price, bar.close)
    paid = bar.funding * short.contracts * price
    debt = long.debt + interest
    accounts = with_accrual(
        books,
        books.supply_interest + supplied * bar.close.spot,
        books.borrow_interest - interest,
        books.collateral_yield + staked * bar.close.spot,
        books.funding + paid,
        books.basis + hedged * (spot - mark),
        books.net_delta + open_part,
    )
    position = Position(
        LongLeg(long.quantity + supplied + staked, debt),
        with_margin(short, short.margin + paid),
    )
    return advanced(state, position, min(state.lowest_debt, debt), bar.close, accounts)


compile_module(globals(), owners=())
