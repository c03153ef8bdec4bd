"""The daily rows that figures draw, taken from the runs of a study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from basislab.metrics import drawdown
from basislab.presets import load_venue
from basislab.report.figures.base import Rows
from basislab.report.legs import leg_paths
from basislab.report.runs import Runs, trigger_of
from basislab.simulate import lower_market
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
)
from basislab.types.market import FloatArray
from basislab.types.result import Result, time_labels
from basislab.units import DAYS_PER_YEAR

HURDLE = "hurdle"


def days(runs: Runs) -> tuple[list[int], list[str]]:
    """Return the market's days as milliseconds since 1970 and as text.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    (list of int, list of str)
    """
    times = runs.market.times
    stamps = (times.astype("datetime64[s]").astype(np.int64) * 1000).tolist()
    return stamps, time_labels(times, runs.market.bar_seconds)


def long_form(
    runs: Runs, named: Mapping[str, FloatArray], value: str
) -> Iterator[dict[str, object]]:
    """Yield one row a day and series.

    Parameters
    ----------
    runs : Runs
    named : mapping of series to ndarray of shape (n_bars,)
    value : str
        Field of the value.

    Yields
    ------
    dict
    """
    stamps, labels = days(runs)
    for name, values in named.items():
        for t, day, number in zip(stamps, labels, values.tolist(), strict=True):
            yield {"t": t, "day": day, "series": name, value: number}


def models(runs: Runs, leverage: float) -> dict[str, Result]:
    """Return the study's models at a leverage.

    Parameters
    ----------
    runs : Runs
    leverage : float

    Returns
    -------
    dict of str to Result
    """
    base = runs.base(leverage=leverage)
    configs: list[ModelConfig] = [
        StaticConfig(slippage="book", **base),
        RebalanceConfig(**base),
        RotationConfig(**base),
        ConditionalConfig(**base),
    ]
    return {config.model: runs.run(config) for config in configs}


def hurdle_usd(runs: Runs) -> FloatArray:
    """Return what the capital would be, had the quote coin been supplied instead.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    ndarray of shape (n_bars,), USD
    """
    apy = runs.market.supply[runs.spec.lending, runs.market.quote].apy
    return np.asarray(runs.spec.capital_usd * np.cumprod((1 + apy) ** (1 / DAYS_PER_YEAR)))


def equity_rows(runs: Runs) -> Rows:
    """Return the equity of every model and of the hurdle, by leverage and day."""
    rows = []
    for leverage in runs.spec.leverages:
        curves = {name: run.equity_usd for name, run in models(runs, leverage).items()}
        curves[HURDLE] = hurdle_usd(runs)
        rows += [row | {"leverage": leverage} for row in long_form(runs, curves, "equity_usd")]
    return rows


def drawdown_rows(runs: Runs) -> Rows:
    """Return the loss from the peak of every model, <= 0, by leverage and day."""
    capital = runs.spec.capital_usd
    rows = []
    for leverage in runs.spec.leverages:
        curves = {
            name: np.asarray(-drawdown(run.equity_usd, capital))
            for name, run in models(runs, leverage).items()
        }
        rows += [row | {"leverage": leverage} for row in long_form(runs, curves, "drawdown")]
    return rows


def price_rows(runs: Runs) -> Rows:
    """Return the close, the high and the low by day."""
    stamps, labels = days(runs)
    price = runs.market.reference_price
    columns = zip(
        stamps,
        labels,
        price.close.tolist(),
        price.high.tolist(),
        price.low.tolist(),
        strict=True,
    )
    return [
        {"t": t, "day": day, "close_usd": close, "high_usd": high, "low_usd": low}
        for t, day, close, high, low in columns
    ]


def event_rows(runs: Runs) -> Rows:
    """Return what happened to the realistic run, by leverage."""
    return [
        row
        for leverage in runs.spec.leverages
        for row in events_of(runs, leverage, runs.rebalance(leverage))
    ]


def events_of(runs: Runs, leverage: float, result: Result) -> Rows:
    """Return what happened to a run: moves, liquidations, the end."""
    stamps, _ = days(runs)
    kinds = {"rebalance": "capital moved", "liquidation": "liquidation", "ruined": "ruined"}
    return [
        {
            "t": stamps[event.bar],
            "day": event.time,
            "leverage": leverage,
            "series": kinds[event.kind],
            "leg": event.leg or ("to short" if event.moved_usd > 0 else "to long"),
            "close_usd": event.price_usd,
            "moved_usd": abs(event.moved_usd),
            "paid_usd": event.cost_usd + event.penalty_usd,
            "equity_usd": event.equity_usd,
        }
        for event in result.event_list
        if event.kind in kinds
    ]


def leg_rows(runs: Runs) -> tuple[Rows, Rows, Rows]:
    """Return the equity of the legs, their effective leverage (capped), and the triggers."""
    equity: Rows = []
    leverages: Rows = []
    triggers: Rows = []
    for leverage in runs.spec.leverages:
        result = runs.rebalance(leverage)
        paths, trigger = leg_paths(runs, result), trigger_of(result)
        cap = 3 * trigger
        held = {"long": paths.long_usd, "short": paths.short_usd}
        used = {"long": paths.long_leverage, "short": paths.short_leverage}
        used = {name: np.minimum(values, cap) for name, values in used.items()}
        here = {"leverage": leverage}
        equity += [row | here for row in long_form(runs, held, "equity_usd")]
        leverages += [row | here for row in long_form(runs, used, "effective")]
        triggers.append({"leverage": leverage, "trigger": trigger})
    return equity, leverages, triggers


def income_rows(runs: Runs) -> Rows:
    """Return the cumulative carry and funding of the ceiling, and the hurdle's interest."""
    spec = runs.spec
    bars = lower_market(runs.market, load_venue(spec.perp).funding, spec.lending)
    rows = []
    for leverage in spec.leverages:
        notional = spec.capital_usd / 2 * leverage
        borrowed = notional - spec.capital_usd / 2
        carry = np.cumsum(notional * bars.supply - borrowed * bars.borrow)
        funding = np.cumsum(notional * bars.funding)
        named = {
            "carry": carry,
            "funding": funding,
            "both": carry + funding,
            HURDLE: hurdle_usd(runs) - spec.capital_usd,
        }
        rows += [row | {"leverage": leverage} for row in long_form(runs, named, "sum_usd")]
    return rows


def funding_rows(runs: Runs) -> Rows:
    """Return the cumulative funding of every venue, a fraction of notional."""
    named = {key: np.cumsum(series.rate) for key, series in runs.market.funding.items()}
    return list(long_form(runs, named, "sum_share"))
