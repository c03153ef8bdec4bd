"""What a table is, and the event log that every report shows; every cell is a fact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from basislab.report import words

Facts = dict[str, Any]
Writer = Callable[[Any], str]


@dataclass(frozen=True)
class Column:
    """A column: header, the fact it shows, how it is written.

    Parameters
    ----------
    header : str
        With the unit where the cells do not carry it.
    key : str
        Of the row's facts.
    write : callable
        From the fact to text; text stays as it is by default.
    is_detail : bool
        Left to documents; a terminal has no room for it.
    """

    header: str
    key: str
    write: Writer = str
    is_detail: bool = False

    @property
    def justify(self) -> Literal["left", "right"]:
        """Numbers go to the right; what is shown as it is, is text."""
        return "left" if self.write is str else "right"


@dataclass(frozen=True)
class Table:
    """A titled table with notes; a row whose ``is_marked`` fact is true is emphasised.

    Parameters
    ----------
    number, title : str
    columns : sequence of Column
    rows : sequence of dict
    notes : sequence of str
    """

    number: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Facts]
    notes: Sequence[str] = field(default_factory=tuple)

    def without_details(self) -> Table:
        """Return the table with the columns that a terminal has room for.

        Returns
        -------
        Table
        """
        return replace(self, columns=[column for column in self.columns if not column.is_detail])

    def cells(self) -> list[list[str]]:
        """Return the written cells, row by row.

        Returns
        -------
        list of list of str
        """
        return [[column.write(row[column.key]) for column in self.columns] for row in self.rows]


def event_table(number: str, title: str, rows: Sequence[Facts], notes: Sequence[str]) -> Table:
    """Return an event log; columns that say nothing about these events are left out.

    Parameters
    ----------
    number, title : str
    rows : sequence of dict
        From `sections.event_facts`.
    notes : sequence of str

    Returns
    -------
    Table
    """
    columns = [
        Column("Day", "time"),
        Column("Event", "what"),
        Column("Close", "price_usd", _price),
        Column("Long", "long_usd", words.usd),
        Column("Short", "short_usd", words.usd),
        Column("Moved", "moved_usd", _if_any),
        Column("Paid", "paid_usd", _if_any),
        Column("Equity", "equity_usd", words.usd),
    ]
    told = [column for column in columns if any(row.get(column.key, True) for row in rows)]
    shown = [
        row
        | {
            "what": _what(row),
            "paid_usd": row["cost_usd"] + row["penalty_usd"],
            "is_marked": row["kind"] in ("liquidation", "ruined"),
        }
        for row in rows
    ]
    return Table(number, title, told, shown, notes)


def _what(row: Facts) -> str:
    """Name an event in a few words."""
    if row["kind"] == "liquidation":
        return f"{row['leg']} liquidated"
    text = f"{row['kind']}: {row['reason']}" if row["reason"] else row["kind"]
    return text.replace("_", " ")


def _price(value: float) -> str:
    """Write a price with about five digits, whatever the coin costs."""
    digits = 2 if abs(value) >= 1 else 6
    return words.usd(value, digits)


def _if_any(value: float) -> str:
    return words.signed_usd(value) if value < 0 else words.usd(value) if value else ""
