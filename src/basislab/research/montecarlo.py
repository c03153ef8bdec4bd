"""Joint Monte-Carlo: many configurations over many drawn paths, a chunk of paths at a time.

A chunk is named by the numbers of its paths and nothing else: what it gives depends on the plan and
on those numbers, not on who runs it, when, or how the paths are split into chunks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels.bootstrap import ALIKE, Rows, no_tilts
from basislab.kernels.paths import Task
from basislab.kernels.venue import drawn
from basislab.research.bootstrap import IntArray, Shift, draw_path, history_rows
from basislab.research.conditions import first_chances, today_of
from basislab.research.day_paths import DayTilt, walk
from basislab.research.days import Days, days_of
from basislab.research.predictive import LevelTilt, level_tilt
from basislab.research.search import Group, group_configs
from basislab.simulate import StudyModel, model_of
from basislab.simulate.study.many import empty_bars, new_kept
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market
from basislab.types.start import StartState


class Chunk(NamedTuple):
    """Paths ``first`` to ``first + n_paths - 1``."""

    first: int
    n_paths: int


class Outcomes(NamedTuple):
    """What is kept of every run, in the order of the configurations.

    ``final`` (USD), ``drawdown`` (fraction) and ``liquidation`` (days until the first one, inf
    where there is none) of shape (n_configs, n_paths); ``fan`` of shape (n_marks, n_configs,
    n_paths), USD, float32; ``hurdle`` of shape (n_configs, n_paths), fraction; ``further`` of shape
    (n_further, n_configs, n_paths), for the venue engine `FURTHER`.
    """

    final: FloatArray
    drawdown: FloatArray
    liquidation: FloatArray
    fan: NDArray[np.float32]
    hurdle: FloatArray
    further: FloatArray


FIRST_DAYS = ("liquidation_long", "liquidation_short", "adl")
FURTHER = (
    *FIRST_DAYS,
    "resizes",
    "resize_cost",
    "naked_days",
    "under_water_days",
)
"""Of the venue engine: days until the first of each, a count, USD, days.

``adl`` is NaN where no faults are planned.
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that paths and runs follow from.

    Parameters
    ----------
    histories : tuple of Rows or Days
        What each group draws from; all have the same number of rows.
    n_bars : int
        Days of a path.
    price : float, USD per coin
        The close before the first bar.
    marks : tuple of int
        Days of the equity fan, from 0.
    is_predictive : bool
        Shift the levels of every path (`research.predictive`).
    today : ndarray of shape (3,), optional
        Begin each path on a day before which it was much like this (`research.conditions`).
    held : StartState, optional
        What is held before the first day; for the venue engine.
    sheet : int, optional
        Take every path's days from this one of several sheets.
    """

    groups: tuple[Group, ...]
    histories: tuple[Rows | Days, ...]
    n_configs: int
    n_bars: int
    block: float
    seed: int
    price: float
    marks: tuple[int, ...] = ()
    is_predictive: bool = False
    today: FloatArray | None = None
    held: StartState | None = None
    sheet: int | None = None

    @property
    def n_further(self) -> int:
        """How many of `FURTHER` are kept."""
        return len(FURTHER) if isinstance(self.histories[0], Days) else 0

    @cached_property
    def tilts(self) -> tuple[LevelTilt | None, ...]:
        """How each group's levels are shifted along a path; None for plain draws."""
        if not self.is_predictive:
            return (None,) * len(self.groups)
        return tuple(
            level_tilt(rows_of(one), self.block, self.n_bars, further_drivers(one))
            for one in self.histories
        )

    @cached_property
    def chances(self) -> FloatArray:
        """With which row a path begins; the same for all groups, which see the same paths."""
        if self.today is None:
            return ALIKE
        return first_chances(rows_of(self.histories[0]), self.today)


def rows_of(history: Rows | Days) -> Rows:
    """Return a history as rows of a day."""
    return history.rows if isinstance(history, Days) else history


def further_drivers(history: Rows | Days) -> tuple[FloatArray, ...]:
    """Return what is shifted besides funding, carry and hurdle."""
    return (history.stake,) if isinstance(history, Days) else ()


