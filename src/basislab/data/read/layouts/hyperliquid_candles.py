"""Hyperliquid's `candleSnapshot`, of any width: one letter a column."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout

LAYOUT = Layout(
    name="Hyperliquid candleSnapshot",
    holds="prices",
    columns={
        "time": ("t",),
        "open": ("o",),
        "high": ("h",),
        "low": ("l",),
        "close": ("c",),
        "volume": ("v",),
    },
    marks=frozenset({"t", "o", "h", "l", "c", "v"}),
    coins=("s",),
)
