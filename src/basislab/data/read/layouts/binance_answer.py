"""Funding as Binance's API answers: `fundingTime`, `fundingRate`, and the pair's name."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout

LAYOUT = Layout(
    name="Binance fundingRate",
    holds="funding",
    columns={"time": ("fundingtime",), "funding_rate": ("fundingrate",)},
    coins=("symbol",),
    marks=frozenset({"symbol", "fundingtime", "fundingrate"}),
)
