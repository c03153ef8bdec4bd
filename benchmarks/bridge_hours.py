"""Real hours, the same hours drawn within their days, and how far the two differ."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from basislab.kernels import bridge as kernel

Array = np.ndarray[Any, Any]

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90, 0.97)
SCALES = np.array([[0.05], [0.25], [0.20]])
"""What counts as far, of the largest hour's share, the length of the way, and the reach."""

SHAPES = (0.08, 0.12, 0.2, 0.3, 0.45, 0.7, 1.0)
LEFT_OUT = (0.0, 0.3, 0.5, 0.65, 0.8, 0.9)
FIT_PATHS = 3


class Coin(NamedTuple):
    """Hours of one coin: ``hours`` of shape (4, n), ``days`` the same as daily candles."""

    name: str
    hours: Array
    days: kernel.Days
    funding: Array


def read(folder: Path, name: str) -> Coin:
    """Read whole days of Binance's perpetual and the hourly funding of Hyperliquid."""
    import duckdb

    def table(file: str) -> dict[str, Array]:
        text = f"SELECT *, epoch(time::TIMESTAMPTZ)::BIGINT AS at FROM '{folder / file}' ORDER BY 1"  # noqa: S608
        return duckdb.sql(text).fetchnumpy()

    found = table(f"binance_perp_{name}_1h.parquet")
    first = int(found["at"][0]) // 86_400
    place = (found["at"] - first * 86_400) // 3_600
    hours = np.full((4, int(place[-1]) + 1), np.nan)
    hours[:, place] = [found[price] for price in ("open", "high", "low", "close")]
    for hole in np.flatnonzero(np.isnan(hours[0])):
        hours[:, hole] = hours[3, hole - 1]
    hours = np.ascontiguousarray(hours[:, : hours.shape[1] // 24 * 24])
    longer = f"hyperliquid_funding_{name}_2023_2026.parquet"
    is_longer = (folder / longer).exists()
    paid = table(longer if is_longer else f"hyperliquid_funding_{name}.parquet")
    place = (paid["at"] - first * 86_400) // 3_600
    inside = (place >= 0) & (place < hours.shape[1])
    funding = np.zeros(hours.shape[1])
    np.add.at(funding, place[inside], paid["funding_rate"][inside])
    return Coin(name, hours, candles(hours, first), funding)


def candles(hours: Array, first: int) -> kernel.Days:
    """Return hours as days."""
    opened, high, low, close = (prices.reshape(-1, 24) for prices in hours)
    number = first + np.arange(len(opened))
    return kernel.Days(
        number, opened[:, 0].copy(), high.max(axis=1), low.min(axis=1), close[:, -1].copy()
    )


def drawn(library: kernel.Library, coin: Coin, path: int) -> Array:
    """Return one path of hours within the coin's days."""
    bars = np.empty_like(coin.hours)
    kernel.fill_path(bars, library, coin.days, coin.days, 0, path)
    return bars


def features(hours: Array) -> Array:
    """Return log width, largest hour's share, way over range, reach: shape (4, n_days)."""
    days = candles(hours, 0)
    opened, high, low, close = (prices.reshape(-1, 24) for prices in hours)
    spread, width = days.high - days.low, np.log(days.high / days.low)
    before = np.concatenate([opened[:, :1], close], axis=1)
    largest = (high - low).max(axis=1) / spread
    way = np.abs(np.diff(before)).sum(axis=1) / spread
    reach = width / np.sqrt((np.diff(np.log(before)) ** 2).sum(axis=1))
    return np.array([width, largest, way, reach])


def hour_weights(coins: list[Coin]) -> tuple[float, ...]:
    """Return each hour's share in a day's variance, times 24, the mean of the coins."""
    found = []
    for coin in coins:
        opened, _, _, close = (prices.reshape(-1, 24) for prices in coin.hours)
        moves = np.diff(np.log(np.concatenate([opened[:, :1], close], axis=1))) ** 2
        found.append(24 * (moves / moves.sum(axis=1, keepdims=True)).mean(axis=0))
    return tuple(round(float(weight), 2) for weight in np.mean(found, axis=0))


def fitted_kinds(
    coins: list[Coin], weights: tuple[float, ...], widths: tuple[float, ...]
) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...]:
    """Return for each level the two kinds of walks whose days look most like real ones."""
    from basislab.research.intraday import draw_library

    made = {}
    for shape in SHAPES:
        for left_out in LEFT_OUT:
            kind = (shape, left_out)
            library = draw_library(0, weights, (), ((kind, kind),))
            paths = [drawn(library, coin, path) for path in range(FIT_PATHS) for coin in coins]
            made[kind] = np.concatenate([features(path) for path in paths], axis=1)
    real = np.concatenate([features(coin.hours) for coin in coins], axis=1)
    found = []
    for low, high in zip((0.0, *widths), (*widths, np.inf), strict=True):
        wanted = np.quantile(_of_level(real, low, high), QUANTILES, axis=1).T
        level = {kind: _of_level(values, low, high) for kind, values in made.items()}

        def distance(pair: Any, level: Any = level, wanted: Any = wanted) -> float:
            both = np.concatenate([level[kind] for kind in pair], axis=1)
            return float((((np.quantile(both, QUANTILES, axis=1).T - wanted) / SCALES) ** 2).sum())

        found.append(min(combinations_with_replacement(level, 2), key=distance))
    return tuple(found)


def _of_level(values: Array, low: float, high: float) -> Array:
    return values[1:, (values[0] >= low) & (values[0] < high)]


def shares(hours: Array) -> tuple[float, float]:
    """Return the largest hour's share of a day's range: mean and 90 % quantile."""
    largest = features(hours)[1]
    return float(largest.mean()), float(np.quantile(largest, 0.9))


def falls(hours: Array) -> tuple[int, float, float]:
    """Return how many falls of 25 % there are, hours from -10 % to it, returns above -10 %.

    A fall is counted from the highest close since the last fall ended.
    """
    top, began, returns, is_above = float(hours[0, 0]), -1, 0, True
    lengths, counts = [], []
    for index, (low, close) in enumerate(zip(hours[2], hours[3], strict=True)):
        if began < 0 and low <= 0.9 * top:
            began, returns, is_above = index, 0, False
        if began >= 0:
            if low <= 0.75 * top:
                lengths.append(index - began)
                counts.append(returns)
                top, began = float(close), -1
                continue
            if close > 0.9 * top and not is_above:
                returns, is_above = returns + 1, True
            elif close <= 0.9 * top:
                is_above = False
        if close > top:
            top, began = float(close), -1
    if not lengths:
        return 0, float("nan"), float("nan")
    return len(lengths), float(np.median(lengths)), float(np.mean(counts))
