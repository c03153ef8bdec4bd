"""The trials of one search on several markets at once: a panel by calendar day.

A trial is one position a market, with equal capital in each. Everything that a certificate asks of
a day or of a window is the mean over the markets that have it, so resampled days keep the coins'
correlation, and a storm that sinks all of them is one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from basislab.errors import ConfigError, DataError
from basislab.research.overfit.fan import Fan
from basislab.research.overfit.runner import (
    DECIMALS,
    Changed,
    FanRuns,
    Progress,
    Runner,
    Spread,
    Whole,
)
from basislab.research.overfit.walkforward import Run
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market
from basislab.types.result import time_labels
from basislab.units import SECONDS_PER_DAY


class Part(NamedTuple):
    """The days of one market that lie in a window, by its own count: ``[first, end)``."""

    market: int
    offset: int
    first: int
    end: int


class PooledRunner:
    """Runs configurations on days of several markets; asked like a `Runner`, days are calendar's.

    Parameters
    ----------
    markets : sequence of Market
        Together they leave no day out between the first and the last.
    min_days : float, days
        From which a start counts in a fan.
    progress : callable of int, optional
        Told how many start days were done, of all markets.
    spread : callable of a function and items, optional
        Calls the function on every item; one after the other by default.
    venues : sequence of mappings of str to terms, optional
        For every market the venues, by role, that it has in place of the config's.

    Raises
    ------
    ConfigError
        No market, one twice, bars that do not divide a day, a day that no market has.
    """

    def __init__(
        self,
        markets: Sequence[Market],
        min_days: float,
        progress: Progress | None = None,
        spread: Spread = map,
        venues: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        _check_distinct(markets)
        self.runners = [Runner(market, min_days, progress, spread) for market in markets]
        self.spread, self.min_days = spread, min_days
        self._venues = venues or [{}] * len(self.runners)
        self.bar_seconds = max(runner.bar_seconds for runner in self.runners)
        begins = [runner.market.times[0].astype("datetime64[D]") for runner in self.runners]
        self._first = min(begins)
        self._offsets = [int((begin - self._first).astype(int)) for begin in begins]
        ends = [o + r.n_days for o, r in zip(self._offsets, self.runners, strict=True)]
        self.n_days = max(ends)
        held = np.zeros(self.n_days, dtype=bool)
        for offset, end in zip(self._offsets, ends, strict=True):
            held[offset:end] = True
        if not held.all():
            missing = self._first + np.flatnonzero(~held)[[0, -1]]
            raise ConfigError(
                f"markets: from {missing[0]} to {missing[1]} none of them has data. Certify what "
                "lies before and after apart, or add a market that has these days."
            )

    def each(self, config: ModelConfig) -> list[tuple[Runner, ModelConfig]]:
        """Return every market, and the config with the venues that it has there."""
        return [
            (runner, replace(config, **own) if own else config)
            for runner, own in zip(self.runners, self._venues, strict=True)
        ]

    def refusal(self, config: ModelConfig) -> str | None:
        """Return why a configuration cannot be run on every market, or None."""
        for runner, own in self.each(config):
            why = runner.refusal(own)
            if why is None:
                try:
                    runner.lowered(own, 0, len(runner.market))
                except (ConfigError, DataError) as error:
                    why = str(error)
            if why is not None:
                return f"on {runner.market.name}: {why}"
        return None

    def notes(self, config: ModelConfig) -> tuple[str, ...]:
        """Return what a reader has to know, once; of one market with its name."""
        told = [(runner.market.name, runner.notes(own)) for runner, own in self.each(config)]
        every = [note for _, notes in told for note in notes]
        return tuple(
            dict.fromkeys(
                note if every.count(note) == len(told) else f"{name}: {note}"
                for name, notes in told
                for note in notes
            )
        )

    def day_labels(self) -> tuple[str, ...]:
        """Return the days as they are written."""
        days = (self._first + np.arange(self.n_days)).astype("datetime64[s]")
        return tuple(time_labels(days, SECONDS_PER_DAY))

    def whole(self, config: ModelConfig, change: Changed | None = None) -> Whole:
        """Return the mean over the markets, by their days, and whether any was liquidated."""
        runs = [runner.whole(own, change) for runner, own in self.each(config)]
        days = [runner.n_days for runner in self.runners]
        excess = float(np.average([run.excess for run in runs], weights=days))
        return Whole(excess, any(run.is_sunk for run in runs))

    def annual_excess(self, config: ModelConfig) -> float:
        """Return the simple annual excess over the hurdle, the mean over all days of all."""
        return self.whole(config).excess

    def excess_if_possible(self, config: Callable[[], ModelConfig]) -> float:
        """Return `annual_excess` of a configuration that is made here, NaN where it cannot be."""
        try:
            return self.annual_excess(config())
        except ConfigError:
            return float("nan")

    def by_market(self, config: ModelConfig) -> FloatArray:
        """Return the excess return of every day on every market, NaN where it has no such day.

        Returns
        -------
        ndarray of shape (n_days, n_markets)
            Rounded to `DECIMALS`.
        """
        found = np.full((self.n_days, len(self.runners)), np.nan)
        for column, (runner, own) in enumerate(self.each(config)):
            first = self._offsets[column]
            rows = slice(first, first + runner.n_days)
            found[rows, column] = runner.excess_returns(own).round(DECIMALS)
        return found

    def excess_returns(self, config: ModelConfig) -> FloatArray:
        """Return the mean excess return of the markets that have a day, shape (n_days,)."""
        return mean_of_markets(self.by_market(config))

    def parts(self, first: int, end: int) -> list[Part]:
        """Return the markets that take part in a window of days, each with the days that it has.

        A market takes part that has at least half of them; where none has, those with the most.
        """
        found = [
            Part(number, offset, max(first - offset, 0), min(end - offset, runner.n_days))
            for number, (offset, runner) in enumerate(zip(self._offsets, self.runners, strict=True))
        ]
        most = max(part.end - part.first for part in found)
        return [part for part in found if part.end - part.first >= min(most, (end - first) / 2)]

    def finals(self, configs: Sequence[ModelConfig], first: int, end: int) -> FloatArray:
        """Return the last equity over the capital of fresh runs over the days ``[first, end)``."""
        every = []
        for part in self.parts(first, end):
            runner = self.runners[part.market]
            own = [self.each(config)[part.market][1] for config in configs]
            every.append(runner.finals(own, part.first, part.end))
        return np.asarray(np.mean(every, axis=0))

    def run(self, config: ModelConfig, first: int, end: int) -> Run:
        """Return the equity over the capital of fresh runs, one a market, and their hurdle.

        Before a market's first day its capital waits; after its last day it stays what it is.
        """
        curves, hurdles = [], []
        for part in self.parts(first, end):
            runner, own = self.each(config)[part.market]
            run = runner.run(own, part.first, part.end)
            begin = part.offset + part.first - first
            curve = np.ones(end - first)
            curve[begin : begin + len(run.curve)] = run.curve
            curve[begin + len(run.curve) :] = run.curve[-1]
            curves.append(curve)
            hurdles.append(run.hurdle)
        return Run(np.mean(curves, axis=0), float(np.mean(hurdles)))

    def fan(self, config: ModelConfig) -> FanRuns:
        """Open on every day, in every market that has it, and hold each to its last bar."""
        return self.fans([config])[0]

    def fans(self, configs: Sequence[ModelConfig]) -> list[FanRuns]:
        """Return the fans of some configurations; each is run once a market."""
        every = [
            runner.fans([self.each(config)[number][1] for config in configs])
            for number, runner in enumerate(self.runners)
        ]
        return [self._together(runs) for runs in zip(*every, strict=True)]

    def _together(self, runs: Sequence[FanRuns]) -> FanRuns:
        """Put the markets' fans on the calendar: the mean of those that are held long enough."""
        values = np.full((3, len(runs), self.n_days), np.nan)
        sunk = []
        for row, (offset, one) in enumerate(zip(self._offsets, runs, strict=True)):
            fan, days = one.fan, slice(offset, offset + len(one.fan.days))
            values[:, row, days] = fan.returns, fan.hurdles, fan.days
            sunk.append(one.liquidations + offset)
        is_long = values[2] >= self.min_days
        values[:, ~is_long & is_long.any(axis=0)] = np.nan
        returns, hurdles, days_held = np.nanmean(values, axis=1)
        fan = Fan(returns=returns, hurdles=hurdles, days=days_held, min_days=self.min_days)
        return FanRuns(fan, np.unique(np.concatenate(sunk)))


