"""Positions opened on every day of the past, and the same on every path within its days."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.kernels.venue import events as ev
from basislab.kernels.venue import totals
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.bars import Bars
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.state import NOTHING
from basislab.research.intraday import PART_OF_WICKS, Bridge
from basislab.research.overfit.runner import day_starts
from basislab.research.search import group_configs, refusal
from basislab.simulate import model_of
from basislab.simulate.books import booked
from basislab.simulate.model import cut, logged
from basislab.simulate.venue import lower_params
from basislab.types.market import FloatArray, IntArray, Market
from basislab.types.venue_config import VenueConfig
from basislab.units import SECONDS_PER_DAY

STEP_DAYS = 7
"""Positions are opened every so many days."""

PATHS = 2
"""Within the days of a daily market, for each of both bounds on what the oracle sees."""

Progress = Callable[[int], None]


class Openings(NamedTuple):
    """What a configuration made of every opening, each held to the horizon and then closed.

    ``returns`` (fractions of capital) and ``is_sunk`` have shape (n_starts, n_paths); NaN and True
    where its venues refuse it.
    """

    returns: FloatArray
    is_sunk: NDArray[np.bool_]


class Life(NamedTuple):
    """A position held over some days: equity over capital at the closes, (n_paths, n_days)."""

    curves: FloatArray
    outcomes: tuple[Any, ...]


class Past:
    """A market's days, opened on every few of them.

    A daily market is seen through paths of hours that agree with every day, because a day does not
    say in what order its prices came; one of narrower bars is itself.

    Parameters
    ----------
    growth : ndarray of shape (n_days,)
        What a dollar of the hurdle becomes within each day.
    horizon : int, days
    """

    def __init__(
        self,
        market: Market,
        growth: FloatArray,
        horizon: int,
        *,
        paths: int = PATHS,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        self.market, self.growth, self.horizon = market, growth, horizon
        self.paths = _paths(market, paths, seed)
        self.edges = day_starts(self.paths[0].times)
        self.n_days = len(self.edges) - 1
        self.starts: IntArray = np.arange(0, self.n_days - horizon + 1, STEP_DAYS)
        if len(self.starts) < 2 or len(growth) != self.n_days:
            raise ConfigError(
                f"horizon: {horizon} days on {self.n_days} days of {market.name!r}; the past must "
                f"hold it and {STEP_DAYS} days more. Take a shorter horizon or a longer past."
            )
        self.hurdles = self.hurdle_between(self.starts, self.starts + horizon)
        self._tell = progress or (lambda _: None)
        self._bars: dict[tuple[int, Hashable], Bars] = {}
        self._openings: dict[VenueConfig, Openings] = {}
        self._lives: dict[tuple[VenueConfig, int, int], Life] = {}

    @property
    def days(self) -> NDArray[np.datetime64]:
        """Every day, UTC."""
        return self.paths[0].times[self.edges[:-1]].astype("datetime64[D]")

    @property
    def bar_seconds(self) -> int:
        """Width of the bars that positions are run on."""
        return self.paths[0].bar_seconds

    def hurdle_between(self, first: Any, end: Any) -> FloatArray:
        """Return what the hurdle made from the open of a day to the open of another."""
        levels = np.concatenate(([1.0], np.cumprod(self.growth)))
        return np.asarray(levels[end] / levels[first] - 1.0)

    def excess(self, config: VenueConfig) -> FloatArray:
        """Return what every opening made more than the hurdle, shape (n_starts, n_paths)."""
        return np.asarray(self.openings([config])[0].returns - self.hurdles[:, None])

    def openings(self, configs: Sequence[VenueConfig]) -> list[Openings]:
        """Return what became of every opening of every configuration; each is run once."""
        new = [one for one in dict.fromkeys(configs) if one not in self._openings]
        shape = (len(self.starts), len(self.paths))
        refused = {one for one in new if refusal(self.paths[0], one) is not None}
        for config in new:
            is_out = config in refused
            self._openings[config] = Openings(np.full(shape, np.nan), np.full(shape, is_out))
        possible = [one for one in new if one not in refused]
        for number in range(len(self.paths)):
            for group in group_configs(possible):
                members = [possible[position] for position in group.positions.tolist()]
                self._run(number, members)
        return [self._openings[config] for config in configs]

    def _run(self, path: int, configs: Sequence[VenueConfig]) -> None:
        bars = self.bars(path, configs[0])
        ready = [(one, self.params(one), self._openings[one]) for one in configs]
        for row, start in enumerate(self.starts.tolist()):
            part = cut(bars, slice(self.edges[start], self.edges[start + self.horizon]))
            prices = {params.perp.funding_price for _, params, _ in ready}
            ahead = {price: look_ahead(part, price) for price in prices}
            for config, params, kept in ready:
                made = totals.totals(
                    params, part, ahead[params.perp.funding_price], NOTHING, is_held=False
                )
                booked(made.accounts, made.final, config.capital_usd)
                kept.returns[row, path] = made.final / config.capital_usd - 1.0
                kept.is_sunk[row, path] = (logged(made)[:, 1] == ev.LIQUIDATION).any()
            self._tell(len(ready))

    def bars(self, path: int, config: VenueConfig) -> Bars:
        """Return a path as the kernel reads it, lowered once for all that read the same."""
        model = model_of(config)
        key = (path, model.series(config))
        if key not in self._bars:
            self._bars[key] = model.lower_bars(self.paths[path], config)
        return self._bars[key]

    def params(self, config: VenueConfig) -> Params:
        """Return a configuration as the kernel reads it."""
        return lower_params(config, self.bar_seconds)

    def life(self, config: VenueConfig, first: int = 0, end: int | None = None) -> Life:
        """Hold a position from the close of a day's first bar to the end of the last day."""
        last = self.n_days if end is None else end
        key = (config, first, last)
        if key not in self._lives:
            self._lives[key] = self._life(config, first, last)
        return self._lives[key]

    def _life(self, config: VenueConfig, first: int, last: int) -> Life:
        made = [self._hold(config, path, first, last) for path in range(len(self.paths))]
        curves, outcomes = zip(*made, strict=True)
        return Life(np.array(curves), outcomes)

    def _hold(
        self, config: VenueConfig, path: int, first: int, last: int
    ) -> tuple[FloatArray, Any]:
        """Return the equity over capital at the closes of the days of one path, and the outcome."""
        model, edges = model_of(config), self.edges[first : last + 1]
        part = cut(self.bars(path, config), slice(edges[0], edges[-1]))
        made = model.kernel.run(self.params(config), part)
        booked(made.accounts, made.final, config.capital_usd)
        closes = model.curve(made)[edges[1:] - 1 - edges[0]]
        return np.asarray(closes / config.capital_usd), made

    def daily_excess(self, config: VenueConfig) -> FloatArray:
        """Return what each day made more than the hurdle, held all along, on the first path."""
        curve, _ = self._hold(config, 0, 0, self.n_days)
        return np.asarray(self.above(curve[None])[0])

    def above(self, curves: FloatArray) -> FloatArray:
        """Return what each day of some curves made more than the hurdle, of the day before.

        After a ruin nothing is left to earn on, and only the hurdle is missed.
        """
        before = np.concatenate((np.ones((len(curves), 1)), curves[:, :-1]), axis=1)
        is_alive = before > 0
        earned = np.where(is_alive, curves / np.where(is_alive, before, 1.0) - 1.0, 0.0)
        return np.asarray(earned - (self.growth - 1.0))


def _paths(market: Market, paths: int, seed: int) -> list[Market]:
    if market.bar_seconds < SECONDS_PER_DAY:
        return [market]
    whole = Bridge(market=market, paths=paths, seed=seed)
    if not whole.has_one_price:
        return [whole[path] for path in range(paths)]
    cut_short = Bridge(market=market, paths=paths, seed=seed, part_of_wicks=PART_OF_WICKS)
    return [bridge[path] for bridge in (whole, cut_short) for path in range(paths)]
