"""One path and its prefix sums: what it does to every position, whatever the configuration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bars, FloatArray


class Path(NamedTuple):
    """One path and what it does to every lane; arrays of shape (n_bars,) (scaled state above).

    ``growth_close = G p`` and ``growth_low = G l``; ``earned = sum G' s p`` (interest in coin, at
    the close), ``drift = sum (G' - 1)(p - p')``, with G' and p' of the bar before.
    """

    bars: Bars
    growth: FloatArray
    growth_close: FloatArray
    growth_low: FloatArray
    debt_growth: FloatArray
    funding_sum: FloatArray
    earned: FloatArray
    drift: FloatArray


def new_path(bars: Bars) -> Path:
    """Return a path with room for its prefix sums, which `fill_path` computes."""
    n_bars = len(bars.close)
    return Path(
        bars,
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
        np.empty(n_bars),
    )


def fill_path(path: Path) -> None:
    """Compute the prefix sums of ``path.bars``."""
    bars = path.bars
    growth, debt_growth, funding_sum, earned, drift = 1.0, 1.0, 0.0, 0.0, 0.0
    price = bars.close[0]
    for i in range(len(bars.close)):
        close = bars.close[i]
        drift += (growth - 1.0) * (close - price)
        earned += growth * bars.supply[i] * close
        growth *= 1.0 + bars.supply[i]
        debt_growth *= 1.0 + bars.borrow[i]
        funding_sum += bars.funding[i] * close
        price = close
        path.growth[i] = growth
        path.growth_close[i] = growth * close
        path.growth_low[i] = growth * bars.low[i]
        path.debt_growth[i] = debt_growth
        path.funding_sum[i] = funding_sum
        path.earned[i] = earned
        path.drift[i] = drift


class Now(NamedTuple):
    """A path's prefix sums and prices at one close, as scalars."""

    bar: int
    high: float
    low: float
    close: float
    growth: float
    debt_growth: float
    funding_sum: float
    earned: float
    drift: float


def now_at(path: Path, i: int) -> Now:
    """Return bar `i` of a path."""
    return Now(
        i,
        path.bars.high[i],
        path.bars.low[i],
        path.bars.close[i],
        path.growth[i],
        path.debt_growth[i],
        path.funding_sum[i],
        path.earned[i],
        path.drift[i],
    )


compile_module(globals())
