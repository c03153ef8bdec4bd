"""What is kept of a run when there are many: one row of numbers in place of curve and events."""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.events import CLOSE, LIQUIDATION
from basislab.kernels.ledger import Accounts
from basislab.kernels.outcome import Outcome

NEVER_HAPPENED = np.inf
"""Bar of an event that did not happen: later than every horizon."""

COLUMNS = (
    "final",
    *Accounts._fields,
    "drawdown",
    "lowest_debt",
    "first_liquidation",
    "open",
    "rebalance",
    "liquidation",
    "reopen",
    "close",
    "liquidation_penalty",
    "ruined",
    "touched_legs",
)
"""USD for amounts, fraction of the peak for the drawdown, a bar for the first liquidation; counts
of each kind of event in the order of its codes; legs whose liquidation price a rotation touched."""

N_COLUMNS = len(COLUMNS)
FINAL = 0
CARRY = 1
N_ACCOUNTS = len(Accounts._fields)
DRAWDOWN = CARRY + N_ACCOUNTS
LOWEST_DEBT = DRAWDOWN + 1
FIRST_LIQUIDATION = DRAWDOWN + 2
FIRST_COUNT = DRAWDOWN + 3
TOUCHED_LEGS = N_COLUMNS - 1


def summarize(outcome: Outcome, capital: float, row: FloatArray) -> None:
    """Write a run into one row of `COLUMNS`.

    Parameters
    ----------
    capital : float, USD
        Where the peak of the drawdown starts.
    row : ndarray of shape (N_COLUMNS,)
        Overwritten.
    """
    row[:] = 0.0
    row[FINAL] = outcome.final
    column = CARRY
    for amount in outcome.accounts:
        row[column] = amount
        column += 1
    summarize_curve(outcome.equity, capital, row)
    row[LOWEST_DEBT] = outcome.lowest_debt
    row[FIRST_LIQUIDATION] = NEVER_HAPPENED
    rows = outcome.log.rows
    for number in range(outcome.log.filled[0]):
        kind, leg = int(rows[number, 1]), int(rows[number, 2])
        row[FIRST_COUNT + kind] += 1.0
        touched = 0.0
        if kind == CLOSE:
            touched = 2.0 if leg == 3 else 1.0 if leg > 0 else 0.0
            row[TOUCHED_LEGS] += touched
        if kind == LIQUIDATION or touched > 0.0:
            row[FIRST_LIQUIDATION] = min(row[FIRST_LIQUIDATION], rows[number, 0])


def summarize_curve(equity: FloatArray, capital: float, row: FloatArray) -> None:
    """Write the largest drawdown from a peak that starts at `capital`."""
    peak, deepest = capital, 0.0
    for value in equity:
        peak = max(peak, value)
        deepest = max(deepest, 1.0 - value / peak)
    row[DRAWDOWN] = deepest


compile_module(globals())