def mean_of_markets(panel: FloatArray) -> FloatArray:
    """Return the mean over the markets that have a day: what equal capital in each earns.

    Parameters
    ----------
    panel : ndarray of shape (n_days, n_markets) or (n_days, n_markets, n_trials)
        Excess returns; NaN where a market has no such day, which at least one has.

    Examples
    --------
    >>> mean_of_markets(np.array([[0.02, np.nan], [0.01, 0.03]]))
    array([0.02, 0.02])
    """
    return np.asarray(np.nanmean(panel, axis=1))


def mean_correlation(returns: FloatArray) -> float:
    """Return the mean correlation of two markets over the days that both have.

    Parameters
    ----------
    returns : ndarray of shape (n_days, n_markets)
        Of one trial; NaN where a market has no such day.

    Returns
    -------
    float
        NaN where no two markets share three days on which both move.
    """
    found = []
    for one, other in combinations(returns.T, 2):
        shared = np.isfinite(one) & np.isfinite(other)
        if shared.sum() > 2 and one[shared].std() > 0 and other[shared].std() > 0:
            found.append(np.corrcoef(one[shared], other[shared])[0, 1])
    return float(np.mean(found)) if found else float("nan")


def _check_distinct(markets: Sequence[Market]) -> None:
    if not markets:
        raise ConfigError("markets: got none. Give at least one.")
    known: dict[str, str] = {}
    for market in markets:
        if market.fingerprint in known:
            raise ConfigError(
                f"markets: {market.name} is {known[market.fingerprint]} once more: the same data "
                "twice are no further evidence. Give it once."
            )
        known[market.fingerprint] = market.name
