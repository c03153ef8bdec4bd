"""What a layout is: the names by which it is known, and which column holds what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from basislab.data.read.sheet import Sheet, plain_name

Holds = Literal["prices", "funding", "anything"]


def always(sheet: Sheet) -> bool:  # noqa: ARG001 - every sheet
    """Ask nothing of the cells."""
    return True


@dataclass(frozen=True)
class Layout:
    """One way in which files hold a series.

    Parameters
    ----------
    name : str
        As the import shows it.
    columns : dict of str to tuple of str
        From our name to the file's, without case and marks, the best one first.
    marks : frozenset of str
        Columns by which a header is known, without case and marks; none where no header is.
    bare : tuple of str
        Names of the columns, in order, of a file without a header; none where it has one.
    coins : tuple of str
        Columns that say whose a row is, where a file may hold several coins.
    fits : callable
        Looks at the cells, where names or their number prove too little.
    """

    name: str
    holds: Holds
    columns: dict[str, tuple[str, ...]]
    marks: frozenset[str] = frozenset()
    bare: tuple[str, ...] = ()
    coins: tuple[str, ...] = ()
    fits: Callable[[Sheet], bool] = field(default=always)

    def claim(self, sheet: Sheet) -> Sheet | None:
        """Return the sheet with names, if it is of this layout."""
        if sheet.header is None:
            if not self.bare or len(self.bare) != len(sheet.columns):
                return None
            sheet = sheet.named(self.bare)
        elif not self.marks or not self.marks <= {plain_name(name) for name in sheet.header}:
            return None
        return sheet if self.fits(sheet) else None

    def find(self, ours: str, sheet: Sheet) -> str | None:
        """Return the file's own name for one of our columns."""
        return _first(self.columns.get(ours, ()), sheet)

    def coin(self, sheet: Sheet) -> str | None:
        """Return the file's own name for the column that says whose a row is."""
        return _first(self.coins, sheet)


def _first(wanted: tuple[str, ...], sheet: Sheet) -> str | None:
    by_plain: dict[str, str] = {}
    for name in sheet.header or ():
        by_plain.setdefault(plain_name(name), name)
    return next((by_plain[plain] for plain in wanted if plain in by_plain), None)


CANDLE = ("time", "open", "high", "low", "close", "volume")
"""Order of a candle without names, everywhere."""


def candle_columns(time: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of candles that stand under their usual names."""
    return {"time": (time,), **{name: (name,) for name in CANDLE[1:]}}
