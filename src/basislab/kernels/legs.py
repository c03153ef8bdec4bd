"""The two legs and the moves that all models share (docs/models.md, eqs. 1 to 9).

Equity is never stored: it is derived from the state at a price. The long leg holds collateral that
grows by the supply rate and owes debt that grows by the borrow rate; the short leg holds contracts
against a margin that funding is paid into.
"""

from __future__ import annotations

from typing import NamedTuple

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bar
from basislab.kernels.fields import fields_of
from basislab.kernels.ledger import Accounts, book

NO_EQUITY_LEVERAGE = 999.0
"""The study's leverage of a leg whose equity is zero or below."""

MIN_EQUITY_USD = 1.0
"""The study divides by at least one dollar."""

EQUITY_PENALTY, NOTIONAL_PENALTY = 0, 1


class LongLeg(NamedTuple):
    """Collateral in coin and debt in USD."""

    quantity: float
    debt: float


class ShortLeg(NamedTuple):
    """Contracts in coin (> 0), entry price in USD per coin, margin in USD."""

    contracts: float
    entry: float
    margin: float


class Position(NamedTuple):
    """Both legs."""

    long: LongLeg
    short: ShortLeg


with_long = fields_of(Position, "long")
with_short = fields_of(Position, "short")
with_debt = fields_of(LongLeg, "debt")
with_margin = fields_of(ShortLeg, "margin")


class Seizure(NamedTuple):
    """What a liquidation leaves of a leg, and where the rest went; USD, all >= 0."""

    kept: float
    penalty: float
    shortfall: float


def long_equity(leg: LongLeg, price: float) -> float:
    """Collateral at `price` less debt, USD.

    Examples
    --------
    >>> long_equity(LongLeg(3.0, 200.0), 100.0)
    100.0
    """
    return leg.quantity * price - leg.debt


def short_equity(leg: ShortLeg, price: float) -> float:
    """Margin plus open profit at `price`, USD.

    Examples
    --------
    >>> short_equity(ShortLeg(3.0, 100.0, 100.0), 110.0)
    70.0
    """
    return leg.margin + leg.contracts * (leg.entry - price)


def total_equity(position: Position, price: float) -> float:
    """Equity of both legs at `price`, USD."""
    return long_equity(position.long, price) + short_equity(position.short, price)


def flat() -> Position:
    """Return a position that holds nothing."""
    return Position(LongLeg(0.0, 0.0), ShortLeg(0.0, 0.0, 0.0))


def hedged(capital: float, leverage: float, price: float) -> Position:
    """Both legs of ``capital / 2 * leverage`` at `price`, each backed by half of the capital.

    Parameters
    ----------
    capital : float, USD
    leverage : float
        Of each half.
    price : float, USD per coin

    Examples
    --------
    >>> hedged(10_000.0, 3.0, 100.0).long
    LongLeg(quantity=150.0, debt=10000.0)
    """
    half = capital / 2
    coins = half * leverage / price
    return Position(LongLeg(coins, half * (leverage - 1)), ShortLeg(coins, price, half))


def charged(position: Position, cost: float) -> Position:
    """Pay `cost` from both legs: half is added to the debt, half taken from the margin."""
    long, short = position.long, position.short
    return Position(
        with_debt(long, long.debt + cost / 2), with_margin(short, short.margin - cost / 2)
    )


def moved(position: Position, amount: float) -> Position:
    """Move `amount` USD from the long leg (borrowing it) to the margin of the short leg."""
    long, short = position.long, position.short
    return Position(with_debt(long, long.debt + amount), with_margin(short, short.margin + amount))


def marked(accounts: Accounts, position: Position, previous_price: float, price: float) -> Accounts:
    """Book the net coin exposure's change of value since the last close as revaluation.

    ``(q - c) * (p - p_previous)``: what is left of the price move after the hedge, with the
    quantities before the bar's accrual.
    """
    net = position.long.quantity - position.short.contracts
    return book(accounts, revaluation=net * (price - previous_price))


