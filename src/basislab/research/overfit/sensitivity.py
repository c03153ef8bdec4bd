"""Assumed constants: over which part of its range each leaves the optimum above the hurdle."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from basislab.errors import ConfigError
from basislab.types.market import FloatArray

POINTS = 9
"""Values tried of each range, its ends included; the path may make the effect non-monotone."""

ExcessAt = Callable[[Mapping[str, float]], tuple[float, bool]]
"""Changed constants to (annual excess, whether the optimum is still the best trial)."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """A constant that was assumed, and what it may well be.

    Parameters
    ----------
    name : str
    value, low, high : float
        Assumed, and the range's ends.
    unit : str
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
    constant : Range
    values : ndarray of shape (n_points,)
    excess : ndarray of shape (n_points,), fraction per year
        Simple annual excess of the optimum.
    still_best : ndarray of bool, shape (n_points,)
        Whether the search would still choose it.
    """

    constant: Range
    values: FloatArray
    excess: FloatArray
    still_best: Sequence[bool]

    @property
    def above_share(self) -> float:
        """Share of the range above the hurdle."""
        return float((self.excess > 0).mean())

    @property
    def is_flipped(self) -> bool:
        """Whether the sign of the excess depends on the constant."""
        return 0.0 < self.above_share < 1.0

    @property
    def best_share(self) -> float:
        """Share of the range over which the search would still choose the optimum."""
        return float(np.mean(self.still_best))


def sensitivities(
    ranges: Sequence[Range], excess_at: ExcessAt, points: int = POINTS
) -> list[Sensitivity]:
    """Move each constant over its range, the others as assumed.

    Parameters
    ----------
    ranges : sequence of Range
    excess_at : callable
    points : int

    Returns
    -------
    list of Sensitivity
    """
    found = []
    for constant in ranges:
        values = np.linspace(constant.low, constant.high, points)
        outcomes = [excess_at({constant.name: float(value)}) for value in values]
        found.append(
            Sensitivity(
                constant=constant,
                values=values,
                excess=np.array([excess for excess, _ in outcomes]),
                still_best=[is_best for _, is_best in outcomes],
            )
        )
    return found


def holding_share(found: Sequence[Sensitivity]) -> float:
    """Return the share of all tried values, over all constants, that leave the optimum above.

    Parameters
    ----------
    found : sequence of Sensitivity

    Returns
    -------
    float
        NaN where no constant has a range.
    """
    if not found:
        return float("nan")
    return float(np.mean([each.above_share for each in found]))
