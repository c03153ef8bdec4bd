"""The venue engine over many paths within the days of a daily market (docs/intraday.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.metrics import compound_return
from basislab.research import intraday_constants as known
from basislab.research.intraday import PART_OF_WICKS, Bridge
from basislab.research.search import open_window, run_piece
from basislab.simulate import model_of, simulate
from basislab.simulate.rates import hurdle_apy
from basislab.types.configs import ModelConfig
from basislab.types.ensemble import Ensemble
from basislab.types.market import FloatArray, Market
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY, SECONDS_PER_HOUR

JUDGED_PATHS = 3
"""Paths whose record says how near a position comes to a liquidation."""

OWN_BARS = "the market's own bars"
FULL, CUT = "oracle sees the wicks fully", f"oracle sees {PART_OF_WICKS:.0%} of the wicks"

Progress = Callable[[int], None]


def run_ensembles(
    market: Market,
    configs: Sequence[ModelConfig],
    *,
    paths: int = 64,
    bar_seconds: int = 3_600,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Ensemble, ...]:
    """Run configurations of the venue engine over the same paths.

    Parameters
    ----------
    market : Market
        Daily bars, cut to the window.
    configs : sequence of VenueConfig
        Venues resolved.
    paths, bar_seconds, seed : int
        As `Bridge`'s.
    progress : callable of int, optional
        Called with the number of paths done.

    Returns
    -------
    tuple of Ensemble
        In the order of the configurations.

    Raises
    ------
    ConfigError
        Bars that are not daily, a model that takes no bars within a day, a position that its venues
        would not open.
    DataError
        The market lacks a series.
    """
    for config in configs:
        _check_engine(config)
    bridges = wick_cases(market, paths, bar_seconds, seed)
    for config in configs:
        model_of(config).check(bridges[0][0], config)
    tables = np.array([_tables(bridge, configs, progress) for bridge in bridges])
    cases = (FULL, CUT) if len(bridges) > 1 else ("spot and oracle of the market",)
    judged = [bridges[0][path] for path in range(min(JUDGED_PATHS, paths))]
    notes = bridges[0].notes
    return tuple(
        replace(
            _ensemble(config, tables[:, :, number], market, bar_seconds, seed, cases),
            nearness=nearness,
            widening=known.WIDENING[nearness],
            warnings=tuple(text for venue, text in notes.items() if venue == config.perp.funding),
        )
        for number, config in enumerate(configs)
        for nearness in [_nearness(config, judged)]
    )


def run_finest(
    market: Market, configs: Sequence[ModelConfig], *, paths: int = 64
) -> tuple[Ensemble, ...]:
    """Run configurations on the finest bars that there are: the market's own, or paths of hours.

    Bars narrower than a day are one path, on which nothing is drawn and no interval is widened.

    Raises
    ------
    ConfigError, DataError
        As `run_ensembles`.
    """
    if not configs:
        return ()
    if market.bar_seconds >= SECONDS_PER_DAY:
        return run_ensembles(market, configs, paths=paths)
    for config in configs:
        _check_engine(config)
        model_of(config).check(market, config)
    table = _table(market, configs)
    return tuple(
        _ensemble(config, table[None, None, number], market, market.bar_seconds, 0, (OWN_BARS,))
        for number, config in enumerate(configs)
    )


def closes_by_day(
    market: Market, days: NDArray[Any], config: ModelConfig, *, paths: int = 32
) -> FloatArray:
    """Return the equity at the end of days, shape (n_paths, n_days), USD.

    On the finest bars, as `run_finest`; both cases of the oracle's wicks one below the other.

    Parameters
    ----------
    market : Market
    days : datetime64 array of shape (n_days,)
        Their beginnings.
    config : VenueConfig
    paths : int
        Of each case.
    """
    if market.bar_seconds < SECONDS_PER_DAY:
        markets: Iterable[Market] = (market,)
    else:
        bridges = wick_cases(market, paths, SECONDS_PER_HOUR, 0)
        markets = (bridge[path] for bridge in bridges for path in range(paths))
    ends = days + np.timedelta64(SECONDS_PER_DAY, "s")
    return np.array(
        [simulate(one, config).equity_usd[np.searchsorted(one.times, ends) - 1] for one in markets]
    )


def wick_cases(market: Market, paths: int, bar_seconds: int, seed: int) -> list[Bridge]:
    """Return a bridge for each thing that the oracle may have seen: two where days do not say."""
    whole = Bridge(market=market, bar_seconds=bar_seconds, paths=paths, seed=seed)
    return [whole, replace(whole, part_of_wicks=PART_OF_WICKS)] if whole.has_one_price else [whole]


def _check_engine(config: ModelConfig) -> None:
    if not model_of(config).refuses:
        raise ConfigError(
            f"{type(config).__name__}: the study's models are defined on days. Only the venue "
            "engine is run on paths within them."
        )


def _tables(
    bridge: Bridge, configs: Sequence[ModelConfig], progress: Progress | None
) -> FloatArray:
    """Return a search's table of every path, shape (n_paths, n_configs, n_columns)."""
    found = []
    for path in range(len(bridge)):
        found.append(_table(bridge[path], configs))
        if progress is not None:
            progress(1)
    return np.array(found)


def _table(market: Market, configs: Sequence[ModelConfig]) -> FloatArray:
    """Return a search's table on a market, shape (n_configs, n_columns)."""
    window = open_window(market, configs)
    table = np.empty((len(configs), len(model_of(configs[0]).columns)))
    for piece in window.pieces():
        made = run_piece(window, piece)
        table[made["positions"]] = made["table"]
    return table


def _ensemble(
    config: ModelConfig,
    table: FloatArray,
    market: Market,
    bar_seconds: int,
    seed: int,
    cases: tuple[str, ...],
) -> Ensemble:
    """Return one configuration's ensemble of a table of shape (n_cases, n_paths, n_columns)."""
    model = model_of(config)
    bar_days = market.bar_seconds / SECONDS_PER_DAY
    hurdle = compound_return(hurdle_apy(market, config.protocol), bar_days)
    places = {name: table[:, :, number] for number, name in enumerate(model.columns)}
    final = places["final"]
    total = final / config.capital_usd - 1.0
    values = {
        "final_usd": final,
        "return": total,
        "annualized_return": total * DAYS_PER_YEAR / (len(market) * bar_days),
        "excess_return": total - hurdle,
        "max_drawdown": places["drawdown"],
    }
    for name, columns in model.shown.items():
        values[name] = np.sum([places[column] for column in columns], axis=0)
    return Ensemble(
        config=config,
        values=values,
        cases=cases,
        nearness=known.NEARNESS[-1][0],
        widening=1.0,
        hurdle_return=hurdle,
        n_days=round(len(market) * bar_days),
        n_paths=table.shape[1],
        bar_seconds=bar_seconds,
        seed=seed,
        market_name=market.name,
        market_fingerprint=market.fingerprint,
    )


def _nearness(config: ModelConfig, judged: Sequence[Market]) -> str:
    """Return the class of the smallest distance to a liquidation, the median of a few paths.

    The oracle sees the wicks fully there: with one price for everything the classes were measured.
    """
    nearest = np.median([_closest(simulate(market, config)) for market in judged])
    return next(name for name, below in known.NEARNESS if nearest < below)


def _closest(result: Any) -> float:
    """Return the smallest distance of either leg at any close; 0 where one was liquidated."""
    if result.counts["liquidations_long"] or result.counts["liquidations_short"]:
        return 0.0
    return float(min(result.column("long_distance").min(), result.column("short_distance").min()))
