"""What the venue engine is shown of the market: four prices, growth factors, funding, fees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


class Quote(NamedTuple):
    """The four prices at one time, USD per coin.

    ``mark`` decides the perpetual's margin, ``perp`` its fills, ``spot`` values the long leg and
    pays for swaps, ``oracle`` decides the loan's LTV.
    """

    mark: float
    perp: float
    spot: float
    oracle: float


class Candles(NamedTuple):
    """One price's bars: arrays of shape (n_bars,), USD per coin."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray


class Bars(NamedTuple):
    """Lowered market: arrays of shape (n_bars,), float64 unless said, read-only.

    ``worst_mark`` is the largest mark of the bar, its open and close included, ``worst_oracle``
    the smallest oracle price. ``supply``, ``borrow`` and ``stake`` are growth factors less one;
    ``funding`` is a fraction of notional, > 0 pays the short; ``taker`` a fraction of notional.
    ``is_look`` (bool) says at which closes the trader looks; ``sigma`` is the standard deviation
    of log returns a bar, known at the close; ``carry`` the trailing gross APY, known at the close.
    ``faults`` (int64) has a bit for every fault that holds; ``worst_mark`` is inf where one cuts
    the short: such a bar is not quiet. ``terms`` (int64) is the row of the loan's dated terms.
    """

    mark: Candles
    perp: Candles
    spot: Candles
    oracle: Candles
    worst_mark: FloatArray
    worst_oracle: FloatArray
    supply: FloatArray
    borrow: FloatArray
    stake: FloatArray
    funding: FloatArray
    taker: FloatArray
    is_look: BoolArray
    sigma: FloatArray
    carry: FloatArray
    faults: IntArray
    terms: IntArray


class Bar(NamedTuple):
    """One bar of `Bars`: all that a step may know. ``number`` labels its events."""

    number: int
    open: Quote
    high: Quote
    low: Quote
    close: Quote
    worst_mark: float
    worst_oracle: float
    supply: float
    borrow: float
    stake: float
    funding: float
    taker: float
    is_look: bool
    sigma: float
    carry: float
    faults: int = 0
    terms: int = 0


def bar_at(bars: Bars, index: int) -> Bar:
    """Return bar `index` as scalars."""
    return Bar(
        index,
        Quote(
            bars.mark.open[index],
            bars.perp.open[index],
            bars.spot.open[index],
            bars.oracle.open[index],
        ),
        Quote(
            bars.mark.high[index],
            bars.perp.high[index],
            bars.spot.high[index],
            bars.oracle.high[index],
        ),
        Quote(
            bars.mark.low[index],
            bars.perp.low[index],
            bars.spot.low[index],
            bars.oracle.low[index],
        ),
        Quote(
            bars.mark.close[index],
            bars.perp.close[index],
            bars.spot.close[index],
            bars.oracle.close[index],
        ),
        bars.worst_mark[index],
        bars.worst_oracle[index],
        bars.supply[index],
        bars.borrow[index],
        bars.stake[index],
        bars.funding[index],
        bars.taker[index],
        bars.is_look[index],
        bars.sigma[index],
        bars.carry[index],
        bars.faults[index],
        bars.terms[index],
    )


def between(start: Quote, end: Quote, share: float) -> Quote:
    """Return the prices a share of the way from one quote to another: all series move together.

    Examples
    --------
    >>> between(Quote(100.0, 100.0, 99.0, 98.0), Quote(110.0, 112.0, 109.0, 108.0), 0.5)
    Quote(mark=105.0, perp=106.0, spot=104.0, oracle=103.0)
    """
    return Quote(
        start.mark + share * (end.mark - start.mark),
        start.perp + share * (end.perp - start.perp),
        start.spot + share * (end.spot - start.spot),
        start.oracle + share * (end.oracle - start.oracle),
    )


compile_module(globals(), owners=())
