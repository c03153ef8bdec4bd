"""Kamino's public API: the history of a reserve, supply and borrow APY as fractions."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field

from basislab.data.sources.feeds import Feed, Server, Source, Wanted
from basislab.data.sources.fields import (
    MAX_APY_PCT,
    Decimal,
    Row,
    Stamp,
    held,
    read_rows,
    shortened,
)
from basislab.data.sources.http import Call
from basislab.data.sources.rows import RawSeries, series_of
from basislab.errors import ConfigError, SourceError
from basislab.types.checks import nearest
from basislab.units import PERCENT_PER_UNIT, SECONDS_PER_DAY, SECONDS_PER_HOUR

PROTOCOL = "kamino"

_KNOWN = tomllib.loads((files(__package__) / "kamino_reserves.toml").read_text("utf-8"))

MAIN_MARKET: str = _KNOWN["market"]

RESERVES: dict[str, str] = {coin: one["address"] for coin, one in _KNOWN["reserves"].items()}
"""Reserves of the main market that are known by name, from kamino_reserves.toml."""

MAX_UTILISATION = 1.5
"""Above it totals are not of one unit; interest alone lifts a reserve hardly above 1."""

_API = Server(PROTOCOL, "https://api.kamino.finance", per_minute=120)  # no limit is published
_ADDRESS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}", re.ASCII)

_Fraction = Annotated[
    Decimal | None,
    Field(
        ge=0,
        le=MAX_APY_PCT / PERCENT_PER_UNIT,
        description="an APY as a fraction, 0.05 for 5 %, or null",
    ),
]


_Total = Annotated[
    Decimal | None, Field(ge=0, description="an amount of the coin of 0 or more, or null")
]


class _Metrics(Row):
    """What is used of a row's metrics."""

    supply: Annotated[_Fraction, Field(alias="supplyInterestAPY")]
    borrow: Annotated[_Fraction, Field(alias="borrowInterestAPY")]
    total_supply: Annotated[_Total, Field(alias="totalSupply")] = None
    total_borrows: Annotated[_Total, Field(alias="totalBorrows")] = None

    @property
    def utilisation(self) -> float | None:
        """Part of the supply that is lent out; None where it is not told."""
        if self.total_supply is None or self.total_borrows is None or not self.total_supply:
            return None
        return self.total_borrows / self.total_supply


class HistoryRow(Row):
    """One row of the history."""

    timestamp: Stamp
    metrics: Annotated[
        _Metrics,
        Field(
            description="an object with supplyInterestAPY and borrowInterestAPY, APYs as fractions"
        ),
    ]


def parse(tree: Any, where: str, *, asset: str, reserve: str | None = None) -> RawSeries:
    """Parse the history of a reserve: APY in percent, utilisation a fraction, null stays missing.

    Raises
    ------
    SourceError
        Another shape, a bad row, or another reserve than the one that was asked for.
    """
    rows = read_rows(HistoryRow, held(tree, "history", where), where)
    told = tree.get("reserve", reserve)
    if reserve is not None and told != reserve:
        raise SourceError(
            f"{where}: the answer is of reserve {shortened(told)}, asked was {reserve}. Fetch it "
            "again."
        )
    for row, metrics in enumerate((row.metrics for row in rows), 1):
        if (metrics.utilisation or 0.0) > MAX_UTILISATION:
            raise SourceError(
                f"{where}: row {row}, totalBorrows: {metrics.utilisation:g} times totalSupply. Are "
                "they of one unit? Report a change of format."
            )
    values = [
        (_percent(row.metrics.supply), _percent(row.metrics.borrow), row.metrics.utilisation)
        for row in rows
    ]
    times = [int(row.timestamp.timestamp()) for row in rows]
    return series_of("reserve", PROTOCOL, asset, times, values, where)


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else fraction * PERCENT_PER_UNIT


def parse_reserve(text: str) -> tuple[str, str]:
    """Return the coin and the address that ``COIN=ADDRESS`` names."""
    coin, _, address = text.partition("=")
    if not coin.isalnum() or not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"reserve: got {text!r}; wanted is COIN=ADDRESS with a reserve of Kamino's main "
            "market, 32 to 44 letters and digits."
        )
    return coin.upper(), address


def lending_feed(wanted: Wanted) -> Feed:
    """Return the feed of a reserve of the main market.

    Raises
    ------
    ConfigError
        No reserve of that coin is known.
    """
    asset, reserves = wanted.asset, RESERVES | dict(map(parse_reserve, wanted.reserves))
    if asset not in reserves:
        known = ", ".join(reserves)
        raise ConfigError(
            f"lending: no reserve of {asset!r} on kamino{nearest(asset, list(reserves))}; there "
            f"are {known}. Name it with --reserve {asset}=ADDRESS, or take another protocol, such "
            "as aave."
        )
    address = reserves[asset]
    own = "" if address == RESERVES.get(asset) else f"-{address}"
    frequency = {SECONDS_PER_HOUR: "hour", SECONDS_PER_DAY: "day"}[wanted.bar_s]

    def call(start: int, end: int) -> Call:
        query = {"env": "mainnet-beta", "start": _iso(start), "end": _iso(end - 1)}
        path = f"kamino-market/{MAIN_MARKET}/reserves/{address}/metrics/history"
        text = urlencode(query | {"frequency": frequency})
        return Call(f"{_API.address}/{path}?{text}")

    return Feed(
        server=_API,
        name=f"reserve-{frequency}-{asset}{own}",
        group="lending",
        key=(PROTOCOL, asset),
        step_s=wanted.bar_s,
        span_s=60 * SECONDS_PER_DAY if frequency == "hour" else 1_000 * SECONDS_PER_DAY,
        call=call,
        parse=partial(parse, asset=asset, reserve=address),
    )


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


SOURCES = (Source(PROTOCOL, lending=lending_feed, servers=(_API,)),)


def portfolio_url(wallet: str) -> str:
    """Return where a wallet's portfolio is asked for."""
    return f"{_API.address}/portfolio/{wallet}"
