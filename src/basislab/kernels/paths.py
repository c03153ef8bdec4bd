"""Every configuration over every path of a chunk: drawn paths, or one that is given.

The one entry for many runs, so that a model is compiled once for sweeps and Monte-Carlo. Paths are
drawn here, from (seed, path number), and never leave the cache.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels import conditional, rotation, static
from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bars, FloatArray
from basislab.kernels.bootstrap import ALIKE, Rows, Tilt, draw_rows, fill_bars, new_bars
from basislab.kernels.lane import LANES
from basislab.kernels.lanes import new_scratch, run_lanes, run_undecided
from basislab.kernels.outcome import Outcome
from basislab.kernels.path import fill_path, new_path
from basislab.kernels.summary import DRAWDOWN, FINAL, FIRST_LIQUIDATION, summarize

Float32Array = NDArray[np.float32]

KEPT_COLUMNS = (FINAL, DRAWDOWN, FIRST_LIQUIDATION)
"""What a chunk keeps of every run: columns of its summary."""


class Task(NamedTuple):
    """Which paths: ``n_paths`` of them from number ``first``; with ``is_given`` the given one.

    ``block`` is the mean block length in bars, ``price`` the close before the first bar. ``tilts``
    of shape (n_paths, 4) holds the first four fields of every path's `Tilt`, ``drift`` the last.
    ``chances`` say with which row a path begins (`draw_rows`).
    """

    seed: int
    first: int
    n_paths: int
    block: float
    price: float
    is_given: bool
    tilts: FloatArray
    drift: float
    chances: FloatArray = ALIKE


class Kept(NamedTuple):
    """What comes out of a chunk.

    ``table`` of shape (n_configs, N_COLUMNS): summaries of the last path. ``outcomes`` of shape
    (3, n_configs, n_paths): `KEPT_COLUMNS` of all. ``fan`` of shape (n_marks, n_configs, n_paths),
    USD: equity at the marks, bars of ``marks``. ``hurdle`` of shape (n_paths,): its return.
    """

    table: FloatArray
    outcomes: FloatArray
    fan: Float32Array
    hurdle: FloatArray
    marks: NDArray[np.int64]


def next_bars(
    bars: Bars, numbers: NDArray[np.int64], given: Bars, history: Rows, task: Task, k: int
) -> float:
    """Fill `bars` with path k of the task and return the hurdle's return over it."""
    if task.is_given:
        for i in range(len(given.close)):
            bars.high[i] = given.high[i]
            bars.low[i] = given.low[i]
            bars.close[i] = given.close[i]
            bars.supply[i] = given.supply[i]
            bars.borrow[i] = given.borrow[i]
            bars.funding[i] = given.funding[i]
        return 0.0
    draw_rows(numbers, len(history.close), task.block, task.seed, task.first + k, task.chances)
    row = task.tilts[k]
    tilt = Tilt(row[0], row[1], row[2], row[3], task.drift)
    return fill_bars(bars, history, numbers, task.price, tilt)


def keep(kept: Kept, equity: FloatArray, hurdle: float, k: int) -> None:
    """Copy what is kept of path k; `equity` has shape (n_configs, n_marks), USD."""
    kept.hurdle[k] = hurdle
    for config in range(len(kept.table)):
        kept.outcomes[0, config, k] = kept.table[config, FINAL]
        kept.outcomes[1, config, k] = kept.table[config, DRAWDOWN]
        kept.outcomes[2, config, k] = kept.table[config, FIRST_LIQUIDATION]
    for mark in range(len(kept.marks)):
        for config in range(len(kept.table)):
            kept.fan[mark, config, k] = equity[config, mark]


def note(
    outcome: Outcome,
    capital: float,
    config: int,
    table: FloatArray,
    equity: FloatArray,
    marks: NDArray[np.int64],
) -> None:
    """Write one scalar run into the table and the fan."""
    summarize(outcome, capital, table[config])
    for mark in range(len(marks)):
        equity[config, mark] = outcome.equity[marks[mark]]


def run_rebalance(rows: FloatArray, given: Bars, history: Rows, task: Task, kept: Kept) -> None:
    """Run the rebalance model in lanes.

    Parameters
    ----------
    rows : ndarray of shape (n_configs, 10)
        Fields of the model's ``Params`` in their order; neighbours should be alike.
    given : Bars
        The path where the task is given one; else only its length is read.
    kept : Kept
        Overwritten.
    """
    bars, numbers = new_bars(len(given.close)), np.empty(len(given.close), np.int64)
    equity = np.empty((len(rows), len(kept.marks)))
    path, scratch = new_path(bars), new_scratch()
    for k in range(task.n_paths):
        hurdle = next_bars(bars, numbers, given, history, task, k)
        fill_path(path)
        for first in range(0, len(rows), LANES):
            run_lanes(rows, first, path, kept.marks, scratch, kept.table, equity)
        run_undecided(rows, bars, kept.marks, kept.table, equity)
        keep(kept, equity, hurdle, k)


def run_static(rows: FloatArray, given: Bars, history: Rows, task: Task, kept: Kept) -> None:
    """Run the static model; parameters as for `run_rebalance`."""
    bars, numbers = new_bars(len(given.close)), np.empty(len(given.close), np.int64)
    equity = np.empty((len(rows), len(kept.marks)))
    for k in range(task.n_paths):
        hurdle = next_bars(bars, numbers, given, history, task, k)
        for config in range(len(rows)):
            row = rows[config]
            params = static.Params(row[0], row[1], row[2], row[3], row[4], int(row[5]))
            outcome = static.run(params, bars)
            note(outcome, row[0], config, kept.table, equity, kept.marks)
        keep(kept, equity, hurdle, k)


def run_rotation(rows: FloatArray, given: Bars, history: Rows, task: Task, kept: Kept) -> None:
    """Run the rotation model; parameters as for `run_rebalance`."""
    bars, numbers = new_bars(len(given.close)), np.empty(len(given.close), np.int64)
    equity = np.empty((len(rows), len(kept.marks)))
    for k in range(task.n_paths):
        hurdle = next_bars(bars, numbers, given, history, task, k)
        for config in range(len(rows)):
            row = rows[config]
            params = rotation.Params(
                row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8]
            )
            outcome = rotation.run(params, bars)
            note(outcome, row[0], config, kept.table, equity, kept.marks)
        keep(kept, equity, hurdle, k)


def run_conditional(rows: FloatArray, given: Bars, history: Rows, task: Task, kept: Kept) -> None:
    """Run the conditional model; parameters as for `run_rebalance`."""
    bars, numbers = new_bars(len(given.close)), np.empty(len(given.close), np.int64)
    equity = np.empty((len(rows), len(kept.marks)))
    for k in range(task.n_paths):
        hurdle = next_bars(bars, numbers, given, history, task, k)
        for config in range(len(rows)):
            row = rows[config]
            params = conditional.Params(
                row[0], row[1], row[2], row[3], int(row[4]), row[5], row[6], row[7], row[8]
            )
            outcome = conditional.run(params, bars)
            note(outcome, row[0], config, kept.table, equity, kept.marks)
        keep(kept, equity, hurdle, k)


compile_module(globals())
