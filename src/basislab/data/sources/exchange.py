"""Any exchange that ccxt knows: candles of perpetual and spot, and the perpetual's funding history.

ccxt is an extra (``pip install 'basislab[ccxt]'``). It knows how each exchange is asked and what it
answers; the asking itself, and the store, are ours (`basislab.data.fetch.exchanges`). What is
parsed here, and stored, are ccxt's unified rows.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlencode

import numpy as np
from pydantic import Field

from basislab.data.sources.binance import MAX_FUNDING
from basislab.data.sources.feeds import CCXT, Feed, millis
from basislab.data.sources.http import Call
from basislab.data.sources.hyperliquid import INTERVALS, MAX_VOLUME, Price
from basislab.data.sources.rows import (
    Decimal,
    Milliseconds,
    RawSeries,
    Row,
    funding_series,
    matrix,
    one_value,
    read_rows,
)
from basislab.errors import ConfigError, SourceError
from basislab.units import SECONDS_PER_HOUR

ROWS = 100
"""Rows of one request: the smallest page of the exchanges that ccxt knows."""

_CANDLE = ("timestamp", "open", "high", "low", "close", "volume")
_NAME = re.compile(r"ccxt:(?P<id>[a-z0-9]{2,32})(?:/(?P<quote>[A-Z0-9]{2,10}))?", re.ASCII)


class Exchange(NamedTuple):
    """An exchange and the coin that its prices are in.

    Parameters
    ----------
    id : str
        As ccxt calls it; the venue of the series.
    quote : str
        Quote and settlement coin, such as USDT.
    """

    id: str
    quote: str


class CandleRow(Row):
    """One candle; ccxt gives it as a list, named here by position."""

    timestamp: Milliseconds
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Annotated[Decimal, Field(ge=0, le=MAX_VOLUME, description="a volume of 0 or more")]


class FundingRow(Row):
    """One row of `fetchFundingRateHistory`; the exchange's own row in `info` is kept, not used."""

    symbol: Annotated[str, Field(min_length=3, max_length=64, description="the market's name")]
    timestamp: Milliseconds
    funding_rate: Annotated[
        Decimal,
        Field(
            alias="fundingRate",
            ge=-MAX_FUNDING,
            le=MAX_FUNDING,
            description="a fraction of notional per settlement (divide percent by 100)",
        ),
    ]


def is_exchange(name: str) -> bool:
    """Tell whether a source is one of ccxt's, such as ``ccxt:bybit``.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool
    """
    return name.startswith("ccxt:")