def make_plan(
    market: Market,
    configs: Sequence[ModelConfig],
    bars: IntArray,
    *,
    n_bars: int,
    block: float,
    seed: int,
    shift: Shift | None = None,
    marks: Sequence[int] = (),
    is_predictive: bool = False,
    sheets: Sequence[Market] = (),
    is_from_now: bool = False,
    held: StartState | None = None,
) -> Plan:
    """Lower a market and configurations to a plan.

    Parameters
    ----------
    market : Market
        Daily bars; of any width that divides a day for the venue engine.
    configs : sequence of ModelConfig
        Venues resolved.
    bars : ndarray of int64
        The days to draw from (`drawable_days`).
    n_bars : int
        Days of a path.
    block : float, days
        Mean length of a block; 0 where it is measured (`with_block`).
    sheets : sequence of Market
        Whose bars the venue engine runs on (`sheets_of`).
    is_from_now : bool
        Begin each path on a day before which it was much like it is after the last one.

    Raises
    ------
    ConfigError
        Bars that are not daily, an unresolved venue, a history too short to compare today with.
    DataError
        The market lacks a series.
    """
    for kind in {type(config): config for config in configs}.values():
        model_of(kind).check_market(market)
    groups = tuple(group_configs(configs))
    found = histories(market, groups, bars, shift, sheets, n_bars, is_held=held is not None)
    return Plan(
        groups=groups,
        histories=found,
        n_configs=len(configs),
        n_bars=n_bars,
        block=block,
        seed=seed,
        price=float(market.reference_price.close[-1]),
        marks=tuple(marks),
        is_predictive=is_predictive,
        today=today_of(rows_of(found[0])) if is_from_now else None,
        held=held,
    )


