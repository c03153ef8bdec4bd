"""Delimited text: comma, semicolon, tab or bar, told by its first line; with or without names."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from basislab.data.read.clock import is_time
from basislab.data.read.figures import is_number
from basislab.data.read.files import decode
from basislab.data.read.sheet import Sheet
from basislab.errors import SourceError

_FORMS = {"\t": "tab", ";": "semicolon", ",": "comma", "|": "bar"}
_QUOTED = re.compile(r'"[^"]*"')
_REMEDY = "Save it as CSV, UTF-8."


def read_delimited(content: bytes, where: str) -> Sheet:
    """Return the columns of a text file; every row has all cells, blanks around them are dropped.

    Raises
    ------
    SourceError
        Not text, quotes that do not close, a row with too few or too many cells, no rows.
    """
    text = decode(content, where, _REMEDY)
    if text.lstrip().startswith("<"):
        raise SourceError(f"{where}: got a web page or XML, not data. Fetch the file again.")
    separator = _separator(text)
    lines, rows = _rows(text, separator, where)
    header = None if _is_data(rows[0]) else tuple(rows[0])
    width = len(rows[0])
    for line, row in zip(lines, rows, strict=True):
        if len(row) != width:
            raise SourceError(
                f"{where}: line {line}: {len(row)} cell{'s' * (len(row) != 1)} for {width} "
                f"column{'s' * (width != 1)}. "
                f"{_why(separator, len(row), width)}"
            )
    if header is not None:
        lines, rows = lines[1:], rows[1:]
        if not rows:
            raise SourceError(f"{where}: a header and no rows. Add one line a bar or settlement.")
    columns: tuple[Any, ...] = tuple(list(cells) for cells in zip(*rows, strict=True))
    return Sheet(where, _FORMS[separator], header, columns, lines)


def _why(separator: str, got: int, width: int) -> str:
    if width == 1:
        return "Remove what stands above the names of the columns."
    if separator == "," and got > width:
        return (
            "A decimal comma, or a comma of thousands, needs ; or tab between the cells; "
            "or the line has a comma too many; correct it."
        )
    return "The line is cut off or has a separator too many; correct it."


def _separator(text: str) -> str:
    """Return the first of tab, semicolon, comma and bar that the first line holds."""
    for line in text.splitlines():
        if bare := _QUOTED.sub("", line).strip(" "):
            return next((mark for mark in _FORMS if mark in bare), ",")
    return ","


def _rows(text: str, separator: str, where: str) -> tuple[list[int], list[list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines, rows = [], []
    try:
        for row in reader:
            if row and not (len(row) == 1 and not row[0].strip()):
                lines.append(reader.line_num)
                rows.append([cell.strip() for cell in row])
    except csv.Error:
        raise SourceError(
            f"{where}: line {reader.line_num}: a quote is not closed or stands within a cell, or a "
            "cell is longer than any number. Save it as CSV."
        ) from None
    if not rows:
        raise SourceError(f"{where}: the file is empty. Fetch it again.")
    return lines, rows


def _is_data(row: list[str]) -> bool:
    """Tell whether a first line holds a time or numbers rather than names."""
    return is_time(row[0]) or (len(row) > 1 and all(map(is_number, filter(None, row))))
