"""Rows by day that figures draw: lines of a run, the price, what happened to a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from basislab.report.charts.base import Rows
from basislab.types.market import FloatArray, Market
from basislab.types.result import Result, time_labels


def days(market: Market) -> tuple[list[int], list[str]]:
    """Return the market's days as milliseconds since 1970 and as text."""
    stamps = (market.times.astype("datetime64[s]").astype(np.int64) * 1000).tolist()
    return stamps, time_labels(market.times, market.bar_seconds)


def long_form(
    market: Market, named: Mapping[str, FloatArray], value: str
) -> Iterator[dict[str, object]]:
    """Yield one row a series and day, with the series' number under the name `value`."""
    stamps, labels = days(market)
    for name, values in named.items():
        for t, day, number in zip(stamps, labels, values.tolist(), strict=True):
            yield {"t": t, "day": day, "series": name, value: number}


def price_rows(market: Market) -> Rows:
    """Return the close, the high and the low by day."""
    stamps, labels = days(market)
    price = market.reference_price
    columns = (price.close.tolist(), price.high.tolist(), price.low.tolist())
    return [
        {"t": t, "day": day, "close_usd": close, "high_usd": high, "low_usd": low}
        for t, day, close, high, low in zip(stamps, labels, *columns, strict=True)
    ]


def event_rows(market: Market, leverage: float, result: Result) -> Rows:
    """Return what happened to a run: moves, liquidations, the end."""
    stamps, _ = days(market)
    kinds = {
        "rebalance": "capital moved",
        "resize": "size traded back",
        "liquidation": "liquidation",
        "ruined": "ruined",
    }
    return [
        {
            "t": stamps[event.bar],
            "day": event.time,
            "leverage": leverage,
            "series": kinds[event.kind],
            "leg": event.leg or ("to short" if event.moved_usd > 0 else "to long"),
            "close_usd": event.price_usd,
            "moved_usd": abs(event.moved_usd),
            "paid_usd": event.cost_usd + event.penalty_usd,
            "equity_usd": event.equity_usd,
        }
        for event in result.event_list
        if event.kind in kinds
    ]
