"""Events of the venue engine: more kinds than the study's, the same log."""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.events import NO_LEG, EventLog, record
from basislab.kernels.legs import effective_leverage, short_equity
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
    RESIZE,
    ADL,
) = range(11)
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
    "resize",
    "adl",
)

NO_REASON, AFTER_LIQUIDATION, CARRY = range(3)
REASON_NAMES = (None, "liquidation", "carry")

EVENTS_A_BAR = 9
"""Arrival, order and its transfer, auto-deleveraging, two liquidations, settlement and reopening,
ruin: no bar has more."""

COLUMNS = 15
"""Those of the study's events, and of a resize: coins, both leverages before, both after."""


def new_log(capacity: int) -> EventLog:
    """Return an empty log with room for `capacity` events; later ones are counted, not kept."""
    return EventLog(np.empty((capacity, COLUMNS)), np.zeros(1, np.int64))


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
    log.rows[log.filled[0], 10:] = np.nan
    left = equity(state)
    record(log, bar, kind, leg, reason, moved, cost, penalty, np.nan, np.nan, left)


def note_resize(log: EventLog, bar: int, before: State, after: State) -> None:
    """Append a resize: the coins that the long's trade added, its cost, both legs' leverages."""
    row = log.filled[0]
    cost = equity(before) - equity(after)
    note(log, bar, RESIZE, after, NO_LEG, NO_REASON, 0.0, cost, 0.0)
    if row >= len(log.rows):
        return
    log.rows[row, 10] = after.position.long.quantity - before.position.long.quantity
    log.rows[row, 11], log.rows[row, 12] = leverages(before)
    log.rows[row, 13], log.rows[row, 14] = leverages(after)


def leverages(state: State) -> tuple[float, float]:
    """Return what the long and the short hold over their equity, at the last prices."""
    long, short, quote = state.position.long, state.position.short, state.last
    worth, notional = long.quantity * quote.spot, short.contracts * quote.mark
    of_long = effective_leverage(worth, worth - long.debt)
    return of_long, effective_leverage(notional, short_equity(short, quote.mark))


compile_module(globals(), inline=False, owners=("new_log",))
