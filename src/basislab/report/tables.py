"""What a table is, and the columns that many tables share; every cell is a fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from basislab.report import words
from basislab.report.fields import flat

Writer = Callable[[Any], str]
Row = Any
"""A dataclass of facts, or a mapping where a table shows what it makes of them."""


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
    long : str
        Header where there is room for it; the same by default.
    is_detail : bool
        Left to documents; a terminal has no room for it.
    is_direction : bool
        Its sign says which way, so that below zero is no loss.
    """

    header: str
    key: str
    write: Writer = str
    long: str = ""
    is_detail: bool = False
    is_direction: bool = False

    @property
    def justify(self) -> Literal["left", "right"]:
        """Numbers go to the right; what is shown as it is, is text."""
        return "left" if self.write in (str, text) else "right"


@dataclass(frozen=True)
class Table:
    """A titled table with notes; a row whose ``is_marked`` fact is true is emphasised.

    Parameters
    ----------
    number : str
        Its place among the tables on a terminal; empty where only documents show it.
    is_cards : bool
        Shown as cards where a page can: columns name, return, excess, note.
    """

    number: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    is_cards: bool = False

    def without_details(self) -> Table:
        """Return the table with the columns that a terminal has room for."""
        return replace(self, columns=[column for column in self.columns if not column.is_detail])

    def written_out(self) -> Table:
        """Return the table with the headers that a document has room for."""
        columns = [replace(one, header=one.long or one.header) for one in self.columns]
        return replace(self, columns=columns)

    def facts(self) -> list[Mapping[str, Any]]:
        """Return the rows as mappings."""
        return [row if isinstance(row, Mapping) else flat(row) for row in self.rows]

    def cells(self) -> list[list[str]]:
        """Return the written cells, row by row."""
        return [[column.write(row[column.key]) for column in self.columns] for row in self.facts()]


def table(title: str, columns: Sequence[Column], rows: Sequence[Row], *notes: str) -> Table:
    """Return a table that only documents show."""
    return Table("", title, columns, rows, notes)


def to(digits: int, write: Callable[..., str]) -> Writer:
    """Return a writer of numbers with so many digits."""
    return partial(write, digits=digits)


def text(value: str | None) -> str:
    """Return text as it is, a hyphen where there is none."""
    return value or words.NONE


def as_number(text: str) -> str:
    """Return text that is written already; numbers, so aligned to the right."""
    return text


LEVERAGE = Column("Lev", "leverage", words.multiple, "Leverage")
CAPITAL = Column("Capital USD", "capital_usd", words.usd, "Capital, USD")
ANNUAL = Column("Return/yr", "annualized", words.percent, "Return a year")
EXCESS = Column("Excess pts", "excess_annualized", words.points, "Against hurdle, points")
DRAWDOWN = Column("Drawdown", "drawdown", words.share)
MOVES = Column("Moves", "rebalances_count", words.usd)
LIQUIDATIONS = Column("Liq.", "liquidations_count", words.usd, "Liquidations")
NET = Column("Net, USD", "net_usd", words.signed_usd)
