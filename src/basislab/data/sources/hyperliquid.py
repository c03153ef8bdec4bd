"""Hyperliquid's info endpoint: `candleSnapshot`, `fundingHistory`, margin tables of `meta`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from basislab.data.sources.feeds import (
    WIDTHS,
    Feed,
    Server,
    Source,
    Terms,
    Wanted,
    millis,
)
from basislab.data.sources.fields import (
    Decimal,
    Milliseconds,
    Price,
    Row,
    Ticker,
    Volume,
    held,
    named,
    one_value,
    read_rows,
)
from basislab.data.sources.http import Call
from basislab.data.sources.rows import RawSeries, candle_series, funding_series
from basislab.errors import SourceError
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

VENUE = "hyperliquid"

FUNDING_CAP_HOURLY = 0.04
"""The venue's own cap: 4 % of notional an hour, either way."""

MAX_CANDLES = 5_000
"""The venue keeps no more candles of an interval than the latest 5 000."""

MAX_SETTLEMENTS = 500
"""Rows of one page of `fundingHistory`."""

_INFO = Server(VENUE, "https://api.hyperliquid.xyz", per_minute=1_200)


class CandleRow(Row):
    """One row of `candleSnapshot`; `T` and `n` are not used."""

    t: Milliseconds
    s: Ticker
    i: Annotated[str, Field(max_length=8, description="the interval as text, such as '1d'")]
    o: Price
    h: Price
    l: Price  # noqa: E741 - the venue's own name
    c: Price
    v: Volume


class FundingRow(Row):
    """One row of `fundingHistory`."""

    coin: Ticker
    funding_rate: Annotated[
        Decimal,
        Field(
            alias="fundingRate",
            ge=-FUNDING_CAP_HOURLY,
            le=FUNDING_CAP_HOURLY,
            description=(
                "a fraction of notional as decimal text, within the venue's cap of 0.04 an hour "
                "(divide percent by 100)"
            ),
        ),
    ]
    premium: Annotated[Decimal | None, Field(description="decimal text")] = None
    time: Milliseconds


def parse_candles(
    tree: Any, where: str, *, bar_s: int = SECONDS_PER_DAY, asset: str | None = None
) -> RawSeries:
    """Parse `candleSnapshot`; prices in USD per coin, volume in coin.

    Raises
    ------
    SourceError
        A bad row, several coins or another than `asset`, a spot pair, or another interval.
    """
    rows = read_rows(CandleRow, tree, where)
    coin = one_value([row.s for row in rows], "s", where, asset)
    if "/" in coin or coin.startswith("@"):
        raise SourceError(
            f"{where}: row 1, s: got {coin!r}, a spot pair; candles of a perpetual are wanted."
        )
    got, wanted = one_value([row.i for row in rows], "i", where), WIDTHS[bar_s]
    if rows and got != wanted:
        raise SourceError(
            f"{where}: row 1, i: got interval {got!r}; candles of {wanted!r} are wanted. "
            f"Request candleSnapshot with interval {wanted!r}."
        )
    values = [(row.o, row.h, row.l, row.c, row.v) for row in rows]
    stamps = ("t", [row.t for row in rows])
    return candle_series(VENUE, coin.upper(), stamps, values, where, bar_s)


def parse_funding(tree: Any, where: str, *, asset: str | None = None) -> RawSeries:
    """Parse `fundingHistory`: rate as a fraction of notional per settlement, and the premium.

    The venue stamps a settlement up to a quarter of an hour late (887 s on 2025-07-19), so the
    nominal time is the nearest hour.
    """
    rows = read_rows(FundingRow, tree, where)
    coin = one_value([row.coin for row in rows], "coin", where, asset)
    rates = [(row.funding_rate, row.premium) for row in rows]
    return funding_series(VENUE, coin.upper(), [row.time for row in rows], rates, where)


def expected_rate(premium: float) -> float:
    """Hourly rate that the venue's formula gives for a premium.

    Solves ``rate = (premium + clamp(0.01 % - premium, -0.05 %, 0.05 %)) / 8``.

    Parameters
    ----------
    premium : float, fraction of the oracle price

    Returns
    -------
    float
        Fraction of notional per hour.

    References
    ----------
    Hyperliquid documentation, Trading, Funding. Equal to all 9 807 settlements of SOL from
    2024-12-31 to 2026-02-13, to the venue's ten decimals.

    Examples
    --------
    >>> round(expected_rate(0.0003798388), 12)
    1.25e-05
    """
    return (premium + min(max(0.0001 - premium, -0.0005), 0.0005)) / 8


