"""Funding of Binance's data archive: a time, the hours of the interval, a rate a settlement."""

from __future__ import annotations

from basislab.data.read.layouts.layout import Layout
from basislab.data.read.sheet import Sheet

_LONGEST_H = 24


def _hours(sheet: Sheet) -> bool:
    """Tell whether the first column holds numbers, and the second whole hours."""
    stamps, hours = sheet.columns[:2]
    return all(str(cell).isdigit() for cell in stamps) and all(
        str(cell).isdigit() and 0 < int(str(cell)[:9]) <= _LONGEST_H for cell in hours
    )


LAYOUT = Layout(
    name="Binance archive funding",
    holds="funding",
    columns={"time": ("calctime",), "funding_rate": ("lastfundingrate",)},
    marks=frozenset({"calctime", "lastfundingrate"}),
    bare=("calc_time", "funding_interval_hours", "last_funding_rate"),
    fits=lambda sheet: len(sheet.columns) != 3 or _hours(sheet),
)
