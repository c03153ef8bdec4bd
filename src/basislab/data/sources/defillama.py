"""DefiLlama: a daily snapshot of a pool's supply and borrow APY, in percent.

`chartLendBorrow` has both sides and needs a key; `chart` is free and has the supply side only.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from basislab.data.sources.feeds import Feed, base_url
from basislab.data.sources.http import Call
from basislab.data.sources.rows import RawSeries, Row, matrix, read_rows
from basislab.errors import ConfigError, SourceError
from basislab.units import SECONDS_PER_DAY

KEY = "DEFILLAMA_API_KEY"
"""Environment variable with the key of the paid API."""

POOLS = {
    ("kamino", "SOL"): "525b2dab-ea6a-4cbc-a07f-84ce561d1f83",
    ("kamino", "USDC"): "d2141a59-c199-4be7-8d4b-c8223954836b",
    ("aave", "ETH"): "e880e828-ca59-4ec6-8d4f-27182a4dc23d",
    ("aave", "BTC"): "7e382157-b1bc-406d-b17b-facba43b716e",
    ("aave", "USDC"): "aa70268e-4b52-42bf-a116-608b370f9501",
}
"""Pools by protocol and coin: Kamino's main market, Aave v3 on Ethereum (WETH, WBTC)."""

MAX_APY_PCT = 10_000.0
"""Above it a rate is refused: no curve of a lending market reaches a hundredfold a year."""


def _stamp(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - pydantic turns only ValueError into its own
    stamp = datetime.fromisoformat(value)
    if stamp.tzinfo is None or not 2009 <= stamp.year <= 2100:
        raise ValueError("no zone, or an absurd year")
    return stamp


Stamp = Annotated[
    datetime,
    BeforeValidator(_stamp),
    Field(description="a time with its zone as text, such as '2025-01-01T23:01:10Z'"),
]
"""A time with its zone, between 2009 and 2100."""

ApyPct = Annotated[
    float | None,
    Field(
        ge=0,
        le=MAX_APY_PCT,
        allow_inf_nan=False,
        description=f"percent per year as a number from 0 to {MAX_APY_PCT:g}, or null",
    ),
]


class SnapshotRow(Row):
    """One row of `chartLendBorrow`; totals and rewards are not used, as in the study."""

    timestamp: Stamp
    supply_apy_pct: Annotated[ApyPct, Field(alias="apyBase")]
    borrow_apy_pct: Annotated[ApyPct, Field(alias="apyBaseBorrow")]


def parse(payload: list[Any], where: str, *, protocol: str, asset: str) -> RawSeries:
    """Parse `chartLendBorrow`; null stays missing.

    Parameters
    ----------
    payload : list
        Rows as the aggregator sent them.
    where : str
        The file.
    protocol, asset : str
        The content names neither; they come from the file name.

    Returns
    -------
    RawSeries
        Kind "lending"; supply and borrow APY in percent, NaN where null.

    Raises
    ------
    SourceError
        A bad row: text for a number, a negative rate, a missing field, a time without zone.
    """
    rows = read_rows(SnapshotRow, payload, where)
    times = np.array([int(row.timestamp.timestamp()) for row in rows], dtype=np.int64)
    values = matrix([(row.supply_apy_pct, row.borrow_apy_pct) for row in rows])
    return RawSeries("lending", protocol, asset, times, values, where)


class ChartRow(Row):
    """One row of the free `chart`."""

    timestamp: Stamp
    supply_apy_pct: Annotated[ApyPct, Field(alias="apyBase")]


def parse_chart(payload: list[Any], where: str, *, protocol: str, asset: str) -> RawSeries:
    """Parse the free `chart`; it does not know what borrowing costs, which stays missing.

    Parameters
    ----------
    payload : list
        Rows as the aggregator sent them.
    where : str
        The answer.
    protocol, asset : str
        The content names neither.

    Returns
    -------
    RawSeries
        Kind "lending"; supply APY in percent, NaN where null; borrow APY all NaN.

    Raises
    ------
    SourceError
        A bad row.
    """
    rows = read_rows(ChartRow, payload, where)
    times = np.array([int(row.timestamp.timestamp()) for row in rows], dtype=np.int64)
    values = matrix([(row.supply_apy_pct, None) for row in rows])
    return RawSeries("lending", protocol, asset, times, values, where)


def lending_feed(protocol: str, asset: str, bar_s: int) -> Feed:
    """Return the feed of a pool: both sides where a key is set, else the supply side.

    Parameters
    ----------
    protocol, asset : str
    bar_s : int, seconds

    Returns
    -------
    Feed

    Raises
    ------
    ConfigError
        An unknown pool, or bars of less than a day: there is one snapshot a day.
    """
    pool = POOLS.get((protocol, asset))
    if pool is None:
        known = ", ".join(f"{name} {coin}" for name, coin in POOLS)
        raise ConfigError(
            f"lending: no pool of {asset} on {protocol!r} is known; there are {known}."
        )
    if bar_s != SECONDS_PER_DAY:
        raise ConfigError(
            f"lending: DefiLlama has one snapshot of {protocol} {asset} a day. Take --bar 1d, or "
            "rates of another source."
        )
    key = os.environ.get(KEY, "")
    origin, parser = ("defillama-pro", parse) if key else ("defillama", parse_chart)

    def call(start: int, end: int) -> Call:  # noqa: ARG001 - an answer is the whole history
        if key:
            url = f"{base_url(origin)}/{{{KEY}}}/yields/chartLendBorrow/{pool}"
            return Call(url, keys={KEY: key})
        return Call(f"{base_url(origin)}/chart/{pool}")

    return Feed(
        origin=origin,
        name=f"pool-{protocol}-{asset}",
        group="lending",
        key=(protocol, asset),
        step_s=SECONDS_PER_DAY,
        span_s=0,
        call=call,
        parse=partial(_parse_answer, parser=parser, protocol=protocol, asset=asset),
    )


def _parse_answer(tree: Any, where: str, *, parser: Any, protocol: str, asset: str) -> RawSeries:
    rows = tree.get("data") if isinstance(tree, dict) else tree
    if not isinstance(rows, list):
        raise SourceError(f"{where}: no list 'data' in the answer. Its format has changed.")
    series: RawSeries = parser(rows, where, protocol=protocol, asset=asset)
    return series
