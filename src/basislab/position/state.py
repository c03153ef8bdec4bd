"""The figures of a held position at one moment: distances, leverage, carry, cost of closing."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from basislab.position.liquidation import (
    loan_needs,
    loan_price,
    maintenance_usd,
    short_equity,
    short_needs,
    short_price,
)
from basislab.position.types import Loan, Position, Short
from basislab.position.words import cut
from basislab.units import DAYS_PER_YEAR, from_bps

PRICE_LIMIT_S, ACCOUNT_LIMIT_S, LENDING_LIMIT_S = 60.0, 300.0, 900.0
"""Age from which a number is stale: a price, a perpetual account, a loan."""

HOURS = 24

FUTURE_LIMIT_S = 60.0
"""A number from further ahead than this is as little to be trusted as an old one."""


@dataclass(frozen=True)
class LegState:
    """How far one leg is from its liquidation; `distance` is a share of the price."""

    venue: str
    size: float
    price_usd: float
    liquidation_usd: float | None
    distance: float | None
    sigmas: float | None
    needs_usd: float | None
    """USD to add for the distance that the policy restores; below 0 is to spare."""
    venue_liquidation_usd: float | None
    difference_usd: float | None
    equity_usd: float | None
    leverage: float | None
    ratio: float | None
    """Margin ratio (maintenance over equity) of the short, loan-to-value of the loan."""
    stale: tuple[str, ...]


@dataclass(frozen=True)
class Carry:
    """What a day brings, USD; None where the rate is not known."""

    funding_usd: float | None
    supply_usd: float | None
    borrow_usd: float | None
    total_usd: float | None
    hurdle_usd: float | None


@dataclass(frozen=True)
class State:
    """Everything that is shown of a position."""

    position: Position
    now: datetime | None
    short: LegState | None
    loan: LegState | None
    equity_usd: float | None
    net_delta: float
    carry: Carry
    closing_cost_usd: float

    @property
    def stale(self) -> tuple[str, ...]:
        """Every number that is too old, in words."""
        return tuple(text for leg in (self.short, self.loan) if leg for text in leg.stale)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, JSON-ready."""
        found = asdict(self) | {"position": self.position.to_dict(), "stale": list(self.stale)}
        return found | {"now": self.now.isoformat() if self.now else None}


def state_of(position: Position, now: datetime | None) -> State:
    """Return the figures; ages are judged against `now`, and not at all without it."""
    short = _short_state(position, now) if position.short else None
    loan = _loan_state(position, now) if position.loan else None
    equity = _sum(position.idle_usd, *(leg.equity_usd for leg in (short, loan) if leg))
    held = (loan.size if loan else 0.0) - (short.size if short else 0.0)
    return State(
        position=position,
        now=now,
        short=short,
        loan=loan,
        equity_usd=equity,
        net_delta=held,
        carry=carry_of(position, equity),
        closing_cost_usd=closing_cost(position, 1.0),
    )


def _short_state(position: Position, now: datetime | None) -> LegState:
    short = position.short
    assert short is not None  # noqa: S101 - the caller asked for it
    is_portfolio = short.margin_mode == "portfolio"  # other coins are collateral there too
    equity, notional = short_equity(short), short.size * short.mark_usd
    price = short_price(short)
    distance = None if price is None else price / short.mark_usd - 1
    maintenance = maintenance_usd(short.margin_tiers, notional) + short.other_maintenance_usd
    own_ratio = maintenance / equity if equity > 0 else None
    return LegState(
        venue=short.venue,
        size=short.size,
        price_usd=short.mark_usd,
        liquidation_usd=price,
        distance=distance,
        sigmas=_sigmas(position, price, short.mark_usd),
        needs_usd=None if is_portfolio else short_needs(short, position.policy.restore_to),
        venue_liquidation_usd=short.venue_liquidation_usd,
        difference_usd=_difference(price, short.venue_liquidation_usd),
        equity_usd=None if is_portfolio else equity,
        leverage=notional / equity if equity > 0 and not is_portfolio else None,
        ratio=short.margin_ratio if is_portfolio else own_ratio,
        stale=_stale(short, ACCOUNT_LIMIT_S, now),
    )


