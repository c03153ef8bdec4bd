"""The start-day fan: the same decision, opened on every day of the sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basislab.types.market import BoolArray, FloatArray
from basislab.units import DAYS_PER_YEAR

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, kw_only=True, eq=False)
class Fan:
    """Outcome of opening on each day and holding to the last.

    Parameters
    ----------
    returns, hurdles : ndarray of shape (n_starts,), fraction of capital
        From each start day to the end: of the run, and of the hurdle over the same days.
    days : ndarray of shape (n_starts,), days
        Held.
    min_days : float, days
        Starts held for less are shown and not counted: they are mostly their own opening cost.
    """

    returns: FloatArray
    hurdles: FloatArray
    days: FloatArray
    min_days: float

    @property
    def is_counted(self) -> BoolArray:
        """Which starts are counted."""
        return np.asarray(self.days >= self.min_days)

    @property
    def excess(self) -> FloatArray:
        """Return less the hurdle's, of every start."""
        return np.asarray(self.returns - self.hurdles)

    @property
    def positive_share(self) -> float:
        """Share of counted starts that end above the capital; NaN where none is counted."""
        return _share(self.returns[self.is_counted] > 0)

    @property
    def above_share(self) -> float:
        """Share of counted starts that end above the hurdle; NaN where none is counted."""
        return _share(self.excess[self.is_counted] > 0)

    @property
    def all_above_share(self) -> float:
        """Share of all starts, however short, that end above the hurdle."""
        return _share(self.excess > 0)

    def annual_excess(self) -> FloatArray:
        """Return the simple annual excess of the counted starts, fraction per year."""
        held = self.is_counted
        return np.asarray(self.excess[held] * DAYS_PER_YEAR / self.days[held])

    def quantiles(self) -> dict[float, float]:
        """Return the quantiles of `annual_excess`; empty where no start is counted."""
        values = self.annual_excess()
        if not len(values):
            return {}
        return dict(zip(QUANTILES, np.quantile(values, QUANTILES).tolist(), strict=True))


def _share(flags: BoolArray) -> float:
    return float(flags.mean()) if len(flags) else float("nan")


def fan_of_returns(excess: FloatArray, min_days: float, bar_days: float = 1.0) -> Fan:
    """Return the fan of a bare series of excess returns: every start, compounded to the end.

    For trials without a configuration (noise, an imported strategy) there is no opening to pay
    again.

    Parameters
    ----------
    excess : ndarray of shape (n_bars,), excess over the hurdle per bar
    min_days : float, days
    bar_days : float, days

    Returns
    -------
    Fan
        With a hurdle of 0.

    Examples
    --------
    >>> fan_of_returns(np.array([0.5, 1.0]), 1.0).returns
    array([2., 1.])
    """
    grown = np.asarray(np.cumprod((1.0 + excess)[::-1])[::-1] - 1.0, dtype=np.float64)
    days = np.asarray(bar_days * np.arange(len(excess), 0, -1), dtype=np.float64)
    return Fan(returns=grown, hurdles=np.zeros(len(excess)), days=days, min_days=min_days)
