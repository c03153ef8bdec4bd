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
from basislab.research.bootstrap import IntArray, Shift, dependent_series
from basislab.research.days import drawable_days, notes_of, refusals, sheets_of
from basislab.research.grid import Grid
from basislab.research.montecarlo import Plan, make_plan, rows_of, without
from basislab.research.risk import QUANTILES, Statistics, history_error, jackknife_bars
from basislab.simulate import model_of
from basislab.types.checks import check_integer, check_number
from basislab.types.configs import ModelConfig
from basislab.types.market import BoolArray, FloatArray, Market
from basislab.types.montecarlo import BlockRun, MonteCarlo
from basislab.types.start import StartState
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

MAX_BAR_RUNS = 100_000_000_000
"""Largest ``days x paths x configurations`` on one machine: minutes of a small one."""
MAX_BAR_RUNS_CLUSTER = 100 * MAX_BAR_RUNS
"""The same on a cluster."""

JACKKNIFE_BLOCKS = 10
JUDGED_SHEETS = 8
"""Paths within the days of a daily market whose statistics are compared."""

CONDITIONAL_DAYS = 45
"""Up to here today's funding, volatility and carry say something about a path (docs/models.md)."""

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
    is_from_now : bool
        Begin on days before which it was much like it is after the last one, or stand that beside
        it (`CONDITIONAL_DAYS`).
    held : StartState, optional
        What is held after the last day.
    bar_seconds : int
        Width of the bars that the venue engine runs on within the days of a daily market.

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
    is_from_now: bool = False
    held: StartState | None = None
    bar_seconds: int = SECONDS_PER_HOUR

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
    def is_conditional(self) -> bool:
        """Whether the paths that are shown begin as it is now: only so far does that say much."""
        return self.is_from_now and self.days <= CONDITIONAL_DAYS

    def total_paths(self, *, is_within_days: bool = False) -> int:
        """Return the paths of all parts together.

        Parameters
        ----------
        is_within_days : bool
            Whether the venue engine runs on paths within the days of a daily market.
        """
        is_wider = self.with_history_error and self.is_predictive
        parts = 1 + 2 * self.with_block_check + self.is_from_now + is_wider
        others = JACKKNIFE_BLOCKS + JUDGED_SHEETS * is_within_days
        return parts * self.paths + self.with_history_error * others * self.jackknife_paths


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One Monte-Carlo's parts: what all of them share."""

    capital: FloatArray
    design: Design
    setting: Setting
    base: dict[str, Any]
    swept: Mapping[str, Sequence[Any]]

    def run(
        self, plan: Plan, name: str, n_paths: int | None = None
    ) -> tuple[Statistics, FloatArray]:
        """Run one part, in a folder of its own where there is one."""
        n_paths, setting = n_paths or self.design.paths, self.setting
        if setting.directory is not None:
            setting = replace(setting, directory=Path(setting.directory) / name)
        if name != PATHS:
            setting = replace(setting, outcomes=None)
        told = self.base | {"part": name, "block": plan.block, "paths": n_paths}
        told |= {"marks": list(plan.marks)}
        horizons = self.design.reachable
        return run_plan(plan, n_paths, self.capital, horizons, setting, told, self.swept)

    def beside(self, plan: Plan, name: str) -> BlockRun:
        """Run a part that stands beside the first one, without a fan."""
        found, _ = self.run(replace(plan, marks=()), name)
        return BlockRun(plan.block, found.values, found.errors)


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
        The history that is drawn from.
    grid : Grid
        Venues resolved.
    partial : ndarray of bool, shape (n_bars,), optional
        Bars that are never drawn.

    Raises
    ------
    ConfigError
        Too little history, too much work, another job's folder, no configuration that can be run.
    DataError
        The market lacks a series.
    """
    model_of(grid.base).check_market(market)
    bars, sheets = drawable_days(market, partial), _sheets(market, grid, design)
    grid, notes = _possible(grid, sheets, design.days)
    _check_work(design, grid, market, sheets, setting)
    plan = make_plan(
        market,
        grid.configs,
        bars,
        n_bars=design.days,
        block=design.block_days or 0.0,
        seed=design.seed,
        shift=shift,
        marks=fan_marks(design.days),
        is_predictive=design.is_predictive,
        sheets=sheets,
        is_from_now=design.is_from_now,
        held=design.held,
    )
    measured = {} if design.block_days is not None else _blocks(plan)
    block = design.block_days or max(measured.values())
    today, plan = plan.today, replace(plan, block=block, today=None)
    job = _Job(
        capital=np.array([config.capital_usd for config in grid.configs]),
        design=design,
        setting=setting,
        base=_description(market, grid, design, shift, bars),
        swept=grid.columns(),
    )
    from_now = replace(plan, today=today)
    main, other = (from_now, plan) if design.is_conditional else (plan, from_now)
    found, fan = job.run(main, PATHS)
    runs = [BlockRun(block, found.values, found.errors)]
    runs += [
        job.beside(replace(main, block=length), name)
        for name, length in _other_blocks(design, block)
    ]
    has_history = design.with_history_error
    is_wider = has_history and design.is_predictive
    plain = job.run(replace(main, is_predictive=False), "plain")[1] if is_wider else None
    return MonteCarlo(
        configs=grid.configs,
        swept=job.swept,
        names=found.names,
        runs=tuple(runs),
        history_errors=_jackknife(job, main, market, bars, shift) if has_history else None,
        intraday_errors=_within_days(job, main) if has_history and len(sheets) > 1 else None,
        beside=job.beside(other, "beside") if design.is_from_now else None,
        is_conditional=design.is_conditional,
        fan=fan,
        plain_fan=plain,
        fan_days=tuple(mark + 1 for mark in main.marks),
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
        from_day=market.end.date() if design.is_from_now or design.held else None,
        bar_seconds=sheets[0].bar_seconds if sheets else market.bar_seconds,
        warnings=notes,
    )


def _sheets(market: Market, grid: Grid[ModelConfig], design: Design) -> tuple[Market, ...]:
    """Return whose bars the venue engine runs on; none for the models of the study."""
    if not model_of(grid.base).refuses:
        if design.held is not None:
            raise ConfigError(
                f"{type(grid.base).__name__}: a held position is gone on with by the venue engine "
                "only. Use VenueConfig."
            )
        return ()
    return sheets_of(market, design.bar_seconds, design.seed)


def _possible(
    grid: Grid[ModelConfig], sheets: Sequence[Market], n_days: int
) -> tuple[Grid[ModelConfig], tuple[str, ...]]:
    """Return the configurations that the venues would open, and a note on the others."""
    reasons = refusals(sheets[0], grid.configs, n_days) if sheets else {}
    if not reasons:
        return grid, notes_of(grid.configs, sheets)
    first = next(iter(reasons.values()))
    if len(reasons) == len(grid.configs):
        raise ConfigError(f"none of {len(reasons)} configurations can be run; first: {first}")
    kept = tuple(one for at, one in enumerate(grid.configs) if at not in reasons)
    note = f"{len(reasons)} of {len(grid.configs)} configurations are left out; first: {first}"
    return replace(grid, configs=kept), (note, *notes_of(kept, sheets))


def _check_work(
    design: Design,
    grid: Grid[ModelConfig],
    market: Market,
    sheets: Sequence[Market],
    setting: Setting,
) -> None:
    n_configs, paths = len(grid.configs), design.total_paths(is_within_days=len(sheets) > 1)
    width = sheets[0].bar_seconds if sheets else market.bar_seconds
    work = paths * design.days * n_configs * (SECONDS_PER_DAY // width)
    is_shared = is_cluster(setting.workers)
    most = MAX_BAR_RUNS_CLUSTER if is_shared else MAX_BAR_RUNS
    if work > most:
        more = "" if is_shared else ", or use more machines (docs/cluster.md)"
        raise ConfigError(
            f"montecarlo: {paths} paths x {design.days} days x {n_configs} "
            f"configurations = {work:.3g} bars; at most {most:.3g} are run at once. "
            f"Take fewer of one of them{more}."
        )


def _blocks(plan: Plan) -> dict[str, float]:
    """Return the longest of each series' best block lengths over all venues and protocols."""
    found: dict[str, float] = {}
    for history in plan.histories:
        for name, length in block_lengths(dependent_series(rows_of(history))).items():
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


def _jackknife(job: _Job, plan: Plan, market: Market, bars: IntArray, shift: Shift) -> FloatArray:
    parts = []
    for number, left in enumerate(jackknife_bars(bars, JACKKNIFE_BLOCKS)):
        # a seed of its own: the noise of the parts is then independent, and known
        seed = job.design.seed + (number + 1) * 2**32
        part = replace(without(plan, market, bars, left, shift), seed=seed, marks=())
        parts.append(job.run(part, f"without-{number:02d}", job.design.jackknife_paths)[0])
    return history_error(parts)


def _within_days(job: _Job, plan: Plan) -> FloatArray:
    """Return how far the statistics differ between paths within the days of the history.

    The same days are drawn every time, so that nothing else differs.
    """
    parts = [
        job.run(
            replace(plan, sheet=sheet, marks=()), f"within-{sheet:02d}", job.design.jackknife_paths
        )[0].values
        for sheet in range(JUDGED_SHEETS)
    ]
    return np.asarray(np.std(parts, axis=0, ddof=1))


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
        "from_now": design.is_from_now,
        "held": repr(design.held),
        "bar_seconds": design.bar_seconds,
    } | code_description()
