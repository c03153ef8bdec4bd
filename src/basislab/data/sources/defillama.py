"""DefiLlama: a daily snapshot of a pool's supply and borrow APY, in percent.

`chartLendBorrow` has both sides and needs a key; `chart` is free and has the supply side only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import Field

from basislab.data.sources.feeds import Feed, Server, Source, Wanted
from basislab.data.sources.fields import MAX_APY_PCT, Row, Stamp, held, read_rows
from basislab.data.sources.http import Call
from basislab.data.sources.rows import RawSeries, Values, series_of
from basislab.errors import ConfigError
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

_FREE = Server("defillama", "https://yields.llama.fi", per_minute=300)
_PRO = Server("defillama-pro", "https://pro-api.llama.fi", per_minute=1_000)

ApyPct = Annotated[
    float | None,
    Field(
        ge=0,
        le=MAX_APY_PCT,
        allow_inf_nan=False,
        description=f"percent per year as a number from 0 to {MAX_APY_PCT:g}, or null",
    ),
]


class ChartRow(Row):
    """One row of the free `chart`."""

    timestamp: Stamp
    supply_apy_pct: Annotated[ApyPct, Field(alias="apyBase")]


class SnapshotRow(ChartRow):
    """One row of `chartLendBorrow`; totals and rewards are not used, as in the study."""

    borrow_apy_pct: Annotated[ApyPct, Field(alias="apyBaseBorrow")]


def parse(tree: Any, where: str, *, protocol: str, asset: str) -> RawSeries:
    """Parse `chartLendBorrow`; APY in percent, null stays missing."""
    rows = read_rows(SnapshotRow, tree, where)
    values = [(row.supply_apy_pct, row.borrow_apy_pct) for row in rows]
    return _lending(rows, values, where, protocol, asset)


def parse_chart(tree: Any, where: str, *, protocol: str, asset: str) -> RawSeries:
    """Parse the free `chart`; it does not know what borrowing costs, which stays missing."""
    rows = read_rows(ChartRow, tree, where)
    return _lending(rows, [(row.supply_apy_pct, None) for row in rows], where, protocol, asset)


def _lending(
    rows: Sequence[ChartRow], values: Values, where: str, protocol: str, asset: str
) -> RawSeries:
    times = [int(row.timestamp.timestamp()) for row in rows]
    return series_of("lending", protocol, asset, times, values, where)


def lending_feed(wanted: Wanted, protocol: str) -> Feed:
    """Return the feed of a pool: both sides where a key is set, else the supply side.

    Raises
    ------
    ConfigError
        An unknown pool, or bars of less than a day: there is one snapshot a day.
    """
    asset = wanted.asset
    pool = POOLS.get((protocol, asset))
    if pool is None:
        known = ", ".join(f"{name} {coin}" for name, coin in POOLS)
        raise ConfigError(
            f"lending: no pool of {asset} on {protocol!r} is known; there are {known}."
        )
    if wanted.bar_s != SECONDS_PER_DAY:
        raise ConfigError(
            f"lending: DefiLlama has one snapshot of {protocol} {asset} a day. Take --bar 1d, or "
            "rates of another source."
        )
    key = os.environ.get(KEY, "")
    server, parser = (_PRO, parse) if key else (_FREE, parse_chart)

    def call(start: int, end: int) -> Call:  # noqa: ARG001 - an answer is the whole history
        if key:
            url = f"{server.address}/{{{KEY}}}/yields/chartLendBorrow/{pool}"
            return Call(url, keys={KEY: key})
        return Call(f"{server.address}/chart/{pool}")

    def parse_answer(tree: Any, where: str) -> RawSeries:
        rows = held(tree, "data", where) if isinstance(tree, dict) else tree
        return parser(rows, where, protocol=protocol, asset=asset)

    return Feed(
        server=server,
        name=f"pool-{protocol}-{asset}",
        group="lending",
        key=(protocol, asset),
        step_s=SECONDS_PER_DAY,
        span_s=0,
        call=call,
        parse=parse_answer,
    )


SOURCES = (
    Source("aave", lending=partial(lending_feed, protocol="aave"), servers=(_FREE, _PRO)),
    Source("kamino-defillama", lending=partial(lending_feed, protocol="kamino")),
)