def candle_feed(wanted: Wanted) -> Feed:
    """Return the feed of the perpetual's candles, of which the venue keeps the latest 5 000."""
    asset, bar_s = wanted.asset, wanted.bar_s

    def call(start: int, end: int) -> Call:
        request = {"coin": asset, "interval": WIDTHS[bar_s], **_window(start, end)}
        candles = (end - start) / bar_s
        return info_call({"type": "candleSnapshot", "req": request}, 20 + candles / 60)

    return Feed(
        server=_INFO,
        name=f"candles-{WIDTHS[bar_s]}-{asset}",
        group="prices",
        key=(VENUE, "perp"),
        step_s=bar_s,
        span_s=1_000 * bar_s,
        call=call,
        parse=partial(parse_candles, bar_s=bar_s, asset=asset),
        note=f"It keeps the latest {MAX_CANDLES} candles of a width; binance has older ones.",
    )


def funding_feed(wanted: Wanted) -> Feed:
    """Return the feed of the funding settlements, hourly since 2023-06-08."""

    def call(start: int, end: int) -> Call:
        rows = (end - start) / SECONDS_PER_HOUR
        request = {"type": "fundingHistory", "coin": wanted.asset, **_window(start, end)}
        return info_call(request, 20 + rows / 20)

    return Feed(
        server=_INFO,
        name=f"funding-{wanted.asset}",
        group="funding",
        key=(VENUE,),
        step_s=SECONDS_PER_HOUR,
        span_s=MAX_SETTLEMENTS * SECONDS_PER_HOUR,
        call=call,
        parse=partial(parse_funding, asset=wanted.asset),
    )


def meta_feed() -> Feed:
    """Return the feed of the margin tables, which has no rows in time."""

    def refused(_: Any, where: str) -> Any:
        raise SourceError(f"{where}: margin tables have no rows. Use parse_margin_tiers.")

    return Feed(
        server=_INFO,
        name="meta",
        group="terms",
        key=(VENUE,),
        step_s=0,
        span_s=0,
        call=lambda _, __: info_call({"type": "meta"}, 20),
        parse=refused,
    )


def _window(start: int, end: int) -> dict[str, int]:
    return {"startTime": millis(start), "endTime": millis(end) - 1}  # both inclusive


def info_call(body: dict[str, Any], weight: float) -> Call:
    """Return a request to the info endpoint."""
    return Call(f"{_INFO.address}/info", body, weight)


_Whole = Annotated[int, Field(ge=1, le=1_000, description="a whole number from 1 up")]


class _Coin(Row):
    """One coin of ``universe``."""

    name: Ticker
    table: Annotated[_Whole, Field(alias="marginTableId")]
    max_leverage: Annotated[_Whole | None, Field(alias="maxLeverage")] = None


class _Tier(Row):
    """One row of ``marginTiers``."""

    lower_bound: Annotated[
        Decimal, Field(alias="lowerBound", ge=0, description="a notional in USD as decimal text")
    ]
    max_leverage: Annotated[_Whole, Field(alias="maxLeverage")]


class _Tiers(Row):
    """A margin table."""

    tiers: Annotated[
        list[_Tier],
        Field(
            alias="marginTiers",
            min_length=1,
            description="a list of lowerBound, decimal text, and maxLeverage, a whole number",
        ),
    ]


class _Table(Row):
    """One entry of ``marginTables``, which is a pair."""

    number: _Whole
    table: Annotated[_Tiers, Field(description="an object with marginTiers")]


def parse_margin_tiers(meta: Any, where: str, coin: str) -> list[tuple[float, int]]:
    """Return the margin tiers of a coin: lower bound of the notional (USD) and maximum leverage.

    A coin with a single tier has no table: its table's number is its maximum leverage.

    Raises
    ------
    SourceError
        Another shape, no such coin, or no table for it.
    """
    universe = read_rows(_Coin, held(meta, "universe", where), f"{where}: universe")
    pairs = named(held(meta, "marginTables", where), ("number", "table"))
    tables = read_rows(_Table, pairs, f"{where}: marginTables")
    found: list[list[tuple[float, int]]] = []
    for listed in universe:
        if listed.name != coin:
            continue
        own = [entry.table.tiers for entry in tables if entry.number == listed.table]
        found += [[(tier.lower_bound, tier.max_leverage) for tier in tiers] for tiers in own]
        if not own and listed.table == listed.max_leverage:
            found.append([(0.0, listed.table)])
    if len(found) != 1:
        raise SourceError(
            f"{where}: no margin table of {coin}, or more than one. Choose a listed coin."
        )
    return found[0]


def _terms(meta: Any, where: str, coin: str) -> dict[str, Any]:
    return {"margin_tiers": [list(tier) for tier in parse_margin_tiers(meta, where, coin)]}


SOURCES = (
    Source(
        VENUE,
        perp=candle_feed,
        funding=funding_feed,
        servers=(_INFO,),
        terms=Terms(meta_feed, _terms),
    ),
)
