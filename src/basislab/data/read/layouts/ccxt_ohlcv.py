"""Candles as ccxt returns them from `fetchOHLCV`: a time and five numbers, without names."""

from __future__ import annotations

from basislab.data.read.layouts.layout import CANDLE, Layout, candle_columns

LAYOUT = Layout(
    name="candles by position, as of ccxt",
    holds="prices",
    columns=candle_columns("time"),
    bare=CANDLE,
)
