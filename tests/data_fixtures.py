"""Venue answers as small as a test allows: clean ones, to be spoilt by the test in one place."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from basislab.data.sources.hyperliquid import expected_rate
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries

Rows = list[dict[str, Any]]
Answers = dict[str, Rows]

START = datetime(2025, 1, 1, tzinfo=UTC)
SHARED = Path(__file__).parents[2] / "shared" / "data"
"""Real-shaped data beside the repository; tests that use it skip where it is not."""

CANDLES, FUNDING = "candles.json", "funding.json"
COIN_RATES, USDC_RATES = "defillama_kamino_eth.json", "defillama_kamino_usdc.json"
DRIFT = "drift_funding_eth_daily.json"


def millis(moment: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(moment.timestamp() * 1_000)


def answers(days: int = 30, coin: str = "ETH", *, drift: bool = True, seed: int = 7) -> Answers:
    """Return clean answers for `days` days: every open is the close before, 24 hours a day."""
    random = np.random.default_rng(seed)
    closes = np.round(3_000 * np.exp(np.cumsum(random.normal(0, 0.02, days))), 1).tolist()
    opens = [3_000.0, *closes[:-1]]
    candles, funding, coin_rates, usdc_rates, sums = [], [], [], [], []
    for day, (low, high) in enumerate(zip(opens, closes, strict=True)):
        midnight = START + timedelta(days=day)
        candles.append(_candle(coin, midnight, low, high, random.uniform(9e3, 1e4)))
        for hour in range(24):
            stamp = millis(midnight + timedelta(hours=hour)) + int(random.integers(0, 180))
            funding.append(settlement(coin, stamp, float(random.normal(0, 1e-3))))
        snapshot = (midnight + timedelta(hours=23, minutes=1)).isoformat().replace("+00:00", "Z")
        coin_rates.append(_snapshot(snapshot, *random.uniform((4, 6), (5, 7))))
        usdc_rates.append(_snapshot(snapshot, *random.uniform((4, 7), (5, 8))))
        sums.append({"date": f"{midnight:%Y-%m-%d}", "rate": random.normal() / 4e3})
    made = {CANDLES: candles, FUNDING: funding, COIN_RATES: coin_rates, USDC_RATES: usdc_rates}
    made = {name.replace("_eth", f"_{coin.lower()}"): rows for name, rows in made.items()}
    if drift:
        rows = [row | {"n_records": 24} for row in sums]
        made[DRIFT.replace("_eth", f"_{coin.lower()}")] = rows
    return made


def _candle(coin: str, midnight: datetime, opened: float, close: float, volume: float) -> Any:
    start = millis(midnight)
    return {
        "t": start,
        "T": start + 86_399_999,
        "s": coin,
        "i": "1d",
        "o": str(opened),
        "c": str(close),
        "h": str(round(max(opened, close) * 1.01, 1)),
        "l": str(round(min(opened, close) * 0.99, 1)),
        "v": f"{volume:.2f}",
        "n": 1_000,
    }


def settlement(coin: str, stamp: int, premium: float) -> dict[str, Any]:
    """Return a settlement whose rate follows from its premium, as the venue's do."""
    rate = f"{expected_rate(round(premium, 10)):.10f}"
    return {"coin": coin, "fundingRate": rate, "premium": f"{premium:.10f}", "time": stamp}


def _snapshot(stamp: str, supply: float, borrow: float) -> dict[str, Any]:
    return {
        "timestamp": stamp,
        "totalSupplyUsd": 1_000_000,
        "totalBorrowUsd": 800_000,
        "debtCeilingUsd": None,
        "apyBase": round(float(supply), 5),
        "apyReward": None,
        "apyBaseBorrow": round(float(borrow), 5),
        "apyRewardBorrow": None,
    }


def write(directory: Path, made: Answers, *, compress: bool = False) -> Path:
    """Write answers as files, gzipped or plain, and return their directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, rows in made.items():
        text = json.dumps(rows).encode()
        if compress:
            (directory / f"{name}.gz").write_bytes(gzip.compress(text))
        else:
            (directory / name).write_bytes(text)
    return directory


def spoilt(directory: Path, name: str, change: Callable[[Rows], object], days: int = 10) -> Path:
    """Write clean answers in which `change` has spoilt one file."""
    made = answers(days)
    change(made[name])
    return write(directory, made)


def clean_market(days: int = 60, *, seed: int = 3) -> Market:
    """Return a market about which no rule has anything to say."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, days)))
    opens = np.concatenate(([100.0], close[:-1] * (1 + random.normal(0, 1e-4, days - 1))))
    prices = PriceSeries(
        open=opens,
        high=np.maximum(opens, close) * 1.01,
        low=np.minimum(opens, close) * 0.99,
        close=close,
        volume=random.uniform(9e3, 1e4, days),
    )
    return Market(
        name="clean",
        asset="ETH",
        times=np.datetime64("2025-01-01", "s") + np.arange(days) * np.timedelta64(1, "D"),
        prices={("hyperliquid", "perp"): prices},
        funding={
            "hyperliquid": FundingSeries(
                random.normal(2e-4, 1e-4, days), np.full(days, 24, dtype=np.int64)
            ),
            "drift": FundingSeries(random.normal(1e-4, 1e-4, days)),
        },
        supply={
            ("kamino", "ETH"): RateSeries(random.uniform(0.03, 0.04, days)),
            ("kamino", "USDC"): RateSeries(random.uniform(0.03, 0.04, days)),
        },
        borrow={("kamino", "USDC"): RateSeries(random.uniform(0.05, 0.06, days))},
    )


def table_text(days: int = 10) -> str:
    """Return a facts table of `days` clean days, with the sample's columns."""
    header = (
        "date,open,high,low,close,volume,hyperliquid_funding,hyperliquid_funding_hours,"
        "drift_funding,kamino_sol_supply_apy_pct,kamino_usdc_borrow_apy_pct,"
        "kamino_usdc_supply_apy_pct"
    )
    lines = [header]
    for day in range(days):
        date = START + timedelta(days=day)
        rates = f"{5 + day / 10:.2f},{7 + day / 10:.2f},{4 + day / 10:.2f}"
        lines.append(f"{date:%Y-%m-%d},100,102,99,100,5000,0.000{day + 1},24,-0.0001,{rates}")
    return "\n".join(lines) + "\n"
