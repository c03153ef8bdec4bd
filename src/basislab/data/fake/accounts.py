"""Made accounts at the venues: a short and a loan of 100 SOL, priced by the made market's end.

The last digit of a Hyperliquid address chooses the account: 0 is isolated, 1 unified, 9 empty.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from basislab.data.fake.market import FakeMarket

SIZE = 100.0
_MAINTENANCE, _LEVERAGE = 0.025, 20
_EMPTY, _UNIFIED = "9", "1"


class Accounts:
    """Answers for accounts over one market; entry and debt are set by its last price."""

    def __init__(self, market: FakeMarket) -> None:
        self.market = market

    @property
    def price(self) -> float:
        """The last price of SOL."""
        return round(float(self.market.bars("SOL", "hyperliquid").close[-1]), 2)

    def hyperliquid(self, body: Any) -> Any:
        """Return the answer to a request about an account; KeyError for another type."""
        answers = {
            "userAbstraction": self._mode,
            "clearinghouseState": self._perp,
            "spotClearinghouseState": self._spot,
        }
        return answers[body["type"]](str(body["user"])[-1])

    def contexts(self, meta: Any) -> Any:
        """Return `metaAndAssetCtxs`."""
        own = {"funding": "0.0000125", "markPx": str(self.price), "oraclePx": str(self.price)}
        return [{"universe": meta["universe"]}, [own for _ in meta["universe"]]]

    def _mode(self, last: str) -> Any:
        return "unifiedAccount" if last == _UNIFIED else "default"

    def _spot(self, last: str) -> Any:
        total = self.price * SIZE * 0.4 if last == _UNIFIED else 0.0
        return {"balances": [{"coin": "USDC", "token": 0, "total": f"{total:.2f}", "hold": "0.0"}]}

    def _perp(self, last: str) -> Any:
        value = self.price * SIZE
        is_isolated = last != _UNIFIED
        leverage = {"type": "isolated", "value": 4, "rawUsd": f"{value * 1.4:.2f}"}
        position = {
            "coin": "SOL",
            "szi": f"-{SIZE}",
            "entryPx": str(self.price),
            "positionValue": f"{value:.2f}",
            "liquidationPx": f"{value * 1.4 / SIZE / (1 + _MAINTENANCE):.6f}",
            "maxLeverage": _LEVERAGE,
            "leverage": leverage if is_isolated else {"type": "cross", "value": 10},
        }
        free = 1_000.0 if last not in (_UNIFIED, _EMPTY) else 0.0
        held = [] if last == _EMPTY else [{"type": "oneWay", "position": position}]
        return {
            "assetPositions": held,
            "crossMarginSummary": {"accountValue": f"{free}"},
            "crossMaintenanceMarginUsed": "0.0" if is_isolated else f"{value * _MAINTENANCE:.2f}",
            "withdrawable": f"{free}",
            "time": self.market.until * 1_000,
        }

    def kamino(self, wallet: str) -> tuple[Any, list[Any]]:
        """Return a wallet's portfolio and its obligations."""
        value = self.price * SIZE
        stamp = f"{datetime.fromtimestamp(self.market.until, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        row = {
            "obligation": f"MadeLoan{wallet[:8]}",
            "tag": "Multiply",
            "ltv": "0.5",
            "maxLtv": "0.74",
            "liquidationLtv": "0.75",
            "updatedAt": stamp,
            "deposits": [{"symbol": "SOL", "amount": str(SIZE), "value": f"{value:.2f}"}],
            "borrows": [
                {"symbol": "USDC", "amount": f"{value / 2:.2f}", "value": f"{value / 2:.2f}"}
            ],
        }
        rows = [row]
        return {"wallet": wallet, "timestamp": stamp, "lending": rows}, rows

    def aave(self, body: Any) -> Any:
        """Return a node's answer to `getUserAccountData`."""
        if body["method"] != "eth_call":
            raise ValueError(body["method"])
        base = round(self.price * SIZE * 1e8)
        words = (base, base // 2, base * 3 // 10, 8_300, 8_000, 166 * 10**16)
        return {
            "jsonrpc": "2.0",
            "id": 1,
            "result": "0x" + "".join(f"{word:064x}" for word in words),
        }
