"""Bars that hold only a part of their time: found by rule, so that no model mistakes them.

A perpetual trades round the clock, so that the open of a bar is the close of the bar before it.
Where it is not, a part of one of the two bars is missing: of the one with less volume than its
neighbours let expect. And the last bar is in progress while its settlements are fewer than usual.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basislab.types.market import (
    BoolArray,
    FloatArray,
    FundingSeries,
    IntArray,
    Market,
    PriceSeries,
)

MIN_BREAK = 0.003
"""Breaks up to 0.3 % of price are normal: the sample's largest true one is 0.07 %."""

BREAK_TO_MEDIAN = 20.0
"""A break must also exceed the market's own median break by this factor."""

_NEIGHBOURS = 5
_SCHEDULE_WINDOW = 15
_MIN_SIDE = 3  # one or two bars are no schedule, unless there is nothing else
_TRADED = ("perp", "spot")  # a mark or an oracle has no trades, and so no missing part of a bar


@dataclass(frozen=True)
class PartialBar:
    """A bar of which a part is missing.

    Parameters
    ----------
    size : float
        Break between close and open, fraction of price.
    seam : int
        The later bar of the break.
    """

    bar: int
    size: float
    seam: int


def find_partial(series: PriceSeries) -> list[PartialBar]:
    """Find bars of which a part is missing.

    Parameters
    ----------
    series : PriceSeries
        Filled bars take no part: their prices are nobody's.

    Returns
    -------
    list of PartialBar
        Both bars of a break where there is no volume to tell them apart.
    """
    seen = series.observed[1:] & series.observed[:-1]
    with np.errstate(over="ignore"):  # of absurd prices the break is infinite
        breaks = np.where(seen, np.abs(series.open[1:] / series.close[:-1] - 1), 0.0)
    if not seen.any():
        return []
    limit = max(MIN_BREAK, BREAK_TO_MEDIAN * float(np.median(breaks[seen])))
    found = []
    for i in np.flatnonzero(breaks > limit):
        seam = int(i) + 1
        bars = _thinner(series.volume, seam)
        found += [PartialBar(bar, float(breaks[i]), seam) for bar in bars]
    return found


def _thinner(volume: FloatArray | None, seam: int) -> list[int]:
    if volume is None:
        return [seam - 1, seam]
    share = {bar: _share(volume, bar, seam) for bar in (seam - 1, seam)}
    return [min(share, key=lambda bar: share[bar])]


def _share(volume: FloatArray, bar: int, seam: int) -> float:
    """Return volume of `bar` over the median of the bars around it, both bars of the seam aside."""
    around = np.arange(max(0, bar - _NEIGHBOURS), min(len(volume), bar + _NEIGHBOURS + 1))
    around = around[(around != seam) & (around != seam - 1)]
    usual = float(np.median(volume[around])) if len(around) else 0.0
    return float(volume[bar]) / usual if usual > 0 else np.inf


def usual_settlements(counts: IntArray) -> FloatArray:
    """Return how many settlements a bar has by the schedule of its time.

    Where the schedule changes, the smaller of the numbers before and after counts.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_bars,)

    Returns
    -------
    ndarray of shape (n_bars,)
        NaN for a market of one bar.

    Examples
    --------
    >>> usual_settlements(np.array([4, 24, 24, 24, 24, 11]))
    array([24., 24., 24., 24., 24., 24.])
    """
    n, width = len(counts), _SCHEDULE_WINDOW
    usual = np.full(n, np.nan)
    inner = range(width, n - width)
    if inner:  # all at once; only bars near an end have windows of their own
        windows = np.lib.stride_tricks.sliding_window_view(counts, width)
        medians = np.median(windows, axis=1)
        usual[width : n - width] = np.minimum(medians[: len(inner)], medians[width + 1 :])
    for bar in (bar for bar in range(n) if bar not in inner):
        before = counts[max(0, bar - width) : bar]
        after = counts[bar + 1 : bar + 1 + width]
        sides = [side for side in (before, after) if len(side) >= _MIN_SIDE]
        sides = sides or [side for side in (before, after) if len(side)]
        usual[bar] = min((float(np.median(side)) for side in sides), default=np.nan)
    return usual


def incomplete_funding(series: FundingSeries) -> BoolArray:
    """Tell which bars have fewer settlements than their schedule.

    Returns
    -------
    ndarray of bool, shape (n_bars,)
        All False where settlements were not counted.
    """
    if series.settlements is None:
        return np.zeros(len(series), dtype=np.bool_)
    return np.asarray(series.settlements < usual_settlements(series.settlements))


def is_last_in_progress(market: Market) -> bool:
    """Tell whether the last bar had not ended when the data were taken.

    Returns
    -------
    bool
        True if no venue that counts its settlements has all of the last bar's.
    """
    counted = [series for series in market.funding.values() if series.settlements is not None]
    return bool(counted) and all(bool(incomplete_funding(series)[-1]) for series in counted)


def partial_bars(market: Market) -> BoolArray:
    """Tell which bars hold only a part of their time.

    Such a bar has a true price but neither the range nor the funding of a whole bar; resampling it
    would scatter half days over every path.

    Returns
    -------
    ndarray of bool, shape (n_bars,)
        A first day with few settlements is not among them: its candle is whole.

    Examples
    --------
    >>> from basislab.data import load_market
    >>> market = load_market()
    >>> market.times[partial_bars(market)].astype("datetime64[D]")
    array(['2025-04-20', '2026-02-13'], dtype='datetime64[D]')
    """
    partial = np.zeros(len(market), dtype=np.bool_)
    for (_, kind), series in market.prices.items():
        if kind in _TRADED:
            partial[[found.bar for found in find_partial(series)]] = True
    partial[-1] |= is_last_in_progress(market)
    return partial
