"""Kamino's public API: the history of a reserve, supply and borrow APY as fractions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import urlencode

import numpy as np
from pydantic import Field

from basislab.data.sources.defillama import MAX_APY_PCT, Stamp
from basislab.data.sources.feeds import Feed, base_url
from basislab.data.sources.http import Call
from basislab.data.sources.rows import Decimal, RawSeries, Row, matrix, read_rows
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


def parse(payload: Any, where: str, *, asset: str, reserve: str | None = None) -> RawSeries:
    """Parse the history of a reserve; null stays missing.

    Parameters
    ----------
    payload : dict
        ``{"reserve": ..., "history": [{"timestamp", "metrics"}]}``.
    where : str
        The answer.
    asset : str
    reserve : str, optional
        Its address; an answer that names another one is refused.

    Returns
    -------
    RawSeries
        Kind "reserve"; supply and borrow APY in percent, and the utilisation as a fraction.

    Raises
    ------
    SourceError
        Another shape, or a bad row.
    """
    history = payload.get("history") if isinstance(payload, dict) else None
    if not isinstance(history, list):
        raise SourceError(f"{where}: no list 'history' in the answer. Its format has changed.")
    told = payload.get("reserve", reserve)
    if reserve is not None and told != reserve:
        raise SourceError(f"{where}: the answer is of reserve {told!r}, asked was {reserve}.")
    rows = read_rows(HistoryRow, history, where)
    times = np.array([int(row.timestamp.timestamp()) for row in rows], dtype=np.int64)
    fractions = matrix([(row.metrics.supply, row.metrics.borrow) for row in rows])
    used = matrix([(row.metrics.utilisation,) for row in rows]).reshape(-1, 1)
    if (used > MAX_UTILISATION).any():
        row = int(np.argmax(used[:, 0] > MAX_UTILISATION))
        raise SourceError(
            f"{where}: row {row + 1}, totalBorrows: {used[row, 0]:g} times totalSupply. Are they "
            "of one unit? Report a change of format."
        )
    values = np.hstack([fractions.reshape(-1, 2) * PERCENT_PER_UNIT, used])
    return RawSeries("reserve", PROTOCOL, asset, times, values, where)


def parse_reserve(text: str) -> tuple[str, str]:
    """Return the coin and the address of an explicit reserve.

    Parameters
    ----------
    text : str
        Such as ``ETH=`` and the reserve's address.

    Returns
    -------
    tuple of str and str

    Raises
    ------
    ConfigError
        Not of that form.
    """
    coin, _, address = text.partition("=")
    if not coin.isalnum() or not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"reserve: got {text!r}; wanted is COIN=ADDRESS with a reserve of Kamino's main "
            "market, 32 to 44 letters and digits."
        )
    return coin.upper(), address


def lending_feed(asset: str, bar_s: int, reserves: Mapping[str, str] = RESERVES) -> Feed:
    """Return the feed of a reserve of the main market.

    Parameters
    ----------
    asset : str
    bar_s : int, seconds
        An hour or a day.
    reserves : mapping of str to str
        Addresses by coin.

    Returns
    -------
    Feed

    Raises
    ------
    ConfigError
        No reserve of that coin is known.
    """
    if asset not in reserves:
        known = ", ".join(reserves)
        raise ConfigError(
            f"lending: no reserve of {asset!r} on kamino{nearest(asset, list(reserves))}; there "
            f"are {known}. Name it with --reserve {asset}=ADDRESS, or take another protocol, such "
            "as aave."
        )
    address = reserves[asset]
    own = "" if address == RESERVES.get(asset) else f"-{address}"
    frequency = {SECONDS_PER_HOUR: "hour", SECONDS_PER_DAY: "day"}[bar_s]

    def call(start: int, end: int) -> Call:
        query = {"env": "mainnet-beta", "start": _iso(start), "end": _iso(end - 1)}
        path = f"kamino-market/{MAIN_MARKET}/reserves/{address}/metrics/history"
        text = urlencode(query | {"frequency": frequency})
        return Call(f"{base_url(PROTOCOL)}/{path}?{text}")

    return Feed(
        origin=PROTOCOL,
        name=f"reserve-{frequency}-{asset}{own}",
        group="lending",
        key=(PROTOCOL, asset),
        step_s=bar_s,
        span_s=60 * SECONDS_PER_DAY if frequency == "hour" else 1_000 * SECONDS_PER_DAY,
        call=call,
        parse=partial(parse, asset=asset, reserve=address),
    )


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
