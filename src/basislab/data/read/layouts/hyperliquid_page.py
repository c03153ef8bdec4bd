"""What the page of Hyperliquid exports: payments of an account, the rate in percent."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout

LAYOUT = Layout(
    name="Hyperliquid page export",
    holds="funding",
    columns={"time": ("time",), "funding_rate": ("rate",)},
    coins=("coin",),
    marks=frozenset({"time", "coin", "size", "side", "payment", "rate"}),
)
