"""The trials of one search on one market: any model on any of its days, of bars of any width."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from basislab.errors import ConfigError
from basislab.research.overfit.fan import Fan
from basislab.research.overfit.walkforward import Run
from basislab.research.search import refusal
from basislab.simulate import model_of
from basislab.simulate.books import booked
from basislab.simulate.model import Starts, cut
from basislab.simulate.rates import hurdle_apy
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, IntArray, Market, TimeArray
from basislab.types.result import time_labels
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

DECIMALS = 10
"""Excess returns are rounded to here before anything is computed from them: what a page hands out
is what was used, to the last digit."""

Progress = Callable[[int], None]
Spread = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""Calls a function on every item, perhaps side by side; gives the results in the items' order."""


Changed = Callable[[ModelConfig], ModelConfig]


class FanRuns(NamedTuple):
    """A configuration opened on every day: its fan, and every day on which it was liquidated."""

    fan: Fan
    liquidations: IntArray


class Whole(NamedTuple):
    """A run over the whole market: simple annual excess, and whether it was ever liquidated."""

    excess: float
    is_sunk: bool


class Lowered(NamedTuple):
    """What a kernel reads of a configuration on some bars."""

    params: Any
    bars: Any
    ahead: Any


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
    spread : callable of a function and items, optional
        Calls the function on every item; one after the other by default.

    Raises
    ------
    ConfigError
        Bars that do not divide a day.
    """

    def __init__(
        self,
        market: Market,
        min_days: float,
        progress: Progress | None = None,
        spread: Spread = map,
    ) -> None:
        if market.bar_seconds > SECONDS_PER_DAY or SECONDS_PER_DAY % market.bar_seconds:
            raise ConfigError(
                f"market {market.name!r}: bars of {market.bar_seconds} s; a certificate needs "
                "bars that divide a day (86400 s). Import finer bars."
            )
        self.market, self.bar_seconds = market, market.bar_seconds
        self.min_days = min_days
        self.day_bars = day_starts(market.times)
        self.n_days = len(self.day_bars) - 1
        self.bar_days = market.bar_seconds / SECONDS_PER_DAY
        self.spread = spread
        self._bars: dict[Hashable, Any] = {}
        self._growth: dict[str, FloatArray] = {}
        self._fans: dict[ModelConfig, FanRuns] = {}
        self._progress = progress or (lambda _: None)

    def lowered(self, config: ModelConfig, first: int, end: int) -> Lowered:
        """Return what the kernel reads on the bars ``[first, end)``, as a run of its own would.

        A market is lowered once for all trials that read the same; only a memory that begins with
        the run needs a window lowered anew.
        """
        model = model_of(config)
        model.check_market(self.market)
        model.check(self.market, config)
        params = model.lower_params(config, self.market.bar_seconds)
        whole = (0, len(self.market))
        reads = (first, end) if model.remembers(config) else whole
        key: Hashable = (type(config), model.series(config), reads)
        if key not in self._bars:
            bars = model.lower_bars(self._part(*reads), config)
            self._bars[key] = bars, model.ahead(params, bars)
        bars, ahead = self._bars[key]
        if reads != (first, end):
            bars = cut(bars, slice(first, end))
            ahead = model.ahead(params, bars)  # its blocks begin with the window
        return Lowered(params, bars, ahead)

    def _part(self, first: int, end: int) -> Market:
        if (first, end) == (0, len(self.market)):
            return self.market
        days = self.market.times[[first, end - 1]].astype("datetime64[D]").tolist()
        return self.market.window(*days)

    def each(self, config: ModelConfig) -> list[tuple[Runner, ModelConfig]]:
        """Return the markets that the config is run on, here one, and what it is there."""
        return [(self, config)]

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
        lowered = self.lowered(config, first, end)
        outcome = model_of(config).kernel.run(lowered.params, lowered.bars)
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
        return tuple(time_labels(self.market.times[self.day_bars[:-1]], SECONDS_PER_DAY))

    def hurdle_growth(self, config: ModelConfig) -> FloatArray:
        """Return what a dollar supplied instead becomes within each day, shape (n_days,)."""
        protocol = config.protocol
        if protocol not in self._growth:
            apy = hurdle_apy(self.market, protocol)
            growth = (1.0 + apy) ** (self.bar_days / DAYS_PER_YEAR)
            self._growth[protocol] = np.multiply.reduceat(growth, self.day_bars[:-1])
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
        edges = self.day_bars[first : last + 1]
        curve = model_of(config).curve(self.outcome(config, int(edges[0]), int(edges[-1])))
        closes = curve[edges[1:] - 1 - edges[0]] / config.capital_usd
        return Run(closes, float(np.prod(self.hurdle_growth(config)[first:last])) - 1.0)

    def starts(self, config: ModelConfig, firsts: IntArray, end: int) -> Starts:
        """Open at each of the bars `firsts` and hold until `end`.

        Raises
        ------
        ConfigError, DataError, LedgerError
            As `outcome`.
        """
        model = model_of(config)
        if not model.remembers(config):
            return model.starts(*self.lowered(config, 0, end), firsts)
        finals, is_sunk = np.empty(len(firsts)), np.zeros(end, dtype=bool)
        for row, first in enumerate(firsts.tolist()):
            one = model.starts(*self.lowered(config, first, end), np.zeros(1, np.int64))
            finals[row] = one.finals[0]
            is_sunk[first:] |= one.is_sunk
        return Starts(finals, is_sunk)

    def finals(self, configs: Sequence[ModelConfig], first: int, end: int) -> FloatArray:
        """Return the last equity over the capital of fresh runs over the days ``[first, end)``."""
        edges = self.day_bars[[first]], int(self.day_bars[end])

        def final(config: ModelConfig) -> float:
            return float(self.starts(config, *edges).finals[0]) / config.capital_usd

        return np.array([*self.spread(final, configs)])

    def annual_excess(self, config: ModelConfig) -> float:
        """Return the simple annual excess over the hurdle, over the whole market."""
        return self.whole(config).excess

    def whole(self, config: ModelConfig, change: Changed | None = None) -> Whole:
        """Run over the whole market, with a change of the config where there is one."""
        config = change(config) if change else config
        runs = self.starts(config, np.zeros(1, np.int64), len(self.market))
        hurdle = float(np.prod(self.hurdle_growth(config))) - 1.0
        days = len(self.market) * self.bar_days
        excess = float(runs.finals[0]) / config.capital_usd - 1.0 - hurdle
        return Whole(excess * DAYS_PER_YEAR / days, bool(runs.is_sunk.any()))

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
        return self.fans([config])[0]

    def fans(self, configs: Sequence[ModelConfig]) -> list[FanRuns]:
        """Return the fans of some configurations; each is run once."""
        new = [config for config in dict.fromkeys(configs) if config not in self._fans]
        for config, found in zip(new, self.spread(self._fan, new), strict=True):
            self._fans[config] = found
            self._progress(self.n_days)
        return [self._fans[config] for config in configs]

    def _fan(self, config: ModelConfig) -> FanRuns:
        runs = self.starts(config, self.day_bars[:-1], len(self.market))
        growth = self.hurdle_growth(config)
        fan = Fan(
            returns=runs.finals / config.capital_usd - 1.0,
            hurdles=np.asarray(np.cumprod(growth[::-1])[::-1] - 1.0, dtype=np.float64),
            days=self.bar_days * (len(self.market) - self.day_bars[:-1]).astype(np.float64),
            min_days=self.min_days,
        )
        days = np.searchsorted(self.day_bars, np.flatnonzero(runs.is_sunk), side="right") - 1
        return FanRuns(fan, np.unique(days).astype(np.int64))
