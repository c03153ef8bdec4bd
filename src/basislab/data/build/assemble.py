"""From aligned arrays to a `Market`: one price series, funding by venue, rates by protocol."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from basislab.data.build.align import Aligner
from basislab.errors import DataGapError, SourceError
from basislab.types.market import FloatArray, IntArray, PriceSeries, RateKey, RateSeries, TimeArray
from basislab.units import SECONDS_PER_DAY, from_percent

QUOTE = "USDC"
"""The coin that is borrowed, and whose supply rate is the hurdle."""

OHLCV = ("open", "high", "low", "close", "volume")


def daily_grid(opens: IntArray) -> TimeArray:
    """Return every day from the first to the last candle.

    Parameters
    ----------
    opens : ndarray of int64, shape (n,), seconds since 1970
        Increasing, at midnight.

    Returns
    -------
    ndarray of datetime64[s], shape (n_bars,)
    """
    grid = np.arange(opens[0], opens[-1] + 1, SECONDS_PER_DAY, dtype=np.int64)
    return grid.astype("datetime64[s]")


def price_series(
    aligner: Aligner,
    label: str,
    opens: IntArray,
    columns: dict[str, FloatArray],
    where: str = "",
) -> PriceSeries:
    """Put candles on the grid; an allowed hole holds the close, with no volume.

    Parameters
    ----------
    label : str
        Series in messages.
    opens : ndarray of int64, shape (n,), seconds since 1970
    columns : dict of str to ndarray of shape (n,)
        "open", "high", "low", "close" in USD per coin and, optionally, "volume" in coin.
    where : str
        File, for messages.

    Raises
    ------
    DataGapError
        Missing candles that are not allowed.
    """
    close, observed = aligner.hold(label, aligner.place(opens, columns["close"]), where)
    filled: dict[str, Any] = {"close": close}
    for name in ("open", "high", "low"):
        filled[name] = np.where(observed, aligner.place(opens, columns[name]), close)
    if "volume" in columns:
        filled["volume"] = np.where(observed, aligner.place(opens, columns["volume"]), 0.0)
    return PriceSeries(**filled, observed=observed)


def rate_series(
    aligner: Aligner, label: str, stamps: IntArray, apy_pct: FloatArray, where: str = ""
) -> RateSeries:
    """Put a percent APY on the grid as a fraction.

    Parameters
    ----------
    label : str
        Series in messages.
    stamps : ndarray of int64, shape (n,), seconds since 1970
    apy_pct : ndarray of shape (n,), percent per year
        NaN is a null.
    where : str
        File, for messages.

    Raises
    ------
    DataGapError
        Missing days that are not allowed.
    """
    placed = aligner.place(stamps, apy_pct)
    values, observed = aligner.hold(label, placed, where, is_rate=True)
    apy = np.array([from_percent(value) for value in values.tolist()])
    return RateSeries(apy, observed)


def utilisation(
    aligner: Aligner, label: str, stamps: IntArray, used: FloatArray | None = None
) -> FloatArray | None:
    """Put how much of a reserve is lent out on the grid, where that is known of every bar.

    It is beside the rates, so that a hole in it spoils no market: the series is left out, and the
    decision is recorded like every other one.

    Parameters
    ----------
    label : str
        Series in messages.
    stamps : ndarray of int64, shape (n,), seconds since 1970
    used : ndarray of shape (n,), fraction, optional
        NaN is a null.

    Returns
    -------
    ndarray of shape (n_bars,) or None
    """
    if used is None or aligner.gaps_seen is not None:
        return None
    placed = aligner.place(stamps, used)
    if np.isnan(placed).all():
        return None
    try:
        values, _ = aligner.hold(label, placed, is_rate=True)
    except DataGapError:
        missing = np.isnan(placed)
        aligner.decisions.append(
            {
                "series": label,
                "missing": int(missing.sum()),
                "unit": "bars",
                "first": f"{aligner.times[int(np.argmax(missing))].astype('datetime64[m]')}Z",
                "filled_with": "nothing: the series is left out",
            }
        )
        return None
    return values


def require_complete(
    where: str,
    asset: str,
    funding: Collection[str],
    supply: Collection[RateKey],
    borrow: Collection[RateKey],
    remedy: str,
) -> None:
    """Raise unless the series of one whole trade are there.

    Parameters
    ----------
    where : str
        Directory or file.
    asset : str
        The coin that is held and shorted.
    funding : collection of str
        Venues with funding.
    supply, borrow : collection of (protocol, asset)
        Rates that are there.
    remedy : str
        What to add, as a sentence.

    Raises
    ------
    SourceError
        No funding, or no protocol that has all of the asset's supply rate and the supply and
        borrow rates of the quote coin.
    """
    if not funding:
        raise SourceError(f"{where}: no funding rates of {asset}. {remedy}")
    needed = {f"{asset} supply": (asset, supply)}
    needed |= {f"{QUOTE} supply": (QUOTE, supply), f"{QUOTE} borrow": (QUOTE, borrow)}
    protocols = sorted({protocol for protocol, _ in (*supply, *borrow)})
    if not protocols:
        raise SourceError(
            f"{where}: no lending rates; {asset} supply, {QUOTE} supply and {QUOTE} borrow of one "
            f"protocol are needed. {remedy}"
        )
    lacking = {
        protocol: [what for what, (coin, keys) in needed.items() if (protocol, coin) not in keys]
        for protocol in protocols
    }
    if all(lacking.values()):
        protocol, lacks = min(lacking.items(), key=lambda item: len(item[1]))
        raise SourceError(f"{where}: {protocol} lacks the APY of {', '.join(lacks)}. {remedy}")
