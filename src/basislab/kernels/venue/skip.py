"""Whether a whole block of bars can be passed over by a position that is left alone.

Most blocks lie far from every price at which something would happen. A position is held against
what their bars reach (`spans`), and only where that leaves it open are the bars looked at
(`reach`). The bounds are wider (`WIDER`) than the test of the bars: they pass over nothing that it
would find.
"""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.venue.reach import SLACK, Held, Limits
from basislab.kernels.venue.spans import Span

WIDER = 10.0 * SLACK
"""Relative to the amounts that are compared."""


def worth_within(held: Held, span: Span) -> tuple[float, float]:
    """Return the lowest and the highest equity that the position can have in a block, USD.

    Coins and contracts nearly cancel: what both have is worth their gap, and only what one has
    more of moves with the price.
    """
    both, more = held.coins * span.unit, held.coins * span.unit - held.contracts
    fixed = held.funds + held.cash
    low = both * span.gap_low + more * (span.mark_low if more > 0.0 else span.mark_high) + fixed
    high = both * span.gap_high + more * (span.mark_high if more > 0.0 else span.mark_low) + fixed
    owed_low, owed_high = held.debt * span.debt_low, held.debt * span.debt_high
    low += held.contracts * span.paid_low - max(owed_low, owed_high)
    high += held.contracts * span.paid_high - min(owed_low, owed_high)
    error = abs(held.funds) + abs(held.cash) + abs(owed_high) + held.contracts * span.mark_high
    error = WIDER * (error + held.coins * span.worth_high)
    return low - error, high + error


def is_safe(held: Held, limits: Limits, span: Span) -> bool:
    """Whether neither venue can liquidate in any bar of a block, and the margin's tier is kept."""
    early = 1.0 + WIDER
    debt, worst = held.debt * early, held.contracts * span.worst_high * early
    if debt >= limits.liquidation_ltv * held.coins * span.loan:
        return False
    if debt >= held.coins * span.spot_loan:
        return False
    certain = held.funds + held.contracts * span.least
    certain -= WIDER * (abs(held.funds) + worst)
    if certain <= worst * (1.0 + limits.rate) - limits.deduction:
        return False
    return worst <= limits.ceiling and held.contracts * span.worst_low >= limits.floor


def is_content(held: Held, limits: Limits, span: Span, low: float, high: float) -> bool:
    """Whether the trader would do nothing in any bar of a block, its equity within `low`, `high`.

    The loan's limit falls with the deviation, and where it is below zero the bars are looked at.
    """
    early = 1.0 + WIDER
    if span.looks == 0.0:
        return True
    if low <= 0.0 or span.carry_low < limits.exit_apy:
        return False
    loan = limits.loan + limits.loan_sigma * span.sigma_high
    price = span.asked_loan if limits.by_oracle else span.spot_loan
    if loan < 0.0 or held.debt * early > loan * held.coins * price:
        return False
    short = limits.short + limits.short_sigma * span.sigma_high
    sold = held.contracts * span.mark_high * early
    backing = held.funds + held.contracts * span.paid_low + limits.extra
    backing -= WIDER * (abs(held.funds) + abs(limits.extra) + sold)
    if short * sold > backing:
        return False
    worth_low, worth_high = held.coins * span.worth_low, held.coins * span.worth_high
    if max(worth_high * early, sold) > limits.above * low:
        return False
    if max(worth_low, held.contracts * span.mark_low) < limits.below * high * early:
        return False
    apart = max(
        abs(held.coins * span.coins_low - held.contracts),
        abs(held.coins * span.coins_high - held.contracts),
    )
    apart = (apart + WIDER * held.contracts) * span.spot_high * early
    return apart <= limits.apart * low


compile_module(globals(), owners=())
