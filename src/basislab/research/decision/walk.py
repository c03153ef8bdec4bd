"""Walk-forward: choose on an ever longer past, hold the choice for the days that follow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from basislab.research.decision.choice import choose
from basislab.research.decision.grid import label_of
from basislab.research.decision.past import Past
from basislab.types.decision import Walk, WalkRow
from basislab.types.venue_config import VenueConfig
from basislab.units import DAYS_PER_YEAR

FIRST_DAYS = 180
"""The shortest past that a choice is made on."""

LIVED_DAYS = 60
"""How long each choice is held, from its own opening to its own closing."""

PURGE_DAYS = 1
"""Between the last day that a choice sees and the day it is opened."""

OUT = "lend the dollars"
"""What is done where no choice passes the criterion."""


def walk_forward(past: Past, configs: Sequence[VenueConfig]) -> Walk:
    """Choose and hold, step after step; a last step of at least half the length counts."""
    rows, days = [], 0
    # A first choice needs openings that have ended.
    first = max(FIRST_DAYS, past.horizon) + PURGE_DAYS
    for start in range(first, past.n_days, LIVED_DAYS):
        end = min(start + LIVED_DAYS, past.n_days)
        if 2 * (end - start) < LIVED_DAYS:
            break
        found = choose(past, configs, start - PURGE_DAYS)
        hurdle = float(past.hurdle_between(start, end))
        made = hurdle
        if found.is_passed:
            made = float(past.life(found.config, start, end).curves[:, -1].mean()) - 1.0
        rows.append(
            WalkRow(
                first_day=str(past.days[start]),
                last_day=str(past.days[end - 1]),
                label=label_of(found.config) if found.is_passed else OUT,
                outside_return=made,
                hurdle_return=hurdle,
            )
        )
        days += end - start
    excess = None
    if rows:
        grown = np.prod([1.0 + row.outside_return for row in rows])
        lent = np.prod([1.0 + row.hurdle_return for row in rows])
        excess = float(grown - lent) * DAYS_PER_YEAR / days
    return Walk(
        rows=tuple(rows),
        excess_annualized=excess,
        beaten_count=sum(row.outside_return > row.hurdle_return for row in rows),
    )
