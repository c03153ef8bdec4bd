"""Rows of a figure, packed by columns: a page holds every value once."""

from __future__ import annotations

from typing import Any

Rows = list[dict[str, Any]]


def packed(rows: Rows) -> dict[str, Any]:
    """Return rows as columns; a column with few different values as those and their places.

    A key that a row lacks is None in its column.

    Examples
    --------
    >>> packed([{"a": 1}, {"a": 2}])
    {'rows': 2, 'columns': {'a': [1, 2]}}
    >>> packed([{"a": "x"}] * 6)["columns"]
    {'a': {'of': ['x'], 'at': [0, 0, 0, 0, 0, 0]}}
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {
        "rows": len(rows),
        "columns": {name: _column([row.get(name) for row in rows]) for name in names},
    }


def _column(values: list[Any]) -> Any:
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if len(places) * 3 > len(values):
        return values
    return {"of": list(places), "at": [places[value] for value in values]}


def unpacked(table: dict[str, Any]) -> Rows:
    """Return the rows that `packed` was given.

    Examples
    --------
    >>> rows = [{"a": "x", "b": 1}, {"a": "x", "b": 2}, {"a": "x", "b": 3}]
    >>> unpacked(packed(rows)) == rows
    True
    """
    columns = {
        name: [column["of"][place] for place in column["at"]]
        if isinstance(column, dict)
        else column
        for name, column in table["columns"].items()
    }
    return [{name: column[row] for name, column in columns.items()} for row in range(table["rows"])]
