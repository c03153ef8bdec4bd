"""Joint Monte-Carlo: many configurations over many drawn paths, a chunk of paths at a time.

A chunk is named by the numbers of its paths and nothing else: what it gives depends on the plan and
on those numbers, not on who runs it, when, or how the paths are split into chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.kernels.bootstrap import Rows, no_tilts
from basislab.kernels.paths import Task
from basislab.research.bootstrap import IntArray, Shift, history_rows
from basislab.research.predictive import LevelTilt, level_tilt
from basislab.research.search import Group, group_configs
from basislab.simulate import StudyModel, model_of
from basislab.simulate.study.many import empty_bars, new_kept
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market


class Chunk(NamedTuple):
    """Paths ``first`` to ``first + n_paths - 1``."""

    first: int
    n_paths: int


class Outcomes(NamedTuple):
    """What is kept of every run, in the order of the configurations.

    ``final`` (USD), ``drawdown`` (fraction) and ``liquidation`` (bar of the first one, inf where
    there is none) of shape (n_configs, n_paths); ``fan`` of shape (n_marks, n_configs, n_paths),
    USD, float32; ``hurdle`` of shape (n_configs, n_paths), fraction.
    """

    final: FloatArray
    drawdown: FloatArray
    liquidation: FloatArray
    fan: NDArray[np.float32]
    hurdle: FloatArray


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that paths and runs follow from.

    Parameters
    ----------
    histories : tuple of Rows
        What each group draws from; all have the same number of rows.
    price : float, USD per coin
        The close before the first bar.
    marks : tuple of int
        Bars of the equity fan.
    is_predictive : bool
        Shift the levels of every path (`research.predictive`).
    """

    groups: tuple[Group, ...]
    histories: tuple[Rows, ...]
    n_configs: int
    n_bars: int
    block: float
    seed: int
    price: float
    marks: tuple[int, ...] = ()
    is_predictive: bool = False

    @cached_property
    def tilts(self) -> tuple[LevelTilt | None, ...]:
        """How each group's levels are shifted along a path; None for plain draws."""
        if not self.is_predictive:
            return (None,) * len(self.groups)
        return tuple(level_tilt(rows, self.block, self.n_bars) for rows in self.histories)


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
) -> Plan:
    """Lower a market and configurations to a plan.

    Parameters
    ----------
    market : Market
        Daily bars.
    configs : sequence of ModelConfig
        Venues resolved.
    bars : ndarray of int64
        The bars to draw from (`drawable_bars`).
    n_bars : int
        Length of a path.
    block : float, bars
        Mean length of a block.

    Raises
    ------
    ConfigError
        Bars that are not daily, an unresolved venue.
    DataError
        The market lacks a series.
    """
    for config in configs:
        drawn_model(config).check_market(market)
    groups = tuple(group_configs(configs))
    return Plan(
        groups=groups,
        histories=histories(market, groups, bars, shift),
        n_configs=len(configs),
        n_bars=n_bars,
        block=block,
        seed=seed,
        price=float(market.reference_price.close[-1]),
        marks=tuple(marks),
        is_predictive=is_predictive,
    )


def histories(
    market: Market, groups: Sequence[Group], bars: IntArray, shift: Shift | None
) -> tuple[Rows, ...]:
    """Return what each group draws from."""
    keys = [group.series for group in groups]
    return tuple(history_rows(market, bars, funding, lending, shift) for funding, lending in keys)


def drawn_model(config: ModelConfig) -> StudyModel:
    """Return a model whose bars can be drawn; a whole day is, and the venue engine's are not."""
    model = model_of(config)
    if isinstance(model, StudyModel):
        return model
    raise ConfigError(
        "montecarlo: the venue engine runs on history only; its bars within a day are not "
        "drawn yet. Use a model of the study, or bl.sweep and bl.certify for the engine."
    )


def run_chunk(plan: Plan, chunk: Chunk) -> Outcomes:
    """Run every configuration over the paths of a chunk.

    Returns
    -------
    Outcomes
    """
    shape = (plan.n_configs, chunk.n_paths)
    marks = np.array(plan.marks, np.int64)
    fan = np.empty((len(marks), *shape), np.float32)
    made = Outcomes(np.empty(shape), np.empty(shape), np.empty(shape), fan, np.empty(shape))
    for group, history, tilt in zip(plan.groups, plan.histories, plan.tilts, strict=True):
        kept = new_kept(len(group.rows), chunk.n_paths, marks)
        task = task_of(plan, chunk, tilt)
        run_many = drawn_model(group.config).run_many()
        run_many(group.rows, empty_bars(plan.n_bars), history, task, kept)
        made.final[group.positions] = kept.outcomes[0]
        made.drawdown[group.positions] = kept.outcomes[1]
        made.liquidation[group.positions] = kept.outcomes[2]
        made.hurdle[group.positions] = kept.hurdle
        made.fan[:, group.positions] = kept.fan
    return made


def task_of(plan: Plan, chunk: Chunk, tilt: LevelTilt | None) -> Task:
    """Return what a kernel is told of a chunk's paths."""
    where = (plan.seed, chunk.first, chunk.n_paths, plan.block, plan.price)
    if tilt is None:
        return Task(*where, is_given=False, tilts=no_tilts(chunk.n_paths), drift=0.0)
    tilts = tilt.draw(plan.seed, chunk.first, chunk.n_paths)
    return Task(*where, is_given=False, tilts=tilts, drift=tilt.drift)


def chunk_paths(n_paths: int, n_configs: int, n_marks: int) -> list[Chunk]:
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
    per_path = n_configs * bytes_per_run(n_marks)
    size = max(1, min(-(-n_paths // 16), MAX_CHUNK_BYTES // per_path))
    return [Chunk(first, min(size, n_paths - first)) for first in range(0, n_paths, size)]


MAX_CHUNK_BYTES = 8_000_000


def bytes_per_run(n_marks: int) -> int:
    """Return how much is kept of one configuration on one path."""
    return 4 * 8 + 4 * n_marks