def histories(
    market: Market,
    groups: Sequence[Group],
    bars: IntArray,
    shift: Shift | None,
    sheets: Sequence[Market] = (),
    n_days: int = 0,
    *,
    is_held: bool = False,
) -> tuple[Rows | Days, ...]:
    """Return what each group draws from."""
    found: list[Rows | Days] = []
    for group in groups:
        config: Any = group.config
        if isinstance(model_of(config), StudyModel):
            funding, lending = group.series
            found.append(history_rows(market, bars, funding, lending, shift))
            continue
        count = sheets[0].bar_seconds
        begins = bars * (market.bar_seconds // count)  # days of the market as hours of its sheets
        scenario = shift or Shift()
        found.append(days_of(sheets, config, begins, n_days, scenario, is_held=is_held))
    return tuple(found)


def without(
    plan: Plan, market: Market, bars: IntArray, left: IntArray, shift: Shift | None
) -> Plan:
    """Return a plan that draws from `left` alone, some of the days `bars`."""
    kept, found = np.isin(bars, left), list(plan.histories)
    for number, (group, one) in enumerate(zip(plan.groups, plan.histories, strict=True)):
        found[number] = (
            one.only(kept)
            if isinstance(one, Days)
            else history_rows(market, left, group.series[0], group.series[1], shift)
        )
    return replace(plan, histories=tuple(found))


def run_chunk(plan: Plan, chunk: Chunk) -> Outcomes:
    """Run every configuration over the paths of a chunk.

    Returns
    -------
    Outcomes
    """
    shape = (plan.n_configs, chunk.n_paths)
    fan = np.empty((len(plan.marks), *shape), np.float32)
    further = np.empty((plan.n_further, *shape))
    made = Outcomes(
        np.empty(shape), np.empty(shape), np.empty(shape), fan, np.empty(shape), further
    )
    for group, history, tilt in zip(plan.groups, plan.histories, plan.tilts, strict=True):
        if isinstance(history, Days):
            _run_days(plan, chunk, group, history, tilt, made)
        else:
            _run_rows(plan, chunk, group, history, tilt, made)
    return made


def _run_rows(
    plan: Plan, chunk: Chunk, group: Group, history: Rows, tilt: LevelTilt | None, made: Outcomes
) -> None:
    kept = new_kept(len(group.rows), chunk.n_paths, np.array(plan.marks, np.int64))
    model: Any = model_of(group.config)
    model.run_many()(group.rows, empty_bars(plan.n_bars), history, task_of(plan, chunk, tilt), kept)
    made.final[group.positions] = kept.outcomes[0]
    made.drawdown[group.positions] = kept.outcomes[1]
    made.liquidation[group.positions] = kept.outcomes[2]
    made.hurdle[group.positions] = kept.hurdle
    made.fan[:, group.positions] = kept.fan


def _run_days(
    plan: Plan, chunk: Chunk, group: Group, history: Days, tilt: LevelTilt | None, made: Outcomes
) -> None:
    kept = walk(
        history,
        group.rows,
        day_draws(plan, chunk, history, tilt),
        chunk.n_paths,
        price=plan.price,
        drift=float(np.log(history.rows.close).mean()),
        marks=plan.marks,
        held=plan.held,
    )
    found, skip = dict(zip(drawn.COLUMNS, kept.table, strict=True)), plan.held is not None
    long, short, adl = ((found[name] - skip) / history.count for name in FIRST_DAYS)
    planned = np.array([bool(config.faults) for config in group.rows])
    adl[~planned] = np.nan  # it comes by a plan of faults only: without one nothing is known of it
    made.final[group.positions] = found["final"]
    made.drawdown[group.positions] = found["drawdown"]
    made.liquidation[group.positions] = np.minimum(long, short)
    made.hurdle[group.positions] = kept.hurdle
    made.fan[:, group.positions] = kept.fan
    bars = [found[name] / history.count for name in ("naked_bars", "under_water_bars")]
    columns = [long, short, adl, found["resizes"], found["resize_cost"], *bars]
    made.further[:, group.positions] = np.array(columns)


def day_draws(
    plan: Plan, chunk: Chunk, history: Days, tilt: LevelTilt | None
) -> Iterator[tuple[int, IntArray, DayTilt]]:
    """Yield a number, the rows of the days and the tilt of every path of a chunk."""
    n_rows = len(history.begins)
    tilts = np.tile((0.0, 0.0, 0.0, 0.0, 1.0), (chunk.n_paths, 1))
    if tilt is not None:
        tilts = tilt.draw(plan.seed, chunk.first, chunk.n_paths)
    for k, row in enumerate(tilts.tolist()):
        path = chunk.first + k
        rows = draw_path(plan.n_bars, n_rows, plan.block, plan.seed, path, plan.chances)
        yield path if plan.sheet is None else plan.sheet, rows, DayTilt(*row)


def task_of(plan: Plan, chunk: Chunk, tilt: LevelTilt | None) -> Task:
    """Return what a kernel is told of a chunk's paths."""
    where = (plan.seed, chunk.first, chunk.n_paths, plan.block, plan.price)
    tilts, drift = no_tilts(chunk.n_paths), 0.0
    if tilt is not None:
        tilts, drift = tilt.draw(plan.seed, chunk.first, chunk.n_paths), tilt.drift
    return Task(*where, is_given=False, tilts=tilts, drift=drift, chances=plan.chances)


def chunk_paths(n_paths: int, n_configs: int, n_marks: int, n_further: int = 0) -> list[Chunk]:
    """Split paths into chunks: about sixteen, none larger than `MAX_CHUNK_BYTES`.

    Returns
    -------
    list of Chunk
        In order; together all paths.

    Examples
    --------
    >>> chunk_paths(40, 1, 0)[:2], len(chunk_paths(40, 1, 0))
    ([Chunk(first=0, n_paths=3), Chunk(first=3, n_paths=3)], 14)
    """
    per_path = n_configs * bytes_per_run(n_marks, n_further)
    size = max(1, min(-(-n_paths // 16), MAX_CHUNK_BYTES // per_path))
    return [Chunk(first, min(size, n_paths - first)) for first in range(0, n_paths, size)]


MAX_CHUNK_BYTES = 8_000_000


def bytes_per_run(n_marks: int, n_further: int = 0) -> int:
    """Return how much is kept of one configuration on one path."""
    return (4 + n_further) * 8 + 4 * n_marks
