"""Events of the venue engine: more kinds than the study's, the same log."""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.events import EventLog, record
from basislab.kernels.venue.state import State, equity

(
    OPEN,
    REBALANCE,
    LIQUIDATION,
    REOPEN,
    CLOSE,
    RUINED,
    ARRIVAL,
    DELEVERAGE,
    REHEDGE,
) = range(9)
KIND_NAMES = (
    "open",
    "rebalance",
    "liquidation",
    "reopen",
    "close",
    "ruined",
    "arrival",
    "deleverage",
    "rehedge",
)

NO_REASON, AFTER_LIQUIDATION, CARRY = range(3)
REASON_NAMES = (None, "liquidation", "carry")

EVENTS_A_BAR = 7
"""Arrival, order, two liquidations, settlement and reopening, ruin: no bar has more."""


def new_log(capacity: int) -> EventLog:
    """Return an empty log with room for `capacity` events; later ones are counted, not kept."""
    return EventLog(np.empty((capacity, 10)), np.zeros(1, np.int64))


def note(
    log: EventLog,
    bar: int,
    kind: int,
    state: State,
    leg: int,
    reason: int,
    moved: float,
    cost: float,
    penalty: float,
) -> None:
    """Append one event with the equity after it, where there is room.

    Every argument is given: each set of defaults left out would be compiled anew.
    """
    if log.filled[0] >= len(log.rows):
        log.filled[0] += 1
        return
    left = equity(state)
    record(log, bar, kind, leg, reason, moved, cost, penalty, np.nan, np.nan, left)


compile_module(globals(), inline=False)
