"""Hyperliquid's info endpoint: `candleSnapshot`, `fundingHistory`, margin tables of `meta`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from basislab.data.sources.feeds import Feed, base_url, millis
from basislab.data.sources.http import Call
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
from basislab.errors import SourceError
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

VENUE = "hyperliquid"

FUNDING_CAP_HOURLY = 0.04
"""The venue's own cap: 4 % of notional an hour, either way."""

INTERVALS = {"1h": SECONDS_PER_HOUR, "1d": SECONDS_PER_DAY}
"""Widths of candles that are read, in seconds."""

MAX_CANDLES = 5_000
"""The venue keeps no more candles of an interval than the latest 5 000."""

MAX_SETTLEMENTS = 500
"""Rows of one page of `fundingHistory`."""

MAX_PRICE = 1e12
MAX_VOLUME = 1e18
"""Beyond them a number is no price in USD and no volume in coin, whatever the coin."""

_PRICE = "a price above 0, as decimal text such as '191.47'"
Price = Annotated[Decimal, Field(gt=0, le=MAX_PRICE, description=_PRICE)]
Ticker = Annotated[str, Field(min_length=1, max_length=32, description="the coin's name")]


class CandleRow(Row):
    """One row of `candleSnapshot`; `T` and `n` are not used."""

    t: Milliseconds
    s: Ticker
    i: Annotated[str, Field(max_length=8, description="the interval as text, such as '1d'")]
    o: Price
    h: Price
    l: Price  # noqa: E741 - the venue's own name
    c: Price
    v: Annotated[
        Decimal,
        Field(ge=0, le=MAX_VOLUME, description="a volume of 0 or more, as decimal text"),
    ]


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


