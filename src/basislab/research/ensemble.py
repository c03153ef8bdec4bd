"""The venue engine over many paths within the days of a daily market (docs/intraday.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

JUDGED_PATHS = 3
"""Paths whose record says how near a position comes to a liquidation."""

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
    whole = Bridge(market=market, bar_seconds=bar_seconds, paths=paths, seed=seed)
    parts = (1.0, PART_OF_WICKS) if whole.has_one_price else (1.0,)
    bridges = [
        Bridge(market=market, bar_seconds=bar_seconds, paths=paths, seed=seed, part_of_wicks=part)
        for part in parts
    ]
    for config in configs:
        model_of(config).check(bridges[0][0], config)
    tables = np.array([_tables(bridge, configs, progress) for bridge in bridges])
    cases = (FULL, CUT)[: len(parts)] if len(parts) > 1 else ("spot and oracle of the market",)
    judged = [bridges[0][path] for path in range(min(JUDGED_PATHS, paths))]
    return tuple(
        _ensemble(config, tables[:, :, number], bridges[0], judged, cases)
        for number, config in enumerate(configs)
    )


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
        window = open_window(bridge[path], configs)
        table = np.empty((len(configs), len(model_of(configs[0]).columns)))
        for piece in window.pieces():
            made = run_piece(window, piece)
            table[made["positions"]] = made["table"]
        found.append(table)
        if progress is not None:
            progress(1)
    return np.array(found)


def _ensemble(
    config: ModelConfig,
    table: FloatArray,
    bridge: Bridge,
    judged: Sequence[Market],
    cases: tuple[str, ...],
) -> Ensemble:
    """Return one configuration's ensemble of a table of shape (n_cases, n_paths, n_columns)."""
    model, market = model_of(config), bridge.market
    bar_days = market.bar_seconds / SECONDS_PER_DAY
    hurdle = compound_return(hurdle_apy(market, config.protocol), bar_days)
    places = {name: table[:, :, number] for number, name in enumerate(model.columns)}
    final = places["final"]
    total = final / config.capital_usd - 1.0
    values = {
        "final_usd": final,
        "return": total,
        "annualized_return": total * DAYS_PER_YEAR / len(market),
        "excess_return": total - hurdle,
        "max_drawdown": places["drawdown"],
    }
    for name, columns in model.shown.items():
        values[name] = np.sum([places[column] for column in columns], axis=0)
    funding: str = config.perp.funding
    nearness = _nearness(config, judged)
    return Ensemble(
        config=config,
        values=values,
        cases=cases,
        nearness=nearness,
        widening=known.WIDENING[nearness],
        hurdle_return=hurdle,
        n_days=len(market),
        n_paths=len(bridge),
        bar_seconds=bridge.bar_seconds,
        seed=bridge.seed,
        market_name=market.name,
        market_fingerprint=market.fingerprint,
        warnings=tuple(text for venue, text in bridge.notes.items() if venue == funding),
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
