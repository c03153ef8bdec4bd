"""The trials of one search on one market: any model on any of its days, of bars of any width."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np

from basislab.errors import ConfigError
from basislab.research.overfit.fan import Fan
from basislab.research.overfit.walkforward import Run
from basislab.research.search import refusal
from basislab.simulate import model_of
from basislab.simulate.books import booked
from basislab.simulate.rates import hurdle_apy
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, IntArray, Market, TimeArray
from basislab.types.result import time_labels
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

Progress = Callable[[int], None]


class FanRuns(NamedTuple):
    """A configuration opened on every day: its fan, and every day on which it was liquidated."""

    fan: Fan
    liquidations: IntArray


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
        self._bars: dict[Hashable, Any] = {}
        self._growth: dict[str, FloatArray] = {}
        self._fans: dict[ModelConfig, FanRuns] = {}
        self._progress = progress or (lambda _: None)

    def lowered(self, config: ModelConfig, first: int, end: int) -> tuple[Any, Any]:
        """Return what the kernel reads on the bars ``[first, end)``, as a run of its own would.

        A market is lowered once for all trials that read the same; only a memory that begins with
        the run needs a window lowered anew.
        """
        model = model_of(config)
        model.check_market(self.market)
        model.check(self.market, config)
        params = model.lower_params(config, self.market.bar_seconds)
        series: Hashable = (type(config), model.series(config))
        if not model.remembers(config):
            if series not in self._bars:
                self._bars[series] = model.lower_bars(self.market, config)
            return params, cut(self._bars[series], slice(first, end))
        key = (series, first, end)
        if key not in self._bars:
            days = self.market.times[[first, end - 1]].astype("datetime64[D]").tolist()
            self._bars[key] = model.lower_bars(self.market.window(*days), config)
        return params, self._bars[key]

    def outcome(self, config: ModelConfig, first: int, end: int) -> Any:
        """Run a configuration afresh on the bars ``[first, end)``; no run is without its books.

        Raises
        ------
        ConfigError
            Bars that the model is not defined on, what its venues would not open.
        DataError
            The market lacks a series.
        LedgerError
            The books do not explain the change of equity (a bug).
        """
        params, bars = self.lowered(config, first, end)
        outcome = model_of(config).kernel.run(params, bars)
        booked(outcome.accounts, outcome.final, config.capital_usd)
        return outcome

    def refusal(self, config: ModelConfig) -> str | None:
        """Return why a configuration cannot be run, or None."""
        model_of(config).check_market(self.market)
        return refusal(self.market, config)

    def notes(self, config: ModelConfig) -> tuple[str, ...]:
        """Return what a reader of these runs has to know."""
        outcome = self.outcome(config, 0, len(self.market))
        return model_of(config).trial_notes(self.market, config, outcome)

    def day_labels(self) -> tuple[str, ...]:
        """Return the days as they are written."""
        return tuple(time_labels(self.market.times[self.starts[:-1]], SECONDS_PER_DAY))

    def hurdle_growth(self, config: ModelConfig) -> FloatArray:
        """Return what a dollar supplied instead becomes within each day, shape (n_days,)."""
        protocol = config.protocol
        if protocol not in self._growth:
            apy = hurdle_apy(self.market, protocol)
            growth = (1.0 + apy) ** (self.bar_days / DAYS_PER_YEAR)
            self._growth[protocol] = np.multiply.reduceat(growth, self.starts[:-1])
        return self._growth[protocol]

    def run(self, config: ModelConfig, first: int = 0, end: int | None = None) -> Run:
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
        curve = model_of(config).curve(self.outcome(config, int(edges[0]), int(edges[-1])))
        closes = curve[edges[1:] - 1 - edges[0]] / config.capital_usd
        return Run(closes, float(np.prod(self.hurdle_growth(config)[first:last])) - 1.0)

    def annual_excess(self, config: ModelConfig) -> float:
        """Return the simple annual excess over the hurdle, over the whole market."""
        final = model_of(config).final(*self.lowered(config, 0, len(self.market)))
        hurdle = float(np.prod(self.hurdle_growth(config))) - 1.0
        days = len(self.market) * self.bar_days
        return (final / config.capital_usd - 1.0 - hurdle) * DAYS_PER_YEAR / days

    def excess_if_possible(self, config: Callable[[], ModelConfig]) -> float:
        """Return `annual_excess` of a configuration that is made here, NaN where it cannot be."""
        try:
            return self.annual_excess(config())
        except ConfigError:
            return float("nan")

    def excess_returns(self, config: ModelConfig) -> FloatArray:
        """Return the excess return over the hurdle of every day.

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

    def fan(self, config: ModelConfig) -> FanRuns:
        """Open on every day and hold to the last bar."""
        if config not in self._fans:
            self._fans[config] = self._fan(config)
        return self._fans[config]

    def _fan(self, config: ModelConfig) -> FanRuns:
        model, n_bars = model_of(config), len(self.market)
        finals = np.empty(self.n_days)
        sunk: list[IntArray] = []
        for day in range(self.n_days):
            first = int(self.starts[day])
            outcome = self.outcome(config, first, n_bars)
            sunk.append(model.liquidations(outcome) + first)
            finals[day] = model.curve(outcome)[-1]
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


def cut(bars: Any, window: slice) -> Any:
    """Return a window of lowered bars, without copying: arrays, and tuples of them."""
    return type(bars)(
        *(cut(one, window) if isinstance(one, tuple) else one[window] for one in bars)
    )
