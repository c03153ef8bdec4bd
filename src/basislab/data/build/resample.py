"""Wider bars from narrower ones: whole days only, so that no half day passes for a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from basislab.errors import ConfigError, DataError, SourceError
from basislab.types.market import (
    FloatArray,
    FundingSeries,
    IntArray,
    Market,
    PriceSeries,
    RateSeries,
)
from basislab.units import SECONDS_PER_DAY


def to_daily(market: Market) -> Market:
    """Return the market in daily bars, each made of all the bars of a day.

    Prices: first open, highest high, lowest low, last close, sum of volumes. Funding: the sum of
    the bars, so that a settlement at midnight counts for the day that it ends. Lending: the mean of
    the bars' APYs and utilisations. A day counts as observed where every one of its bars was.

    Parameters
    ----------
    market : Market
        Bars of a day, which are returned as they are, or of a part of one.

    Returns
    -------
    Market
        Days at either end that are not whole are left out; `provenance` says how many bars.

    Raises
    ------
    ConfigError
        Bars that do not divide a day.
    DataError
        Not one whole day.

    Examples
    --------
    >>> import numpy as np
    >>> from basislab.types import Market, PriceSeries
    >>> price = np.arange(1.0, 73.0)
    >>> hours = np.datetime64("2025-01-01T12", "s") + np.arange(72) * np.timedelta64(1, "h")
    >>> prices = {("binance", "perp"): PriceSeries(price, price, price, price)}
    >>> market = to_daily(Market(name="m", asset="SOL", times=hours, prices=prices))
    >>> market.times.astype("datetime64[D]").tolist()[0].isoformat(), len(market)
    ('2025-01-02', 2)
    >>> market.reference_price.open.tolist(), market.reference_price.close.tolist()
    ([13.0, 37.0], [36.0, 60.0])
    """
    if market.bar_seconds == SECONDS_PER_DAY:
        return market
    if SECONDS_PER_DAY % market.bar_seconds:
        raise ConfigError(
            f"market {market.name!r}: bars of {market.bar_seconds} s do not divide a day, and "
            "daily bars are wanted. Import it with bars of 1h or 1d."
        )
    width = SECONDS_PER_DAY // market.bar_seconds
    into_day = int(market.times[0].astype("datetime64[s]").astype(np.int64)) % SECONDS_PER_DAY
    skipped = -(into_day // market.bar_seconds) % width
    days = (len(market) - skipped) // width
    if days < 1:
        raise DataError(
            f"market {market.name!r}: it holds no whole day, and daily bars are wanted. "
            "Import or fetch a longer time."
        )
    cut = _Days(slice(skipped, skipped + days * width), width)
    groups: dict[str, dict[Any, Any]] = {
        "prices": {key: cut.price(series) for key, series in market.prices.items()},
        "funding": {key: cut.funding(series) for key, series in market.funding.items()},
        "supply": {key: cut.rate(series) for key, series in market.supply.items()},
        "borrow": {key: cut.rate(series) for key, series in market.borrow.items()},
    }
    resampled = {
        "bar_seconds": market.bar_seconds,
        "left_out": len(market) - days * width,
        "fingerprint": market.fingerprint,
    }
    return Market(
        name=market.name,
        asset=market.asset,
        quote=market.quote,
        times=market.times[cut.bars][::width],
        provenance=dict(market.provenance) | {"resampled": resampled},
        **groups,
    )


def widened(
    times: IntArray, columns: Mapping[str, FloatArray], bar_seconds: int, where: str
) -> tuple[IntArray, dict[str, FloatArray]]:
    """Return candles as wide as the bars: as they are, or each made of narrower ones.

    A bar that lacks one of its candles is left out: whoever puts it on a grid decides about holes.

    Parameters
    ----------
    times : ndarray of int64, shape (n,), seconds since 1970
        Opens, strictly increasing.
    columns : mapping of str to ndarray of shape (n,)
        open, high, low, close and perhaps volume.
    where : str
        The file, for messages.

    Returns
    -------
    times, columns
        Of the bars.

    Raises
    ------
    SourceError
        Candles wider than the bars, or of a width that does not divide them.

    Examples
    --------
    >>> quarter = {"open": [1, 2], "high": [3, 4], "low": [0.5, 1], "close": [2, 3]}
    >>> candles = {name: np.array(values) for name, values in quarter.items()}
    >>> times, bars = widened(np.array([0, 1_800]), candles, 3_600, "f.csv")
    >>> times.tolist(), {name: values.tolist() for name, values in bars.items()}
    ([0], {'open': [1], 'high': [4], 'low': [0.5], 'close': [3]})
    """
    width = int(np.median(np.diff(times))) if len(times) > 1 else bar_seconds
    if width == bar_seconds:
        return times, dict(columns)
    if width > bar_seconds or bar_seconds % width:
        raise SourceError(
            f"{where}: its candles are {width} s wide and make no bars of {bar_seconds} s. Take a "
            "wider bar, or narrower candles."
        )
    bars = times // bar_seconds
    first = np.flatnonzero(np.diff(bars, prepend=bars[0] - 1))
    is_whole = np.diff(np.append(first, len(times))) == bar_seconds // width
    last = np.append(first[1:], len(times)) - 1
    made = {"open": columns["open"][first], "close": columns["close"][last]}
    made["high"] = np.maximum.reduceat(columns["high"], first)
    made["low"] = np.minimum.reduceat(columns["low"], first)
    if "volume" in columns:
        made["volume"] = np.add.reduceat(columns["volume"], first)
    return bars[first][is_whole] * bar_seconds, {
        name: made[name][is_whole] for name in columns if name in made
    }


class _Days:
    """Bars by day: rows are days, columns their bars."""

    def __init__(self, bars: slice, width: int) -> None:
        self.bars, self.width = bars, width

    def rows(self, values: Any) -> Any:
        return values[self.bars].reshape(-1, self.width)

    def price(self, series: PriceSeries) -> PriceSeries:
        return PriceSeries(
            self.rows(series.open)[:, 0],
            self.rows(series.high).max(axis=1),
            self.rows(series.low).min(axis=1),
            self.rows(series.close)[:, -1],
            None if series.volume is None else self.rows(series.volume).sum(axis=1),
            self.rows(series.observed).all(axis=1),
        )

    def funding(self, series: FundingSeries) -> FundingSeries:
        counts = series.settlements
        return FundingSeries(
            self.rows(series.rate).sum(axis=1),
            None if counts is None else self.rows(counts).sum(axis=1),
            self.rows(series.observed).all(axis=1),
        )

    def rate(self, series: RateSeries) -> RateSeries:
        observed = self.rows(series.observed).all(axis=1)
        used = series.utilisation
        return RateSeries(
            self.rows(series.apy).mean(axis=1),
            observed,
            None if used is None else self.rows(used).mean(axis=1),
        )