def accrued(position: Position, accounts: Accounts, bar: Bar) -> tuple[Position, Accounts]:
    """Accrue one bar: collateral and debt grow, funding is paid into (or out of) the margin.

    Parameters
    ----------
    bar : Bar
        Simple rates per bar; interest earned in coin is valued at the bar's close.
    """
    long, short = position.long, position.short
    earned = long.quantity * bar.supply
    interest = long.debt * bar.borrow
    paid = bar.funding * short.contracts * bar.close
    grown = Position(
        LongLeg(long.quantity + earned, long.debt + interest),
        with_margin(short, short.margin + paid),
    )
    return grown, book(accounts, carry=earned * bar.close - interest, funding=paid)


def long_is_liquidated(leg: LongLeg, low: float, maintenance: float) -> bool:
    """Whether equity at the low is at or below maintenance, a fraction of the notional there."""
    return long_equity(leg, low) <= maintenance * leg.quantity * low


def short_is_liquidated(leg: ShortLeg, high: float, maintenance: float) -> bool:
    """Whether equity at the high is at or below maintenance, a fraction of the notional there."""
    return short_equity(leg, high) <= maintenance * leg.contracts * high


def long_liquidation_price(leg: LongLeg, maintenance: float) -> float:
    """Price at which the long's equity equals its maintenance; solves ``q p - d = m q p``.

    Parameters
    ----------
    leg : LongLeg
        Quantity > 0.
    maintenance : float
        Fraction of notional, in [0, 1).

    Returns
    -------
    float
        USD per coin.

    Examples
    --------
    >>> long_liquidation_price(LongLeg(1.0, 66.5), 0.05)
    70.0
    """
    return leg.debt / (leg.quantity * (1 - maintenance))


def short_liquidation_price(leg: ShortLeg, maintenance: float) -> float:
    """Price at which the short's equity equals its maintenance; solves ``m + c (e - p) = r c p``.

    Parameters
    ----------
    leg : ShortLeg
        Contracts > 0.
    maintenance : float
        Fraction of notional, in [0, 1).

    Returns
    -------
    float
        USD per coin.

    Examples
    --------
    >>> short_liquidation_price(ShortLeg(1.0, 100.0, 26.0), 0.05)
    120.0
    """
    return (leg.margin + leg.contracts * leg.entry) / (leg.contracts * (1 + maintenance))


def effective_leverage(notional: float, equity: float) -> float:
    """Notional over equity, with the study's two floors (999 without equity, at least one dollar).

    Examples
    --------
    >>> effective_leverage(300.0, 100.0), effective_leverage(300.0, -1.0)
    (3.0, 999.0)
    """
    if equity <= 0.0:
        return NO_EQUITY_LEVERAGE
    return notional / max(equity, MIN_EQUITY_USD)


def seized(equity: float, notional: float, kind: int, rate: float) -> Seizure:
    """Liquidate a leg under the study's convention, on its equity at the close.

    Parameters
    ----------
    equity, notional : float, USD
        Of the leg at the close.
    kind : int
        `EQUITY_PENALTY` takes ``rate * equity``, `NOTIONAL_PENALTY` ``rate * notional``; both at
        most the equity that is there.
    rate : float, fraction

    Returns
    -------
    Seizure
        ``kept - equity = shortfall - penalty``.

    Examples
    --------
    >>> seized(100.0, 1_000.0, EQUITY_PENALTY, 0.5)
    Seizure(kept=50.0, penalty=50.0, shortfall=0.0)
    >>> seized(-30.0, 1_000.0, NOTIONAL_PENALTY, 0.025)
    Seizure(kept=0.0, penalty=0.0, shortfall=30.0)
    """
    there = max(equity, 0.0)
    base = equity if kind == EQUITY_PENALTY else notional
    penalty = min(max(rate * base, 0.0), there)
    return Seizure(there - penalty, penalty, max(-equity, 0.0))


compile_module(globals(), owners=())