def _loan_state(position: Position, now: datetime | None) -> LegState:
    loan = position.loan
    assert loan is not None  # noqa: S101 - the caller asked for it
    value, price = loan.size * loan.price_usd, loan_price(loan)
    equity = value - loan.debt_usd
    return LegState(
        venue=loan.venue,
        size=loan.size,
        price_usd=loan.price_usd,
        liquidation_usd=price,
        distance=1 - price / loan.price_usd,
        sigmas=_sigmas(position, price, loan.price_usd),
        needs_usd=loan_needs(loan, position.policy.restore_to),
        venue_liquidation_usd=loan.venue_liquidation_usd,
        difference_usd=_difference(price, loan.venue_liquidation_usd),
        equity_usd=equity,
        leverage=value / equity if equity > 0 else None,
        ratio=loan.debt_usd / value,
        stale=_stale(loan, LENDING_LIMIT_S, now),
    )


def _difference(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or theirs is None else ours - theirs


def _sigmas(position: Position, price: float | None, now_usd: float) -> float | None:
    """Distance in standard deviations of the log price over the policy's horizon."""
    volatility = position.policy.volatility_annual
    if volatility is None or not price:
        return None
    sigma = volatility * math.sqrt(position.policy.horizon_days / DAYS_PER_YEAR)
    return abs(math.log(price / now_usd)) / sigma


def _stale(leg: Short | Loan, limit_s: float, now: datetime | None) -> tuple[str, ...]:
    if now is None:
        return ()
    price_limit = PRICE_LIMIT_S if isinstance(leg, Short) else LENDING_LIMIT_S
    ages = (("account", leg.time, limit_s), ("price", leg.price_time, price_limit))
    found = []
    for what, time, limit in ages:
        age = (now - time).total_seconds()
        if age > limit:
            found.append(f"{cut(leg.venue, 16)} {what}: {age:.0f} s old, limit {limit:.0f} s")
        elif age < -FUTURE_LIMIT_S:
            found.append(f"{cut(leg.venue, 16)} {what}: {-age:.0f} s ahead of this clock")
    return tuple(found)


def carry_of(position: Position, equity: float | None) -> Carry:
    """Return a day's carry by component, and what the hurdle asks of the equity.

    Funding is a simple rate an hour on the mark's notional, a loan's rates are compound a year.
    """
    short, loan, hurdle = position.short, position.loan, position.policy.hurdle_apy
    funding: float | None = 0.0
    supply: float | None = 0.0
    owed: float | None = 0.0
    if short:
        rate = short.funding_rate_hourly
        funding = None if rate is None else rate * HOURS * short.size * short.mark_usd
    if loan:
        supply = _daily(loan.supply_apy, loan.size * loan.price_usd)
        owed = _daily(loan.borrow_apy, loan.debt_usd)
    borrow = None if owed is None else -owed
    return Carry(
        funding_usd=funding,
        supply_usd=supply,
        borrow_usd=borrow,
        total_usd=_sum(funding, supply, borrow),
        hurdle_usd=None if equity is None else _daily(hurdle, max(equity, 0.0)),
    )


def _sum(*parts: float | None) -> float | None:
    """Return the sum, None where a part is not known: a missing number is never zero."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _daily(apy: float | None, usd: float) -> float | None:
    return None if apy is None else usd * ((1 + apy) ** (1 / DAYS_PER_YEAR) - 1)


def closing_cost(position: Position, share: float) -> float:
    """Return fee and slippage of closing a share of both legs: USD, by the presets' constants.

    Raises
    ------
    ConfigError
        The short's venue has no preset.
    """
    from basislab.presets.terms import load_perp, load_route

    cost = 0.0
    if position.short:
        perp = load_perp(position.short.venue)
        notional = share * position.short.size * position.short.mark_usd
        slippage = perp.slippage_bps + perp.impact_bps_per_100k * notional / 100_000
        cost += notional * from_bps(perp.taker_fees[-1].bps + slippage)
    if position.loan:
        swap = load_route("dex", "swap")
        notional = share * position.loan.size * position.loan.price_usd
        cost += notional * from_bps(swap.cost_bps)
    return cost
