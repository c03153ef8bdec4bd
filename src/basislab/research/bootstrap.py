"""A market as rows to draw from: what happened together stays together (docs/sweeps.md).

A row holds one bar of every series. The reference price enters as its return, the other prices as
their ratio to it, so that a resampled price goes on from where the path stands and the prices of
two venues never drift apart; funding and rates enter as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.kernels.bootstrap import ALIKE, Rows, draw_rows
from basislab.research.blocks import MIN_ROWS
from basislab.simulate import lower_market
from basislab.types.checks import check_number
from basislab.types.market import (
    BoolArray,
    FloatArray,
    FundingSeries,
    Market,
    PriceSeries,
    RateSeries,
)
from basislab.units import DAYS_PER_YEAR

IntArray = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """A scenario: the same history, but wilder, worse paid or dearer.

    Parameters
    ----------
    volatility : float, factor
        Of every log price ratio around the mean log return, which stays: ``x -> m + k (x - m)``.
    funding_apy : float, fraction of notional per year
        Added to every bar's funding.
    borrow_apy : float, fraction per year
        Added to every bar's borrow rate, which stays at or above 0.

    Raises
    ------
    ConfigError
        A value outside its range.

    Examples
    --------
    >>> Shift(volatility=2).is_none
    False
    """

    volatility: float = 1.0
    funding_apy: float = 0.0
    borrow_apy: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "volatility", 0, 10, "factor")
        check_number(self, "funding_apy", -5, 5, "fraction of notional per year")
        check_number(self, "borrow_apy", -5, 5, "fraction per year")

    @property
    def is_none(self) -> bool:
        """Whether nothing is shifted."""
        return self == Shift()


def drawable_bars(market: Market, partial: BoolArray | None = None) -> IntArray:
    """Return the bars that can be drawn.

    Parameters
    ----------
    partial : ndarray of bool, shape (n_bars,), optional
        `basislab.data.partial_bars`: bars that hold a part of their time only.

    Returns
    -------
    ndarray of int64
        Not the first bar, which has no return; not a partial one, nor the one after it, whose
        return spans the hole.

    Raises
    ------
    ConfigError
        Fewer than `MIN_ROWS` are left.
    """
    is_drawable = np.ones(len(market), np.bool_)
    is_drawable[0] = False
    if partial is not None:
        is_drawable &= ~partial
        is_drawable[1:] &= ~partial[:-1]
    bars = np.flatnonzero(is_drawable).astype(np.int64)
    if len(bars) < MIN_ROWS:
        raise ConfigError(
            f"market {market.name!r}: {len(bars)} whole days to draw from; at least {MIN_ROWS} "
            "are needed. Take a longer window."
        )
    return bars


def history_rows(
    market: Market, bars: IntArray, funding: str, lending: str, shift: Shift | None = None
) -> Rows:
    """Return the history that the kernels draw from.

    Parameters
    ----------
    market : Market
        Daily bars.
    bars : ndarray of int64, shape (n_rows,)
        From `drawable_bars`.
    funding, lending : str
        Keys of the series.

    Returns
    -------
    Rows
        Arrays of shape (n_rows,).

    Raises
    ------
    DataError
        The market lacks one of the series.
    """
    shift = shift or Shift()
    lowered = lower_market(market, funding, lending)
    before = lowered.close[bars - 1]
    high, low, close = (
        values[bars] / before for values in (lowered.high, lowered.low, lowered.close)
    )
    if shift.volatility != 1.0:
        high, low, close = _widened(high, low, close, shift.volatility)
    hurdle = (1.0 + market.supply[lending, market.quote].apy[bars]) ** (1.0 / DAYS_PER_YEAR)
    borrow = lowered.borrow[bars] + shift.borrow_apy / DAYS_PER_YEAR
    return Rows(
        high,
        low,
        close,
        lowered.supply[bars],
        np.maximum(borrow, 0.0),
        lowered.funding[bars] + shift.funding_apy / DAYS_PER_YEAR,
        hurdle,
    )


def _widened(
    high: FloatArray, low: FloatArray, close: FloatArray, factor: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    mean = float(np.log(close).mean())
    made = [np.exp(mean + factor * (np.log(values) - mean)) for values in (high, low, close)]
    return made[0], made[1], made[2]


def dependent_series(rows: Rows) -> Mapping[str, FloatArray]:
    """Return the series whose dependence the blocks must keep.

    Returns
    -------
    mapping of str to ndarray of shape (n_rows,)
        Log return, its size, funding, and carry (supply less borrow rate).
    """
    returns = np.log(rows.close)
    return {
        "return": returns,
        "|return|": np.abs(returns),
        "funding": rows.funding,
        "carry": rows.supply - rows.borrow,
    }


def draw_path(
    n_bars: int, n_rows: int, block: float, seed: int, path: int, chances: FloatArray = ALIKE
) -> IntArray:
    """Return the row numbers of one path, those that the kernels draw.

    Parameters
    ----------
    chances : ndarray of shape (n_rows,), optional
        Sums of the rows' chances to be the first one (`first_chances`).

    Returns
    -------
    ndarray of int64, shape (n_bars,)
    """
    numbers = np.empty(n_bars, np.int64)
    draw_rows(numbers, n_rows, block, seed, path, chances)
    return numbers


def resample(market: Market, bars: IntArray) -> Market:
    """Return a market made of the given bars of another one, in the given order.

    Parameters
    ----------
    bars : ndarray of int64, shape (n_path,)
        Each > 0. The path begins at the market's last close, on the bar after its last.

    Returns
    -------
    Market
        The reference price follows the drawn returns; every other price keeps its ratio to it on
        the drawn bar. Volumes, funding and rates are those of the drawn bars.
    """
    reference = market.reference_price
    ratio = reference.close[bars] / reference.close[bars - 1]
    close = reference.close[-1] * np.cumprod(ratio)
    scale = close / reference.close[bars]
    step = np.timedelta64(market.bar_seconds, "s")
    times = market.times[-1] + step * np.arange(1, len(bars) + 1)
    return replace(
        market,
        times=times,
        prices={key: _scaled(series, bars, scale) for key, series in market.prices.items()},
        funding={
            key: FundingSeries(
                series.rate[bars],
                None if series.settlements is None else series.settlements[bars],
                series.observed[bars],
            )
            for key, series in market.funding.items()
        },
        supply=_drawn_rates(market.supply, bars),
        borrow=_drawn_rates(market.borrow, bars),
    )


def _scaled(series: PriceSeries, bars: IntArray, scale: FloatArray) -> PriceSeries:
    return PriceSeries(
        open=series.open[bars] * scale,
        high=series.high[bars] * scale,
        low=series.low[bars] * scale,
        close=series.close[bars] * scale,
        volume=None if series.volume is None else series.volume[bars],
        observed=series.observed[bars],
    )


def _drawn_rates(
    rates: Mapping[tuple[str, str], RateSeries], bars: IntArray
) -> dict[tuple[str, str], RateSeries]:
    return {key: RateSeries(one.apy[bars], one.observed[bars]) for key, one in rates.items()}
