"""Funding objects as ccxt returns them from `fetchFundingRateHistory`."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout

LAYOUT = Layout(
    name="ccxt funding",
    holds="funding",
    columns={"time": ("timestamp",), "funding_rate": ("fundingrate",)},
    coins=("symbol",),
    marks=frozenset({"symbol", "fundingrate", "timestamp", "datetime"}),
)
