"""Candles as freqtrade keeps them: `date` and five numbers."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout, candle_columns

LAYOUT = Layout(
    name="freqtrade candles",
    holds="prices",
    columns=candle_columns("date"),
    marks=frozenset({"date", "open", "high", "low", "close", "volume"}),
    fits=lambda sheet: sheet.form in ("Arrow", "Parquet"),
)
