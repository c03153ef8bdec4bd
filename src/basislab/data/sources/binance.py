"""Binance: klines of spot and perpetual, and the perpetual's funding with its varying interval."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import Field

from basislab.data.sources.feeds import WIDTHS, Feed, Server, Source, Wanted, millis
from basislab.data.sources.fields import Milliseconds
from basislab.data.sources.http import Call
from basislab.data.sources.listed import SettlementRow, parse_candles, parse_settlements
from basislab.units import SECONDS_PER_HOUR

VENUE = "binance"
ROWS = 1_000
"""Rows of one request."""

_SPOT = Server("binance-spot", "https://api.binance.com", per_minute=6_000)
_PERP = Server("binance-perp", "https://fapi.binance.com", per_minute=2_400)
_KLINES = {"spot": (_SPOT, "api/v3/klines"), "perp": (_PERP, "fapi/v1/klines")}


class FundingRow(SettlementRow):
    """One row of `fundingRate`; `markPrice` is not used."""

    time: Annotated[Milliseconds, Field(alias="fundingTime")]


def candle_feed(wanted: Wanted, kind: Literal["spot", "perp"]) -> Feed:
    """Return the feed of klines against USDT."""
    (server, path), interval = _KLINES[kind], WIDTHS[wanted.bar_s]

    def call(start: int, end: int) -> Call:
        query = _query(wanted.asset, start, end) | {"interval": interval}
        return Call(f"{server.address}/{path}?{urlencode(query)}", weight=5)

    return Feed(
        server=server,
        name=f"candles-{interval}-{wanted.asset}",
        group="prices",
        key=(VENUE, kind),
        step_s=wanted.bar_s,
        span_s=ROWS * wanted.bar_s,
        call=call,
        parse=partial(parse_candles, venue=VENUE, asset=wanted.asset, bar_s=wanted.bar_s),
    )


def funding_feed(wanted: Wanted) -> Feed:
    """Return the feed of the funding, every 8, 4, 2 or 1 hours, as the venue decides."""

    def call(start: int, end: int) -> Call:
        query = _query(wanted.asset, start, end)
        # The limit of this request is 500 in 5 minutes, apart from all others.
        return Call(f"{_PERP.address}/fapi/v1/fundingRate?{urlencode(query)}", weight=24)

    return Feed(
        server=_PERP,
        name=f"funding-{wanted.asset}",
        group="funding",
        key=(VENUE,),
        step_s=SECONDS_PER_HOUR,
        span_s=ROWS * SECONDS_PER_HOUR,
        call=call,
        parse=partial(
            parse_settlements,
            model=FundingRow,
            venue=VENUE,
            asset=wanted.asset,
            symbol=f"{wanted.asset}USDT",
        ),
    )


def _query(asset: str, start: int, end: int) -> dict[str, Any]:
    window = {"startTime": millis(start), "endTime": millis(end) - 1}  # both inclusive
    return {"symbol": f"{asset}USDT", **window, "limit": ROWS}


SOURCES = (
    Source(
        VENUE,
        perp=partial(candle_feed, kind="perp"),
        spot=partial(candle_feed, kind="spot"),
        funding=funding_feed,
        servers=(_SPOT, _PERP),
    ),
)
