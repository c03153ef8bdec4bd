"""Layouts that are known by their content, one file each; a new one is a file and a line here."""

from __future__ import annotations

from basislab.data.read.layouts import (
    binance_answer,
    binance_funding,
    binance_klines,
    ccxt_funding,
    ccxt_ohlcv,
    freqtrade_candles,
    freqtrade_funding,
    hyperliquid_candles,
    hyperliquid_page,
    plain,
)
from basislab.data.read.layouts.layout import Layout
from basislab.data.read.sheet import Sheet

LAYOUTS: tuple[Layout, ...] = (
    binance_klines.LAYOUT,
    binance_funding.LAYOUT,
    binance_answer.LAYOUT,
    hyperliquid_page.LAYOUT,
    hyperliquid_candles.LAYOUT,
    ccxt_funding.LAYOUT,
    freqtrade_funding.LAYOUT,  # before candles, whose form it has
    freqtrade_candles.LAYOUT,
    ccxt_ohlcv.LAYOUT,
)
"""Asked in this order; the first one that claims a file reads it."""


def recognise(sheet: Sheet) -> tuple[Layout, Sheet] | None:
    """Return the layout of a sheet, and the sheet under that layout's names; None for none.

    A sheet with names that no layout claims is a table that says itself what it holds.
    """
    for layout in LAYOUTS:
        if (named := layout.claim(sheet)) is not None:
            return layout, named
    return None if sheet.header is None else (plain.LAYOUT, sheet)
