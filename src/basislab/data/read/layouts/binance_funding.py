"""Funding of Binance's data archive: a time, the hours of the interval, a rate a settlement."""

from __future__ import annotations

from basislab.data.read.figures import is_number
from basislab.data.read.layouts.layout import Layout
from basislab.data.read.sheet import Sheet

_LONGEST_H = 24


def _hours(sheet: Sheet) -> bool:
    cells = sheet.cells((sheet.header or ())[1])
    return isinstance(cells, list) and all(
        is_number(str(cell)) and 0 < float(str(cell).replace(",", ".")) <= _LONGEST_H
        for cell in cells
        if "," not in str(cell)
    )


LAYOUT = Layout(
    name="Binance archive funding",
    holds="funding",
    columns={"time": ("calctime",), "funding_rate": ("lastfundingrate",)},
    marks=frozenset({"calctime", "lastfundingrate"}),
    bare=("calc_time", "funding_interval_hours", "last_funding_rate"),
    fits=lambda sheet: len(sheet.columns) != 3 or _hours(sheet),
)
