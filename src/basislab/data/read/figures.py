"""Numbers as files write them: decimal point or comma, percent, basis points, blank as missing."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

import numpy as np

from basislab.data.read.sheet import Sheet, unit_of
from basislab.errors import SourceError
from basislab.types.market import FloatArray

MAX_DIGITS = 64
"""Longest number that is read."""

_SHAPE = re.compile(
    r"(?P<digits>[+-]?(?:\d[\d.,]*|[.,]\d+))(?P<power>[eE][+-]?\d{1,3})?\s*(?P<unit>%|bps?|BPS?)?",
    re.ASCII,
)
_NUMBER = r"[+-]?\d{1,17}(?:\.\d{0,17})?(?:[eE][+-]?\d{1,2})?"
_PLAIN = re.compile(rf"{_NUMBER}(?:\n{_NUMBER})*", re.ASCII)
_THOUSANDS = re.compile(r"(?<=\d)[ '](?=\d{3}(?!\d))")
_SIGNS_OF_TYPE = {0x2212: "-", 0xA0: " ", 0x202F: " ", 0x2019: "'"}
_BLANK = frozenset({"", "nan", "null", "none", "na", "n/a", "-"})
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:[.,]\d{3})+", re.ASCII)
_TENS = {"": 0, "percent": -2, "bps": -4}
_SIGNS = {"%": "percent", "b": "bps"}


def is_number(cell: str) -> bool:
    """Tell whether a cell is a number, in whatever way it is written."""
    return _match(cell) is not None


def _match(cell: str) -> re.Match[str] | None:
    """Return the parts of a number; blanks and strokes between its thousands are dropped."""
    if len(cell) > MAX_DIGITS:
        return None
    text = cell.translate(_SIGNS_OF_TYPE).strip()
    return _SHAPE.fullmatch(_THOUSANDS.sub("", text))


def read_numbers(sheet: Sheet, columns: dict[str, str], wanted: dict[str, str]) -> dict[str, Any]:
    """Return columns as float64, a blank as NaN, each in the unit that is wanted of it.

    A unit is that of a sign in the cells, else of the column's name, else the one that is wanted.
    Written digits are shifted before they become binary, so that 0.0025 % is the float of 2.5e-05.

    Parameters
    ----------
    columns : dict of str to str
        From our name to the file's.
    wanted : dict of str to str
        Unit by our name: ``percent``, or nothing for a fraction, a price, a volume.

    Returns
    -------
    dict of str to ndarray of shape (n_rows,)

    Raises
    ------
    SourceError
        Names the row and the column, and what stands there.
    """
    texts = [sheet.cells(theirs) for theirs in columns.values()]
    mark = _decimal_mark(sheet, list(columns.values()), texts)
    return {
        ours: _typed(cells, unit_of(theirs), wanted.get(ours, ""))
        if isinstance(cells, np.ndarray)
        else _read(sheet, theirs, cells, mark, wanted.get(ours, ""))
        for (ours, theirs), cells in zip(columns.items(), texts, strict=True)
    }


def with_points(sheet: Sheet, numeric: list[str]) -> dict[str, list[str]]:
    """Return a text file's cells, the decimal comma of its numbers as a point."""
    mark = _decimal_mark(sheet, numeric, [sheet.cells(name) for name in numeric])
    cells = {name: sheet.cells(name) for name in sheet.header or ()}
    if mark == ".":
        return cells
    return cells | {name: [_as_point(cell) for cell in cells[name]] for name in numeric}


def _as_point(cell: str) -> str:
    found = _match(cell)
    pointed = _pointed(found["digits"], ",") if found else None
    return cell if found is None or pointed is None else pointed + (found["power"] or "")


def _typed(cells: FloatArray, unit: str, wanted: str) -> FloatArray:
    tens = _TENS[unit or wanted] - _TENS[wanted]
    return cells * 10.0**tens if tens > 0 else cells / 10.0**-tens


def _read(sheet: Sheet, name: str, cells: Any, mark: str, wanted: str) -> FloatArray:
    if not isinstance(cells, list):
        raise SourceError(f"{sheet.place(0, name)}: got a time where a number is wanted.")
    by_name = unit_of(name)
    if mark == "." and by_name in ("", wanted) and (plain := _all_plain(cells)) is not None:
        return plain
    values = np.full(len(cells), np.nan)
    signs: dict[str, int] = {}
    for row, cell in enumerate(cells):
        found = _parts(cell)
        if found is None:
            if cell is None or str(cell).strip().lower() in _BLANK:
                continue
            raise _no_number(sheet, row, name, cell)
        digits, power, sign = found
        if digits.strip("+-0.,") and sign not in signs:  # a zero is one in every unit
            signs[sign] = row
            if len(signs) > 1:
                raise _two_units(sheet, name, signs, cells)
        tens = _TENS[sign or by_name or wanted] - _TENS[wanted]
        number = _number(_pointed(digits, mark), power, tens)
        if number is None:
            raise _no_number(sheet, row, name, cell)
        values[row] = number
    return values


