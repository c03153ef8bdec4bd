"""Funding as freqtrade keeps it: in the form of candles, the rate in `open`, zeros elsewhere."""

from __future__ import annotations

import numpy as np

from basislab.data.read.layouts.layout import CANDLE, Layout
from basislab.data.read.sheet import Sheet

_NOUGHT = frozenset({"0", "0.0", "0,0", "", "None", "nan"})


def _only_open(sheet: Sheet) -> bool:
    """Tell whether every number but the open is nothing, as no price is."""
    for name in (sheet.header or ())[2:]:
        cells = sheet.cells(name)
        if isinstance(cells, np.ndarray):
            if np.nan_to_num(cells).any():
                return False
        elif not isinstance(cells, list) or not {str(cell) for cell in cells} <= _NOUGHT:
            return False
    return True


LAYOUT = Layout(
    name="freqtrade funding",
    holds="funding",
    columns={"time": ("date", "time"), "funding_rate": ("open",)},
    marks=frozenset({"date", "open", "high", "low", "close", "volume"}),
    bare=CANDLE,
    fits=_only_open,
)
