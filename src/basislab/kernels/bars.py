"""What a model is shown of the market: arrays for the loop, one bar's scalars for the step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module

FloatArray = NDArray[np.float64]


class Bars(NamedTuple):
    """Lowered market: arrays of shape (n_bars,), float64, C-contiguous and read-only.

    ``high, low, close`` in USD per coin; ``supply`` (of the collateral) and ``borrow`` (of the
    quote) as simple rates per bar; ``funding`` as fraction of notional per bar, > 0 pays the short.
    """

    high: FloatArray
    low: FloatArray
    close: FloatArray
    supply: FloatArray
    borrow: FloatArray
    funding: FloatArray


class Bar(NamedTuple):
    """One bar of `Bars`: all that a step may know. ``number`` labels its events."""

    number: int
    high: float
    low: float
    close: float
    supply: float
    borrow: float
    funding: float


def bar_at(bars: Bars, index: int) -> Bar:
    """Return bar `index` as scalars."""
    return Bar(
        index,
        bars.high[index],
        bars.low[index],
        bars.close[index],
        bars.supply[index],
        bars.borrow[index],
        bars.funding[index],
    )


compile_module(globals())
