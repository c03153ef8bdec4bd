"""Answers of every source as recorded, what they plainly say, and ways to spoil them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import datetime
from random import Random
from typing import Any

START = 1_735_689_600  # 2025-01-01
HOUR, DAY = 3_600, 86_400
RESERVE = "d4A2prbA2whesmvHaL88BH6Ewn5N4bTSU2Ze8P6Bc4Q"

Rows = dict[int, list[float]]
"""Values by time, seconds since 1970."""


def _hours(make: Callable[[int], Any]) -> list[Any]:
    return [make((START + hour * HOUR) * 1_000) for hour in range(6)]


def _stamp(day: int) -> str:
    return f"2025-01-0{day + 1}T00:00:00.000Z"


ANSWERS: dict[str, Any] = {
    "hyperliquid candles": _hours(
        lambda t: {
            "t": t,
            "T": t + 3_599_999,
            "s": "SOL",
            "i": "1h",
            "o": "191.47",
            "c": "189.44",
            "h": "199.27",
            "l": "188.2",
            "v": "1003793.05",
            "n": 55587,
        }
    ),
    "hyperliquid funding": _hours(
        lambda t: {
            "coin": "SOL",
            "fundingRate": "0.0000125",
            "premium": "0.0003798388",
            "time": t + 76,
        }
    ),
    "binance klines": _hours(
        lambda t: [
            t,
            "189.43",
            "195.55",
            "188.08",
            "194.42",
            "775213.74",
            t + 3_599_999,
            "148.9",
            31598,
            "387606.8",
            "74.5",
            "0",
        ]
    ),
    "binance funding": _hours(
        lambda t: {
            "symbol": "SOLUSDT",
            "fundingTime": t + 4,
            "fundingRate": "0.00010000",
            "markPrice": "189.43",
        }
    ),
    "ccxt candles": _hours(lambda t: [t, 189.43, 195.55, 188.08, 194.42, 775213.74]),
    "ccxt funding": _hours(
        lambda t: {
            "info": {"symbol": "SOLUSDT", "fundingRate": "0.0001"},
            "symbol": "SOL/USDT:USDT",
            "fundingRate": 0.0001,
            "timestamp": t + 4,
            "datetime": "2025-01-01T00:00:00.004Z",
        }
    ),
    "kamino": {
        "reserve": RESERVE,
        "history": [
            {
                "timestamp": _stamp(day),
                "metrics": {
                    "supplyInterestAPY": 0.0512,
                    "borrowInterestAPY": 0.0698,
                    "totalSupply": "1000000.5",
                    "totalBorrows": "800000.25",
                    "depositTvl": "189430000",
                },
            }
            for day in range(5)
        ],
    },
    "defillama": {
        "status": "success",
        "data": [
            {
                "timestamp": _stamp(day),
                "totalSupplyUsd": 922501,
                "debtCeilingUsd": None,
                "apyBase": 0.68834,
                "apyBaseBorrow": 2.29733,
            }
            for day in range(5)
        ],
    },
    "drift": [
        {"date": f"2025-01-0{day + 1}", "rate": -0.00010081228661748273, "n_records": 24}
        for day in range(5)
    ],
    "hyperliquid terms": {
        "universe": [
            {"szDecimals": 5, "name": "BTC", "maxLeverage": 40, "marginTableId": 56},
            {"szDecimals": 2, "name": "SOL", "maxLeverage": 20, "marginTableId": 54},
        ],
        "marginTables": [
            [
                54,
                {
                    "description": "tiered 20x",
                    "marginTiers": [
                        {"lowerBound": "0.0", "maxLeverage": 20},
                        {"lowerBound": "70000000.0", "maxLeverage": 10},
                    ],
                },
            ]
        ],
    },
}
"""As the venues send them, short."""


def _number(value: Any) -> float:
    """Read a JSON number or its text; whatever is none of both raises."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(value)
    return float(value)


def _or_nan(value: Any) -> float:
    return math.nan if value is None else _number(value)


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _nearest_hour(stamp_ms: int) -> int:
    return (stamp_ms + HOUR * 500) // (HOUR * 1_000) * HOUR


