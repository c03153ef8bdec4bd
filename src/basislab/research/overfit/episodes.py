"""Independent liquidation episodes: one storm that sinks many runs is one observation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from basislab.types.market import IntArray

APART_DAYS = 14
"""Liquidations up to this long after the first one, of whatever run, belong to its episode."""


def episodes(bars: Iterable[int], apart: int = APART_DAYS) -> list[tuple[int, int]]:
    """Group liquidation days into episodes, none longer than a storm.

    Grouping whatever is close to the day before would instead make a single episode of a run that
    is liquidated every week: the more often, the fewer.

    Parameters
    ----------
    bars : iterable of int
        Bars on which some run was liquidated, in any order.
    apart : int, bars
        A day more than this after the first of an episode begins a new one.

    Returns
    -------
    list of (int, int)
        First and last bar of each.

    Examples
    --------
    >>> episodes([40, 3, 5, 12, 19], apart=14)
    [(3, 12), (19, 19), (40, 40)]
    """
    days: IntArray = np.unique(np.fromiter(bars, dtype=np.int64))
    found: list[tuple[int, int]] = []
    for day in days.tolist():
        if found and day - found[-1][0] <= apart:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found
