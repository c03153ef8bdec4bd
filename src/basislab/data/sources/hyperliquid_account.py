"""Hyperliquid's account answers: margin mode, perpetual account, spot balances, prices."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from basislab.data.sources.fields import (
    Decimal,
    Milliseconds,
    Price,
    Row,
    Ticker,
    held,
    named,
    read_rows,
    shortened,
)
from basislab.data.sources.http import Call
from basislab.data.sources.hyperliquid import FUNDING_CAP_HOURLY, info_call
from basislab.errors import ConfigError, SourceError

MODES = {
    "default": "default",
    "disabled": "default",
    "dexAbstraction": "default",
    "unifiedAccount": "unified",
    "portfolioMargin": "portfolio",
}
"""What `userAbstraction` answers, and where the collateral then lies."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_USD = "USD as decimal text"


class _Leverage(Row):
    kind: Annotated[Literal["cross", "isolated"], Field(alias="type", description="its kind")]
    raw_usd: Annotated[Decimal | None, Field(alias="rawUsd", description=_USD)] = None


class PerpHolding(Row):
    """A position of the perpetual account; `szi` is signed."""

    coin: Ticker
    szi: Annotated[Decimal, Field(description="a signed size as decimal text")]
    entry_px: Annotated[Price, Field(alias="entryPx")]
    value: Annotated[Decimal, Field(alias="positionValue", ge=0, description=_USD)]
    liquidation_px: Annotated[
        Decimal | None, Field(alias="liquidationPx", description="a price, or null")
    ] = None
    max_leverage: Annotated[
        int, Field(alias="maxLeverage", ge=1, le=1_000, description="a whole number from 1 up")
    ]
    leverage: Annotated[_Leverage, Field(description="an object with type and, isolated, rawUsd")]


class _Entry(Row):
    position: Annotated[PerpHolding, Field(description="an object with coin, szi and entryPx")]


class _Summary(Row):
    account_value: Annotated[Decimal, Field(alias="accountValue", description=_USD)]


class PerpAccount(Row):
    """`clearinghouseState`."""

    entries: Annotated[
        list[_Entry], Field(alias="assetPositions", max_length=1_000, description="a list")
    ]
    cross: Annotated[
        _Summary, Field(alias="crossMarginSummary", description="an object with accountValue")
    ]
    cross_maintenance: Annotated[
        Decimal, Field(alias="crossMaintenanceMarginUsed", ge=0, description=_USD)
    ]
    withdrawable: Annotated[Decimal, Field(ge=0, description=_USD)]
    time: Milliseconds

    @property
    def positions(self) -> list[PerpHolding]:
        """The open ones."""
        return [entry.position for entry in self.entries if entry.position.szi != 0]


class _Balance(Row):
    coin: Ticker  # rows of outcome markets, such as +123, have no token
    total: Annotated[Decimal, Field(description="an amount as decimal text")]
    hold: Annotated[Decimal, Field(description="an amount as decimal text")]


class SpotAccount(Row):
    """`spotClearinghouseState`."""

    balances: Annotated[list[_Balance], Field(max_length=10_000, description="a list of balances")]
    margin_ratio: Annotated[
        Decimal | None, Field(alias="portfolioMarginRatio", ge=0, description="a ratio as text")
    ] = None

    def usdc(self) -> tuple[float, float]:
        """Return total and free USDC."""
        rows = [row for row in self.balances if row.coin == "USDC"]
        return sum(row.total for row in rows), sum(row.total - row.hold for row in rows)


class Context(Row):
    """A coin's prices and its hourly funding rate."""

    funding: Annotated[
        Decimal,
        Field(
            ge=-FUNDING_CAP_HOURLY,
            le=FUNDING_CAP_HOURLY,
            description="a fraction an hour as decimal text",
        ),
    ]
    mark: Annotated[Price, Field(alias="markPx")]


class _Named(Row):
    name: Ticker


class _ActiveContext(Row):
    coin: Ticker
    ctx: Annotated[Context, Field(description="an object with funding and markPx")]


class PricedCoin(NamedTuple):
    """A coin and its context."""

    coin: str
    context: Context


def parse_mode(tree: Any, where: str) -> str:
    """Return 'default', 'unified' or 'portfolio' from the bare string of `userAbstraction`."""
    if not isinstance(tree, str) or tree not in MODES:
        raise SourceError(
            f"{where}: got {shortened(tree)}; one of {', '.join(MODES)} is wanted. Fetch it again; "
            "if it stays so, the venue has a new account mode and its numbers cannot be read."
        )
    return MODES[tree]


def parse_account(tree: Any, where: str) -> PerpAccount:
    """Parse `clearinghouseState`; SourceError on any other shape."""
    return read_rows(PerpAccount, [tree], where)[0]


def parse_spot(tree: Any, where: str) -> SpotAccount:
    """Parse `spotClearinghouseState`; SourceError on any other shape."""
    return read_rows(SpotAccount, [tree], where)[0]


def parse_active_context(tree: Any, where: str) -> PricedCoin:
    """Parse `activeAssetCtx`."""
    row = read_rows(_ActiveContext, [tree], where)[0]
    return PricedCoin(row.coin, row.ctx)


def parse_context(tree: Any, where: str, coin: str) -> PricedCoin | None:
    """Return a coin's context from `metaAndAssetCtxs`; None where it is not listed."""
    pair = named([tree], ("meta", "contexts"))
    if not isinstance(pair[0], dict) or not isinstance(pair[0].get("contexts"), list):
        raise SourceError(
            f"{where}: got {shortened(tree)}; meta and contexts are wanted. Fetch it again."
        )
    universe = read_rows(_Named, held(pair[0]["meta"], "universe", where), f"{where}: universe")
    contexts = pair[0]["contexts"]
    places = [place for place, row in enumerate(universe) if row.name == coin]
    if not places or places[0] >= len(contexts):
        return None
    # Others, delisted ones for instance, may hold nulls: only the coin's own row is read.
    return PricedCoin(coin, read_rows(Context, [contexts[places[0]]], f"{where}: {coin}")[0])


def account_calls(address: str) -> dict[str, Call]:
    """Return the requests for an account, by the type of the answer."""
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(
            f"hyperliquid: got {address[:50]!r}; an address of 0x and 40 digits is wanted."
        )
    bodies = {
        "userAbstraction": {"type": "userAbstraction", "user": address},
        "clearinghouseState": {"type": "clearinghouseState", "user": address},
        "spotClearinghouseState": {"type": "spotClearinghouseState", "user": address},
        "metaAndAssetCtxs": {"type": "metaAndAssetCtxs"},
        "meta": {"type": "meta"},
    }
    cheap = ("clearinghouseState", "spotClearinghouseState")  # weight 2, the others 20
    return {kind: info_call(body, 2 if kind in cheap else 20) for kind, body in bodies.items()}
