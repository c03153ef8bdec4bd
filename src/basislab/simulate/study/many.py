"""Many rows of parameters over one path or many: the common form of the kernels in `paths`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basislab.kernels import paths
from basislab.kernels.bars import Bars
from basislab.kernels.bootstrap import Rows, new_bars
from basislab.kernels.paths import KEPT_COLUMNS, Kept, Task
from basislab.kernels.summary import N_COLUMNS
from basislab.types.market import FloatArray

Many = Callable[[FloatArray, Bars, Rows, Task, Kept], None]
"""Runs parameter rows over the task's paths (`paths.run_rebalance`)."""


def empty_bars(n_bars: int) -> Bars:
    """Return bars of zeros: what a task without a given path reads the length of."""
    return Bars(*(np.zeros(n_bars) for _ in Bars._fields))


def no_rows() -> Rows:
    """Return a history of no rows, for a task with a given path."""
    return Rows(*(np.zeros(0) for _ in Rows._fields))


def new_kept(n_configs: int, n_paths: int, marks: NDArray[np.int64]) -> Kept:
    """Return room for what a chunk keeps."""
    return Kept(
        table=np.empty((n_configs, N_COLUMNS)),
        outcomes=np.empty((len(KEPT_COLUMNS), n_configs, n_paths)),
        fan=np.empty((len(marks), n_configs, n_paths), np.float32),
        hurdle=np.empty(n_paths),
        marks=marks,
    )


def one_by_one(kernel: Any) -> Many:
    """Return the runs of a kernel that has no form in `paths` of its own: slower, the same bits."""
    kinds = [int if kind in (int, "int") else float for kind in _kinds(kernel.Params)]

    def many(rows: FloatArray, given: Bars, history: Rows, task: Task, kept: Kept) -> None:
        told = [
            kernel.Params(*(kind(value) for kind, value in zip(kinds, row, strict=True)))
            for row in rows.tolist()
        ]
        bars, numbers = new_bars(len(given.close)), np.empty(len(given.close), np.int64)
        equity = np.empty((len(rows), len(kept.marks)))
        for path in range(task.n_paths):
            hurdle = paths.next_bars(bars, numbers, given, history, task, path)
            for config, params in enumerate(told):
                outcome = kernel.run(params, bars)
                paths.note(outcome, params.capital, config, kept.table, equity, kept.marks)
            paths.keep(kept, equity, hurdle, path)

    return many


def _kinds(params: Any) -> list[Any]:
    return [params.__annotations__[name] for name in params._fields]
