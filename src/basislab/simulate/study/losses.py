"""What the study forgives: equity below zero that a liquidation lets go, here paid."""

from __future__ import annotations

import numpy as np

from basislab.kernels import events as ev
from basislab.kernels.outcome import Outcome
from basislab.simulate.model import logged
from basislab.types.market import FloatArray, IntArray

_BAR, _KIND, _PENALTY, _LONG, _SHORT, _EQUITY = map(
    ev.COLUMNS.index,
    ("bar", "kind", "penalty_usd", "long_equity_usd", "short_equity_usd", "equity_usd"),
)

ROUNDING_USD = 1e-6
"""What sums of floats may leave over where nothing was forgiven."""


def forgiven(outcome: Outcome) -> FloatArray:
    """Return what was forgiven on every bar, USD: equity below zero that a liquidation lets go.

    What a liquidation leaves, less what both legs had and the penalty took. What a ruin forgives is
    not counted: nothing is left to pay with.
    """
    if not outcome.accounts.shortfall:
        return np.zeros(len(outcome.equity))
    rows = logged(outcome)
    rows = rows[rows[:, _KIND] == ev.LIQUIDATION]
    lost = rows[:, _EQUITY] - (rows[:, _LONG] + rows[:, _SHORT] - rows[:, _PENALTY])
    lost[lost < ROUNDING_USD] = 0.0
    amounts = np.bincount(rows[:, _BAR].astype(int), lost, len(outcome.equity))
    return np.asarray(amounts, dtype=float)


def unforgiven(outcome: Outcome) -> FloatArray:
    """Return the equity at every close as if all losses had been paid, USD.

    The last one is after closing costs; zero from where nothing is left.
    """
    curve = outcome.equity.copy()
    curve[-1] = outcome.final
    paid = forgiven(outcome)
    if not paid.any():
        return curve
    curve -= np.cumsum(paid)
    is_gone = np.maximum.accumulate(curve <= 0)
    return np.where(is_gone, 0.0, curve)


def liquidation_bars(outcome: Outcome) -> IntArray:
    """Return the bars on which a leg was liquidated or, in a rotation, its price was touched."""
    rows = logged(outcome)
    kind, leg = rows[:, 1], rows[:, 2]
    is_sunk = (kind == ev.LIQUIDATION) | ((kind == ev.CLOSE) & (leg > 0))
    return np.asarray(rows[is_sunk, 0], dtype=np.int64)
