"""Joint stationary bootstrap: whole rows of the history, in blocks of geometric length.

A row holds everything that happened on one bar: the closing price and the extremes as ratios to the
close before, both lending rates, funding and the hurdle. Rows are drawn whole, so what happened
together stays together.

References
----------
Politis, Romano (1994), "The stationary bootstrap", J. Amer. Statist. Assoc. 89, 1303-1313.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bars, FloatArray
from basislab.kernels.rng import below, draw

WORD = 4294967296.0
"""2^32: a 32-bit word divided by it is uniform in [0, 1)."""

ALIKE: FloatArray = np.zeros(0)
"""Chances of rows that are all as likely to be a path's first one."""


class Rows(NamedTuple):
    """History to draw from: arrays of shape (n_rows,), float64.

    ``high, low, close`` as ratios to the close before; ``supply, borrow`` as simple rates and
    ``funding`` as fraction of notional per bar; ``hurdle``: growth of a supplied dollar.
    """

    high: FloatArray
    low: FloatArray
    close: FloatArray
    supply: FloatArray
    borrow: FloatArray
    funding: FloatArray
    hurdle: FloatArray


def draw_rows(
    rows: NDArray[np.int64], n_rows: int, block: float, seed: int, path: int, chances: FloatArray
) -> None:
    """Draw the row numbers of one path.

    Each bar begins a new block at a uniformly drawn row with probability ``1 / block``, else it
    takes the row after the last one; the history is a ring.

    Parameters
    ----------
    rows : ndarray of int64, shape (n_bars,)
        Overwritten.
    block : float, bars
        Mean length of a block, >= 1.
    seed, path : int, >= 0
        The numbers depend on these alone (and on `n_rows` and `block`).
    chances : ndarray of shape (n_rows,) or (0,)
        Sums of the rows' chances to be the first one, up to 1; empty where all are alike.
    """
    chance = 1.0 / block
    row = 0
    for first in range(0, len(rows), 2):
        words = draw(seed, path, first // 2)
        if first == 0 or words.a / WORD < chance:
            row = below(words.b, n_rows)
        else:
            row = row + 1 if row + 1 < n_rows else 0
        if first == 0 and len(chances) > 0:
            row = min(int(np.searchsorted(chances, words.b / WORD, side="right")), n_rows - 1)
        rows[first] = row
        if first + 1 < len(rows):
            if words.c / WORD < chance:
                row = below(words.d, n_rows)
            else:
                row = row + 1 if row + 1 < n_rows else 0
            rows[first + 1] = row


def new_bars(n_bars: int) -> Bars:
    """Return bars to be filled."""
    return Bars(
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
    )


class Tilt(NamedTuple):
    """What is constant along a path and differs between paths.

    Shifts per bar of ``funding``, of the ``carry`` (supply less borrow, on the borrow rate, which
    stays at or above 0) and of the ``hurdle``; ``volatility`` widens every log price ratio around
    the mean log return ``drift``: ``x -> drift + volatility (x - drift)``.
    """

    funding: float
    carry: float
    hurdle: float
    volatility: float
    drift: float


def no_tilts(n_paths: int) -> FloatArray:
    """Return the first four fields of `Tilt` of paths that nothing is done to."""
    tilts = np.zeros((n_paths, 4))
    tilts[:, 3] = 1.0
    return tilts


def fill_bars(
    bars: Bars, history: Rows, rows: NDArray[np.int64], price: float, tilt: Tilt
) -> float:
    """Chain drawn rows into bars that begin after a close of `price`.

    Parameters
    ----------
    bars : Bars
        Overwritten.
    rows : ndarray of int64, shape (n_bars,)
    price : float, USD per coin

    Returns
    -------
    float, fraction
        The hurdle's return over the same rows.
    """
    grown = 1.0
    power = tilt.volatility
    is_widened = power != 1.0
    scale = math.exp((1.0 - power) * tilt.drift) if is_widened else 1.0
    for i in range(len(rows)):
        row = rows[i]
        high, low, close = history.high[row], history.low[row], history.close[row]
        if is_widened:
            high, low, close = scale * high**power, scale * low**power, scale * close**power
        bars.high[i] = price * high
        bars.low[i] = price * low
        price = price * close
        bars.close[i] = price
        bars.supply[i] = history.supply[row]
        borrow = history.borrow[row] - tilt.carry
        bars.borrow[i] = borrow if borrow > 0.0 or tilt.carry == 0.0 else 0.0
        bars.funding[i] = history.funding[row] + tilt.funding
        grown *= history.hurdle[row] + tilt.hurdle
    return grown - 1.0


compile_module(globals())
