"""Assumed constants: over which part of its range each leaves the optimum above the hurdle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from basislab.errors import ConfigError
from basislab.types.market import FloatArray

POINTS = 9
"""Values tried of each range, its ends included; the path may make the effect non-monotone."""

ALL_CONSTANTS = "all_constants"
"""Row over which every constant walks from its worse end to its better one at once."""

EVERY_CORNER = "every_corner"
"""Row over combinations of every constant's ends."""

MOST_CORNERS = 256
"""With more than eight constants that many corners are drawn, the worst and the best included."""

ExcessAt = Callable[[Mapping[str, float]], tuple[float, bool]]
"""Changed constants to (annual excess, whether the optimum is still the best trial); NaN where the
optimum cannot be opened with them."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A constant that was assumed, and what it may well be.

    Parameters
    ----------
    value, low, high : float
        Assumed, and the range's ends.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ConfigError(f"range of {self.name}: low {self.low} is above high {self.high}.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Sensitivity:
    """Effect of one constant.

    Parameters
    ----------
    values : ndarray of shape (n_points,)
    excess : ndarray of shape (n_points,), fraction per year
        Simple annual excess of the optimum; NaN where it cannot be opened.
    still_best : ndarray of bool, shape (n_points,)
        Whether the search would still choose it.
    """

    constant: Range
    values: FloatArray
    excess: FloatArray
    still_best: Sequence[bool]

    @property
    def above_share(self) -> float:
        """Share of the range above the hurdle; where it cannot be opened it is not above."""
        return float((self.excess > 0).mean())

    @property
    def spread(self) -> tuple[float, float]:
        """Lowest and highest excess, fraction per year; NaN where none can be opened."""
        found = self.excess[np.isfinite(self.excess)]
        return (float(found.min()), float(found.max())) if len(found) else (np.nan, np.nan)

    @property
    def is_flipped(self) -> bool:
        """Whether the sign of the excess depends on the constant."""
        return 0.0 < self.above_share < 1.0

    @property
    def best_share(self) -> float:
        """Share of the range over which the search would still choose the optimum."""
        return float(np.mean(self.still_best))


def sensitivities(
    ranges: Sequence[Range],
    excess_at: ExcessAt,
    points: int = POINTS,
    seed: int = 0,
    spread: Callable[[ExcessAt, Sequence[Any]], Iterable[tuple[float, bool]]] = map,
) -> list[Sensitivity]:
    """Move each constant over its range, the others as assumed; then all of them together.

    A move of all from low to high would let harms and gains cancel. So the joint rows begin where
    each constant alone is at the end that is worse for the optimum: `ALL_CONSTANTS` walks from that
    corner to the opposite one, `EVERY_CORNER` tries the combinations of ends.

    Parameters
    ----------
    seed : int
        Of the corners, where they are too many to be tried.
    spread : callable
        Calls `excess_at` on many changes, perhaps side by side.

    Returns
    -------
    list of Sensitivity
        One a constant; two more where there are at least two.
    """
    tried = [np.linspace(constant.low, constant.high, points) for constant in ranges]
    moved = [
        {constant.name: value}
        for constant, values in zip(ranges, tried, strict=True)
        for value in values.tolist()
    ]
    came = [*spread(excess_at, moved)]
    found = [
        _tried(constant, values, came[row * points : (row + 1) * points])
        for row, (constant, values) in enumerate(zip(ranges, tried, strict=True))
    ]
    if len(found) < 2:
        return found
    ends = [_worse_first(each) for each in found]
    steps = np.linspace(0.0, 1.0, points)
    walk = [
        {
            each.name: (1 - step) * worse + step * better
            for each, (worse, better) in zip(ranges, ends, strict=True)
        }
        for step in steps.tolist()
    ]
    picks = corners(len(ends), seed)
    at_corners = [
        {each.name: pair[pick] for each, pair, pick in zip(ranges, ends, row, strict=True)}
        for row in picks
    ]
    whole = Range(name=ALL_CONSTANTS, value=np.nan, low=0.0, high=1.0, unit="of the way")
    every = Range(name=EVERY_CORNER, value=np.nan, low=1, high=len(picks), unit="corners")
    numbers = np.arange(1.0, len(picks) + 1)
    return [
        *found,
        _tried(whole, steps, [*spread(excess_at, walk)]),
        _tried(every, numbers, [*spread(excess_at, at_corners)]),
    ]


def corners(n_constants: int, seed: int, most: int = MOST_CORNERS) -> list[tuple[int, ...]]:
    """Return at which end, 0 or 1, every constant is in every corner.

    Parameters
    ----------
    most : int
        With more corners than this that many are drawn, the first and the last included.

    Returns
    -------
    list of tuple of int
        Distinct.

    Examples
    --------
    >>> corners(2, 0)
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """
    if 2**n_constants <= most:
        return list(product((0, 1), repeat=n_constants))
    rng = np.random.default_rng(seed)
    rows = dict.fromkeys([(0,) * n_constants, (1,) * n_constants])
    while len(rows) < most:
        rows[tuple(rng.integers(2, size=n_constants).tolist())] = None
    return list(rows)


def _tried(
    constant: Range, values: FloatArray, outcomes: Sequence[tuple[float, bool]]
) -> Sensitivity:
    return Sensitivity(
        constant=constant,
        values=values,
        excess=np.array([excess for excess, _ in outcomes]),
        still_best=[is_best for _, is_best in outcomes],
    )


def _worse_first(found: Sensitivity) -> tuple[float, float]:
    """Return both ends of a range, first the one that is worse for the optimum.

    An end at which it cannot be opened is the worst of all.
    """
    low, high = np.nan_to_num(found.excess[[0, -1]], nan=-np.inf)
    ends = (found.constant.low, found.constant.high)
    return ends if low <= high else (ends[1], ends[0])


def holding_share(found: Sequence[Sensitivity]) -> float:
    """Return the mean share of the ranges, single and joint, that leaves the optimum above.

    Returns
    -------
    float
        NaN where no constant has a range.
    """
    if not found:
        return float("nan")
    return float(np.mean([each.above_share for each in found]))
