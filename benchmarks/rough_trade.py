"""The trade in forty lines: two leverages, a band, a trigger, liquidations; no delays, one price.

Coarse on purpose: it asks what a path within the day does to a trade, forty trades on every window
and path in seconds, and leaves out what does not depend on that.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

Array = np.ndarray[Any, Any]

PAIRS = (
    (1.0, 3.0), (1.5, 1.5), (1.5, 3.0), (2.0, 2.0), (2.0, 3.0),
    (1.5, 4.0), (2.5, 2.5), (2.5, 3.0), (3.0, 2.0), (3.0, 3.0),
)  # fmt: skip
"""Leverage of the long and of the short."""

POLICIES = ((1.6, 0.2), (1.6, 0.3), (1.6, 9.0), (99.0, 9.0))
"""Trigger, a multiple of a leg's own leverage, and band of the size; 99 and 9 are never."""

TRADES = np.array([(*pair, *policy) for pair in PAIRS for policy in POLICIES])

SWAP, TAKER, OPENING, MOVE_USD = 0.0003, 0.0005, 0.0015, 1.5
LIQUIDATION_LTV, MAINTENANCE, LIQUIDATION_COST = 0.75, 0.025, 0.00245
SUPPLY, BORROW = 0.05 / 8_760, 0.065 / 8_760


@numba.njit(nogil=True, cache=True)
def trade(bars: Array, funding: Array, terms: Array, first: int, last: int) -> Any:
    """Return the return, whether a leg was liquidated, and the smallest distance to that."""
    long_x, short_x, trigger, band = terms[0], terms[1], terms[2], terms[3]
    price, total = bars[3, first], 10_000.0
    share, weight = 1 / (1 / long_x + 1 / short_x), short_x / (long_x + short_x)
    notional = total * share
    coins = contracts = notional / price
    fee = notional * (OPENING + SWAP + TAKER)
    debt = notional * (1 - 1 / long_x)
    margin, entry = notional / short_x - fee, price
    is_liquidated, nearest = 0.0, 1.0
    for i in range(first + 1, last):
        high, low, price = bars[1, i], bars[2, i], bars[3, i]
        coins *= 1 + SUPPLY
        debt *= 1 + BORROW
        margin += funding[i] * contracts * price
        rounds = 0
        while debt > 0 and debt >= LIQUIDATION_LTV * coins * low and rounds < 40:
            part = 0.1 * debt
            coins -= part * 1.002 / low
            debt -= part
            is_liquidated = 1.0
            rounds += 1
        worst = margin + contracts * (entry - high)
        if contracts > 0 and worst <= MAINTENANCE * contracts * high:
            margin = max(worst - contracts * high * LIQUIDATION_COST, 0.0)
            contracts, entry, is_liquidated = 0.0, price, 1.0
        long_equity, short_equity = coins * price - debt, margin + contracts * (entry - price)
        total = long_equity + short_equity
        if total <= 100:
            return -1.0, 1.0, 0.0
        if debt > 0:
            nearest = min(nearest, 1 - debt / (LIQUIDATION_LTV * coins * price))
        if contracts > 0:
            death = (margin + contracts * entry) / (contracts * (1 + MAINTENANCE))
            nearest = min(nearest, death / price - 1)
        target = total * share
        size = max(coins, contracts) * price / target
        is_off = size > 1 + band or size < 1 - band
        if contracts == 0 or is_off or abs(coins - contracts) * price > 0.05 * target:
            more, sold = target / price - coins, target / price - contracts
            spent = abs(more) * SWAP + abs(sold) * TAKER + max(more, 0.0) * OPENING
            total -= spent * price + MOVE_USD
            coins, contracts, entry = coins + more, contracts + sold, price
            debt, margin = coins * price - total * weight, total * (1 - weight)
        else:
            by_long = coins * price / max(long_equity, 1.0) / long_x
            by_short = contracts * price / max(short_equity, 1.0) / short_x
            if max(by_long, by_short) > trigger:
                total -= MOVE_USD
                debt = coins * price - total * weight
                margin = total * (1 - weight) - contracts * (entry - price)
    return total / 10_000 - 1, is_liquidated, 0.0 if is_liquidated else max(nearest, 0.0)


@numba.njit(nogil=True, cache=True)
def trades(bars: Array, funding: Array, starts: Array, n_hours: int, out: Array) -> None:
    """Write every trade from every start, shape (n_trades, n_starts, 3)."""
    for number in range(len(TRADES)):
        for place in range(len(starts)):
            first = starts[place]
            out[number, place] = trade(bars, funding, TRADES[number], first, first + n_hours + 1)