def parse_candles(payload: list[Any], where: str, interval: str = "1d") -> RawSeries:
    """Parse `candleSnapshot`.

    Parameters
    ----------
    payload : list
        Rows as the venue sent them.
    where : str
        The file.
    interval : {"1d", "1h"}
        Width of a candle.

    Returns
    -------
    RawSeries
        Kind "candles"; open, high, low, close in USD per coin, volume in coin.

    Raises
    ------
    SourceError
        A bad row, several coins, a spot pair, or another interval.
    """
    rows = read_rows(CandleRow, payload, where)
    coin = one_value([row.s for row in rows], "s", where)
    got = one_value([row.i for row in rows], "i", where)
    if "/" in coin or coin.startswith("@"):
        raise SourceError(
            f"{where}: row 1, s: got {coin!r}, a spot pair; candles of a perpetual are wanted."
        )
    if got != interval:
        raise SourceError(
            f"{where}: row 1, i: got interval {got!r}; candles of {interval!r} are wanted. "
            f"Request candleSnapshot with interval {interval!r}."
        )
    times = np.array([row.t for row in rows], dtype=np.int64)
    off_grid = times % (INTERVALS[interval] * 1_000) != 0
    if off_grid.any():
        row = int(np.argmax(off_grid))
        where_it_opens = "midnight UTC" if interval == "1d" else "a full hour"
        raise SourceError(
            f"{where}: row {row + 1}, t: got {times[row]}, which is not {where_it_opens}. "
            "Fetch the candles again."
        )
    values = matrix([(row.o, row.h, row.l, row.c, row.v) for row in rows])
    return RawSeries("candles", VENUE, coin.upper(), times // 1_000, values, where)


def parse_funding(payload: list[Any], where: str) -> RawSeries:
    """Parse `fundingHistory`.

    The venue stamps a settlement up to a quarter of an hour late (887 s on 2025-07-19), so the
    nominal time is the nearest hour.

    Parameters
    ----------
    payload : list
        Rows as the venue sent them.
    where : str
        The file.

    Returns
    -------
    RawSeries
        Kind "funding"; rate as a fraction of notional per settlement, and the premium.

    Raises
    ------
    SourceError
        A bad row, or several coins.
    """
    rows = read_rows(FundingRow, payload, where)
    coin = one_value([row.coin for row in rows], "coin", where)
    return funding_series(
        [row.time for row in rows],
        [(row.funding_rate, row.premium) for row in rows],
        venue=VENUE,
        asset=coin.upper(),
        where=where,
    )


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


class _Tier(Row):
    """One row of ``marginTiers``."""

    lower_bound: Annotated[
        Decimal, Field(alias="lowerBound", ge=0, description="a notional in USD as decimal text")
    ]
    max_leverage: Annotated[
        int, Field(alias="maxLeverage", ge=1, le=1_000, description="a whole number from 1 up")
    ]


def candle_feed(asset: str, bar_s: int) -> Feed:
    """Return the feed of the perpetual's candles.

    Parameters
    ----------
    asset : str
    bar_s : int, seconds
        An hour or a day.

    Returns
    -------
    Feed
        Of what the venue keeps: the latest 5 000 candles.
    """
    interval = next(name for name, seconds in INTERVALS.items() if seconds == bar_s)

    def call(start: int, end: int) -> Call:
        window = {"startTime": millis(start), "endTime": millis(end) - 1}  # both inclusive
        request = {"coin": asset, "interval": interval, **window}
        candles = (end - start) / bar_s
        return _info({"type": "candleSnapshot", "req": request}, 20 + candles / 60)

    return Feed(
        origin=VENUE,
        name=f"candles-{interval}-{asset}",
        group="prices",
        key=(VENUE, "perp"),
        step_s=bar_s,
        span_s=1_000 * bar_s,
        call=call,
        parse=partial(parse_candles, interval=interval),
        note=f"It keeps the latest {MAX_CANDLES} candles of a width; binance has older ones.",
    )


def funding_feed(asset: str) -> Feed:
    """Return the feed of the funding settlements, hourly since 2023-06-08.

    Parameters
    ----------
    asset : str

    Returns
    -------
    Feed
    """

    def call(start: int, end: int) -> Call:
        window = {"startTime": millis(start), "endTime": millis(end) - 1}  # both inclusive
        rows = (end - start) / SECONDS_PER_HOUR
        return _info({"type": "fundingHistory", "coin": asset, **window}, 20 + rows / 20)

    return Feed(
        origin=VENUE,
        name=f"funding-{asset}",
        group="funding",
        key=(VENUE,),
        step_s=SECONDS_PER_HOUR,
        span_s=MAX_SETTLEMENTS * SECONDS_PER_HOUR,
        call=call,
        parse=parse_funding,
        settles_at_once=True,
    )


def meta_feed() -> Feed:
    """Return the feed of the margin tables, which has no rows in time.

    Returns
    -------
    Feed
        Its answer is for `parse_margin_tiers`.
    """

    def refused(_: Any, where: str) -> Any:
        raise SourceError(f"{where}: margin tables have no rows. Use parse_margin_tiers.")

    return Feed(
        origin=VENUE,
        name="meta",
        group="terms",
        key=(VENUE,),
        step_s=0,
        span_s=0,
        call=lambda _, __: _info({"type": "meta"}, 20),
        parse=refused,
    )


def _info(body: dict[str, Any], weight: float) -> Call:
    return Call(f"{base_url(VENUE)}/info", body, weight)


def parse_margin_tiers(meta: Any, where: str, coin: str) -> list[tuple[float, int]]:
    """Return the margin tiers of a coin from `meta`.

    A coin with a single tier has no table: its table's number is its maximum leverage.

    Parameters
    ----------
    meta : object
        Parsed answer of ``{"type": "meta"}``, with its margin tables.
    where : str
        The answer, for messages.
    coin : str

    Returns
    -------
    list of (float, int)
        Lower bound of the tier's notional in USD, and its maximum leverage.

    Raises
    ------
    SourceError
        Another shape, no such coin, or no table for it.
    """
    try:
        listed = {entry["name"]: entry["marginTableId"] for entry in meta["universe"]}
        most = {entry["name"]: entry.get("maxLeverage") for entry in meta["universe"]}
        tables = {number: table["marginTiers"] for number, table in meta["marginTables"]}
    except (KeyError, TypeError, ValueError, AttributeError):
        raise SourceError(
            f"{where}: not the answer of 'meta' with universe and marginTables. Fetch it again."
        ) from None
    if coin in listed and listed[coin] not in tables and listed[coin] == most[coin]:
        return [(0.0, int(listed[coin]))]
    if coin not in listed or listed[coin] not in tables:
        raise SourceError(f"{where}: no margin table of {coin}. Choose a listed coin.")
    rows = read_rows(_Tier, tables[listed[coin]], f"{where}: tiers of {coin}")
    return [(row.lower_bound, row.max_leverage) for row in rows]
