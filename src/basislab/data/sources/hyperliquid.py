"""Hyperliquid's info endpoint: `candleSnapshot` and `fundingHistory`, parsed and nothing else."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from basislab.data.sources.rows import (
    Decimal,
    Milliseconds,
    RawSeries,
    Row,
    matrix,
    one_value,
    read_rows,
)
from basislab.errors import SourceError
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

VENUE = "hyperliquid"

FUNDING_CAP_HOURLY = 0.04
"""The venue's own cap: 4 % of notional an hour, either way."""

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


def parse_candles(payload: list[Any], where: str) -> RawSeries:
    """Parse `candleSnapshot`.

    Parameters
    ----------
    payload : list
        Rows as the venue sent them.
    where : str
        The file.

    Returns
    -------
    RawSeries
        Kind "candles"; open, high, low, close in USD per coin, volume in coin.

    Raises
    ------
    SourceError
        A bad row, several coins, a spot pair, or an interval other than one day.
    """
    rows = read_rows(CandleRow, payload, where)
    coin = one_value([row.s for row in rows], "s", where)
    interval = one_value([row.i for row in rows], "i", where)
    if "/" in coin or coin.startswith("@"):
        raise SourceError(
            f"{where}: row 1, s: got {coin!r}, a spot pair; candles of a perpetual are wanted."
        )
    if interval != "1d":
        raise SourceError(
            f"{where}: row 1, i: got interval {interval!r}; only daily candles ('1d') are "
            "supported. Request candleSnapshot with interval '1d'."
        )
    times = np.array([row.t for row in rows], dtype=np.int64)
    off_grid = times % (SECONDS_PER_DAY * 1_000) != 0
    if off_grid.any():
        row = int(np.argmax(off_grid))
        raise SourceError(
            f"{where}: row {row + 1}, t: got {times[row]}, which is not midnight UTC. "
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
    stamps = np.array([row.time for row in rows], dtype=np.int64)
    hour = SECONDS_PER_HOUR * 1_000
    nominal = (stamps + hour // 2) // hour * hour
    values = matrix([(row.funding_rate, row.premium) for row in rows])
    jitter = (stamps - nominal) / 1_000
    return RawSeries("funding", VENUE, coin.upper(), nominal // 1_000, values, where, jitter)


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
