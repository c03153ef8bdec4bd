"""The books of a run explain its change of equity; where they do not, nothing is returned."""

from __future__ import annotations

import numpy as np

from basislab.errors import LedgerError
from basislab.types.market import FloatArray

LEDGER_TOLERANCE = 1e-9
"""Largest unexplained part of a run, as a fraction of capital or of what went through its books."""

_IS_A_BUG = "This is a bug; please report it with the run."


def booked(accounts: tuple[float, ...], final: float, capital: float) -> dict[str, float]:
    """Return a kernel's accounts by name, USD, which explain the final equity."""
    found: dict[str, float] = {k: float(v) for k, v in accounts._asdict().items()}  # type: ignore[attr-defined]
    total, change = sum(found.values()), final - capital
    unexplained = abs(total - change)
    if not unexplained <= LEDGER_TOLERANCE * max(capital, sum(map(abs, found.values()))):
        raise LedgerError(
            f"the accounts sum to {total!r} USD, equity changed by {change!r}: "
            f"{unexplained:.3g} USD are unexplained. {_IS_A_BUG}"
        )
    return found


def check_books(accounts: FloatArray, final: FloatArray, capital: FloatArray) -> None:
    """Raise where accounts of shape (n_configs, n_accounts) do not explain the final equities."""
    unexplained = np.abs(accounts.sum(axis=1) - (final - capital))
    allowed = LEDGER_TOLERANCE * np.maximum(capital, np.abs(accounts).sum(axis=1))
    if not (unexplained <= allowed).all():
        worst = int(np.argmax(unexplained / allowed))
        raise LedgerError(
            f"configuration {worst}: {unexplained[worst]:.3g} USD are unexplained by the accounts. "
            f"{_IS_A_BUG}"
        )
