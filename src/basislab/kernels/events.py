"""What happened, and to which leg: rows in a preallocated log, codes for the words."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module

OPEN, REBALANCE, LIQUIDATION, REOPEN, CLOSE, LIQUIDATION_PENALTY, RUINED = range(7)
KIND_NAMES = (
    "open",
    "rebalance",
    "liquidation",
    "reopen",
    "close",
    "liquidation_penalty",
    "ruined",
)

NO_LEG, LONG, SHORT, BOTH = range(4)
LEG_NAMES = (None, "long", "short", "both")

(
    NO_REASON,
    LIQUIDATION_LONG,
    LIQUIDATION_SHORT,
    BUFFER_LONG,
    BUFFER_SHORT,
    MIN_APY,
    APY,
    PROXIMITY,
) = range(8)
REASON_NAMES = (
    None,
    "liquidation_long",
    "liquidation_short",
    "buffer_long",
    "buffer_short",
    "min_apy",
    "apy",
    "liquidation_proximity",
)

COLUMNS = (
    "bar",
    "kind",
    "leg",
    "reason",
    "moved_usd",
    "cost_usd",
    "penalty_usd",
    "long_equity_usd",
    "short_equity_usd",
    "equity_usd",
)


class EventLog(NamedTuple):
    """Rows of shape (capacity, len(COLUMNS)), float64; the first ``filled[0]`` are used."""

    rows: NDArray[np.float64]
    filled: NDArray[np.int64]


def new_log(n_bars: int) -> EventLog:
    """Return an empty log with room for an opening and three events a bar."""
    return EventLog(np.empty((3 * n_bars + 2, 10)), np.zeros(1, np.int64))


def record(
    log: EventLog,
    bar: int,
    kind: int,
    leg: int = NO_LEG,
    reason: int = NO_REASON,
    moved: float = 0.0,
    cost: float = 0.0,
    penalty: float = 0.0,
    long_equity: float = np.nan,
    short_equity: float = np.nan,
    equity: float = np.nan,
) -> None:
    """Append one event.

    Parameters
    ----------
    log : EventLog
        Changed in place.
    bar : int
        Index of the bar.
    kind, leg, reason : int
        Codes of this module.
    moved : float, USD
        Capital moved from the long to the short leg.
    cost, penalty : float, USD
        Fees and penalty paid, >= 0.
    long_equity, short_equity : float, USD
        Equity of the legs before the event; NaN where the model has no legs.
    equity : float, USD
        Total equity after the event.
    """
    row = log.rows[log.filled[0]]
    row[0] = bar
    row[1] = kind
    row[2] = leg
    row[3] = reason
    row[4] = moved
    row[5] = cost
    row[6] = penalty
    row[7] = long_equity
    row[8] = short_equity
    row[9] = equity
    log.filled[0] += 1


compile_module(globals(), owners=("new_log",))
