"""Paths within a day that agree with its open, high, low and close (docs/intraday.md).

A library of walks over one day is drawn once: steps of five minutes on a clock that runs unevenly.
Each walk lies on [0, 1] and touches both ends. A day takes a walk that starts and ends nearly where
the day does, bends its ends to the day's own open and close, and stretches it onto [low, high].

All draws are counter-based: a day's walk depends on (seed, path, day) and on the day's own prices.

References
----------
Box, Muller (1958), "A note on the generation of random normal deviates", Ann. Math. Stat. 29.
Marsaglia, Tsang (2000), "A simple method for generating gamma variables", ACM TOMS 26.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.rng import below, draw

STEPS_A_DAY = 288
"""Five minutes each."""

HOURS_A_DAY = 24
STEPS_AN_HOUR = STEPS_A_DAY // HOURS_A_DAY

BINS = 12
"""Cells along each axis of (start, end)."""

WORD = 4294967296.0
"""2^32: a 32-bit word divided by it is uniform in [0, 1)."""

PICKS = 1 << 62
CLOCK = 1 << 61
STEPS = 1 << 60
"""Where each kind of draw begins among the paths' labels: none meets another's or a bootstrap's."""


class Library(NamedTuple):
    """Walks to choose from.

    ``walks`` of shape (n_levels, n_walks, STEPS_A_DAY + 1), from 0 to 1; ``near`` of shape
    (n_levels, BINS, BINS, n_near): the walks whose start and end lie nearest to a cell's middle; a
    number ``-1 - k`` is walk k upside down. ``widths`` of shape (n_levels - 1,): the
    log(high / low) of a day at which the next level begins.
    """

    walks: NDArray[np.float32]
    near: NDArray[np.int32]
    widths: FloatArray


class Days(NamedTuple):
    """Daily candles: arrays of shape (n_days,), USD per coin; ``number`` counts days from 1970."""

    number: NDArray[np.int64]
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


def normals(seed: int, label: int, number: int) -> tuple[float, float, float, float]:
    """Return four standard normal numbers of one draw."""
    words = draw(seed, label, number)
    first = math.sqrt(-2.0 * math.log((words.a + 1.0) / WORD))
    second = math.sqrt(-2.0 * math.log((words.c + 1.0) / WORD))
    turn, other = 2.0 * math.pi * words.b / WORD, 2.0 * math.pi * words.d / WORD
    return (
        first * math.cos(turn),
        first * math.sin(turn),
        second * math.cos(other),
        second * math.sin(other),
    )


def gamma(shape: float, seed: int, label: int, number: int) -> float:
    """Return a gamma number of mean `shape`, by at most 33 draws from `number` on.

    One try in 25 fails at most, so that 16 tries are enough in all but one of 10^22 cases.
    """
    centre = shape + 1.0 - 1.0 / 3.0
    spread = 1.0 / math.sqrt(9.0 * centre)
    cube = 1.0
    for attempt in range(16):
        normal = normals(seed, label, number + 2 * attempt)[0]
        words = draw(seed, label, number + 2 * attempt + 1)
        cube = max(1.0 + spread * normal, 0.0) ** 3
        chance = (words.a + 1.0) / WORD
        if cube > 0.0 and math.log(chance) < 0.5 * normal**2 + centre * (
            1.0 - cube + math.log(cube)
        ):
            break
    # from shape + 1 down to shape
    lift = (draw(seed, label, number + 32).a + 1.0) / WORD
    return float(centre * cube * lift ** (1.0 / shape))


