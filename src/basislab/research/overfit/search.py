"""Certify a search: the trials behind an optimum, simulated on every window that matters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import partial

import numpy as np

from basislab.errors import ConfigError
from basislab.research.overfit.certificate import Certificate, Liquidations, assemble, walk
from basislab.research.overfit.episodes import episodes
from basislab.research.overfit.neighbourhood import Neighbourhood, map_axis, next_to
from basislab.research.overfit.rules import Rules
from basislab.research.overfit.runner import Progress, Runner
from basislab.research.overfit.sensitivity import Range, Sensitivity, sensitivities
from basislab.research.overfit.trials import LOWEST, changed, labels_of
from basislab.research.overfit.walkforward import Run
from basislab.simulate import model_of
from basislab.types.configs import NEVER, ModelConfig
from basislab.types.market import FloatArray, Market

MAX_FANS = 100
"""With more trials than this only the optimum and its neighbours are opened on every day."""


def certify_configs(
    market: Market,
    configs: Sequence[ModelConfig],
    *,
    tried: Sequence[ModelConfig] = (),
    ranges: Sequence[Range] = (),
    rules: Rules | None = None,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> Certificate:
    """Certify the best of a search: the configuration with the highest return over the market.

    Parameters
    ----------
    market : Market
        Daily bars for the study's models; bars that divide a day for the venue engine.
    configs : sequence of ModelConfig
        What the optimum was chosen among; venues resolved. Equal runs count once; what the venues
        would refuse is listed with the reason and is no trial.
    tried : sequence of ModelConfig
        What else was tried on the same data: it counts as trials and as neighbours.
    ranges : sequence of Range
        Assumed constants; those that a model does not read are left out.
    runner : Runner, optional
        Of the same market, to share its runs with other certificates.
    progress : callable of int, optional
        Told how many start days were done, of all trials; not with a `runner`.

    Raises
    ------
    ConfigError
        No configuration that can be run, unresolved venues, bars that do not fit, too short a
        market.
    DataError
        The market lacks a series.
    """
    rules = rules or Rules()
    runner = runner or Runner(market, rules.min_days, progress)
    possible, infeasible = _sorted_out(runner, configs)
    family = _distinct(possible, ())
    if not family:
        why = "".join(f" {label}: {reason}" for label, reason in infeasible[:1])
        raise ConfigError(
            f"configs: the search has no configuration that can be run. Give at least one.{why}"
        )
    others, refused = _sorted_out(runner, tried)
    every = [*family, *_distinct(others, family)]
    excess = np.array([runner.annual_excess(config) for config in every])
    chosen = int(excess[: len(family)].argmax())
    purge = max(config.lookback + config.delay_days(market.bar_seconds) for config in family)

    def run(trial: int, first: int, end: int) -> Run:
        return runner.run(family[trial], first, end)

    near = next_to(_points(every).tolist(), chosen)
    return assemble(
        np.column_stack([runner.excess_returns(config) for config in every]),
        excess,
        chosen,
        len(family),
        labels_of(every),
        rules=rules,
        bar_days=1.0,
        fan=runner.fan(every[chosen]).fan,
        walk=walk(run, len(family), runner.n_days, purge, rules, 1.0),
        embargo=purge,
        times=runner.day_labels(),
        best_from_share=_best_from_share(runner, family, chosen),
        neighbourhood=_neighbourhood(runner, every[chosen], excess[near]),
        constants=_constants(runner, family, chosen, ranges),
        liquidations=_liquidations(runner, every, chosen, near, rules),
        config=every[chosen],
        infeasible=tuple(dict([*infeasible, *refused]).items()),
        notes=runner.notes(every[chosen]),
    )


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
    runner: Runner, configs: Sequence[ModelConfig]
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


def _best_from_share(runner: Runner, family: Sequence[ModelConfig], chosen: int) -> float:
    """Return from which share of counted start days the optimum is the best of its family."""
    if len(family) > MAX_FANS:
        return float("nan")
    fans = [runner.fan(config).fan for config in family]
    counted = fans[chosen].is_counted
    if not counted.any():
        return float("nan")
    best = np.max([fan.returns[counted] for fan in fans], axis=0)
    return float((fans[chosen].returns[counted] == best).mean())


def _neighbourhood(runner: Runner, optimum: ModelConfig, grid_excess: FloatArray) -> Neighbourhood:
    """Map the two first decisions around the optimum; a rule that is switched off has no map."""
    values = {name: value for name, value in optimum.decisions().items() if value not in (0, NEVER)}
    axes = {
        name: map_axis(value, LOWEST.get(name, -np.inf)) for name, value in [*values.items()][:2]
    }
    points = [dict(zip(axes, point, strict=True)) for point in _product(list(axes.values()))]
    excess = np.array(
        [runner.excess_if_possible(partial(changed, optimum, point)) for point in points]
    )
    shape = tuple(len(axis) for axis in axes.values())
    return Neighbourhood(axes=axes, excess=excess.reshape(shape), grid_excess=grid_excess)


def _product(axes: Sequence[FloatArray]) -> list[tuple[float, ...]]:
    grids = np.meshgrid(*axes, indexing="ij")
    rows = np.column_stack([grid.ravel() for grid in grids]).tolist()
    return [tuple(row) for row in rows]


def _constants(
    runner: Runner, family: Sequence[ModelConfig], chosen: int, ranges: Sequence[Range]
) -> list[Sensitivity]:
    """Move each constant that the model reads over its range, then all of them together."""
    optimum = family[chosen]
    read = [each for each in ranges if _is_read(optimum, each)]

    def excess_at(changes: Mapping[str, float]) -> tuple[float, bool]:
        values = [runner.excess_if_possible(partial(changed, each, changes)) for each in family]
        return values[chosen], values[chosen] == np.nanmax([*values, -np.inf])

    return sensitivities(read, excess_at)


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
    runner: Runner, every: Sequence[ModelConfig], chosen: int, near: Sequence[int], rules: Rules
) -> Liquidations:
    """Collect the episodes in which the optimum or a neighbour sank, from whatever start day."""
    apart = rules.apart_days
    own = runner.fan(every[chosen]).liquidations.tolist()
    others = [bar for trial in near for bar in runner.fan(every[trial]).liquidations.tolist()]
    return Liquidations(near=episodes([*own, *others], apart), own=episodes(own, apart))
