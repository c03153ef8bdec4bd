"""Kamino's portfolio of a wallet: its obligations, collateral, debt and their own limits."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field

from basislab.data.sources.fields import Decimal, Row, Stamp, Ticker, held, read_rows
from basislab.data.sources.http import Call
from basislab.data.sources.kamino import portfolio_url
from basislab.errors import ConfigError

_WALLET = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}", re.ASCII)
_USD = "USD, 0 or more, as decimal text"
_RATIO = "a ratio of 0 or more as decimal text, or null"

_Amount = Annotated[Decimal, Field(ge=0, description="an amount of 0 or more as decimal text")]
_Ratio = Annotated[Decimal | None, Field(ge=0, description=_RATIO)]


class Holding(Row):
    """A deposit or a debt."""

    symbol: Ticker
    amount: _Amount
    value: Annotated[Decimal, Field(ge=0, description=_USD)]


class Obligation(Row):
    """One loan of the wallet; ratios may be null, and the indexer may lag."""

    obligation: Annotated[str, Field(min_length=1, max_length=64, description="an address")]
    tag: Annotated[str | None, Field(max_length=200, description="a word")] = None
    ltv: _Ratio = None
    max_ltv: Annotated[_Ratio, Field(alias="maxLtv", description=_RATIO)] = None
    liquidation_ltv: Annotated[_Ratio, Field(alias="liquidationLtv", description=_RATIO)] = None
    updated: Annotated[Stamp, Field(alias="updatedAt")]
    deposits: Annotated[list[Holding], Field(max_length=100, description="a list of deposits")]
    borrows: Annotated[list[Holding], Field(max_length=100, description="a list of debts")]


def parse_portfolio(tree: Any, where: str) -> list[Obligation]:
    """Parse a wallet's portfolio; SourceError on any other shape."""
    return read_rows(Obligation, held(tree, "lending", where), f"{where}: lending")


def portfolio_call(wallet: str) -> Call:
    """Return the request for a wallet; ConfigError for what is no address."""
    if not _WALLET.fullmatch(wallet):
        raise ConfigError(f"kamino: got {wallet[:50]!r}; a Solana address of 32 to 44 letters.")
    return Call(portfolio_url(wallet))
