"""Certify a search: the trials behind an optimum, simulated on every window that matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from basislab.errors import ConfigError
from basislab.research.overfit.certificate import Certificate, Liquidations, assemble, walk
from basislab.research.overfit.episodes import episodes
from basislab.research.overfit.neighbourhood import Neighbourhood, map_axis, next_to
from basislab.research.overfit.rules import Rules
from basislab.research.overfit.runner import (
    DELAY,
    LOWEST,
    Runner,
    changed,
    decisions,
    identity,
    lookback,
)
from basislab.research.overfit.sensitivity import Range, Sensitivity, sensitivities
from basislab.research.overfit.walkforward import Run
from basislab.types.configs import NEVER, ModelConfig
from basislab.types.market import FloatArray, Market
from basislab.types.result import time_labels

MAX_FANS = 100
"""With more trials than this only the optimum and its neighbours are opened on every day."""

ALL_CONSTANTS = "all_constants"
"""Name of the range over which every assumed constant moves from its low to its high at once."""


def certify_configs(
    market: Market,
    configs: Sequence[ModelConfig],
    *,
    tried: Sequence[ModelConfig] = (),
    ranges: Sequence[Range] = (),
    rules: Rules | None = None,
    runner: Runner | None = None,
) -> Certificate:
    """Certify the best of a search: the configuration with the highest return over the market.

    Parameters
    ----------
    market : Market
        Daily bars.
    configs : sequence of ModelConfig
        What the optimum was chosen among; venues resolved. Equal runs count once.
    tried : sequence of ModelConfig
        What else was tried on the same data: it counts as trials and as neighbours.
    ranges : sequence of Range
        Assumed constants; those that a model does not read are left out.
    rules : Rules, optional
    runner : Runner, optional
        Of the same market, to share its runs with other certificates.

    Returns
    -------
    Certificate

    Raises
    ------
    ConfigError
        No configuration, unresolved venues, bars that are not daily, too short a market.
    DataError
        The market lacks a series.
    """
    rules = rules or Rules()
    runner = runner or Runner(market, rules.min_days)
    family = _distinct(configs, ())
    if not family:
        raise ConfigError("configs: the search has no configuration. Give at least one.")
    every = [*family, *_distinct(tried, family)]
    excess = np.array([runner.annual_excess(config) for config in every])
    chosen = int(excess[: len(family)].argmax())
    purge = max(lookback(config) for config in family) + DELAY

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
        bar_days=runner.bar_days,
        fan=runner.fan(every[chosen]).fan,
        walk=walk(run, len(family), runner.n_bars, purge, rules, runner.bar_days),
        embargo=purge,
        times=tuple(time_labels(market.times, market.bar_seconds)),
        best_from_share=_best_from_share(runner, family, chosen),
        neighbourhood=_neighbourhood(runner, every[chosen], excess[near]),
        constants=_constants(runner, family, chosen, ranges),
        liquidations=_liquidations(runner, every, chosen, near, rules),
        config=every[chosen],
    )


def _distinct(configs: Sequence[ModelConfig], known: Sequence[ModelConfig]) -> list[ModelConfig]:
    """Return configurations that are not the same run as one before or a known one."""
    seen = {identity(config) for config in known}
    found = []
    for config in configs:
        if identity(config) not in seen:
            seen.add(identity(config))
            found.append(config)
    return found


def _points(configs: Sequence[ModelConfig]) -> FloatArray:
    """Return the decisions of every trial as a table; 0 for one that a trial does not take."""
    names = list(dict.fromkeys(name for config in configs for name in decisions(config)))
    return np.array([[decisions(config).get(name, 0.0) for name in names] for config in configs])


def labels_of(configs: Sequence[ModelConfig]) -> tuple[str, ...]:
    """Name configurations by their decisions, and by venue, size and model where these differ.

    Parameters
    ----------
    configs : sequence of ModelConfig

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from basislab.types import RebalanceConfig
    >>> labels_of([RebalanceConfig(leverage=2, trigger=trigger) for trigger in (5, None)])
    ('2x, trigger 5x', '2x, trigger never')
    """
    many = {
        name: len({_attribute(config, name) for config in configs}) > 1
        for name in ("model", "perp", "capital_usd")
    }
    return tuple(_label(config, many) for config in configs)


def _attribute(config: ModelConfig, name: str) -> str:
    value = getattr(config, name)
    return f"{value:,.0f} USD" if isinstance(value, float | int) else getattr(value, "name", value)


def _label(config: ModelConfig, many: Mapping[str, bool]) -> str:
    parts = [_attribute(config, name) for name, is_many in many.items() if is_many]
    for name, value in decisions(config).items():
        if name == "leverage":
            parts.append(f"{value:g}x")
        elif name == "trigger":
            parts.append("trigger never" if value == NEVER else f"trigger {value:g}x")
        else:
            parts.append(f"{name.replace('_', ' ')} {value:g}")
    return ", ".join(parts)


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
    values = {name: value for name, value in decisions(optimum).items() if value not in (0, NEVER)}
    axes = {
        name: map_axis(value, LOWEST.get(name, -np.inf)) for name, value in [*values.items()][:2]
    }
    names = list(axes)
    excess = np.array(
        [
            runner.annual_excess(changed(optimum, dict(zip(names, point, strict=True))))
            for point in _product([axes[name] for name in names])
        ]
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
    read = [
        each
        for each in ranges
        if identity(changed(family[chosen], {each.name: each.low}))
        != identity(changed(family[chosen], {each.name: each.high}))
    ]

    def excess_at(changes: Mapping[str, float]) -> tuple[float, bool]:
        if ALL_CONSTANTS in changes:
            step = changes[ALL_CONSTANTS]
            changes = {each.name: each.low + step * (each.high - each.low) for each in read}
        values = [runner.annual_excess(changed(config, changes)) for config in family]
        return values[chosen], values[chosen] == max(values)

    if len(read) < 2:
        return sensitivities(read, excess_at)
    together = Range(
        name=ALL_CONSTANTS, value=0.5, low=0.0, high=1.0, unit="share of the way, low to high"
    )
    return sensitivities([*read, together], excess_at)


def _liquidations(
    runner: Runner, every: Sequence[ModelConfig], chosen: int, near: Sequence[int], rules: Rules
) -> Liquidations:
    """Collect the episodes in which the optimum or a neighbour sank, from whatever start day."""
    apart = round(rules.apart_days / runner.bar_days)
    own = runner.fan(every[chosen]).liquidations.tolist()
    others = [bar for trial in near for bar in runner.fan(every[trial]).liquidations.tolist()]
    return Liquidations(near=episodes([*own, *others], apart), own=episodes(own, apart))