def _all_plain(cells: list[Any]) -> FloatArray | None:
    """Read a column about which there is nothing to say, all at once; None where there is."""
    if all(type(cell) is float for cell in cells):
        values = np.array(cells)
        return values if np.isfinite(values).all() else None
    try:
        is_plain = _PLAIN.fullmatch("\n".join(cells))
    except TypeError:
        return None
    return np.array(list(map(float, cells))) if is_plain else None


def _parts(cell: Any) -> tuple[str, str, str] | None:
    """Return digits, exponent and unit of a cell; None where it is no number."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return None
    found = _match(str(cell))
    if found is None:
        return None
    sign = (found["unit"] or "").lower()[:1]
    return found["digits"], found["power"] or "", _SIGNS.get(sign, "")


def _pointed(digits: str, mark: str) -> str | None:
    """Return digits with a decimal point and without thousands marks; None if they are wrong."""
    group = "," if mark == "." else "."
    whole, _, rest = digits.partition(mark)
    if group in rest or mark in rest:
        return None
    if group in whole:
        if not _GROUPED.fullmatch(whole):
            return None
        whole = whole.replace(group, "")
    return f"{whole}.{rest}" if mark in digits else whole


def _number(digits: str | None, power: str, tens: int) -> float | None:
    if digits is None:
        return None
    text = digits + power
    number = float(Decimal(text).scaleb(tens)) if tens else float(text)
    return number if math.isfinite(number) else None


def _decimal_mark(sheet: Sheet, names: list[str], columns: list[Any]) -> str:
    """Return the decimal mark that the file's own numbers prove; a point where none does."""
    proofs: dict[str, tuple[int, str, str]] = {}
    doubtful: tuple[int, str, str] | None = None
    texts = [cells if isinstance(cells, list) else [] for cells in columns]
    if not any("," in cell for cells in texts for cell in cells if isinstance(cell, str)):
        return "."
    for name, cells in zip(names, texts, strict=True):
        for row, cell in enumerate(cells):
            if isinstance(cell, str) and (mark := _proof(cell)):
                if mark == "?":
                    doubtful = doubtful or (row, name, cell)
                else:
                    proofs.setdefault(mark, (row, name, cell))
    if len(proofs) > 1:
        (row, name, cell), (_, _, other) = proofs[","], proofs["."]
        raise SourceError(
            f"{sheet.place(row, name)}: got {cell!r}, and {other!r} elsewhere: two decimal marks. "
            "Write all numbers with a point."
        )
    if doubtful and not proofs:
        row, name, cell = doubtful
        raise SourceError(
            f"{sheet.place(row, name)}: got {cell!r}, which is {cell.replace(',', '.')} or "
            f"{cell.replace(',', '')}; nothing in the file says which. Write it with a point."
        )
    return next(iter(proofs), ".")


def _proof(cell: str) -> str:
    """Return the decimal mark that one cell proves; ``?`` where its comma can be either."""
    found = _match(cell)
    if found is None:
        return ""
    digits = found["digits"]
    if "," in digits and "." in digits:
        return max(",.", key=digits.rindex)
    if "," in digits:
        if digits.count(",") > 1:
            return "."
        return "?" if _GROUPED.fullmatch(digits) else ","
    return "." if "." in digits and not _GROUPED.fullmatch(digits) else ""


def _no_number(sheet: Sheet, row: int, name: str, cell: Any) -> SourceError:
    return SourceError(
        f"{sheet.place(row, name)}: got {str(cell)[:40]!r}; wanted is a number. Correct the cell."
    )


def _two_units(sheet: Sheet, name: str, signs: dict[str, int], cells: list[Any]) -> SourceError:
    (one, first), (other, row) = signs.items()
    words = {"": "no unit", "percent": "percent", "bps": "basis points"}
    return SourceError(
        f"{sheet.place(row, name)}: got {str(cells[row])[:40]!r} with {words[other]} after "
        f"{str(cells[first])[:40]!r} with {words[one]}. Write the whole column in one unit."
    )
