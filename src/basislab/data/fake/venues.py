"""What the venues answer: their requests and formats over the made market."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np

from basislab.data.fake.accounts import Accounts
from basislab.data.fake.market import COINS, FakeMarket
from basislab.data.sources.defillama import POOLS
from basislab.data.sources.hyperliquid import MAX_CANDLES, expected_rate
from basislab.data.sources.hyperliquid import MAX_SETTLEMENTS as HYPERLIQUID_PAGE
from basislab.data.sources.kamino import MAIN_MARKET, RESERVES
from basislab.types.market import FloatArray
from basislab.units import PERCENT_PER_UNIT, SECONDS_PER_DAY, SECONDS_PER_HOUR

Rows = list[Any]
Query = Mapping[str, str]
Handler = Callable[[str, Query, Any], tuple[Any, Rows]]
"""Answers the path after the venue's name, its query and its body; the rows are part of it."""

FOUR_HOURLY = (1_717_200_000, 1_718_064_000)
"""2024-06-01 to 2024-06-11: here the made Binance settles every 4 hours instead of 8."""

MADE_RESERVES = {
    "ETH": "MadeReserveETH".ljust(44, "1"),
    "BTC": "MadeReserveBTC".ljust(44, "1"),
}
"""Reserves of the made Kamino that exist nowhere else, for `--reserve`."""

_SUPPLIED = 1e6
_DAY_HOURS = SECONDS_PER_DAY // SECONDS_PER_HOUR
_SNAPSHOT_S = 23 * SECONDS_PER_HOUR + 90  # DefiLlama looks shortly after 23:00


