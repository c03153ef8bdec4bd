"""Binance: klines of spot and perpetual, and the perpetual's funding with its varying interval."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import numpy as np
from pydantic import Field

from basislab.data.sources.feeds import Feed, base_url, millis
from basislab.data.sources.http import Call
from basislab.data.sources.hyperliquid import INTERVALS, MAX_PRICE, MAX_VOLUME, Price
from basislab.data.sources.rows import (
    FIRST_MS,
    LAST_MS,
    Decimal,
    Milliseconds,
    RawSeries,
    Row,
    funding_series,
    matrix,
    one_value,
    read_rows,
)
from basislab.errors import SourceError
from basislab.types.market import FloatArray, IntArray
from basislab.units import SECONDS_PER_HOUR

VENUE = "binance"

MAX_KLINES = 1_000
MAX_SETTLEMENTS = 1_000
MAX_FUNDING = 0.05
"""Above it a settlement is refused; the venue's own caps are 3 % and less."""

_KLINE = ("openTime", "open", "high", "low", "close", "volume", "closeTime")
_PLAIN = re.compile(r"\d{1,15}(?:\.\d{1,15})?(?:\n\d{1,15}(?:\.\d{1,15})?)*", re.ASCII)
_PATHS = {"spot": "api/v3/klines", "perp": "fapi/v1/klines"}


class KlineRow(Row):
    """One kline; the venue sends it as a list, named here by position."""

    open_time: Annotated[Milliseconds, Field(alias="openTime")]
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Annotated[
        Decimal, Field(ge=0, le=MAX_VOLUME, description="a volume of 0 or more, as decimal text")
    ]


class FundingRow(Row):
    """One row of `fundingRate`; `markPrice` is not used."""

    symbol: Annotated[str, Field(min_length=5, max_length=32, description="the pair's name")]
    funding_time: Annotated[Milliseconds, Field(alias="fundingTime")]
    funding_rate: Annotated[
        Decimal,
        Field(
            alias="fundingRate",
            ge=-MAX_FUNDING,
            le=MAX_FUNDING,
            description="a fraction of notional as decimal text (divide percent by 100)",
        ),
    ]


def parse_klines(payload: Any, where: str, *, asset: str, bar_s: int) -> RawSeries:
    """Parse klines.

    Parameters
    ----------
    payload : list
        Lists as the venue sent them.
    where : str
        The answer.
    asset : str
        The content does not name it.
    bar_s : int, seconds

    Returns
    -------
    RawSeries
        Kind "candles"; open, high, low, close in USD per coin, volume in coin.

    Raises
    ------
    SourceError
        A bad row, or one that does not open on the grid.
    """
    fast = _plain_klines(payload)
    if fast is not None and not (fast[0] % millis(bar_s)).any():
        return RawSeries("candles", VENUE, asset, fast[0] // 1_000, fast[1], where)
    named = [
        dict(zip(_KLINE, row, strict=False)) if isinstance(row, list) else row for row in payload
    ]
    rows = read_rows(KlineRow, named, where)
    times = np.array([row.open_time for row in rows], dtype=np.int64)
    off_grid = times % millis(bar_s) != 0
    if off_grid.any():
        row = int(np.argmax(off_grid))
        raise SourceError(
            f"{where}: row {row + 1}, openTime: got {times[row]}, off the grid of {bar_s} s. "
            "Fetch the klines again."
        )
    values = matrix([(r.open, r.high, r.low, r.close, r.volume) for r in rows])
    return RawSeries("candles", VENUE, asset, times // 1_000, values, where)


def _plain_klines(payload: Any) -> tuple[IntArray, FloatArray] | None:
    """Read rows about which there is nothing to say, all at once; None where there is."""
    try:
        stamps = [row[0] for row in payload]
        text = "\n".join(["\n".join(row[1:6]) for row in payload])
    except (TypeError, IndexError, KeyError):
        return None
    if not _PLAIN.fullmatch(text) or not all(type(stamp) is int for stamp in stamps):
        return None
    numbers = np.array(text.split("\n"), dtype=np.float64)
    if len(numbers) != 5 * len(stamps) or not FIRST_MS <= min(stamps) <= max(stamps) <= LAST_MS:
        return None
    values = numbers.reshape(-1, 5)
    prices = values[:, :4]
    if (prices <= 0).any() or (prices > MAX_PRICE).any() or (values[:, 4] > MAX_VOLUME).any():
        return None
    return np.array(stamps, dtype=np.int64), values


def parse_funding(payload: Any, where: str, *, asset: str) -> RawSeries:
    """Parse `fundingRate`; settlements come every 8, 4, 2 or 1 hours, as the venue decides.

    Parameters
    ----------
    payload : list
        Rows as the venue sent them.
    where : str
        The answer.
    asset : str

    Returns
    -------
    RawSeries
        Kind "funding"; rate as a fraction of notional per settlement. There is no premium: NaN.

    Raises
    ------
    SourceError
        A bad row, or several symbols.
    """
    rows = read_rows(FundingRow, payload, where)
    one_value([row.symbol for row in rows], "symbol", where)
    return funding_series(
        [row.funding_time for row in rows],
        [(row.funding_rate, None) for row in rows],
        venue=VENUE,
        asset=asset,
        where=where,
    )


def candle_feed(asset: str, bar_s: int, kind: Literal["spot", "perp"]) -> Feed:
    """Return the feed of klines against USDT.

    Parameters
    ----------
    asset : str
    bar_s : int, seconds
        An hour or a day.
    kind : {"spot", "perp"}

    Returns
    -------
    Feed
    """
    origin = f"{VENUE}-{kind}"
    interval = next(name for name, seconds in INTERVALS.items() if seconds == bar_s)

    def call(start: int, end: int) -> Call:
        query = _query(asset, start, end, MAX_KLINES) | {"interval": interval}
        return Call(f"{base_url(origin)}/{_PATHS[kind]}?{urlencode(query)}", weight=5)

    return Feed(
        origin=origin,
        name=f"candles-{interval}-{asset}",
        group="prices",
        key=(VENUE, kind),
        step_s=bar_s,
        span_s=MAX_KLINES * bar_s,
        call=call,
        parse=partial(parse_klines, asset=asset, bar_s=bar_s),
    )


def funding_feed(asset: str) -> Feed:
    """Return the feed of the perpetual's funding.

    Parameters
    ----------
    asset : str

    Returns
    -------
    Feed
    """
    origin = f"{VENUE}-perp"

    def call(start: int, end: int) -> Call:
        query = _query(asset, start, end, MAX_SETTLEMENTS)
        # The limit of this request is 500 in 5 minutes, apart from all others.
        return Call(f"{base_url(origin)}/fapi/v1/fundingRate?{urlencode(query)}", weight=24)

    return Feed(
        origin=origin,
        name=f"funding-{asset}",
        group="funding",
        key=(VENUE,),
        step_s=SECONDS_PER_HOUR,
        span_s=MAX_SETTLEMENTS * SECONDS_PER_HOUR,
        call=call,
        parse=partial(parse_funding, asset=asset),
        settles_at_once=True,
    )


def _query(asset: str, start: int, end: int, limit: int) -> dict[str, Any]:
    window = {"startTime": millis(start), "endTime": millis(end) - 1}  # both inclusive
    return {"symbol": f"{asset}USDT", **window, "limit": limit}
