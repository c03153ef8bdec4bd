"""A made market: hourly prices, funding and lending rates of three coins from one seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from basislab.types.market import FloatArray, IntArray
from basislab.units import SECONDS_PER_HOUR

START = 1_667_260_800
"""2022-11-01T00:00Z."""

COINS = {"SOL": 30.0, "ETH": 1_600.0, "BTC": 20_000.0}
"""First price of each coin, USD."""

RATES = {"SOL": (0.05, 0.75), "ETH": (0.025, 0.6), "BTC": (0.01, 0.3), "USDC": (0.07, 0.8)}
"""Usual borrow APY of each coin, and usual utilisation."""

WICK_AT = 1_760_130_000
"""2025-10-10T21:00Z: the perpetual of one venue alone falls by a fifth within the hour."""


class Bars(NamedTuple):
    """Hourly bars, arrays of shape (n,); USD per coin, and coin."""

    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


@dataclass(frozen=True)
class FakeMarket:
    """Everything that the venues of a made market know.

    Parameters
    ----------
    until : int, seconds since 1970
        No row is later. A market that reaches further begins with the same numbers.
    start : int, seconds since 1970
        A midnight; the venues know nothing from before.
    """

    until: int
    seed: int = 7
    start: int = START
    _cache: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def times(self) -> IntArray:
        """Opens of the hours, seconds since 1970; the last one may be in progress."""
        return np.arange(self.start, self.until + 1, SECONDS_PER_HOUR, dtype=np.int64)

    def bars(self, coin: str, venue: str) -> Bars:
        """Return hourly bars of a coin; venues differ by a few hundredths of a percent."""
        n = len(self.times)
        moves = 0.006 * self._noise(f"price {coin}", n)
        basis = 2e-4 * self._noise(f"basis {coin} {venue}", n + 1)
        close = COINS[coin] * np.exp(np.cumsum(moves) + basis[1:])
        opens = np.concatenate(([COINS[coin] * np.exp(basis[0])], close[:-1]))
        reach = 1 + 0.003 * np.abs(self._noise(f"reach {coin}", n))
        low = np.minimum(opens, close) / reach
        if venue == "hyperliquid":
            low = np.where(self.times == WICK_AT, low * 0.8, low)
        volume = 1e7 / COINS[coin] * np.exp(0.3 * self._noise(f"volume {coin} {venue}", n))
        high = np.maximum(opens, close) * reach
        opens, high, low, close = (np.round(prices, 4) for prices in (opens, high, low, close))
        return Bars(opens, high, low, close, np.round(volume, 2))

    def premium(self, coin: str) -> FloatArray:
        """Return the perpetual's hourly premium, fraction of the oracle price.

        Returns
        -------
        ndarray of shape (n,)
        """
        return np.round(2e-4 + self._slow(f"premium {coin}", 0.95) * 4e-4, 10)

    def lending(self, coin: str) -> tuple[FloatArray, FloatArray]:
        """Return hourly supply and borrow APY, fractions.

        Returns
        -------
        tuple of two ndarrays of shape (n,)
        """
        usual, utilisation = RATES[coin]
        borrow = usual * np.exp(0.3 * self._slow(f"borrow {coin}", 0.99))
        supply = borrow * utilisation * (0.85 + 0.02 * np.tanh(self._slow(f"use {coin}", 0.9)))
        return np.round(supply, 8), np.round(borrow, 8)

    def utilisation(self, coin: str) -> FloatArray:
        """Return which part of a coin's reserve is lent out, hour by hour.

        Returns
        -------
        ndarray of shape (n,)
        """
        usual = RATES[coin][1]
        return np.round(usual * (1 + 0.1 * np.tanh(self._slow(f"lent {coin}", 0.97))), 8)

    def _slow(self, what: str, memory: float) -> FloatArray:
        """Return noise of unit variance that forgets slowly."""
        noise = self._noise(what, len(self.times))
        level, values = 0.0, np.empty(len(noise))
        scale = float(np.sqrt(1 - memory**2))
        for i, shock in enumerate(noise.tolist()):
            level = memory * level + scale * shock
            values[i] = level
        return values

    def _noise(self, what: str, n: int) -> FloatArray:
        # One stream a quantity, drawn from its beginning: more hours do not change earlier ones.
        stream = np.random.default_rng([self.seed, *what.encode()])
        return stream.standard_normal(n)
