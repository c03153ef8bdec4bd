"""Jumps of the price that a position does not survive, both legs at once and untouched."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.position.liquidation import (
    loan_price,
    maintenance_usd,
    short_equity,
    short_price,
)
from basislab.position.types import Position

JUMPS = tuple(sign * share / 100 for sign in (-1, 1) for share in range(5, 65, 5))
"""Shares of the price: 5 % to 60 %, down and up."""


@dataclass(frozen=True)
class Stress:
    """Both legs after one jump of mark and oracle together; None where a figure is not known."""

    jump: float
    margin_ratio: float | None
    ltv: float | None
    does_short_die: bool
    does_loan_die: bool


def stresses(position: Position) -> tuple[Stress, ...]:
    """Return both legs after each of `JUMPS`, from the deepest fall to the highest rise."""
    return tuple(_after(position, jump) for jump in sorted(JUMPS))


def _after(position: Position, jump: float) -> Stress:
    short, loan = position.short, position.loan
    ratio = ltv = None
    short_dies = loan_dies = False
    if short and (dies_at := short_price(short)) is not None:
        mark = short.mark_usd * (1 + jump)
        equity, others = short_equity(short, mark), short.other_maintenance_usd
        needed = maintenance_usd(short.margin_tiers, short.size * mark) + others
        ratio = needed / equity if equity > 0 else None
        short_dies = mark >= dies_at
    if loan:
        price = loan.price_usd * (1 + jump)
        ltv = loan.debt_usd / (loan.size * price)
        loan_dies = loan.debt_usd > 0 and price <= loan_price(loan)
    return Stress(jump, ratio, ltv, short_dies, loan_dies)
