"""Many rebalance configurations on one path, side by side (docs/sweeps.md, section "Lanes").

Between two events the state of a lane is a product of what it held after the last one and of what
the path did since, and the second factor is the same for every lane. With the path's
``G = prod(1 + supply)``, ``B = prod(1 + borrow)`` and ``F = sum(funding * close)`` the scaled state
``Q = q / G``, ``D = d / B``, ``M = m + c e - c F`` is constant, and

    long equity = Q G p - D B,    short equity = M + c (F - p).

So a bar is a handful of multiplications for all lanes at once, without a branch, and one question:
did any lane fire? Those that did are unscaled and handed to the very functions of `rebalance`.
Carry, funding and revaluation are booked at events from the path's prefix sums.

The lane test is wider than the exact one by `GUARD`. A lane that meets a threshold to within
`GUARD` is not decided here, where rounding differs from the scalar kernel's, but run again by it:
the counts are the scalar kernel's on every path.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bars, FloatArray
from basislab.kernels.lane import (
    BUFFER_SIZE,
    COINS,
    CONTRACTS,
    DEBT,
    LANES,
    LONG_LIMIT,
    LONG_TRIGGER,
    MARGIN,
    PEAK,
    SHORT_LIMIT,
    SHORT_TRIGGER,
    WORST,
    WORST_PEAK,
    close_lane,
    fire,
    open_lane,
    params_of,
    retire,
)
from basislab.kernels.path import Path, now_at
from basislab.kernels.rebalance import run
from basislab.kernels.summary import FINAL, summarize

STEP = 32
"""A block is as wide as it must be, in steps that the compiler unrolls without a remainder."""


class Scratch(NamedTuple):
    """Working memory of one thread: the lanes, which of them fired, and the same by eights."""

    buffer: FloatArray
    fired: NDArray[np.uint8]
    words: NDArray[np.uint64]


def new_scratch() -> Scratch:
    """Return working memory for `run_lanes`."""
    fired = np.zeros(LANES, np.uint8)
    return Scratch(np.zeros(BUFFER_SIZE), fired, fired.view(np.uint64))


def sweep_bar(scratch: Scratch, path: Path, i: int, width: int) -> None:
    """Mark the equity at the close of bar ``i - 1`` and flag who may fire on bar `i`; no branch.

    One pass over the lanes for both, because loading their state is what takes the time. The
    drawdown ``1 - e / peak`` is deepest where ``e / peak`` is smallest; the two are kept apart and
    compared crosswise, which spares a division per bar.
    """
    buffer, fired, before = scratch.buffer, scratch.fired, max(i - 1, 0)
    was_close, was_debt = path.growth_close[before], path.debt_growth[before]
    was_short = path.funding_sum[before] - path.bars.close[before]
    close, high, funding_sum = path.bars.close[i], path.bars.high[i], path.funding_sum[i]
    at_close, at_low, debt_growth = path.growth_close[i], path.growth_low[i], path.debt_growth[i]
    for lane in range(width):
        owed, posted = buffer[DEBT + lane], buffer[MARGIN + lane]
        contracts = buffer[CONTRACTS + lane]
        equity = (buffer[COINS + lane] * was_close - owed * was_debt) + (
            posted + contracts * was_short
        )
        peak = max(buffer[PEAK + lane], equity)
        is_worse = equity * buffer[WORST_PEAK + lane] < buffer[WORST + lane] * peak
        buffer[PEAK + lane] = peak
        buffer[WORST + lane] = equity if is_worse else buffer[WORST + lane]
        buffer[WORST_PEAK + lane] = peak if is_worse else buffer[WORST_PEAK + lane]
        debt = owed * debt_growth
        margin = posted + contracts * funding_sum
        fired[lane] = (
            (buffer[LONG_TRIGGER + lane] * at_close <= debt)
            | (buffer[LONG_LIMIT + lane] * at_low <= debt)
            | (margin <= buffer[SHORT_TRIGGER + lane] * close)
            | (margin <= buffer[SHORT_LIMIT + lane] * high)
        )


def fire_flagged(
    scratch: Scratch, path: Path, i: int, width: int, rows: FloatArray, first: int, out: FloatArray
) -> None:
    """Handle the marked lanes, skipping eight at a time where none is."""
    buffer, fired, words = scratch.buffer, scratch.fired, scratch.words
    for word in range(width // 8):
        if words[word] != 0:
            for lane in range(8 * word, 8 * word + 8):
                if fired[lane]:
                    config = first + lane
                    fire(buffer, lane, params_of(rows, config), now_at(path, i), out, config)


def start_peaks(buffer: FloatArray, rows: FloatArray, first: int, count: int) -> None:
    """Let the peak of every lane begin at its capital."""
    for lane in range(count):
        for array in (PEAK, WORST, WORST_PEAK):
            buffer[array + lane] = rows[first + lane, 0]


def mark_last(buffer: FloatArray, path: Path, count: int) -> None:
    """Mark the equity at the last close, which no later pass sees."""
    last = len(path.bars.close) - 1
    for lane in range(count):
        equity = equity_of(buffer, lane, path, last)
        peak = max(buffer[PEAK + lane], equity)
        if equity * buffer[WORST_PEAK + lane] < buffer[WORST + lane] * peak:
            buffer[WORST + lane] = equity
            buffer[WORST_PEAK + lane] = peak


def equity_of(buffer: FloatArray, lane: int, path: Path, i: int) -> float:
    """Return the equity of a lane at the close of bar `i`."""
    held = buffer[COINS + lane] * path.growth_close[i] - buffer[DEBT + lane] * path.debt_growth[i]
    short = path.funding_sum[i] - path.bars.close[i]
    return float(held + (buffer[MARGIN + lane] + buffer[CONTRACTS + lane] * short))


def run_lanes(
    rows: FloatArray,
    first: int,
    path: Path,
    marks: NDArray[np.int64],
    scratch: Scratch,
    out: FloatArray,
    fan: FloatArray,
) -> None:
    """Run up to `LANES` configurations over one path.

    Parameters
    ----------
    rows : ndarray of shape (n_configs, 10)
        Fields of `Params` in their order; configurations ``first`` to ``first + LANES`` are run.
    path : Path
        Filled.
    marks : ndarray of int64, shape (n_marks,), increasing
        Bars at whose close the equity is kept.
    out : ndarray of shape (n_configs, N_COLUMNS)
        Rows ``first`` on are overwritten; a NaN in ``final`` asks for `run_undecided`.
    fan : ndarray of shape (n_configs, n_marks), USD
        Equity at the marks, overwritten alike.
    """
    count, n_bars = min(LANES, len(rows) - first), len(path.bars.close)
    width = (count + STEP - 1) // STEP * STEP
    buffer, price = scratch.buffer, path.bars.close[0]
    for lane in range(width):
        retire(buffer, lane)
    for lane in range(count):
        open_lane(buffer, lane, params_of(rows, first + lane), price, out, first + lane)
    mark = 0
    for i in range(n_bars):
        sweep_bar(scratch, path, i, width)
        if i == 0:  # nothing was held at a close before the first
            start_peaks(buffer, rows, first, count)
        fire_flagged(scratch, path, i, width, rows, first, out)
        if mark < len(marks) and marks[mark] == i:
            for lane in range(count):
                fan[first + lane, mark] = equity_of(buffer, lane, path, i)
            mark += 1
    mark_last(buffer, path, count)
    end = now_at(path, n_bars - 1)
    for lane in range(count):
        if not np.isnan(out[first + lane, FINAL]):
            close_lane(buffer, lane, params_of(rows, first + lane), end, out, first + lane)


def run_undecided(
    rows: FloatArray, bars: Bars, marks: NDArray[np.int64], out: FloatArray, fan: FloatArray
) -> None:
    """Run what the lanes left undecided (final equity NaN) through the scalar kernel."""
    for config in range(len(rows)):
        if np.isnan(out[config, FINAL]):
            outcome = run(params_of(rows, config), bars)
            summarize(outcome, rows[config, 0], out[config])
            for mark in range(len(marks)):
                fan[config, mark] = outcome.equity[marks[mark]]


compile_module(globals())
