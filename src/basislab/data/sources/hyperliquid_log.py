"""What happened to a Hyperliquid account: fills, funding payments, transfers; and how to ask."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from basislab.data.sources.fields import Decimal, Milliseconds, Price, Row, Ticker, read_rows
from basislab.data.sources.http import Call
from basislab.data.sources.hyperliquid import info_call
from basislab.errors import ConfigError

KINDS = ("userFillsByTime", "userFunding", "userNonFundingLedgerUpdates")
"""Requests whose answers are an account's history."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_WEIGHT = 20
_USD = "USD as decimal text"


class Fill(Row):
    """One fill; `side` is B for a purchase and A for a sale."""

    coin: Ticker
    price: Annotated[Price, Field(alias="px")]
    size: Annotated[Decimal, Field(alias="sz", gt=0, description="a size above 0 as text")]
    side: Annotated[str, Field(pattern="^[AB]$", description="A (sale) or B (purchase)")]
    time: Milliseconds
    before: Annotated[
        Decimal, Field(alias="startPosition", description="a signed size as decimal text")
    ]
    closed_pnl: Annotated[Decimal, Field(alias="closedPnl", description=_USD)]
    fee: Annotated[Decimal, Field(description=_USD)]
    number: Annotated[int, Field(alias="tid", description="a whole number")]
    liquidation: Annotated[Any, Field(description="an object, or absent")] = None

    @property
    def coins(self) -> float:
        """Signed: below 0 it is sold."""
        return self.size if self.side == "B" else -self.size


class _Payment(Row):
    kind: Annotated[str, Field(alias="type", pattern="^funding$", description="'funding'")]
    coin: Ticker
    usdc: Annotated[Decimal, Field(description=_USD)]
    szi: Annotated[Decimal, Field(description="a signed size as decimal text")]
    rate: Annotated[Decimal, Field(alias="fundingRate", description="a fraction as decimal text")]


class Funding(Row):
    """One funding payment; received is above 0."""

    time: Milliseconds
    delta: Annotated[_Payment, Field(description="an object with coin, usdc, szi, fundingRate")]


class _Delta(Row):
    kind: Annotated[str, Field(alias="type", max_length=64, description="a word")]
    usdc: Annotated[Decimal | None, Field(description=_USD)] = None
    fee: Annotated[Decimal | None, Field(description=_USD)] = None


class Transfer(Row):
    """One deposit, withdrawal, transfer or liquidation."""

    time: Milliseconds
    delta: Annotated[_Delta, Field(description="an object with type")]


def parse_fills(tree: Any, where: str) -> list[Fill]:
    """Parse `userFillsByTime`; SourceError on any other shape."""
    return read_rows(Fill, tree, where)


def parse_funding(tree: Any, where: str) -> list[Funding]:
    """Parse `userFunding`."""
    return read_rows(Funding, tree, where)


def parse_transfers(tree: Any, where: str) -> list[Transfer]:
    """Parse `userNonFundingLedgerUpdates`."""
    return read_rows(Transfer, tree, where)


def log_call(kind: str, address: str, start_ms: int) -> Call:
    """Return the request for an account's history from a time on; ConfigError for no address."""
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"hyperliquid: got {address[:50]!r}; an address of 0x and 40 digits is wanted."
        )
    return info_call({"type": kind, "user": address, "startTime": start_ms}, _WEIGHT)
