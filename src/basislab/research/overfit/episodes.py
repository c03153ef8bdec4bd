"""Independent liquidation episodes: one storm that sinks many runs is one observation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from basislab.types.market import IntArray

APART_DAYS = 14
"""Liquidations closer than this, of whatever run, belong to the same episode."""


def episodes(bars: Iterable[int], apart: int = APART_DAYS) -> list[tuple[int, int]]:
    """Group liquidation days into episodes.

    Parameters
    ----------
    bars : iterable of int
        Bars on which some run was liquidated, in any order.
    apart : int, bars
        A gap of more than this begins a new episode.

    Returns
    -------
    list of (int, int)
        First and last bar of each.

    Examples
    --------
    >>> episodes([40, 3, 5], apart=14)
    [(3, 5), (40, 40)]
    """
    days: IntArray = np.unique(np.fromiter(bars, dtype=np.int64))
    if not len(days):
        return []
    parts = np.split(days, np.flatnonzero(np.diff(days) > apart) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts]
