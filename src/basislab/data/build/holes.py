"""Holes in a series of settlements, found without knowing the venue's schedule."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from basislab.types.market import IntArray

SCHEDULE_WINDOW = 24
"""Spacings on either side whose median is the settlement schedule at that time."""

_NEAREST = 5


@dataclass(frozen=True)
class Hole:
    """Settlements that are missing between two that are there.

    Parameters
    ----------
    start : int, seconds since 1970
        Time of the first missing settlement.
    step : int, seconds
        Spacing of the schedule there.
    missing : int
        How many are missing.
    """

    start: int
    step: int
    missing: int

    @property
    def seconds(self) -> int:
        """Length of the hole."""
        return self.step * self.missing

    def within(self, first: int, end: int) -> Hole:
        """Return the part of the hole in [first, end); its `missing` may be 0."""
        skipped = max(0, math.ceil((first - self.start) / self.step))
        until = min(self.missing, math.ceil((end - self.start) / self.step))
        return Hole(self.start + skipped * self.step, self.step, max(0, until - skipped))


def find_holes(stamps: IntArray) -> list[Hole]:
    """Find missing settlements without knowing the schedule.

    A spacing is a hole only if it exceeds the median spacing before it and the median spacing after
    it. So a venue may change its schedule: when 8-hourly funding becomes hourly, the last 8 hours
    exceed what follows but not what came before. A hole in the first two settlements after such a
    change looks like the old schedule and is not found.

    Parameters
    ----------
    stamps : ndarray of int64, shape (n,), seconds since 1970
        Nominal times, strictly increasing.

    Examples
    --------
    >>> find_holes(np.array([0, 1, 2, 5, 6, 7]))
    [Hole(start=3, step=1, missing=2)]
    >>> find_holes(np.array([0, 8, 16, 24, 32, 33, 34, 35]))
    []
    """
    spacings = np.diff(stamps)
    holes = []
    for i in np.flatnonzero(spacings > spacings.min(initial=np.iinfo(np.int64).max)):
        before, after = spacings[:i][::-1], spacings[i + 1 :]
        if len(before) and len(after):
            step = int(max(_schedule(before), _schedule(after)))
        else:  # at an end; the nearest spacings know the schedule there
            step = int(np.median((before if len(before) else after)[:_NEAREST]))
        if spacings[i] > step:
            missing = math.ceil(spacings[i] / step) - 1
            holes.append(Hole(int(stamps[i]) + step, step, missing))
    return holes


def _schedule(spacings: IntArray) -> float:
    """Return the usual spacing on one side, nearest first.

    The smaller of two medians: the wide one is not taken in by a cluster of holes, the narrow one
    follows a change of schedule at once.
    """
    return float(min(np.median(spacings[:_NEAREST]), np.median(spacings[:SCHEDULE_WINDOW])))
