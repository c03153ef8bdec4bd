"""Why a payment differs: what units and signs can do to it, each named."""

from __future__ import annotations

import math

from basislab.data.sources.hyperliquid_log import Funding

NEAR = 0.02
"""Within this share a payment counts as a multiple of another."""

CENT = 0.005

SIGN = "the sign is flipped: received is booked as paid, or the rate's sign is misread"
EIGHT = "payments are 8 times the engine's: a rate of 8 hours is booked every hour"
EIGHTH = "payments are an eighth of the engine's: the market's rates are of 8 hours"
MISSING = "no payment in the log although a position was held: hours are missing"
NO_RATE = "the market has no rate for the hour"
PRICE = "another price of the notional"


def funding_cause(row: Funding | None, coins: float, rate: float, expected: float | None) -> str:
    """Return why a payment differs from ``-coins * rate * price``; empty where it does not."""
    if expected is None:
        return NO_RATE
    if row is None:
        return MISSING
    paid = row.delta.usdc
    if expected == 0 or abs(paid - expected) <= 1e-9 * max(abs(expected), 1.0):
        return "" if abs(paid - expected) <= CENT else _of_parts(row, coins, rate)
    ratio = paid / expected
    for times, cause in ((-1.0, SIGN), (8.0, EIGHT), (1 / 8, EIGHTH)):
        if math.isclose(ratio, times, rel_tol=NEAR):
            return cause
    return _of_parts(row, coins, rate)


def _of_parts(row: Funding, coins: float, rate: float) -> str:
    """Compare what the payment says of itself: size, then rate; what is left is its price."""
    if not math.isclose(row.delta.szi, coins, rel_tol=1e-3, abs_tol=1e-9):
        return "another size: the payment's and that of the fills differ"
    if not math.isclose(row.delta.rate, rate, rel_tol=1e-3, abs_tol=1e-9):
        return "another rate than the market's"
    return PRICE
