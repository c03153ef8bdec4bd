"""Column layout of a facts table, and its text: read, named, not yet believed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from basislab.data.build.assemble import OHLCV, QUOTE, require_complete
from basislab.data.read.delimited import read_delimited
from basislab.data.read.figures import with_points
from basislab.data.read.files import ARROW, PARQUET, is_json, read_file, shown
from basislab.data.read.layouts import recognise
from basislab.errors import SourceError
from basislab.types.checks import nearest
from basislab.types.market import RateKey

# Column names; the greedy first group lets a venue's name hold underscores.
FUNDING = re.compile(r"(?P<venue>[a-z0-9][a-z0-9_-]*)_funding")
HOURS = re.compile(r"(?P<venue>[a-z0-9][a-z0-9_-]*)_funding_hours")
APY = re.compile(
    r"(?P<protocol>[a-z0-9][a-z0-9_-]*)_(?P<asset>[a-z0-9]+)_(?P<side>supply|borrow)_apy_pct"
)
_SERIES = (
    "Import series with 'basislab data import FOLDER --mapping FILE', which says which file holds "
    "what; a venue's answers with the directory they lie in."
)
_LAYOUT = (
    "Columns are date, open, high, low, close[, volume], <venue>_funding[, "
    "<venue>_funding_hours], <protocol>_<asset>_supply_apy_pct and "
    "<protocol>_<asset>_borrow_apy_pct."
)


@dataclass(frozen=True, eq=False)
class Table:
    """A facts table as text.

    Parameters
    ----------
    where : str
        The file.
    sha256 : str
        Digest of its bytes.
    form : str
        How it is written, such as ``comma``.
    columns : dict of str to list of str
        Cells by column, without surrounding blanks.
    lines : list of int
        Line of each row in the file.
    """

    where: str
    sha256: str
    form: str
    columns: dict[str, list[str]]
    lines: list[int]


def read_table(path: Path) -> Table:
    """Read a table into columns of text, its decimal comma as a point.

    Parameters
    ----------
    path : Path
        Delimited text, plain or in gzip or zip.

    Returns
    -------
    Table
        At least one row; every row has all cells.

    Raises
    ------
    SourceError
        Unreadable, empty, not text, a column twice, or a row with too few or too many cells.
    """
    content, digest = read_file(path)
    where = shown(path)
    if content.startswith((PARQUET, *ARROW)) or is_json(content):
        form = "Parquet" if content.startswith(PARQUET) else "Arrow"
        raise SourceError(
            f"{where}: got {'JSON' if is_json(content) else form}; a facts table is CSV. {_SERIES}"
        )
    sheet = read_delimited(content, where)
    found = recognise(sheet)
    if found is None:
        raise SourceError(f"{where}: no names stand over its columns. {_LAYOUT}")
    layout, sheet = found
    if "date" not in (sheet.header or ()) and layout.find("time", sheet) is not None:
        holds = layout.name if layout.holds != "anything" else "a time and values"
        raise SourceError(
            f"{where}: got {holds}, which is one series; a facts table has a column 'date' and "
            f"holds a whole market. {_SERIES}"
        )
    cells = with_points(sheet, [name for name in sheet.header or () if name != "date"])
    return Table(sheet.where, digest, sheet.form, cells, list(sheet.lines or ()))


def check_columns(table: Table) -> None:
    """Raise unless all columns are known and none is missing.

    Raises
    ------
    SourceError
        Names the column, and the nearest known one.
    """
    known = ["date", *OHLCV]
    for column in table.columns:
        if column not in known and not any(p.fullmatch(column) for p in (FUNDING, HOURS, APY)):
            hint = nearest(column, [*known, "hyperliquid_funding", "kamino_usdc_borrow_apy_pct"])
            raise SourceError(f"{table.where}: unknown column {column!r}{hint}. {_LAYOUT}")
    for column in known[:-1]:
        if column not in table.columns:
            raise SourceError(f"{table.where}: column {column!r} is missing. {_LAYOUT}")
    for column in table.columns:
        if (hours := HOURS.fullmatch(column)) and f"{hours['venue']}_funding" not in table.columns:
            raise SourceError(
                f"{table.where}: column {hours['venue'] + '_funding'!r} is missing beside "
                f"{column!r}. {_LAYOUT}"
            )
    require_complete(
        table.where,
        asset_of(table),
        funding_columns(table),
        rate_columns(table, "supply"),
        rate_columns(table, "borrow"),
        _LAYOUT,
    )


def funding_columns(table: Table) -> dict[str, str]:
    """Return the funding columns by venue, in the table's order."""
    matches = (FUNDING.fullmatch(column) for column in table.columns)
    return {match["venue"]: match[0] for match in matches if match}


def rate_columns(table: Table, side: str) -> dict[RateKey, str]:
    """Return the APY columns of one side by (protocol, asset), in the table's order."""
    matches = (APY.fullmatch(column) for column in table.columns)
    return {
        (match["protocol"], match["asset"].upper()): match[0]
        for match in matches
        if match and match["side"] == side
    }


def asset_of(table: Table) -> str:
    """Return the coin of the table: the one in the lending columns that is not the quote.

    Raises
    ------
    SourceError
        No such coin, or several.
    """
    keys = [*rate_columns(table, "supply"), *rate_columns(table, "borrow")]
    coins = sorted({asset for _, asset in keys} - {QUOTE})
    if len(coins) > 1:
        raise SourceError(
            f"{table.where}: lending rates of {', '.join(coins)}. One table is one coin beside "
            f"{QUOTE}; split it."
        )
    if not coins:
        raise SourceError(
            f"{table.where}: column '<protocol>_<asset>_supply_apy_pct' of the coin that is held "
            f"is missing. {_LAYOUT}"
        )
    return coins[0]