def _used(metrics: Any) -> float:
    supply, borrows = _or_nan(metrics.get("totalSupply")), _or_nan(metrics.get("totalBorrows"))
    return borrows / supply if supply else math.nan


READINGS: dict[str, Callable[[Any], Rows | list[Any]]] = {
    "hyperliquid candles": lambda tree: {
        row["t"] // 1_000: [_number(row[name]) for name in "ohlcv"] for row in tree
    },
    "hyperliquid funding": lambda tree: {
        _nearest_hour(row["time"]): [_number(row["fundingRate"]), _or_nan(row.get("premium"))]
        for row in tree
    },
    "binance klines": lambda tree: {row[0] // 1_000: [*map(_number, row[1:6])] for row in tree},
    "binance funding": lambda tree: {
        _nearest_hour(row["fundingTime"]): [_number(row["fundingRate"]), math.nan] for row in tree
    },
    "ccxt candles": lambda tree: {row[0] // 1_000: [*map(_number, row[1:6])] for row in tree},
    "ccxt funding": lambda tree: {
        _nearest_hour(row["timestamp"]): [_number(row["fundingRate"]), math.nan] for row in tree
    },
    "kamino": lambda tree: {
        _seconds(row["timestamp"]): [
            100 * _or_nan(row["metrics"]["supplyInterestAPY"]),
            100 * _or_nan(row["metrics"]["borrowInterestAPY"]),
            _used(row["metrics"]),
        ]
        for row in tree["history"]
    },
    "defillama": lambda tree: {
        _seconds(row["timestamp"]): [_or_nan(row["apyBase"]), _or_nan(row["apyBaseBorrow"])]
        for row in (tree["data"] if isinstance(tree, dict) else tree)
    },
    "drift": lambda tree: {
        _seconds(f"{row['date']}T00:00:00+00:00"): [_number(row["rate"])] for row in tree
    },
    "hyperliquid terms": lambda tree: (
        [
            [_number(tier["lowerBound"]), tier["maxLeverage"]]
            for number, table, *_ in tree["marginTables"]
            for coin in tree["universe"]
            if coin["name"] == "SOL" and number == coin["marginTableId"]
            for tier in table["marginTiers"]
        ]
        or [[0.0, coin["maxLeverage"]] for coin in tree["universe"] if coin["name"] == "SOL"]
    ),
}
"""What an answer says, in as few words as Python allows: what is not there raises."""

DEEP: list[Any] = []
for _ in range(60):
    DEEP = [DEEP]

JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, -0.0, 0.5, 1e300, math.nan, math.inf, 10**30, 10**400),
    *("", "0", "1", "-1", "0.5", "NaN", "inf", "1e999", "abc", "\u0663", "1_000", " 1", "\ud800"),
    *("\x00", "x" * 5_000, "9" * 5_000, "2025-01-02", "0001-01-01", "9999-12-31T23:59:59+00:00"),
    *([], {}, [[]], [{}], [None], [1, 2, 3], {"data": []}, {"data": [{}]}, {"history": []}, DEEP),
    *(1_735_689_600, 1_735_689_600_000, 1_735_689_600_000.0, 2**63, -(2**63)),
)
"""JSON values of every type, those among them that are nearly right."""


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a tree as its holder and key."""
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from _places(tree[key])


def mutated(answer: Any, random: Random) -> Any:
    """Return an answer in which one to three places hold what they should not."""
    root = [deepcopy(answer)]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(root))[:400]
        holder, key = random.choice(places)
        other, its = random.choice(places)
        match random.randrange(8):
            case 0 if holder is not root:
                del holder[key]
            case 1:
                holder[key] = deepcopy(other[its])
            case 2 if isinstance(holder, dict):
                holder[f"{key}2"] = holder.pop(key)
            case 3 if isinstance(holder, list) and holder is not root:
                holder.insert(key, deepcopy(other[its]))
            case 4:
                holder[key] = [holder[key]]
            case 5:
                holder[key] = {"data": holder[key]}
            case _:
                holder[key] = deepcopy(random.choice(JUNK))
    return root[0]
