"""Made accounts at the venues: a short and a loan of 100 SOL, priced by the made market's end.

The last digit of a Hyperliquid address chooses the account: 0 is isolated, 1 unified, 9 empty.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from basislab.data.fake.market import FakeMarket
from basislab.data.sources.hyperliquid import expected_rate

SIZE = 100.0
_MAINTENANCE, _LEVERAGE = 0.025, 20
_EMPTY, _UNIFIED = "9", "1"


HISTORIES = ("userFillsByTime", "userFunding", "userNonFundingLedgerUpdates")
HISTORY_PAGE = 500
"""Rows of an answer at most."""


def _sale(time_ms: int, price: float) -> dict[str, Any]:
    return {
        "coin": "SOL",
        "px": str(price),
        "sz": str(SIZE),
        "side": "A",
        "time": time_ms,
        "startPosition": "0.0",
        "dir": "Open Short",
        "closedPnl": "0.0",
        "hash": "0x0",
        "oid": 1,
        "crossed": True,
        "fee": f"{price * SIZE * 4.5e-4:.6f}",
        "tid": 1,
        "feeToken": "USDC",
    }


def _payment(time_ms: int, rate: float, price: float) -> dict[str, Any]:
    delta = {
        "type": "funding",
        "coin": "SOL",
        "usdc": f"{SIZE * rate * price:.6f}",
        "szi": f"-{SIZE}",
        "fundingRate": f"{rate:.10f}",
        "nSamples": None,
    }
    return {"time": time_ms, "hash": "0x0", "delta": delta}


class Accounts:
    """Answers for accounts over one market; entry and debt are set by its last price.

    Attributes
    ----------
    moved : float
        Price of SOL over its last one in the market; may be set while the server runs.
    clock : callable
        Seconds since 1970 that answers are stamped with; the market's end by default.
    """

    def __init__(self, market: FakeMarket) -> None:
        self.market = market
        self.moved = 1.0
        self.clock: Callable[[], float] = lambda: market.until

    @cached_property
    def opened(self) -> float:
        """The price at which short and loan were opened."""
        return round(float(self.market.bars("SOL", "hyperliquid").close[-1]), 2)

    @property
    def price(self) -> float:
        """The price of SOL."""
        return round(self.opened * self.moved, 2)

    def hyperliquid(self, body: Any) -> Any:
        """Return the answer to a request about an account; KeyError for another type."""
        if body["type"] in HISTORIES:
            return self._history(body["type"], int(body["startTime"]))
        answers = {
            "userAbstraction": self._mode,
            "clearinghouseState": self._perp,
            "spotClearinghouseState": self._spot,
        }
        return answers[body["type"]](str(body["user"])[-1])

    def _history(self, kind: str, start_ms: int) -> list[dict[str, Any]]:
        """Return the account's past: sold 30 days before the market's end, paid every hour."""
        market = self.market
        hours = market.times[-30 * 24 - 1 :]
        opened_ms = int(hours[0]) * 1_000 + 60_000
        if kind == "userNonFundingLedgerUpdates":
            delta: dict[str, Any] = {"type": "deposit", "usdc": f"{self.opened * SIZE:.2f}"}
            rows: list[dict[str, Any]] = [
                {"time": opened_ms - 60_000, "hash": "0x0", "delta": delta}
            ]
        elif kind == "userFillsByTime":
            price = round(float(market.bars("SOL", "hyperliquid").close[-len(hours)]), 4)
            rows = [_sale(opened_ms, price)]
        else:
            rates = [expected_rate(one) for one in market.premium("SOL")[-len(hours) :].tolist()]
            prices = market.bars("SOL", "hyperliquid").close[-len(hours) :].tolist()
            # The settlement at an hour's open ends the hour before, whose close is the price.
            rows = [
                _payment(int(time) * 1_000 + 41, rate, price)
                for time, rate, price in zip(
                    hours[1:].tolist(), rates[1:], prices[:-1], strict=True
                )
            ]
        return [row for row in rows if row["time"] >= start_ms][:HISTORY_PAGE]

    def contexts(self, meta: Any) -> Any:
        """Return `metaAndAssetCtxs`."""
        own = {"funding": "0.0000125", "markPx": str(self.price), "oraclePx": str(self.price)}
        return [{"universe": meta["universe"]}, [own for _ in meta["universe"]]]

    def _mode(self, last: str) -> Any:
        return "unifiedAccount" if last == _UNIFIED else "default"

    def _spot(self, last: str) -> Any:
        total = (1.4 * self.opened - self.price) * SIZE if last == _UNIFIED else 0.0
        return {"balances": [{"coin": "USDC", "token": 0, "total": f"{total:.2f}", "hold": "0.0"}]}

    def _perp(self, last: str) -> Any:
        value, raw = self.price * SIZE, self.opened * SIZE * 1.4
        is_isolated = last != _UNIFIED
        leverage = {"type": "isolated", "value": 4, "rawUsd": f"{raw:.2f}"}
        position = {
            "coin": "SOL",
            "szi": f"-{SIZE}",
            "entryPx": str(self.opened),
            "positionValue": f"{value:.2f}",
            "liquidationPx": f"{raw / SIZE / (1 + _MAINTENANCE):.6f}",
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
            "time": int(self.clock() * 1_000),
        }

    def kamino(self, wallet: str) -> tuple[Any, list[Any]]:
        """Return a wallet's portfolio and its obligations."""
        value, debt = self.price * SIZE, self.opened * SIZE / 2
        stamp = f"{datetime.fromtimestamp(self.clock(), UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        row = {
            "obligation": f"MadeLoan{wallet[:8]}",
            "tag": "Multiply",
            "ltv": f"{debt / value:.12f}",
            "maxLtv": "0.74",
            "liquidationLtv": "0.75",
            "updatedAt": stamp,
            "deposits": [{"symbol": "SOL", "amount": str(SIZE), "value": f"{value:.2f}"}],
            "borrows": [{"symbol": "USDC", "amount": f"{debt:.2f}", "value": f"{debt:.2f}"}],
        }
        rows = [row]
        return {"wallet": wallet, "timestamp": stamp, "lending": rows}, rows

    def aave(self, body: Any) -> Any:
        """Return a node's answer to `getUserAccountData`."""
        if body["method"] != "eth_call":
            raise ValueError(body["method"])
        base = round(self.price * SIZE * 1e8)
        debt = round(self.opened * SIZE * 1e8) // 2
        health = base * 83 * 10**16 // debt
        words = (base, debt, max(base * 8 // 10 - debt, 0), 8_300, 8_000, health)
        return {
            "jsonrpc": "2.0",
            "id": 1,
            "result": "0x" + "".join(f"{word:064x}" for word in words),
        }
