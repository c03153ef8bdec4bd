"""What the bars of a block reach, whatever the position: some twenty numbers a block.

Found once a market; `skip` holds positions against them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.venue.bars import Bars

BLOCK = 64
"""Bars bounded at once: fewer are bounded more closely, more are passed over at a time."""


class Span(NamedTuple):
    """Extremes over a block of bars; prices in USD per coin, in the units of `Ahead`'s sums.

    ``loan``, ``spot_loan`` and ``asked_loan`` are the lowest values of a coin of index over a
    dollar of debt's index: at the worst oracle price, at the spot and at the oracle's close.
    ``worth`` is a coin of index at spot, ``gap`` by how much ``unit`` coins' growth makes the coin
    dearer than the mark.
    """

    loan: float
    spot_loan: float
    asked_loan: float
    least: float
    worst_low: float
    mark_low: float
    paid_low: float
    debt_low: float
    worth_low: float
    coins_low: float
    gap_low: float
    carry_low: float
    worst_high: float
    mark_high: float
    paid_high: float
    debt_high: float
    worth_high: float
    coins_high: float
    gap_high: float
    spot_high: float
    sigma_high: float
    unit: float
    looks: float


N_FIELDS = len(Span._fields)


def span_at(spans: FloatArray, block: int) -> Span:
    """Return the span of a block."""
    row = spans[block]
    return Span(
        row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7],
        row[8], row[9], row[10], row[11], row[12], row[13], row[14], row[15],
        row[16], row[17], row[18], row[19], row[20], row[21], row[22],
    )  # fmt: skip


def new_spans(n_bars: int) -> FloatArray:
    """Return room for the spans of so many bars, shape (n_blocks, N_FIELDS)."""
    return np.empty(((n_bars + BLOCK - 1) // BLOCK, N_FIELDS))


def bound(
    spans: FloatArray,
    bars: Bars,
    coins: FloatArray,
    debt: FloatArray,
    paid: FloatArray,
    least: FloatArray,
) -> None:
    """Write the spans of a market; the running sums are those of `Ahead`."""
    for block in range(len(spans)):
        first, last = block * BLOCK, min((block + 1) * BLOCK, len(coins))
        low, high = np.inf, -np.inf
        unit = coins[first]
        loan = spot_loan = asked_loan = least_low = worst_low = mark_low = paid_low = low
        debt_low = worth_low = coins_low = gap_low = carry_low = low
        worst_high = mark_high = paid_high = debt_high = worth_high = coins_high = high
        gap_high = spot_high = sigma_high = high
        looks = 0.0
        for i in range(first, last):
            held, spot, mark = coins[i], bars.spot.close[i], bars.mark.close[i]
            worth, share = held * spot, 1.0 / debt[i]
            gap = worth / unit - mark
            loan = min(loan, held * bars.worst_oracle[i] * share)
            spot_loan = min(spot_loan, worth * share)
            asked_loan = min(asked_loan, held * bars.oracle.close[i] * share)
            least_low = min(least_low, least[i])
            worst_low, worst_high = (
                min(worst_low, bars.worst_mark[i]),
                max(worst_high, bars.worst_mark[i]),
            )
            mark_low, mark_high = min(mark_low, mark), max(mark_high, mark)
            paid_low, paid_high = min(paid_low, paid[i]), max(paid_high, paid[i])
            debt_low, debt_high = min(debt_low, debt[i]), max(debt_high, debt[i])
            worth_low, worth_high = min(worth_low, worth), max(worth_high, worth)
            coins_low, coins_high = min(coins_low, held), max(coins_high, held)
            gap_low, gap_high = min(gap_low, gap), max(gap_high, gap)
            spot_high, sigma_high = max(spot_high, spot), max(sigma_high, bars.sigma[i])
            carry_low = min(carry_low, bars.carry[i])
            looks += 1.0 if bars.is_look[i] else 0.0
        row = (
            loan, spot_loan, asked_loan, least_low, worst_low, mark_low, paid_low, debt_low,
            worth_low, coins_low, gap_low, carry_low, worst_high, mark_high, paid_high, debt_high,
            worth_high, coins_high, gap_high, spot_high, sigma_high, unit, looks,
        )  # fmt: skip
        for column, value in enumerate(row):
            spans[block, column] = value


compile_module(globals(), owners=("new_spans",))
