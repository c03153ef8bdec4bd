"""Whole days of a history chained into one path, and what is kept of a run over it.

A day brings its own bars, each as ratios to the close before; the other prices keep their ratios to
the reference price of the same bar. Arrays of a path have shape (n_bars,), days back to back.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.events import BOTH, LONG, SHORT
from basislab.kernels.venue.bars import Bars, Candles, IntArray
from basislab.kernels.venue.events import ADL, LIQUIDATION, RESIZE
from basislab.kernels.venue.totals import Totals

Float32Array = NDArray[np.float32]

COLUMNS = (
    "final",
    "drawdown",
    "liquidation_long",
    "liquidation_short",
    "adl",
    "resizes",
    "resize_cost",
    "naked_bars",
    "under_water_bars",
)
"""What is kept of every run: USD, a fraction, bars of the first of each, a count, USD, bars.

A bar that never came is inf; ``under_water_bars`` is the longest stretch below an earlier peak.
"""

(
    FINAL,
    DRAWDOWN,
    FIRST_LONG,
    FIRST_SHORT,
    FIRST_ADL,
    RESIZES,
    RESIZE_COST,
    NAKED,
    UNDER_WATER,
) = range(9)


def follow(
    factors: Candles,
    lead: Candles,
    begins: IntArray,
    count: int,
    price: float,
    power: float,
    drift: float,
) -> None:
    """Write by what each drawn price of the reference, and so of the others, is multiplied.

    Parameters
    ----------
    factors : Candles
        Overwritten.
    lead : Candles
        The history of the reference price.
    begins : ndarray of int64, shape (n_days,)
        First bars of the drawn days in the history, each above 0.
    count : int
        Bars of a day.
    price : float, USD per coin
        The close before the path.
    power, drift : float
        Log price ratios to the close before are widened, ``x -> drift + power (x - drift)``.
    """
    scale = math.exp((1.0 - power) * drift)
    for day in range(len(begins)):
        begin, at = begins[day], day * count
        if power == 1.0:
            factor = price / lead.close[begin - 1]
            for i in range(at, at + count):
                factors.open[i] = factor
                factors.high[i] = factor
                factors.low[i] = factor
                factors.close[i] = factor
            price = factor * lead.close[begin + count - 1]
            continue
        for k in range(count):
            before = lead.close[begin + k - 1]
            step = price * scale
            factors.open[at + k] = _widened(lead.open[begin + k], before, step, power)
            factors.high[at + k] = _widened(lead.high[begin + k], before, step, power)
            factors.low[at + k] = _widened(lead.low[begin + k], before, step, power)
            factors.close[at + k] = _widened(lead.close[begin + k], before, step, power)
            price = factors.close[at + k] * lead.close[begin + k]


def _widened(known: float, before: float, step: float, power: float) -> float:
    return float(step * (known / before) ** power / known)


def take_candles(
    made: Candles, known: Candles, factors: Candles, begins: IntArray, count: int
) -> None:
    """Write one price along the path."""
    for day in range(len(begins)):
        begin, at = begins[day], day * count
        for k in range(count):
            i, j = at + k, begin + k
            made.open[i] = known.open[j] * factors.open[i]
            made.high[i] = known.high[j] * factors.high[i]
            made.low[i] = known.low[j] * factors.low[i]
            made.close[i] = known.close[j] * factors.close[i]


def take(
    made: FloatArray,
    known: FloatArray,
    begins: IntArray,
    count: int,
    shift: float,
    least: float,
    most: float,
) -> None:
    """Write one rate along the path, shifted by the same amount in every bar and kept in bounds."""
    for day in range(len(begins)):
        begin, at = begins[day], day * count
        for k in range(count):
            made[at + k] = min(max(known[begin + k] + shift, least), most)


def find_worst(worst_mark: FloatArray, worst_oracle: FloatArray, bars: Bars) -> None:
    """Write the largest mark of every bar, open and close included, and the smallest oracle price.

    What is infinite stays so: there the short is cut.
    """
    for i in range(len(worst_mark)):
        upper = max(bars.mark.open[i], bars.mark.close[i])
        lower = min(bars.oracle.open[i], bars.oracle.close[i])
        if worst_mark[i] < np.inf:
            worst_mark[i] = max(bars.mark.high[i], upper)
        worst_oracle[i] = min(bars.oracle.low[i], lower)


def longest_under(curve: FloatArray, capital: float) -> int:
    """Return the longest run of closes below an earlier peak."""
    peak, longest, current = capital, 0, 0
    for value in curve:
        if value >= peak:
            peak, current = value, 0
        else:
            current += 1
            longest = max(longest, current)
    return longest


def note(kept: Totals, capital: float, marks: IntArray, row: FloatArray, fan: Float32Array) -> None:
    """Write `COLUMNS` of a run, and the equity at the marks."""
    row[FINAL], row[DRAWDOWN] = kept.final, kept.drawdown
    row[FIRST_LONG] = row[FIRST_SHORT] = row[FIRST_ADL] = np.inf
    row[RESIZES] = row[RESIZE_COST] = 0.0
    for number in range(kept.log.filled[0]):
        event = kept.log.rows[number]
        kind, leg = int(event[1]), int(event[2])
        if kind == LIQUIDATION and leg in (LONG, BOTH):
            row[FIRST_LONG] = min(row[FIRST_LONG], event[0])
        if kind == LIQUIDATION and leg in (SHORT, BOTH):
            row[FIRST_SHORT] = min(row[FIRST_SHORT], event[0])
        if kind == ADL:
            row[FIRST_ADL] = min(row[FIRST_ADL], event[0])
        if kind == RESIZE:
            row[RESIZES] += 1.0
            row[RESIZE_COST] += event[5]
    row[NAKED] = kept.naked_bars
    row[UNDER_WATER] = longest_under(kept.curve, capital)
    for mark in range(len(marks)):
        fan[mark] = kept.curve[marks[mark]]


compile_module(globals(), inline=False, owners=())
