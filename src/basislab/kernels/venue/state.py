"""The state of a run: both legs, idle cash, cash in transit, a pending order, the books."""

from __future__ import annotations

from typing import NamedTuple

from basislab.kernels._jit import compile_module
from basislab.kernels.fields import fields_of
from basislab.kernels.legs import LongLeg, Position, ShortLeg, flat, total_equity
from basislab.kernels.venue.bars import Quote
from basislab.kernels.venue.ledger import Accounts, empty_accounts, post

WAITING, OPEN, CLOSED, ENDED = range(4)
"""Idle and may enter; holding a position; out for good; nothing left."""

NOWHERE, TO_LONG, TO_SHORT, TO_BOTH, TO_IDLE = range(5)
"""Where cash in transit goes: debt, margin, a fresh position, or back to idle cash."""

NO_ORDER, MOVE, TOP_UP_LONG, TOP_UP_SHORT, DELEVER, RESPOND, LEAVE, ENTER, RESIZE = range(9)
"""Orders: move capital between the legs (> 0 to the short), add idle cash to a leg, cut both legs,
respond to a liquidation, close because carry fades, open because it pays, trade to the size."""


class Order(NamedTuple):
    """What was decided at a close and is done at the next open; USD, or a share of the position."""

    kind: int
    amount: float


class Transit(NamedTuple):
    """Cash on its way: USD, where to, and the first bar at whose open it is there."""

    amount: float
    target: int
    arrival: int


class Hits(NamedTuple):
    """What liquidations did within this bar: costs in USD >= 0, first prices in USD per coin."""

    is_long: bool
    is_short: bool
    lending_cost: float
    perp_cost: float
    borne: float
    oracle: float
    mark: float


class State(NamedTuple):
    """Everything that a step knows of the past.

    ``is_hurt`` holds from a liquidation until the response to it is complete; meanwhile the net
    coin exposure is booked as naked. ``naked_bars`` counts the closes at which the legs differed.
    """

    position: Position
    idle: float
    transit: Transit
    order: Order
    status: int
    is_hurt: bool
    naked_bars: int
    lowest_debt: float
    last: Quote
    hits: Hits
    accounts: Accounts


NOTHING = State(
    position=Position(LongLeg(0.0, 0.0), ShortLeg(0.0, 0.0, 0.0)),
    idle=0.0,
    transit=Transit(0.0, NOWHERE, 0),
    order=Order(NO_ORDER, 0.0),
    status=WAITING,
    is_hurt=False,
    naked_bars=0,
    lowest_debt=0.0,
    last=Quote(0.0, 0.0, 0.0, 0.0),
    hits=Hits(False, False, 0.0, 0.0, 0.0, 0.0, 0.0),
    accounts=Accounts(*(0.0 for _ in Accounts._fields)),
)
"""A run that has not begun and holds nothing, not even cash."""

flagged = fields_of(State, "order", "status", "is_hurt")
_with_assets = fields_of(State, "position", "idle", "transit", "lowest_debt", "accounts")
_marked = fields_of(State, "last", "accounts")


def no_hits() -> Hits:
    """Return a bar without liquidations."""
    return Hits(False, False, 0.0, 0.0, 0.0, 0.0, 0.0)


def no_order() -> Order:
    """Return that nothing is to be done."""
    return Order(NO_ORDER, 0.0)


def no_transit() -> Transit:
    """Return that nothing is on its way."""
    return Transit(0.0, NOWHERE, 0)


def idle_state(capital: float, quote: Quote) -> State:
    """Return a run that holds only cash."""
    return State(
        flat(),
        capital,
        no_transit(),
        no_order(),
        WAITING,
        False,
        0,
        0.0,
        quote,
        no_hits(),
        empty_accounts(),
    )


def changed(
    state: State, position: Position, idle: float, transit: Transit, accounts: Accounts
) -> State:
    """Return `state` with other assets and books."""
    lowest = min(state.lowest_debt, position.long.debt)
    return _with_assets(state, position, idle, transit, lowest, accounts)


def legs_equity(state: State) -> float:
    """Return the equity of both legs: the long at spot, the short at the mark; USD."""
    long, short = state.position.long, state.position.short
    at_mark = Position(LongLeg(0.0, 0.0), short)
    return long.quantity * state.last.spot - long.debt + total_equity(at_mark, state.last.mark)


def equity(state: State) -> float:
    """Return ``long + short + transit + idle`` at the last prices, USD (eq. 1)."""
    return legs_equity(state) + state.transit.amount + state.idle


def repriced(state: State, quote: Quote) -> State:
    """Mark both legs to new prices, and book the change where it belongs (eq. 3).

    With ``h = min(q, c)``: ``h (dS - dP)`` is basis, ``(q - h) dS - (c - h) dP`` net delta, or
    naked between a liquidation and the completed response.
    """
    coins, contracts = state.position.long.quantity, state.position.short.contracts
    spot, mark = quote.spot - state.last.spot, quote.mark - state.last.mark
    hedged = min(coins, contracts)
    open_part = (coins - hedged) * spot - (contracts - hedged) * mark
    accounts = post(
        state.accounts,
        basis=hedged * (spot - mark),
        net_delta=0.0 if state.is_hurt else open_part,
        naked=open_part if state.is_hurt else 0.0,
    )
    return _marked(state, quote, accounts)


def ended(state: State) -> State:
    """End the run with nothing; an equity below zero is the venues' loss."""
    left = equity(state)
    accounts = post(state.accounts, loss_borne_by_venue=-left)
    over = changed(state, flat(), 0.0, no_transit(), accounts)
    return flagged(over, no_order(), ENDED, False)


compile_module(globals(), owners=())