def draw_walk(
    walk: NDArray[np.float32], weights: FloatArray, shape: float, seed: int, number: int
) -> float:
    """Draw one walk onto [0, 1]; return its range over the root of its hours' squared moves.

    `weights`, shape (24,), are the hours' mean shares in the day's variance, and `shape` is that of
    the gamma factor on each: the smaller, the more of a day happens in one hour.
    """
    way = np.empty(STEPS_A_DAY + 1)
    way[0] = 0.0
    lowest, highest, squares = 0.0, 0.0, 0.0
    for hour in range(HOURS_A_DAY):
        pace = gamma(shape, seed, CLOCK + number, 64 * hour)
        scale = math.sqrt(weights[hour] * pace)
        start = hour * STEPS_AN_HOUR
        for first in range(start, start + STEPS_AN_HOUR, 4):
            fours = normals(seed, STEPS + number, first // 4)
            for part in range(4):
                at = way[first + part] + scale * fours[part]
                way[first + part + 1] = at
                lowest, highest = min(lowest, at), max(highest, at)
        squares += (way[start + STEPS_AN_HOUR] - way[start]) ** 2
    for step in range(STEPS_A_DAY + 1):
        walk[step] = (way[step] - lowest) / (highest - lowest)
    return (highest - lowest) / math.sqrt(squares)


def draw_walks(
    walks: NDArray[np.float32],
    reach: FloatArray,
    weights: FloatArray,
    shape: float,
    seed: int,
    first: int,
) -> None:
    """Draw the walks from number `first` on, and how far each reaches; see `draw_walk`."""
    for index in range(len(walks)):
        reach[index] = draw_walk(walks[index], weights, shape, seed, first + index)


def level_of(widths: FloatArray, low: float, high: float) -> int:
    """Return the level of a day: how many widths its log(high / low) reaches."""
    width, level = math.log(high / low), 0
    while level < len(widths) and width >= widths[level]:
        level += 1
    return level


def share_of(price: float, low: float, high: float) -> float:
    """Return how far from low to high a price lies; the middle where they are one."""
    return (price - low) / (high - low) if high > low else 0.5


def cell_of(share: float) -> int:
    """Return the cell of a start or an end."""
    return min(int(share * BINS), BINS - 1)


def pick(library: Library, days: Days, day: int, seed: int, path: int) -> tuple[int, int]:
    """Return the level and the walk of a day on a path."""
    low, high = days.low[day], days.high[day]
    level = level_of(library.widths, low, high)
    start, end = share_of(days.open[day], low, high), share_of(days.close[day], low, high)
    near = library.near[level, cell_of(start), cell_of(end)]
    word = draw(seed, PICKS + path, days.number[day]).a
    return level, int(near[below(word, len(near))])


def bend(way: FloatArray, walk: NDArray[np.float32], number: int, start: float, end: float) -> None:
    """Write a walk with its ends moved: by a line before its first extreme and after its last."""
    is_down = number < 0
    first, last = -1, 0
    for step in range(STEPS_A_DAY + 1):
        at = 1.0 - walk[step] if is_down else float(walk[step])
        way[step] = at
        if at <= 0.0 or at >= 1.0:
            first = step if first < 0 else first
            last = step
    shift = start - way[0]
    for step in range(first):
        way[step] = min(max(way[step] + shift * (1.0 - step / first), 0.0), 1.0)
    shift, rest = end - way[STEPS_A_DAY], STEPS_A_DAY - last
    for step in range(last + 1, STEPS_A_DAY + 1):
        way[step] = min(max(way[step] + shift * ((step - last) / rest), 0.0), 1.0)
    way[0], way[STEPS_A_DAY] = start, end


def fill_day(bars: FloatArray, way: FloatArray, days: Days, day: int) -> None:
    """Write a day's bars, shape (4, n_bars_a_day): open, high, low, close."""
    low, high = days.low[day], days.high[day]
    count = bars.shape[1]
    width = STEPS_A_DAY // count
    for index in range(count):
        first = index * width
        lowest = highest = way[first]
        for step in range(first + 1, first + width + 1):
            lowest, highest = min(lowest, way[step]), max(highest, way[step])
        bars[0, index] = stretched(way[first], low, high)
        bars[1, index] = stretched(highest, low, high)
        bars[2, index] = stretched(lowest, low, high)
        bars[3, index] = stretched(way[first + width], low, high)
    # to the bit: rounding on the way must not move what is known
    bars[0, 0], bars[3, count - 1] = days.open[day], days.close[day]
    bars[1, 0] = max(bars[1, 0], days.open[day])
    bars[2, 0] = min(bars[2, 0], days.open[day])
    bars[1, count - 1] = max(bars[1, count - 1], days.close[day])
    bars[2, count - 1] = min(bars[2, count - 1], days.close[day])


def stretched(share: float, low: float, high: float) -> float:
    """Return the price a share of the way from low to high, and the very ends at 0 and 1."""
    if share >= 1.0:
        return high
    return min(low + share * (high - low), high)


def fill_path(
    bars: FloatArray, library: Library, lead: Days, days: Days, seed: int, path: int
) -> None:
    """Write one path of one price, shape (4, n_days * n_bars_a_day).

    `lead` chooses the walks, so that several prices of a market move together; a price that leads
    itself is handed twice.
    """
    way = np.empty(STEPS_A_DAY + 1)
    n_days = len(days.open)
    count = bars.shape[1] // n_days
    for day in range(n_days):
        level, number = pick(library, lead, day, seed, path)
        walk = library.walks[level, number if number >= 0 else -1 - number]
        low, high = days.low[day], days.high[day]
        start, end = share_of(days.open[day], low, high), share_of(days.close[day], low, high)
        bend(way, walk, number, start, end)
        fill_day(bars[:, day * count : (day + 1) * count], way, days, day)


def cut_wicks(bars: FloatArray, days: Days, part: float) -> None:
    """Keep only a part of what lies beyond each day's body, its open and its close."""
    n_days = len(days.open)
    count = bars.shape[1] // n_days
    for day in range(n_days):
        bottom = min(days.open[day], days.close[day])
        top = max(days.open[day], days.close[day])
        for row in range(4):
            for index in range(day * count, (day + 1) * count):
                price = bars[row, index]
                if price > top:
                    bars[row, index] = top + part * (price - top)
                elif price < bottom:
                    bars[row, index] = bottom + part * (price - bottom)


compile_module(globals())
