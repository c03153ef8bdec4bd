"""Any exchange that ccxt knows: candles of perpetual and spot, and the perpetual's funding history.

ccxt is an extra (``pip install 'basislab[ccxt]'``). It knows how each exchange is asked and what it
answers; the asking itself, and the store, are ours (`basislab.data.fetch.exchanges`). What is
parsed here, and stored, are ccxt's unified rows.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlencode

from pydantic import Field

from basislab.data.sources.feeds import CCXT, WIDTHS, Feed, Server, Source, Wanted, millis
from basislab.data.sources.fields import Milliseconds
from basislab.data.sources.http import Call
from basislab.data.sources.listed import SettlementRow, parse_candles, parse_settlements
from basislab.errors import ConfigError
from basislab.units import SECONDS_PER_HOUR

ROWS = 100
"""Rows of one request: the smallest page of the exchanges that ccxt knows."""

_NAME = re.compile(r"ccxt:(?P<id>[a-z0-9]{2,32})(?:/(?P<quote>[A-Z0-9]{2,10}))?", re.ASCII)


class Exchange(NamedTuple):
    """An exchange as ccxt calls it, and its quote and settlement coin, such as USDT."""

    id: str
    quote: str

    @property
    def server(self) -> Server:
        """Where its answers are kept; ccxt knows the address, and asks at its own pace."""
        return Server(f"{CCXT}-{self.id}", f"{CCXT}://{self.id}")


class FundingRow(SettlementRow):
    """One row of `fetchFundingRateHistory`; the exchange's own row in `info` is kept, not used."""

    time: Annotated[Milliseconds, Field(alias="timestamp")]


def exchange_of(name: str) -> Exchange:
    """Return the exchange that ``ccxt:EXCHANGE`` or ``ccxt:EXCHANGE/QUOTE`` names.

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


def candle_feed(wanted: Wanted, kind: Literal["spot", "perp"]) -> Feed:
    """Return the feed of an exchange's candles."""
    exchange, bar_s = exchange_of(wanted.source), wanted.bar_s
    interval = WIDTHS[bar_s]
    pair = f"{wanted.asset}/{exchange.quote}"
    symbol = pair if kind == "spot" else f"{pair}:{exchange.quote}"

    def call(start: int, end: int) -> Call:
        query = {"symbol": symbol, "timeframe": interval} | _window(start, end)
        return Call(f"{exchange.server.url}/fetchOHLCV?{urlencode(query)}")

    return Feed(
        server=exchange.server,
        name=f"{kind}-candles-{interval}-{wanted.asset}-{exchange.quote}",
        group="prices",
        key=(exchange.id, kind),
        step_s=bar_s,
        span_s=ROWS * bar_s,
        call=call,
        parse=partial(parse_candles, venue=exchange.id, asset=wanted.asset, bar_s=bar_s),
    )


def funding_feed(wanted: Wanted) -> Feed:
    """Return the feed of an exchange's funding."""
    exchange = exchange_of(wanted.source)
    symbol = f"{wanted.asset}/{exchange.quote}:{exchange.quote}"

    def call(start: int, end: int) -> Call:
        query = {"symbol": symbol} | _window(start, end)
        return Call(f"{exchange.server.url}/fetchFundingRateHistory?{urlencode(query)}")

    return Feed(
        server=exchange.server,
        name=f"funding-{wanted.asset}-{exchange.quote}",
        group="funding",
        key=(exchange.id,),
        step_s=SECONDS_PER_HOUR,
        span_s=ROWS * SECONDS_PER_HOUR,
        call=call,
        parse=partial(
            parse_settlements,
            model=FundingRow,
            venue=exchange.id,
            asset=wanted.asset,
            symbol=symbol,
        ),
    )


def _window(start: int, end: int) -> dict[str, int]:
    return {"since": millis(start), "until": millis(end) - 1, "limit": ROWS}  # both inclusive


SOURCES = (
    Source(
        f"{CCXT}:EXCHANGE",
        perp=partial(candle_feed, kind="perp"),
        spot=partial(candle_feed, kind="spot"),
        funding=funding_feed,
    ),
)
