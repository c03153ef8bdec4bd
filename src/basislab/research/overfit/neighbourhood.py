"""Neighbours of the optimum: a peak that falls off at once is a description of the path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from basislab.types.market import FloatArray

SPAN = 0.2
"""How far the map reaches to each side, as a fraction of the optimum's value."""

MAP_POINTS = 21
"""Points of the map on each axis; odd, so that the optimum is one of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Neighbourhood:
    """Annual excess over the hurdle around the optimum.

    Parameters
    ----------
    axes : mapping of str to ndarray
        One or two decisions and the values tried; the optimum's own is the middle one.
    excess : ndarray of shape (len(axis), ...), fraction per year
        Simple annual excess of every combination; NaN where it cannot be opened at the venues.
    grid_excess : ndarray of shape (n_neighbours,), fraction per year
        Of the trials of the search that are next to the optimum.
    """

    axes: Mapping[str, FloatArray]
    excess: FloatArray
    grid_excess: FloatArray

    @property
    def possible(self) -> FloatArray:
        """Excess of the combinations that can be opened, fraction per year."""
        return np.asarray(self.excess[np.isfinite(self.excess)])

    @property
    def above_share(self) -> float:
        """Share of the combinations that can be opened above the hurdle; NaN without one."""
        return float((self.possible > 0).mean()) if self.possible.size else float("nan")

    @property
    def median(self) -> float:
        """Median excess of the map, fraction per year; NaN where there is no map."""
        return float(np.median(self.possible)) if self.possible.size else float("nan")

    @property
    def spread(self) -> tuple[float, float]:
        """Lowest and highest excess of the map; NaN where there is no map."""
        if not self.possible.size:
            return float("nan"), float("nan")
        return float(self.possible.min()), float(self.possible.max())


def map_axis(
    value: float, lowest: float, span: float = SPAN, points: int = MAP_POINTS
) -> FloatArray:
    """Return values evenly around `value`, none below `lowest`.

    Parameters
    ----------
    value, lowest : float
        The optimum's value; the smallest that the decision may take.
    span : float, fraction of `value`

    Returns
    -------
    ndarray of shape (points,)
        The middle one is `value` to the bit.

    Examples
    --------
    >>> map_axis(5.0, 0.0, 0.2, 3)
    array([4., 5., 6.])
    """
    axis = np.linspace(value * (1 - span), value * (1 + span), points)
    axis[points // 2] = value
    return np.maximum(axis, lowest)


def next_to(points: Sequence[Sequence[float]], index: int) -> list[int]:
    """Return the trials at most one step of the grid away from one of them, on every axis.

    The grid is what was tried: on each axis, the sorted distinct values; where other axes hold the
    steps apart (a trigger grid that depends on the leverage), absent combinations are skipped.

    Parameters
    ----------
    points : sequence of shape (n_trials, n_axes)
    index : int
        The trial in the middle.

    Returns
    -------
    list of int
        Without `index`.

    Examples
    --------
    >>> next_to([[3.0], [4.0], [5.0], [6.0]], 2)
    [1, 3]
    """
    table = np.asarray(points, dtype=np.float64)
    steps = np.column_stack([np.unique(column, return_inverse=True)[1] for column in table.T])
    near = np.abs(steps - steps[index]).max(axis=1) <= 1
    return [int(row) for row in np.flatnonzero(near) if row != index]
