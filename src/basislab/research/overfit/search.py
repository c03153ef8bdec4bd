"""Certify a search: the trials behind an optimum, simulated on every window that matters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from basislab.errors import ConfigError
from basislab.research.overfit.certificate import (
    Certificate,
    Liquidations,
    MarketShare,
    assemble,
    walk,
)
from basislab.research.overfit.episodes import episodes
from basislab.research.overfit.neighbourhood import Neighbourhood, map_axis, next_to
from basislab.research.overfit.pooled import PooledRunner
from basislab.research.overfit.rules import Rules
from basislab.research.overfit.runner import Progress, Runner, Spread
from basislab.research.overfit.sensitivity import Range, Sensitivity, sensitivities
from basislab.research.overfit.trials import LOWEST, Change, changed, labels_of
from basislab.research.overfit.walkforward import Run
from basislab.simulate import model_of
from basislab.types.configs import NEVER, ModelConfig
from basislab.types.market import FloatArray, Market

AnyRunner = Runner | PooledRunner

MAX_FANS = 100
"""With more trials than this only the optimum and its neighbours are opened on every day."""


def certify_configs(
    market: Market | Sequence[Market],
    configs: Sequence[ModelConfig],
    *,
    tried: Sequence[ModelConfig] = (),
    ranges: Sequence[Range] = (),
    rules: Rules | None = None,
    runner: AnyRunner | None = None,
    progress: Progress | None = None,
    spread: Spread = map,
    venues: Sequence[Mapping[str, Any]] = (),
) -> Certificate:
    """Certify the best of a search: the configuration with the highest return over the market.

    Parameters
    ----------
    market : Market or sequence of Market
        Daily bars for the study's models; bars that divide a day for the venue engine. Several are
        a panel by calendar day (`PooledRunner`).
    configs : sequence of ModelConfig
        What the optimum was chosen among; venues resolved. Equal runs count once; what the venues
        would refuse is listed with the reason and is no trial.
    tried : sequence of ModelConfig
        What else was tried on the same data: it counts as trials and as neighbours.
    ranges : sequence of Range
        Assumed constants; those that a model does not read are left out.
    runner : Runner, optional
        Of the same market or markets, to share its runs with other certificates.
    progress : callable of int, optional
        Told how many start days were done, of all trials; not with a `runner`.
    spread : callable of a function and items, optional
        Calls the function on every item, perhaps side by side; not with a `runner`.
    venues : sequence of mappings of str to terms, optional
        Of several markets, what each has in place of the config's; not with a `runner`.

    Raises
    ------
    ConfigError
        No configuration that can be run, unresolved venues, bars that do not fit, too short a
        market.
    DataError
        The market lacks a series.
    """
    rules = rules or Rules()
    if runner is None:
        if isinstance(market, Market):
            runner = Runner(market, rules.min_days, progress, spread)
        else:
            runner = PooledRunner(market, rules.min_days, progress, spread, venues)
    possible, infeasible = _sorted_out(runner, configs)
    family = _distinct(possible, ())
    if not family:
        why = "".join(f" {label}: {reason}" for label, reason in infeasible[:1])
        raise ConfigError(
            f"configs: the search has no configuration that can be run. Give at least one.{why}"
        )
    others, refused = _sorted_out(runner, tried)
    every = [*family, *_distinct(others, family)]
    excess = np.array([*runner.spread(runner.annual_excess, every)])
    chosen = int(excess[: len(family)].argmax())
    purge = max(config.lookback + config.delay_days(runner.bar_seconds) for config in family)

    def run(trial: int, first: int, end: int) -> Run:
        return runner.run(family[trial], first, end)

    def finals(first: int, end: int) -> FloatArray:
        return runner.finals(family, first, end)

    near = next_to(_points(every).tolist(), chosen)
    return assemble(
        np.column_stack([*runner.spread(runner.excess_returns, every)]),
        excess,
        chosen,
        len(family),
        labels_of(every),
        rules=rules,
        bar_days=1.0,
        fan=runner.fan(every[chosen]).fan,
        walk=walk(run, finals, runner.n_days, purge, rules, 1.0),
        embargo=purge,
        times=runner.day_labels(),
        best_from_share=_best_from_share(runner, family, chosen),
        neighbourhood=_neighbourhood(runner, every[chosen], excess[near]),
        constants=_constants(runner, family, chosen, ranges),
        liquidations=_liquidations(runner, every, chosen, near, rules),
        config=every[chosen],
        infeasible=tuple(dict([*infeasible, *refused]).items()),
        notes=runner.notes(every[chosen]),
        markets=_markets(runner, every[chosen], [every[trial] for trial in near], rules),
        panel=_panel(runner, every),
    )


def _markets(
    runner: AnyRunner, optimum: ModelConfig, near: Sequence[ModelConfig], rules: Rules
) -> tuple[MarketShare, ...]:
    """Return what every market contributes, on its own days."""
    found = []
    neighbours = [[own for _, own in runner.each(config)] for config in near]
    for number, (one, own) in enumerate(runner.each(optimum)):
        market, labels = one.market, one.day_labels()
        runs = one.fans([own, *(row[number] for row in neighbours)])
        sunk = [day for each in runs for day in each.liquidations.tolist()]
        found.append(
            MarketShare(
                name=market.name,
                asset=market.asset,
                quote=market.quote,
                fingerprint=market.fingerprint,
                start=labels[0],
                end=labels[-1],
                days=one.n_days,
                excess=one.annual_excess(own),
                above_share=runs[0].fan.above_share,
                episodes=len(episodes(sunk, rules.apart_days)),
            )
        )
    return tuple(found)


def _panel(runner: AnyRunner, every: Sequence[ModelConfig]) -> FloatArray | None:
    """Return the excess returns by day, market and trial; None for one market."""
    if isinstance(runner, Runner):
        return None
    return np.stack([*runner.spread(runner.by_market, every)], axis=2)


def _identity(config: ModelConfig) -> tuple[Hashable, ...]:
    return model_of(config).identity(config)


def _distinct(configs: Sequence[ModelConfig], known: Sequence[ModelConfig]) -> list[ModelConfig]:
    """Return configurations that are not the same run as one before or a known one."""
    seen = {_identity(config) for config in known}
    found = []
    for config in configs:
        if (run := _identity(config)) not in seen:
            seen.add(run)
            found.append(config)
    return found


def _sorted_out(
    runner: AnyRunner, configs: Sequence[ModelConfig]
) -> tuple[list[ModelConfig], tuple[tuple[str, str], ...]]:
    """Return what can be run, and label and reason of what its venues would refuse."""
    reasons = [runner.refusal(config) for config in configs]
    labels = labels_of(configs)
    refused = {
        label: reason for label, reason in zip(labels, reasons, strict=True) if reason is not None
    }
    possible = [config for config, reason in zip(configs, reasons, strict=True) if reason is None]
    return possible, tuple(refused.items())


def _points(configs: Sequence[ModelConfig]) -> FloatArray:
    """Return the decisions of every trial as a table; 0 for one that a trial does not take."""
    points = [config.decisions() for config in configs]
    names = list(dict.fromkeys(name for point in points for name in point))
    return np.array([[point.get(name, 0.0) for name in names] for point in points])


def _best_from_share(runner: AnyRunner, family: Sequence[ModelConfig], chosen: int) -> float:
    """Return from which share of counted start days the optimum is the best of its family."""
    if len(family) > MAX_FANS:
        return float("nan")
    fans = [runs.fan for runs in runner.fans(family)]
    counted = fans[chosen].is_counted
    if not counted.any():
        return float("nan")
    best = np.max([fan.returns[counted] for fan in fans], axis=0)
    return float((fans[chosen].returns[counted] == best).mean())


def _neighbourhood(
    runner: AnyRunner, optimum: ModelConfig, grid_excess: FloatArray
) -> Neighbourhood:
    """Map the two first decisions around the optimum; a rule that is switched off has no map."""
    values = {name: value for name, value in optimum.decisions().items() if value not in (0, NEVER)}
    axes = {
        name: map_axis(value, LOWEST.get(name, -np.inf)) for name, value in [*values.items()][:2]
    }
    points = [dict(zip(axes, point, strict=True)) for point in _product(list(axes.values()))]
    made = [partial(changed, optimum, point) for point in points]
    excess = np.array([*runner.spread(runner.excess_if_possible, made)])
    shape = tuple(len(axis) for axis in axes.values())
    return Neighbourhood(axes=axes, excess=excess.reshape(shape), grid_excess=grid_excess)


def _product(axes: Sequence[FloatArray]) -> list[tuple[float, ...]]:
    grids = np.meshgrid(*axes, indexing="ij")
    rows = np.column_stack([grid.ravel() for grid in grids]).tolist()
    return [tuple(row) for row in rows]


def _constants(
    runner: AnyRunner, family: Sequence[ModelConfig], chosen: int, ranges: Sequence[Range]
) -> list[Sensitivity]:
    """Move each constant that the model reads over its range, then all of them together."""
    optimum = family[chosen]
    read = [each for each in ranges if _is_read(optimum, each)]
    idle = model_of(optimum).in_liquidations
    calm: dict[tuple[int, Hashable], float] = {}

    def excess(trial: int, change: Change) -> float:
        told = frozenset(item for item in change.values.items() if item[0] not in idle)
        try:
            if (trial, told) in calm:  # never liquidated: what only liquidations read is idle
                change(family[trial])
                return calm[trial, told]
            whole = runner.whole(family[trial], change)
        except ConfigError:
            return np.nan
        if not whole.is_sunk:
            calm[trial, told] = whole.excess
        return whole.excess

    def excess_at(changes: Mapping[str, float]) -> tuple[float, bool]:
        change = Change(changes)
        values = [excess(trial, change) for trial in range(len(family))]
        return values[chosen], values[chosen] == np.nanmax([*values, -np.inf])

    return sensitivities(read, excess_at, spread=runner.spread)


def _is_read(config: ModelConfig, constant: Range) -> bool:
    """Whether a run hangs on the constant; an end that the venue's own rules refuse tells so."""
    try:
        low, high = (
            _identity(changed(config, {constant.name: end}))
            for end in (constant.low, constant.high)
        )
    except ConfigError:
        return True
    return low != high


def _liquidations(
    runner: AnyRunner, every: Sequence[ModelConfig], chosen: int, near: Sequence[int], rules: Rules
) -> Liquidations:
    """Collect the episodes in which the optimum or a neighbour sank, from whatever start day."""
    apart = rules.apart_days
    own = runner.fan(every[chosen]).liquidations.tolist()
    fans = runner.fans([every[trial] for trial in near])
    others = [day for runs in fans for day in runs.liquidations.tolist()]
    return Liquidations(near=episodes([*own, *others], apart), own=episodes(own, apart))
