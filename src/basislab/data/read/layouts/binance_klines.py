"""Klines of Binance's data archive and of its API: 12 columns, the archive's older ones unnamed."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout, candle_columns

LAYOUT = Layout(
    name="Binance archive klines",
    holds="prices",
    columns=candle_columns("opentime"),
    marks=frozenset({"opentime", "open", "high", "low", "close", "volume", "closetime"}),
    bare=(
        *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume"),
        *("count", "taker_buy_volume", "taker_buy_quote_volume", "ignore"),
    ),
)
