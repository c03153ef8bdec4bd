"""Aave's `getUserAccountData`: six integers, as names or as the words of an `eth_call`."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from basislab.data.sources.fields import Decimal, Row, read_rows, shortened
from basislab.data.sources.http import Call
from basislab.errors import ConfigError, SourceError

POOL = "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2"
"""The pool of Aave v3 on Ethereum."""

BASE, BPS, HEALTH = 1e8, 1e4, 1e18
"""Units of the base currency, of ratios and of the health factor."""

NO_DEBT = 1e40
"""Above it a health factor is the largest integer, which stands for no debt."""

_SELECTOR = "bf92857c"  # getUserAccountData(address)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_ANSWER = re.compile(r"0x[0-9a-fA-F]{384}", re.ASCII)
_NAMES = (
    "totalCollateralBase",
    "totalDebtBase",
    "availableBorrowsBase",
    "currentLiquidationThreshold",
    "ltv",
    "healthFactor",
)
_Integer = Annotated[Decimal, Field(ge=0, description="a whole number of 0 or more as text")]


class AaveAccount(Row):
    """The account in the contract's units; its properties are in USD and fractions."""

    collateral: Annotated[_Integer, Field(alias="totalCollateralBase")]
    debt: Annotated[_Integer, Field(alias="totalDebtBase")]
    threshold: Annotated[_Integer, Field(alias="currentLiquidationThreshold", le=BPS)]
    ltv: Annotated[_Integer, Field(le=BPS)]
    health: Annotated[_Integer, Field(alias="healthFactor")]

    @property
    def collateral_usd(self) -> float:
        """Value of all collateral."""
        return self.collateral / BASE

    @property
    def debt_usd(self) -> float:
        """Value of all debt."""
        return self.debt / BASE

    @property
    def health_factor(self) -> float | None:
        """Threshold times collateral over debt; None without debt."""
        return None if self.health > NO_DEBT else self.health / HEALTH


def parse_aave(tree: Any, where: str) -> AaveAccount:
    """Parse the six numbers, or the answer of a node that holds them as words."""
    if isinstance(tree, dict) and "result" in tree:
        words = tree["result"]
        if not isinstance(words, str) or not _ANSWER.fullmatch(words):
            raise SourceError(
                f"{where}, result: got {shortened(words)}; six words of hexadecimal are wanted. "
                "Ask a node of the chain that the pool is on."
            )
        numbers = [int(words[at : at + 64], 16) for at in range(2, 386, 64)]
        tree = {name: str(number)[:64] for name, number in zip(_NAMES, numbers, strict=True)}
        tree["healthFactor"] = str(float(numbers[-1]))
    return read_rows(AaveAccount, [tree], where)[0]


def aave_call(address: str, rpc: str) -> Call:
    """Return the `eth_call` for an account; the path of the node's address is kept secret."""
    if not _ADDRESS.fullmatch(address):
        raise ConfigError(f"aave: got {address[:50]!r}; an address of 0x and 40 digits is wanted.")
    parts = urlsplit(rpc)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ConfigError("rpc: it is no address of a node; https://HOST/PATH is wanted.")
    data = f"0x{_SELECTOR}{address[2:].lower():0>64}"
    secret = parts.path.lstrip("/") + (f"?{parts.query}" if parts.query else "")
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "eth_call",
        "params": [{"to": POOL, "data": data}, "latest"],
    }
    origin = f"{parts.scheme}://{parts.netloc}/"
    return Call(origin + ("{key}" if secret else ""), body, keys={"key": secret} if secret else {})
