"""Walk-forward: choose on the past, pay the opening, live through what comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from basislab.errors import ConfigError
from basislab.types.market import FloatArray
from basislab.units import DAYS_PER_YEAR


class Window(NamedTuple):
    """Bars to choose in, ``[train, train_end)``, and bars to be judged by, ``[test, test_end)``."""

    train: int
    train_end: int
    test: int
    test_end: int


class Step(NamedTuple):
    """One window's choice and what came of it.

    Parameters
    ----------
    chosen : int
        Trial with the highest final equity over the training bars.
    inside, outside, hurdle, best_outside : float, fraction of capital
        Excess of the choice inside; return outside; hurdle over the same bars; excess outside of
        the trial that one would have chosen knowing it.
    curve : ndarray of shape (test_end - test,)
        Equity outside over the capital at its opening, the last one after closing.
    every_inside, every_outside : ndarray of shape (n_trials,), fraction of capital
        Return of every trial, chosen or not: what the choice can be checked against.
    """

    window: Window
    chosen: int
    inside: float
    outside: float
    hurdle: float
    best_outside: float
    curve: FloatArray
    every_inside: FloatArray
    every_outside: FloatArray

    @property
    def excess(self) -> float:
        """Return outside less the hurdle's."""
        return self.outside - self.hurdle


class Run(NamedTuple):
    """One trial over some bars: equity over capital at each close, the last after closing."""

    curve: FloatArray
    hurdle: float


RunTrial = Callable[[int, int, int], Run]
"""(trial, first bar, end bar) to a fresh run that pays its own opening."""

RunEvery = Callable[[int, int], FloatArray]
"""(first bar, end bar) to the last equity over capital of a fresh run of every trial."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WalkForward:
    """All windows, one after the other.

    Parameters
    ----------
    purge : int, bars
        Left out between choosing and living: longest lookback plus the delay of a decision.
    bar_days : float, days
    """

    steps: Sequence[Step]
    purge: int
    bar_days: float = 1.0

    @property
    def days(self) -> float:
        """Days lived through, the purged ones not counted."""
        return self.bar_days * sum(len(step.curve) for step in self.steps)

    @property
    def excess(self) -> float:
        """Compounded return less the compounded hurdle; NaN without a window."""
        if not self.steps:
            return float("nan")
        grown = np.prod([1 + step.outside for step in self.steps])
        hurdle = np.prod([1 + step.hurdle for step in self.steps])
        return float(grown - hurdle)

    @property
    def annual_excess(self) -> float:
        """`excess` a year, simple; NaN without a window."""
        return self.excess * DAYS_PER_YEAR / self.days if self.steps else float("nan")

    @property
    def beaten_count(self) -> int:
        """Windows above the hurdle."""
        return sum(step.excess > 0 for step in self.steps)

    def equity(self) -> FloatArray:
        """Return the equity over all test bars, over the first capital."""
        parts, level = [], 1.0
        for step in self.steps:
            parts.append(level * step.curve)
            level *= float(step.curve[-1])
        return np.concatenate(parts) if parts else np.empty(0)


def plan_windows(n_bars: int, train: int, test: int, purge: int) -> list[Window]:
    """Cut the sample into windows whose test bars follow each other and never overlap.

    Training bars end `purge` bars before the test begins, and start `train` bars before that. A
    last test of at least half the length is kept.

    Returns
    -------
    list of Window
        Empty where the sample is too short.

    Raises
    ------
    ConfigError
        A length below one, or a purge below zero.

    Examples
    --------
    >>> plan_windows(10, train=4, test=2, purge=1)[0]
    Window(train=0, train_end=4, test=5, test_end=7)
    """
    if min(train, test) < 1 or purge < 0:
        raise ConfigError(
            f"walk-forward: got train {train}, test {test}, purge {purge}; lengths are at least "
            "one bar, the purge at least none."
        )
    windows = []
    for start in range(train + purge, n_bars, test):
        end = min(start + test, n_bars)
        if 2 * (end - start) >= test:
            windows.append(Window(start - purge - train, start - purge, start, end))
    return windows


def walk_forward(
    run: RunTrial, finals: RunEvery, windows: Sequence[Window], purge: int, bar_days: float = 1.0
) -> WalkForward:
    """Choose by the training bars, score on the test bars, window after window.

    Parameters
    ----------
    run : callable
        Runs one trial afresh over some bars: the chosen one's curve.
    finals : callable
        Runs every trial afresh over some bars.
    purge : int, bars
        That the windows were planned with.
    bar_days : float, days
    """
    steps = []
    for window in windows:
        inside = finals(window.train, window.train_end)
        outside = finals(window.test, window.test_end)
        chosen = int(np.argmax(inside))
        lived = run(chosen, window.test, window.test_end)
        steps.append(
            Step(
                window,
                chosen,
                float(inside[chosen]) - 1.0 - run(chosen, window.train, window.train_end).hurdle,
                float(lived.curve[-1]) - 1.0,
                lived.hurdle,
                float(outside.max()) - 1.0 - lived.hurdle,
                lived.curve,
                inside - 1.0,
                outside - 1.0,
            )
        )
    return WalkForward(steps=steps, purge=purge, bar_days=bar_days)