def exchange_of(name: str) -> Exchange:
    """Return the exchange that a source names.

    Parameters
    ----------
    name : str
        ``ccxt:EXCHANGE`` or ``ccxt:EXCHANGE/QUOTE``.

    Returns
    -------
    Exchange

    Raises
    ------
    ConfigError
        Not of that form.

    Examples
    --------
    >>> exchange_of("ccxt:bybit"), exchange_of("ccxt:dydx/USDC").quote
    (Exchange(id='bybit', quote='USDT'), 'USDC')
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ConfigError(
            f"ccxt: got {name!r}; wanted is ccxt:EXCHANGE or ccxt:EXCHANGE/QUOTE, such as "
            "ccxt:bybit or ccxt:dydx/USDC."
        )
    return Exchange(match["id"], match["quote"] or "USDT")


def parse_ohlcv(payload: Any, where: str, *, venue: str, asset: str, bar_s: int) -> RawSeries:
    """Parse the rows of `fetchOHLCV`.

    Parameters
    ----------
    payload : list
        Lists of time (ms), open, high, low, close and volume.
    where : str
        The answer.
    venue, asset : str
        The content names neither.
    bar_s : int, seconds

    Returns
    -------
    RawSeries
        Kind "candles"; prices in the quote coin, volume in coin.

    Raises
    ------
    SourceError
        A bad row, or one that does not open on the grid.
    """
    named = [
        dict(zip(_CANDLE, row, strict=False)) if isinstance(row, list) else row for row in payload
    ]
    rows = read_rows(CandleRow, named, where)
    times = np.array([row.timestamp for row in rows], dtype=np.int64)
    off_grid = times % millis(bar_s) != 0
    if off_grid.any():
        row = int(np.argmax(off_grid))
        raise SourceError(
            f"{where}: row {row + 1}, timestamp: got {times[row]}, off the grid of {bar_s} s in "
            "UTC. The exchange has other days; take --bar 1h."
        )
    values = matrix([(r.open, r.high, r.low, r.close, r.volume) for r in rows])
    return RawSeries("candles", venue, asset, times // 1_000, values, where)


def parse_funding(payload: Any, where: str, *, venue: str, asset: str) -> RawSeries:
    """Parse the rows of `fetchFundingRateHistory`.

    Parameters
    ----------
    payload : list
        Objects with symbol, timestamp (ms) and fundingRate.
    where : str
        The answer.
    venue, asset : str

    Returns
    -------
    RawSeries
        Kind "funding"; rate as a fraction of notional per settlement. There is no premium: NaN.

    Raises
    ------
    SourceError
        A bad row, or several markets.
    """
    rows = read_rows(FundingRow, payload, where)
    one_value([row.symbol for row in rows], "symbol", where)
    return funding_series(
        [row.timestamp for row in rows],
        [(row.funding_rate, None) for row in rows],
        venue=venue,
        asset=asset,
        where=where,
    )


def candle_feed(source: str, asset: str, bar_s: int, kind: Literal["spot", "perp"]) -> Feed:
    """Return the feed of an exchange's candles.

    Parameters
    ----------
    source : str
        As in `exchange_of`.
    asset : str
    bar_s : int, seconds
        An hour or a day.
    kind : {"spot", "perp"}

    Returns
    -------
    Feed
    """
    exchange = exchange_of(source)
    interval = next(name for name, seconds in INTERVALS.items() if seconds == bar_s)
    pair = f"{asset}/{exchange.quote}"
    symbol = pair if kind == "spot" else f"{pair}:{exchange.quote}"

    def call(start: int, end: int) -> Call:
        query = {"symbol": symbol, "timeframe": interval} | _window(start, end)
        return Call(f"{CCXT}://{exchange.id}/fetchOHLCV?{urlencode(query)}")

    return Feed(
        origin=f"{CCXT}-{exchange.id}",
        name=f"{kind}-candles-{interval}-{asset}-{exchange.quote}",
        group="prices",
        key=(exchange.id, kind),
        step_s=bar_s,
        span_s=ROWS * bar_s,
        call=call,
        parse=partial(parse_ohlcv, venue=exchange.id, asset=asset, bar_s=bar_s),
    )


def funding_feed(source: str, asset: str) -> Feed:
    """Return the feed of an exchange's funding.

    Parameters
    ----------
    source : str
        As in `exchange_of`.
    asset : str

    Returns
    -------
    Feed
    """
    exchange = exchange_of(source)
    symbol = f"{asset}/{exchange.quote}:{exchange.quote}"

    def call(start: int, end: int) -> Call:
        query = {"symbol": symbol} | _window(start, end)
        return Call(f"{CCXT}://{exchange.id}/fetchFundingRateHistory?{urlencode(query)}")

    return Feed(
        origin=f"{CCXT}-{exchange.id}",
        name=f"funding-{asset}-{exchange.quote}",
        group="funding",
        key=(exchange.id,),
        step_s=SECONDS_PER_HOUR,
        span_s=ROWS * SECONDS_PER_HOUR,
        call=call,
        parse=partial(parse_funding, venue=exchange.id, asset=asset),
        settles_at_once=True,
    )


def _window(start: int, end: int) -> dict[str, int]:
    return {"since": millis(start), "until": millis(end) - 1, "limit": ROWS}  # both inclusive
