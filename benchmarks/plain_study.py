"""The rebalance model as one writes it first: plain Python, a dict for the state, floats.

The reference that speed is measured against (the study's own way). It shares no code with the
package; `run.py` checks that it gives the same numbers before it is timed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ACCOUNTS = ("carry", "funding", "trading_fees", "gas", "transfer_fees", "penalty", "revaluation",
            "shortfall")  # fmt: skip


def open_legs(capital: float, leverage: float, price: float) -> dict[str, float]:
    """Both legs, each backed by half of the capital."""
    return {
        "coins": capital / 2 * leverage / price,
        "debt": capital / 2 * (leverage - 1),
        "contracts": capital / 2 * leverage / price,
        "entry": price,
        "margin": capital / 2,
    }


def simulate(params: dict[str, float], bars: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Run one configuration; returns final equity, ledger, equity curve and counts."""
    ledger = dict.fromkeys(ACCOUNTS, 0.0)
    counts = {"rebalances": 0, "liquidations": 0}
    curve = []
    leverage, price = params["leverage"], bars[0]["close"]
    legs = open_legs(params["capital"], leverage, price)
    fees = params["capital"] / 2 * leverage * (params["open_fee"] + params["taker_fee"])
    ledger["trading_fees"] -= fees
    ledger["gas"] -= params["gas"]
    legs["debt"] += (fees + params["gas"]) / 2
    legs["margin"] -= (fees + params["gas"]) / 2
    for bar in bars:
        close = bar["close"]
        ledger["revaluation"] += (legs["coins"] - legs["contracts"]) * (close - price)
        price = close
        earned = legs["coins"] * bar["supply"]
        interest = legs["debt"] * bar["borrow"]
        paid = bar["funding"] * legs["contracts"] * close
        legs["coins"] += earned
        legs["debt"] += interest
        legs["margin"] += paid
        ledger["carry"] += earned * close - interest
        ledger["funding"] += paid
        long = legs["coins"] * close - legs["debt"]
        short = legs["margin"] + legs["contracts"] * (legs["entry"] - close)
        low, high, keep = bar["low"], bar["high"], params["maintenance"]
        is_long = legs["coins"] * low - legs["debt"] <= keep * legs["coins"] * low
        at_high = legs["margin"] + legs["contracts"] * (legs["entry"] - high)
        is_short = at_high <= keep * legs["contracts"] * high
        if is_long or is_short:
            counts["liquidations"] += 1
            for is_hit, equity in ((is_long, long), (is_short, short)):
                if is_hit:
                    ledger["penalty"] -= max(params["penalty_rate"] * equity, 0.0)
                    ledger["shortfall"] += max(-equity, 0.0)
            kept = (1 - params["penalty_rate"]) if is_long else 1.0
            long = max(long * kept, 0.0) if is_long else long
            kept = (1 - params["penalty_rate"]) if is_short else 1.0
            short = max(short * kept, 0.0) if is_short else short
            total = long + short
            fees = total / 2 * leverage * (params["open_fee"] + params["taker_fee"])
            fees += legs["contracts"] * close * params["taker_fee"]
            ledger["trading_fees"] -= fees
            ledger["gas"] -= params["gas"]
            legs = open_legs(total - fees - params["gas"], leverage, close)
        else:
            notional_long, notional_short = legs["coins"] * close, legs["contracts"] * close
            highest = max(
                notional_long / max(long, 1.0) if long > 0 else 999.0,
                notional_short / max(short, 1.0) if short > 0 else 999.0,
            )
            amount = long - (long + short) / 2
            if highest > params["trigger"] and abs(amount) > 5:
                counts["rebalances"] += 1
                cost = params["transfer_cost"]
                ledger["transfer_fees"] -= cost
                legs["debt"] += amount + cost / 2
                legs["margin"] += amount - cost / 2
        equity = legs["coins"] * close - legs["debt"]
        equity += legs["margin"] + legs["contracts"] * (legs["entry"] - close)
        curve.append(equity)
    fees = legs["contracts"] * price * params["taker_fee"]
    ledger["trading_fees"] -= fees
    return {"final": curve[-1] - fees, "ledger": ledger, "curve": curve, "counts": counts}
