"""The trials of one search on one market: run on any of its days, whatever its bars' width."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from basislab.errors import ConfigError
from basislab.research.overfit.fan import Fan
from basislab.research.overfit.study_runs import StudyRuns
from basislab.research.overfit.trials import protocol_of
from basislab.research.overfit.walkforward import Run
from basislab.research.venue_runs import VenueRuns
from basislab.types.market import FloatArray, IntArray, Market, TimeArray
from basislab.types.result import time_labels
from basislab.types.venue_config import AnyConfig, VenueConfig
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

Progress = Callable[[int], None]


class FanRuns(NamedTuple):
    """A configuration opened on every day: its fan, and every day on which it was liquidated."""

    fan: Fan
    liquidations: IntArray


class Engine(Protocol):
    """What runs one kind of model on the bars ``[first, end)`` of a market, USD."""

    def curve(self, config: Any, first: int, end: int) -> FloatArray:
        """Return the equity at every close, the last one after closing costs."""

    def final(self, config: Any, first: int, end: int) -> float:
        """Return the final equity."""

    def opened(self, config: Any, first: int) -> tuple[float, IntArray]:
        """Return the final equity, and the bars of liquidations, held to the last bar."""

    def refusal(self, config: Any, /) -> str | None:
        """Return why a configuration cannot be run, or None."""

    def notes(self, config: Any, /) -> tuple[str, ...]:
        """Return what a reader of these runs has to know."""


def day_starts(times: TimeArray) -> IntArray:
    """Return the first bar of every day (UTC), and the number of bars.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n_bars,)
        Bar opens.

    Returns
    -------
    ndarray of int, shape (n_days + 1,)

    Examples
    --------
    >>> day_starts(np.array(["2025-01-01T20", "2025-01-02T08", "2025-01-02T20"], "datetime64[s]"))
    array([0, 1, 3])
    """
    is_first = np.flatnonzero(np.diff(times.astype("datetime64[D]")).astype(np.int64)) + 1
    return np.concatenate(([0], is_first, [len(times)])).astype(np.int64)


class Runner:
    """Runs configurations on days of one market without building results.

    Days are those of the calendar (UTC): every statistic of a certificate is one of daily returns,
    whatever the width of the bars; a first or last day that is not whole counts as a day.

    Parameters
    ----------
    market : Market
        Bars that divide a day; daily ones for the study's models.
    min_days : float, days
        From which a start counts in a fan.
    progress : callable of int, optional
        Told how many start days were done.

    Raises
    ------
    ConfigError
        Bars that do not divide a day.
    """

    def __init__(self, market: Market, min_days: float, progress: Progress | None = None) -> None:
        if market.bar_seconds > SECONDS_PER_DAY or SECONDS_PER_DAY % market.bar_seconds:
            raise ConfigError(
                f"market {market.name!r}: bars of {market.bar_seconds} s; a certificate needs "
                "bars that divide a day (86400 s). Import finer bars."
            )
        self.market = market
        self.min_days = min_days
        self.starts = day_starts(market.times)
        self.n_days = len(self.starts) - 1
        self.bar_days = market.bar_seconds / SECONDS_PER_DAY
        self._engines: dict[bool, Engine] = {}
        self._growth: dict[str, FloatArray] = {}
        self._fans: dict[AnyConfig, FanRuns] = {}
        self._progress = progress or (lambda _: None)

    def engine(self, config: AnyConfig) -> Engine:
        """Return what runs a configuration: the study's models, or the venue engine."""
        is_venue = isinstance(config, VenueConfig)
        if is_venue not in self._engines:
            self._engines[is_venue] = VenueRuns(self.market) if is_venue else StudyRuns(self.market)
        return self._engines[is_venue]

    def day_labels(self) -> tuple[str, ...]:
        """Return the days as they are written."""
        return tuple(time_labels(self.market.times[self.starts[:-1]], SECONDS_PER_DAY))

    def hurdle_growth(self, config: AnyConfig) -> FloatArray:
        """Return what a dollar supplied instead becomes within each day, shape (n_days,)."""
        protocol = protocol_of(config)
        if protocol not in self._growth:
            apy = self.market.supply[protocol, self.market.quote].apy
            growth = (1.0 + apy) ** (self.bar_days / DAYS_PER_YEAR)
            self._growth[protocol] = np.multiply.reduceat(growth, self.starts[:-1])
        return self._growth[protocol]

    def run(self, config: AnyConfig, first: int = 0, end: int | None = None) -> Run:
        """Return a fresh run's equity over its capital, closed on the last day, and the hurdle.

        Parameters
        ----------
        config : any model's config
            Venues resolved.
        first, end : int, days

        Returns
        -------
        Run
            At the last close of every day.
        """
        last = self.n_days if end is None else end
        edges = self.starts[first : last + 1]
        curve = self.engine(config).curve(config, int(edges[0]), int(edges[-1]))
        closes = curve[edges[1:] - 1 - edges[0]] / config.capital_usd
        return Run(closes, float(np.prod(self.hurdle_growth(config)[first:last])) - 1.0)

    def annual_excess(self, config: AnyConfig) -> float:
        """Return the simple annual excess over the hurdle, over the whole market."""
        final = self.engine(config).final(config, 0, len(self.market))
        hurdle = float(np.prod(self.hurdle_growth(config))) - 1.0
        days = len(self.market) * self.bar_days
        return (final / config.capital_usd - 1.0 - hurdle) * DAYS_PER_YEAR / days

    def excess_if_possible(self, config: Callable[[], AnyConfig]) -> float:
        """Return `annual_excess` of a configuration that is made here, NaN where it cannot be."""
        try:
            return self.annual_excess(config())
        except ConfigError:
            return float("nan")

    def excess_returns(self, config: AnyConfig) -> FloatArray:
        """Return the excess return over the hurdle of every day.

        Parameters
        ----------
        config : any model's config

        Returns
        -------
        ndarray of shape (n_days,)
            On the equity of the day before (the capital at first); after a ruin nothing is left to
            earn anything on and only the hurdle is missed.
        """
        curve = self.run(config).curve
        before = np.concatenate(([1.0], curve[:-1]))
        alive = before > 0
        earned = np.where(alive, curve / np.where(alive, before, 1.0) - 1.0, 0.0)
        return np.asarray(earned - (self.hurdle_growth(config) - 1.0))

    def fan(self, config: AnyConfig) -> FanRuns:
        """Open on every day and hold to the last bar.

        Parameters
        ----------
        config : any model's config

        Returns
        -------
        FanRuns
        """
        if config not in self._fans:
            self._fans[config] = self._fan(config)
        return self._fans[config]

    def _fan(self, config: AnyConfig) -> FanRuns:
        engine = self.engine(config)
        finals = np.empty(self.n_days)
        sunk: list[IntArray] = []
        for day in range(self.n_days):
            finals[day], bars = engine.opened(config, int(self.starts[day]))
            sunk.append(bars)
            self._progress(1)
        days = np.searchsorted(self.starts, np.unique(np.concatenate(sunk)), side="right") - 1
        growth = self.hurdle_growth(config)
        fan = Fan(
            returns=finals / config.capital_usd - 1.0,
            hurdles=np.asarray(np.cumprod(growth[::-1])[::-1] - 1.0, dtype=np.float64),
            days=self.bar_days * (len(self.market) - self.starts[:-1]).astype(np.float64),
            min_days=self.min_days,
        )
        return FanRuns(fan, np.unique(days).astype(np.int64))
