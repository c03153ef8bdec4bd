"""A whole Monte-Carlo: the paths, the same at half and twice the block, and the jackknife."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from basislab.errors import ConfigError
from basislab.jobs.pool import is_cluster
from basislab.jobs.run import Setting, code_description, run_plan
from basislab.research.blocks import block_lengths
from basislab.research.bootstrap import (
    IntArray,
    Shift,
    dependent_series,
    drawable_bars,
    history_rows,
)
from basislab.research.grid import Grid
from basislab.research.montecarlo import Plan, drawn_model, histories, make_plan
from basislab.research.risk import (
    QUANTILES,
    Statistics,
    history_error,
    jackknife_bars,
)
from basislab.types.checks import check_integer, check_number
from basislab.types.configs import ModelConfig
from basislab.types.market import BoolArray, FloatArray, Market
from basislab.types.montecarlo import BlockRun, MonteCarlo

MAX_BAR_RUNS = 100_000_000_000
"""Largest ``days x paths x configurations`` on one machine: minutes of a small one."""
MAX_BAR_RUNS_CLUSTER = 100 * MAX_BAR_RUNS
"""The same on a cluster."""

JACKKNIFE_BLOCKS = 10
N_MARKS = 13
PATHS = "paths"
"""The part of a job whose outcomes are written, and whose numbers come first."""


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is drawn and asked.

    Parameters
    ----------
    days : int
        Length of a path.
    block_days : float or None
        Mean block length; None measures it.
    horizons : tuple of int, days
        Of the liquidation probabilities; those beyond the path are left out.
    with_block_check : bool
        Also at half and twice the block length.
    with_history_error : bool
        Also the block jackknife.
    is_predictive : bool
        Shift the levels of every path by what one history leaves open.

    Raises
    ------
    ConfigError
        A value outside its range.
    """

    paths: int = 2_000
    days: int = 365
    seed: int = 0
    block_days: float | None = None
    horizons: tuple[int, ...] = (30, 90, 365)
    with_block_check: bool = True
    with_history_error: bool = True
    is_predictive: bool = True

    def __post_init__(self) -> None:
        check_integer(self, "paths", 2, 100_000_000, "paths")
        check_integer(self, "days", 1, 36_500, "days")
        check_integer(self, "seed", 0, 2**32 - 1, "seed")
        if self.block_days is not None:
            check_number(self, "block_days", 1, 36_500, "days")
        bad = [days for days in self.horizons if not isinstance(days, int) or days < 1]
        if bad:
            raise ConfigError(
                f"Design.horizons: got {bad[0]!r}; each must be a whole number of days, at least 1."
            )

    @property
    def reachable(self) -> tuple[int, ...]:
        """The horizons within a path."""
        return tuple(days for days in self.horizons if days <= self.days)

    @property
    def jackknife_paths(self) -> int:
        """Paths of each part of the jackknife: their noise must not hide what is looked for."""
        return min(self.paths, max(self.paths // JACKKNIFE_BLOCKS, 1_000))

    @property
    def total_paths(self) -> int:
        """Paths of all parts together."""
        parts = 3 if self.with_block_check else 1
        jackknife = JACKKNIFE_BLOCKS * self.jackknife_paths if self.with_history_error else 0
        return parts * self.paths + jackknife


def run_montecarlo(
    market: Market,
    grid: Grid[ModelConfig],
    design: Design,
    shift: Shift,
    setting: Setting,
    partial: BoolArray | None = None,
) -> MonteCarlo:
    """Run a Monte-Carlo over a market's history.

    Parameters
    ----------
    market : Market
        Daily bars; the history that is drawn from.
    grid : Grid
        Venues resolved.
    partial : ndarray of bool, shape (n_bars,), optional
        Bars that are never drawn.

    Raises
    ------
    ConfigError
        Too little history, too much work, another job's folder.
    DataError
        The market lacks a series.
    """
    _check_work(design, len(grid.configs), setting)
    bars = drawable_bars(market, partial)
    measured = {} if design.block_days is not None else _blocks(market, grid, bars, shift)
    block = design.block_days or max(measured.values())
    marks = fan_marks(design.days)
    capital = np.array([config.capital_usd for config in grid.configs])
    plan = make_plan(
        market,
        grid.configs,
        bars,
        n_bars=design.days,
        block=block,
        seed=design.seed,
        shift=shift,
        marks=marks,
        is_predictive=design.is_predictive,
    )
    base = _description(market, grid, design, shift, bars)
    swept = grid.columns()
    found, fan = _run(plan, PATHS, design.paths, capital, design, setting, base, swept)
    runs = [BlockRun(block, found.values, found.errors)]
    for name, other in _other_blocks(design, block):
        same = replace(plan, block=other, marks=())
        at, _ = _run(same, name, design.paths, capital, design, setting, base)
        runs.append(BlockRun(other, at.values, at.errors))
    return MonteCarlo(
        configs=grid.configs,
        swept=swept,
        names=found.names,
        runs=tuple(runs),
        history_errors=(
            _jackknife(market, plan, bars, shift, capital, design, setting, base)
            if design.with_history_error
            else None
        ),
        fan=fan,
        fan_days=tuple(mark + 1 for mark in marks),
        fan_levels=QUANTILES,
        horizons=design.reachable,
        n_paths=design.paths,
        n_days=design.days,
        n_rows=len(bars),
        block_by_series=measured,
        seed=design.seed,
        shift={} if shift.is_none else asdict(shift),
        is_predictive=design.is_predictive,
        market_name=market.name,
        market_fingerprint=market.fingerprint,
    )


def _check_work(design: Design, n_configs: int, setting: Setting) -> None:
    work = design.total_paths * design.days * n_configs
    is_shared = is_cluster(setting.workers)
    most = MAX_BAR_RUNS_CLUSTER if is_shared else MAX_BAR_RUNS
    if work > most:
        more = "" if is_shared else ", or use more machines (docs/cluster.md)"
        raise ConfigError(
            f"montecarlo: {design.total_paths} paths x {design.days} days x {n_configs} "
            f"configurations = {work:.3g}; at most {most:.3g} are run at once. "
            f"Take fewer of one of them{more}."
        )


def _blocks(
    market: Market, grid: Grid[ModelConfig], bars: IntArray, shift: Shift
) -> dict[str, float]:
    """Return the longest of each series' best block lengths over all venues and protocols."""
    found: dict[str, float] = {}
    configs: Sequence[Any] = grid.configs
    keys = {drawn_model(config).series(config) for config in configs}
    for funding, lending in sorted(keys):
        rows = history_rows(market, bars, funding, lending, shift)
        for name, length in block_lengths(dependent_series(rows)).items():
            found[name] = max(found.get(name, 1.0), length)
    return found


def fan_marks(days: int) -> tuple[int, ...]:
    """Return the bars at which the equity fan is taken: evenly spaced, the first and last too.

    Examples
    --------
    >>> fan_marks(365)[:3], fan_marks(365)[-1]
    ((0, 30, 61), 364)
    """
    marks = np.linspace(0, days - 1, N_MARKS).round().astype(np.int64)
    return tuple(sorted({int(mark) for mark in marks}))


def _other_blocks(design: Design, block: float) -> Iterator[tuple[str, float]]:
    if design.with_block_check:
        yield "half-block", max(block / 2, 1.0)
        yield "double-block", block * 2


def _run(
    plan: Plan,
    name: str,
    n_paths: int,
    capital: FloatArray,
    design: Design,
    setting: Setting,
    base: dict[str, Any],
    swept: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Statistics, FloatArray]:
    part = setting
    if setting.directory is not None:
        part = replace(part, directory=Path(setting.directory) / name)
    if name != PATHS:
        part = replace(part, outcomes=None)
    told = base | {"part": name, "block": plan.block, "paths": n_paths, "marks": list(plan.marks)}
    return run_plan(plan, n_paths, capital, design.reachable, part, told, swept)


def _jackknife(
    market: Market,
    plan: Plan,
    bars: IntArray,
    shift: Shift,
    capital: FloatArray,
    design: Design,
    setting: Setting,
    base: dict[str, Any],
) -> FloatArray:
    parts = []
    for number, left in enumerate(jackknife_bars(bars, JACKKNIFE_BLOCKS)):
        # a seed of its own: the noise of the parts is then independent, and known
        seed = design.seed + (number + 1) * 2**32
        drawn = histories(market, plan.groups, left, shift)
        part = replace(plan, histories=drawn, seed=seed, marks=())
        name = f"without-{number:02d}"
        parts.append(_run(part, name, design.jackknife_paths, capital, design, setting, base)[0])
    return history_error(parts)


def _description(
    market: Market,
    grid: Grid[ModelConfig],
    design: Design,
    shift: Shift,
    bars: Sequence[int] | IntArray,
) -> dict[str, Any]:
    """Return all that the outcomes follow from, JSON-ready."""
    return {
        "what": "montecarlo",
        "market": market.fingerprint,
        "bars": hashlib.sha256(np.asarray(bars, np.int64).tobytes()).hexdigest(),
        "configs": hashlib.sha256(repr(grid.configs).encode()).hexdigest(),
        "seed": design.seed,
        "days": design.days,
        "shift": asdict(shift),
        "predictive": design.is_predictive,
    } | code_description()
