"""What every kind of file is read into before its layout is known: named columns of cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from basislab.errors import SourceError
from basislab.types.market import IntArray

_UNIT = re.compile(r"(bps?|basispoints|pct|percent|%)[)\]]?$")
_LISTED = 12

NO_STAMP = int(np.iinfo(np.int64).min)
"""Stands in `Stamps` where a time is missing."""


@dataclass(frozen=True, eq=False)
class Stamps:
    """Times that the file holds as times.

    Parameters
    ----------
    micros : ndarray of int64, shape (n_rows,), microseconds since 1970
    has_zone : bool
        False where the file says no zone; they are UTC then.
    """

    micros: IntArray
    has_zone: bool

    def __len__(self) -> int:
        return len(self.micros)

    def __getitem__(self, rows: Any) -> Stamps:
        return Stamps(self.micros[rows], self.has_zone)


@dataclass(frozen=True, eq=False)
class Sheet:
    """Columns of one file, not yet believed.

    Parameters
    ----------
    where : str
        The file, for messages.
    form : str
        How it is written, such as ``semicolon`` or ``Arrow``.
    header : tuple of str, or None
        Names of the columns as the file has them; None where no line of names stands.
    columns : tuple of sequence
        Cells by column: a list of text or JSON values, an array of float64, or `Stamps`.
    lines : sequence of int, optional
        Line of each row in the file; without, rows are counted from 1.
    """

    where: str
    form: str
    header: tuple[str, ...] | None
    columns: tuple[Any, ...]
    lines: Sequence[int] | None = None

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(self.header or ()).items() if name and count > 1]
        if twice:
            raise SourceError(
                f"{self.where}: column {twice[0][:60]!r} stands twice. Keep one of the two."
            )

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def place(self, row: int, column: str = "") -> str:
        """Return the start of a message about a row, counted from 0, or one cell of it."""
        where = f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"
        return f"{self.where}: {where}{f', {column}' if column else ''}"

    def named(self, names: tuple[str, ...]) -> Sheet:
        """Return the same columns under names that a layout gives them."""
        return replace(self, header=names)

    def cells(self, name: str) -> Any:
        """Return the cells of one column by the file's own name."""
        assert self.header is not None  # noqa: S101 - a layout has named it
        return self.columns[self.header.index(name)]

    def kept(self, rows: list[int]) -> Sheet:
        """Return some of the rows."""
        columns = tuple(
            [cells[row] for row in rows] if isinstance(cells, list) else cells[rows]
            for cells in self.columns
        )
        lines = [row + 1 if self.lines is None else self.lines[row] for row in rows]
        return replace(self, columns=columns, lines=lines)


def plain_name(name: str) -> str:
    """Return a column's name without case, blanks, marks and unit.

    Examples
    --------
    >>> plain_name("Funding Rate (%)"), plain_name("rate_bps"), plain_name("openTime")
    ('fundingrate', 'rate', 'opentime')
    """
    return re.sub(r"[^a-z0-9]", "", _UNIT.sub("", _squeezed(name)))


def unit_of(name: str) -> str:
    """Return the unit that a column's name ends in: ``bps``, ``percent``, or nothing.

    Examples
    --------
    >>> unit_of("funding_bps"), unit_of("supply_apy_pct"), unit_of("rate")
    ('bps', 'percent', '')
    """
    found = _UNIT.search(_squeezed(name))
    if found is None:
        return ""
    return "bps" if found[1].startswith(("bp", "basis")) else "percent"


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_]", "", name.lower())


def listed(names: Sequence[str]) -> str:
    """Return names for a message; of thousands the first few."""
    few = ", ".join(name[:60] for name in names[:_LISTED])
    more = len(names) - _LISTED
    return few if more <= 0 else f"{few} and {more} more"
