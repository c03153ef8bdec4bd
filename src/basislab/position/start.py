"""What one holds as the beginning of a Monte-Carlo's paths."""

from __future__ import annotations

from basislab.position.types import Position
from basislab.types.start import StartState


def start_state_of(position: Position) -> StartState:
    """Return a position's real debt, margin and size, at whatever price the paths begin."""
    loan, short = position.loan, position.short
    return StartState(
        coins=loan.size if loan else 0.0,
        debt_usd=loan.debt_usd if loan else 0.0,
        contracts=short.size if short else 0.0,
        margin_usd=short.margin_usd if short else 0.0,
        entry_usd=short.entry_usd if short else 1.0,
        idle_usd=position.idle_usd,
    )
