"""Kamino's public API: the history of a reserve, supply and borrow APY as fractions."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

import numpy as np
from pydantic import Field

from basislab.data.feeds import Feed, base_url
from basislab.data.http import Call
from basislab.data.sources.defillama import MAX_APY_PCT, Stamp
from basislab.data.sources.rows import Decimal, RawSeries, Row, matrix, read_rows
from basislab.errors import ConfigError, SourceError
from basislab.types.checks import nearest
from basislab.units import PERCENT_PER_UNIT, SECONDS_PER_DAY, SECONDS_PER_HOUR

PROTOCOL = "kamino"

MAIN_MARKET = "7u3HeHxYDLhnCoErrtycNokbQYbWGzLs6JSDqGAv5PfF"

RESERVES = {
    "SOL": "d4A2prbA2whesmvHaL88BH6Ewn5N4bTSU2Ze8P6Bc4Q",
    "USDC": "D6q6wuQSrifJKZYpR1M8R4YawnLDtDsMmWM1NbBmgJ59",
}
"""Reserves of the main market."""

_Fraction = Annotated[
    Decimal | None,
    Field(
        ge=0,
        le=MAX_APY_PCT / PERCENT_PER_UNIT,
        description="an APY as a fraction, 0.05 for 5 %, or null",
    ),
]


class _Metrics(Row):
    """What is used of a row's metrics."""

    supply: Annotated[_Fraction, Field(alias="supplyInterestAPY")]
    borrow: Annotated[_Fraction, Field(alias="borrowInterestAPY")]


class HistoryRow(Row):
    """One row of the history."""

    timestamp: Stamp
    metrics: Annotated[
        _Metrics,
        Field(
            description="an object with supplyInterestAPY and borrowInterestAPY, APYs as fractions"
        ),
    ]


def parse(payload: Any, where: str, *, asset: str) -> RawSeries:
    """Parse the history of a reserve; null stays missing.

    Parameters
    ----------
    payload : dict
        ``{"reserve": ..., "history": [{"timestamp", "metrics"}]}``.
    where : str
        The answer.
    asset : str

    Returns
    -------
    RawSeries
        Kind "lending"; supply and borrow APY in percent.

    Raises
    ------
    SourceError
        Another shape, or a bad row.
    """
    history = payload.get("history") if isinstance(payload, dict) else None
    if not isinstance(history, list):
        raise SourceError(f"{where}: no list 'history' in the answer. Its format has changed.")
    rows = read_rows(HistoryRow, history, where)
    times = np.array([int(row.timestamp.timestamp()) for row in rows], dtype=np.int64)
    fractions = matrix([(row.metrics.supply, row.metrics.borrow) for row in rows])
    values = fractions.reshape(-1, 2) * PERCENT_PER_UNIT
    return RawSeries("lending", PROTOCOL, asset, times, values, where)


def lending_feed(asset: str, bar_s: int) -> Feed:
    """Return the feed of a reserve of the main market.

    Parameters
    ----------
    asset : str
    bar_s : int, seconds
        An hour or a day.

    Returns
    -------
    Feed

    Raises
    ------
    ConfigError
        No reserve of that coin is known.
    """
    if asset not in RESERVES:
        known = ", ".join(RESERVES)
        raise ConfigError(
            f"lending: no reserve of {asset!r} on kamino{nearest(asset, list(RESERVES))}; there "
            f"are {known}. Take another protocol, such as aave."
        )
    frequency = {SECONDS_PER_HOUR: "hour", SECONDS_PER_DAY: "day"}[bar_s]

    def call(start: int, end: int) -> Call:
        query = {"env": "mainnet-beta", "start": _iso(start), "end": _iso(end - 1)}
        path = f"kamino-market/{MAIN_MARKET}/reserves/{RESERVES[asset]}/metrics/history"
        text = urlencode(query | {"frequency": frequency})
        return Call(f"{base_url(PROTOCOL)}/{path}?{text}")

    return Feed(
        origin=PROTOCOL,
        name=f"reserve-{frequency}-{asset}",
        group="lending",
        key=(PROTOCOL, asset),
        step_s=bar_s,
        span_s=60 * SECONDS_PER_DAY if frequency == "hour" else 1_000 * SECONDS_PER_DAY,
        call=call,
        parse=partial(parse, asset=asset),
    )


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
