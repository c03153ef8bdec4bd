"""The prices at which each leg is liquidated, and what moves them; docs/position.md, eqs. 1 to 4.

The short's price is that of `kernels.venue.perp`, extended to both sides and to other positions of
the account; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from basislab.position.types import Loan, Short


def deductions(tiers: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return rate and deduction of each tier: ``d_n = d_(n-1) + bound_n (rate_n - rate_(n-1))``."""
    found: list[tuple[float, float]] = []
    deduction, before = 0.0, None
    for bound, rate in tiers:
        deduction += 0.0 if before is None else bound * (rate - before)
        found.append((rate, deduction))
        before = rate
    return found


def maintenance_usd(tiers: Iterable[tuple[float, float]], notional: float) -> float:
    """Return the margin that a notional needs: the largest over the tiers."""
    return max(rate * notional - deduction for rate, deduction in deductions(tiers))


def perp_liquidation_price(
    size: float, funds: float, tiers: Sequence[tuple[float, float]], others: float = 0.0
) -> float | None:
    """Mark at which ``funds + size p = max_k (rate_k |size| p - deduction_k) + others``.

    ``size`` is signed, ``funds`` is the collateral less ``size * entry``: an isolated position's
    ``rawUsd``. ``others`` is what the account's other positions need. None where no price does.
    """
    prices = [
        (others - deduction - funds) / (size - rate * abs(size))
        for rate, deduction in deductions(tiers)
    ]
    price = max(prices) if size > 0 else min(prices)
    return price if price > 0 else None


def short_price(short: Short) -> float | None:
    """Return our liquidation price; None in portfolio mode, whose terms no answer holds."""
    if short.margin_mode == "portfolio":
        return None
    funds = short.margin_usd + short.size * short.entry_usd
    price = perp_liquidation_price(
        -short.size, funds, short.margin_tiers, short.other_maintenance_usd
    )
    return 0.0 if price is None else price  # under water at any price


def loan_price(loan: Loan) -> float:
    """Oracle price at which ``debt = liquidation_ltv * size * p``; 0 without debt."""
    return loan.debt_usd / (loan.size * loan.liquidation_ltv)


def short_equity(short: Short, price: float | None = None) -> float:
    """Return collateral and result of the short at a price, the mark if left out."""
    at = short.mark_usd if price is None else price
    return short.margin_usd + short.size * (short.entry_usd - at)


def short_needs(short: Short, distance: float) -> float:
    """Collateral to add (below 0: to spare) for liquidation `distance` above the mark."""
    at = short.mark_usd * (1 + distance)
    needed = maintenance_usd(short.margin_tiers, short.size * at) + short.other_maintenance_usd
    return needed - short_equity(short, at)


def loan_needs(loan: Loan, distance: float) -> float:
    """Debt to repay (below 0: room to borrow) for liquidation `distance` below the price."""
    return loan.debt_usd - loan.size * loan.price_usd * (1 - distance) * loan.liquidation_ltv