class Refused(Exception):  # noqa: N818 - an answer, not a failure
    """The venue refuses the request."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Venues:
    """Answers requests over one market."""

    def __init__(self, market: FakeMarket) -> None:
        self.market = market
        self.accounts = Accounts(market)
        self.handlers: dict[str, Handler] = {
            "hyperliquid": self._hyperliquid,
            "binance-spot": self._binance,
            "binance-perp": self._binance,
            "kamino": self._kamino,
            "defillama": self._defillama,
            "defillama-pro": self._defillama,
            "node": lambda _, __, body: (self.accounts.aave(body), []),
        }
        # Whole histories are made once and sliced by every request.
        self._candles = lru_cache(maxsize=64)(self._all_candles)
        self._funding = lru_cache(maxsize=16)(self._all_funding)
        self._eight_hourly = lru_cache(maxsize=16)(self._binance_funding)
        self._rates = lru_cache(maxsize=16)(self._all_rates)

    def answer(self, path: str, query: Query, body: Any) -> tuple[Any, Rows]:
        """Return the answer to a request, and the list of rows within it.

        Parameters
        ----------
        path : str
            Starts with the venue, such as ``hyperliquid/info``.
        body : object
            Parsed JSON of a POST.

        Returns
        -------
        answer : object
            JSON.
        rows : list
            The part of `answer` that faults may spoil; the same object.

        Raises
        ------
        Refused
            What the venue would refuse.
        """
        origin, _, rest = path.strip("/").partition("/")
        if origin not in self.handlers:
            raise Refused(404, f"no venue {origin!r}")
        rest = f"spot/{rest}" if origin == "binance-spot" else rest
        try:
            return self.handlers[origin](rest, query, body)
        except (KeyError, ValueError, TypeError):
            raise Refused(422, "Failed to deserialize the JSON body into the target type") from None

    def _hyperliquid(self, rest: str, _: Query, body: Any) -> tuple[Any, Rows]:
        if rest != "info":
            raise Refused(404, "not found")
        if body["type"] == "candleSnapshot":
            request = body["req"]
            rows = self._candles(request["coin"], "hyperliquid", request["interval"])[-MAX_CANDLES:]
            low, high = int(request["startTime"]), int(request["endTime"])
            found = [_candle(row, request) for row in rows if low <= row[0] <= high]
            return found, found
        if body["type"] == "fundingHistory":
            low = int(body["startTime"])
            high = int(body.get("endTime", self.market.until * 1_000))
            found = _between(self._funding(body["coin"]), "time", low, high)[:HYPERLIQUID_PAGE]
            return found, found
        if body["type"] == "meta":
            return _META, []
        if body["type"] == "metaAndAssetCtxs":
            return self.accounts.contexts(_META), []
        return self.accounts.hyperliquid(body), []

    def _binance(self, rest: str, query: Query, _: Any) -> tuple[Any, Rows]:
        if rest.endswith("/exchangeInfo"):
            return _exchange_info(is_perp=rest.startswith("fapi/")), []
        coin = query["symbol"].removesuffix("USDT")
        low, high, limit = (int(query[key]) for key in ("startTime", "endTime", "limit"))
        venue = "binance spot" if rest.startswith("spot/") else "binance perp"
        if rest.endswith("/klines"):
            all_rows = self._candles(coin, venue, query["interval"])
            found = [_kline(row) for row in all_rows if low <= row[0] <= high][:limit]
        elif rest == "fapi/v1/fundingRate":
            found = _between(self._eight_hourly(coin), "fundingTime", low, high)[:limit]
        else:
            raise Refused(404, "not found")
        return found, found

    def _kamino(self, rest: str, query: Query, _: Any) -> tuple[Any, Rows]:
        coins = {reserve: coin for coin, reserve in (RESERVES | MADE_RESERVES).items()}
        parts = rest.split("/")
        if parts[0] == "portfolio" and len(parts) == 2:
            return self.accounts.kamino(parts[1])
        if parts[:3:2] != ["kamino-market", "reserves"] or parts[1] != MAIN_MARKET:
            raise Refused(404, "market not found")
        coin = coins[parts[3]]
        start, end = (datetime.fromisoformat(query[key]).timestamp() for key in ("start", "end"))
        every = {"hour": 1, "day": _DAY_HOURS}[query["frequency"]]
        rows = [
            {
                "timestamp": _iso(time),
                "metrics": {
                    "supplyInterestAPY": supply,
                    "borrowInterestAPY": borrow,
                    "totalSupply": f"{_SUPPLIED:.2f}",
                    "totalBorrows": f"{used * _SUPPLIED:.2f}",
                },
            }
            for time, supply, borrow, used in self._rates(coin)[::every]
            if start <= time <= end
        ]
        return {"reserve": parts[3], "history": rows}, rows

    def _defillama(self, rest: str, _: Query, __: Any) -> tuple[Any, Rows]:
        pools = {pool: coin for (_, coin), pool in POOLS.items()}
        parts = rest.split("/")
        is_paid = len(parts) == 4 and parts[1:3] == ["yields", "chartLendBorrow"]
        if is_paid and parts[0] == "wrong":
            raise Refused(401, "invalid key wrong")
        if not is_paid and (len(parts) != 2 or parts[0] != "chart"):
            raise Refused(402 if "chartLendBorrow" in rest else 404, "not on this plan")
        rows: Rows = []
        history = self._rates(pools[parts[-1]])[_DAY_HOURS - 1 :: _DAY_HOURS]
        for time, supply, borrow, _used in history:
            stamp = time - time % SECONDS_PER_DAY + _SNAPSHOT_S
            row = {"timestamp": _iso(stamp), "apyBase": round(supply * PERCENT_PER_UNIT, 5)}
            row |= {"apyBaseBorrow": round(borrow * PERCENT_PER_UNIT, 5)} if is_paid else {}
            rows.append(row)
        return {"status": "success", "data": rows}, rows

    def _all_candles(self, coin: str, venue: str, interval: str) -> list[tuple[Any, ...]]:
        bars = self.market.bars(coin, venue)
        times, columns = self.market.times, list(bars)
        width = {"1h": SECONDS_PER_HOUR, "1d": SECONDS_PER_DAY}[interval]
        if interval == "1d":
            first = np.arange(0, len(times), _DAY_HOURS)
            last = np.append(first[1:], len(times)) - 1
            highs, lows = (
                np.maximum.reduceat(bars.high, first),
                np.minimum.reduceat(bars.low, first),
            )
            volumes: FloatArray = np.add.reduceat(bars.volume, first).astype(np.float64).round(2)
            columns = [bars.open[first], highs, lows, bars.close[last], volumes]
            times = times[first]
        if times[-1] + width > self.market.until:  # the last bar is in progress
            columns = [column.copy() for column in columns]
            columns[4][-1] /= 2
            columns[3][-1] = (columns[1][-1] + columns[2][-1]) / 2
        stamps = (times * 1_000).tolist()
        ends = (times * 1_000 + width * 1_000 - 1).tolist()
        return list(zip(stamps, ends, *(column.tolist() for column in columns), strict=True))

    def _all_funding(self, coin: str) -> list[dict[str, Any]]:
        premium = self.market.premium(coin)
        jitter = np.random.default_rng([self.market.seed, *b"jitter"]).integers(
            0, 180, len(premium)
        )
        stamps = (self.market.times * 1_000 + jitter).tolist()
        return [
            {
                "coin": coin,
                "fundingRate": f"{expected_rate(value):.10f}",
                "premium": f"{value:.10f}",
                "time": stamp,
            }
            for stamp, value in zip(stamps, premium.tolist(), strict=True)
        ]

    def _binance_funding(self, coin: str) -> list[dict[str, Any]]:
        times, premium = self.market.times, self.market.premium(coin)
        is_often = (times >= FOUR_HOURLY[0]) & (times < FOUR_HOURLY[1])
        hours = times // SECONDS_PER_HOUR
        settles = np.where(is_often, hours % 4 == 0, hours % 8 == 0)
        return [
            {
                "symbol": f"{coin}USDT",
                "fundingTime": int(time) * 1_000 + int(time) // SECONDS_PER_HOUR % 5,
                "fundingRate": f"{(4 if often else 8) * expected_rate(value):.8f}",
            }
            for time, value, often in zip(
                times[settles], premium[settles].tolist(), is_often[settles], strict=True
            )
        ]

    def _all_rates(self, coin: str) -> list[tuple[int, float, float, float]]:
        columns = (self.market.times, *self.market.lending(coin), self.market.utilisation(coin))
        return list(zip(*(column.tolist() for column in columns), strict=True))


def _between(rows: list[dict[str, Any]], key: str, low: int, high: int) -> Rows:
    """Return copies of the rows in [low, high], both inclusive as at the venues."""
    return [dict(row) for row in rows if low <= row[key] <= high]


def _candle(row: tuple[Any, ...], request: Any) -> dict[str, Any]:
    names = dict(zip(("t", "T", "o", "h", "l", "c", "v"), row, strict=True))
    texts = {name: str(names[name]) for name in ("o", "h", "l", "c", "v")}
    return names | texts | {"s": request["coin"], "i": request["interval"], "n": 1_000}


def _kline(row: tuple[Any, ...]) -> list[Any]:
    return [row[0], *(str(value) for value in row[2:]), row[1], "0", 1_000, "0", "0", "0"]


def _exchange_info(*, is_perp: bool) -> dict[str, Any]:
    """Return which pairs are traded, as far as a library asks."""
    own = {"contractType": "PERPETUAL", "marginAsset": "USDT", "deliveryDate": 4_133_404_800_000}
    pair = {"status": "TRADING", "quoteAsset": "USDT", "filters": [], **(own if is_perp else {})}
    return {"symbols": [pair | {"symbol": f"{coin}USDT", "baseAsset": coin} for coin in COINS]}


def _iso(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.000Z}"


def _tiers(*rows: tuple[str, int]) -> dict[str, Any]:
    return {
        "description": f"tiered {rows[0][1]}x",
        "marginTiers": [{"lowerBound": low, "maxLeverage": most} for low, most in rows],
    }


_META = {
    "universe": [
        {"szDecimals": 2, "name": coin, "maxLeverage": 20, "marginTableId": 54} for coin in COINS
    ],
    "marginTables": [[54, _tiers(("0.0", 20), ("70000000.0", 10))]],
}
