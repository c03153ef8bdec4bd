"""JSON rows as a sheet: objects by their names, lists by position."""

from __future__ import annotations

from reprlib import Repr
from typing import Any

from basislab.data.read.sheet import Sheet
from basislab.data.sources.payload import Payload
from basislab.errors import SourceError

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 40
_SHORT.maxdict = _SHORT.maxlist = 2


def sheet_of(payload: Payload) -> Sheet:
    """Return the rows of JSON as columns; every row has the fields of the first."""
    rows, where = payload.rows, payload.where
    first = rows[0]
    if isinstance(first, dict) and first:
        names = tuple(first)
        _same(rows, where, dict, lambda row: all(name in row for name in names), names)
        columns = tuple([row[name] for row in rows] for name in names)
        return Sheet(where, "JSON", names, columns)
    if isinstance(first, list) and first:
        _same(rows, where, list, lambda row: len(row) == len(first), None)
        return Sheet(where, "JSON", None, tuple(map(list, zip(*rows, strict=True))))
    raise SourceError(
        f"{where}: row 1: got {_SHORT.repr(first)}; an object with named fields, or a list of a "
        "time and numbers, is wanted. Keep the answer as the venue sent it."
    )


def _same(rows: list[Any], where: str, kind: type, fits: Any, names: Any) -> None:
    for number, row in enumerate(rows, 1):
        if not isinstance(row, kind) or not fits(row):
            lacks = ""
            if names and isinstance(row, dict):
                lacks = f"; field {next(n for n in names if n not in row)!r} is missing"
            raise SourceError(
                f"{where}: row {number}: got {_SHORT.repr(row)}, of another shape than row 1"
                f"{lacks}. Fetch the file again."
            )
