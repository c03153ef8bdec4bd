"""A facts table: one CSV line a day, with the column layout of the built-in sample."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab.data.align import Aligner, parse_max_gap
from basislab.data.assemble import (
    OHLCV,
    QUOTE,
    daily_grid,
    price_series,
    rate_series,
    require_complete,
)
from basislab.data.payload import read_file
from basislab.errors import SourceError
from basislab.types.checks import nearest
from basislab.types.market import FloatArray, FundingSeries, IntArray, Market, RateSeries
from basislab.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    import pandas as pd

MAX_DAILY_FUNDING = 0.05
"""Largest daily funding, either way, that a table may hold; beyond it stands percent."""

MAX_APY_PCT = 10_000.0
MAX_SETTLEMENTS = 1_440  # one a minute

_FUNDING = re.compile(r"(?P<venue>[a-z0-9][a-z0-9_-]*)_funding")
_HOURS = re.compile(r"(?P<venue>[a-z0-9][a-z0-9_-]*)_funding_hours")
_APY = re.compile(
    r"(?P<protocol>[a-z0-9][a-z0-9_-]*)_(?P<asset>[a-z0-9]+)_(?P<side>supply|borrow)_apy_pct"
)
_LAYOUT = (
    "Columns are date, open, high, low, close[, volume], <venue>_funding[, "
    "<venue>_funding_hours], <protocol>_<asset>_supply_apy_pct and "
    "<protocol>_<asset>_borrow_apy_pct."
)
_NUMBER = r"\s*(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?\s*"  # blank is missing, never 0
_DAY = r"\d{4}-\d{2}-\d{2}"


@dataclass(frozen=True, eq=False)
class Table:
    """A facts table as text.

    Parameters
    ----------
    where : str
        The file.
    sha256 : str
        Digest of its bytes.
    columns : dict of str to list of str
        Cells by column, without surrounding blanks.
    lines : list of int
        Line of each row in the file.
    """

    where: str
    sha256: str
    columns: dict[str, list[str]]
    lines: list[int]


def read_table(path: Path) -> Table:
    """Read a CSV into columns of text.

    Parameters
    ----------
    path : Path
        UTF-8, plain or gzip.

    Returns
    -------
    Table
        At least one row; every row has all cells.

    Raises
    ------
    SourceError
        Unreadable, empty, not text, a column twice, or a row with too few or too many cells.
    """
    raw, digest = read_file(path)
    try:
        reader = csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{path}: byte {error.start} is not UTF-8 text. Save it as CSV."
        ) from error
    except csv.Error as error:
        raise SourceError(f"{path}: line {reader.line_num}: {error}. Save it as CSV.") from error
    header = [cell.strip() for cell in rows[0][1]]
    for column in header:
        if header.count(column) > 1:
            raise SourceError(f"{path}: column {column!r} stands twice. Keep one of the two.")
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise SourceError(
                f"{path}: line {line}: {len(row)} cells for {len(header)} columns. "
                "The line is cut off or has a comma too many; correct it."
            )
    if len(rows) == 1:
        raise SourceError(f"{path}: a header and no rows. Add one line a day.")
    cells = zip(*(row for _, row in rows[1:]), strict=True)
    columns = {name: [c.strip() for c in cell] for name, cell in zip(header, cells, strict=True)}
    return Table(str(path), digest, columns, [line for line, _ in rows[1:]])


def load_table(
    path: str | Path,
    *,
    name: str | None = None,
    max_gap: str | None = None,
    trust_units: bool = False,
) -> Market:
    """Read and validate a facts table as a market.

    Parameters
    ----------
    path : str or Path
        CSV with the sample's column layout, for any venue, protocol and coin.
    name : str, optional
        Name of the market; the file's by default.
    max_gap : str, optional
        Longest hole that is filled with the value before it, such as ``1d``; none by default.
    trust_units : bool
        Take rates as they are although they look like another unit.

    Returns
    -------
    Market
        Price of the first funding venue's perpetual. APYs are fractions, ``pct / 100``.

    Raises
    ------
    SourceError
        A missing or unknown column, a bad cell (file, line and column are named), days out of
        order or twice.
    DataGapError
        A missing day or a blank rate, beyond `max_gap`.
    """
    max_gap_s = parse_max_gap(max_gap)
    table = read_table(Path(path))
    check_columns(table)
    values = _validated(table)
    if not trust_units:
        _check_units(table, values)
    stem = Path(path).name.split(".")[0]
    provenance = {"sources": [{"file": Path(path).name, "sha256": table.sha256}]}
    return assemble_table(table, values, name or stem, max_gap_s, provenance)


def check_columns(table: Table) -> None:
    """Raise unless all columns are known and none is missing.

    Parameters
    ----------
    table : Table

    Raises
    ------
    SourceError
        Names the column, and the nearest known one.
    """
    known = ["date", *OHLCV]
    for column in table.columns:
        if column not in known and not any(p.fullmatch(column) for p in (_FUNDING, _HOURS, _APY)):
            hint = nearest(column, [*known, "hyperliquid_funding", "kamino_usdc_borrow_apy_pct"])
            raise SourceError(f"{table.where}: unknown column {column!r}{hint}. {_LAYOUT}")
    for column in known[:-1]:
        if column not in table.columns:
            raise SourceError(f"{table.where}: column {column!r} is missing. {_LAYOUT}")
    for column in table.columns:
        if (hours := _HOURS.fullmatch(column)) and f"{hours['venue']}_funding" not in table.columns:
            raise SourceError(
                f"{table.where}: column {hours['venue'] + '_funding'!r} is missing beside "
                f"{column!r}. {_LAYOUT}"
            )
    asset = _asset(table)
    require_complete(
        table.where,
        asset,
        [c for c in table.columns if _FUNDING.fullmatch(c)],
        [_rate_key(column) for column in _apy_columns(table, "supply")],
        [_rate_key(column) for column in _apy_columns(table, "borrow")],
        _LAYOUT,
    )


def _apy_columns(table: Table, side: str) -> list[str]:
    return [c for c in table.columns if (m := _APY.fullmatch(c)) and m["side"] == side]


def _rate_key(column: str) -> tuple[str, str]:
    match = _APY.fullmatch(column)
    assert match is not None  # noqa: S101 - callers pass columns that matched
    return match["protocol"], match["asset"].upper()


def _asset(table: Table) -> str:
    """Return the coin of the table: the one in the lending columns that is not the quote."""
    columns = [*_apy_columns(table, "supply"), *_apy_columns(table, "borrow")]
    coins = sorted({_rate_key(column)[1] for column in columns} - {QUOTE})
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


def numbers(cells: list[str]) -> FloatArray:
    """Return cells as float64, blank as NaN.

    Parameters
    ----------
    cells : list of str

    Returns
    -------
    ndarray of shape (n_rows,)

    Raises
    ------
    ValueError
        A cell is no number.

    Examples
    --------
    >>> numbers(["1.5", ""])
    array([1.5, nan])
    """
    return np.array([float(cell) if cell else np.nan for cell in cells])


def assemble_table(
    table: Table,
    values: Mapping[str, FloatArray],
    name: str,
    max_gap_s: int,
    provenance: Mapping[str, Any],
) -> Market:
    """Align the columns of a table and build the market.

    Parameters
    ----------
    table : Table
        Its dates and column names are used.
    values : mapping of str to ndarray of shape (n_rows,)
        Numbers by column.
    name : str
    max_gap_s : int, seconds
    provenance : mapping
        Completed with the gaps that were filled.

    Returns
    -------
    Market

    Raises
    ------
    SourceError
        A day that does not exist, stands twice or out of order.
    DataGapError
        A missing day or a blank rate, beyond `max_gap_s`.
    """
    opens = _opens(table)
    aligner = Aligner(
        daily_grid(opens),
        SECONDS_PER_DAY,
        max_gap_s,
        refetch=f"Complete {table.where}",
        command=f"basislab data import {table.where}",
    )
    asset = _asset(table)
    venues = [m["venue"] for c in table.columns if (m := _FUNDING.fullmatch(c))]
    prices = {c: values[c] for c in OHLCV if c in values}
    rates: dict[str, dict[tuple[str, str], RateSeries]] = {
        side: {
            _rate_key(c): rate_series(aligner, "/".join(_rate_key(c)) + f" {side}_apy", opens, v)
            for c in _apy_columns(table, side)
            for v in [values[c]]
        }
        for side in ("supply", "borrow")
    }
    return Market(
        name=name,
        asset=asset,
        quote=QUOTE,
        times=aligner.times,
        prices={(venues[0], "perp"): price_series(aligner, f"{asset} candles", opens, prices)},
        funding={venue: _funding(aligner, opens, values, venue, asset) for venue in venues},
        provenance={**provenance, "gaps": aligner.decisions},
        **rates,
    )


def _funding(
    aligner: Aligner, opens: IntArray, values: Mapping[str, FloatArray], venue: str, asset: str
) -> FundingSeries:
    rate, observed = aligner.hold(
        f"{venue}/{asset} funding", aligner.place(opens, values[f"{venue}_funding"])
    )
    hours = values.get(f"{venue}_funding_hours")
    if hours is None:
        return FundingSeries(rate, observed=observed)
    counts = aligner.place(opens, hours)
    return FundingSeries(rate, np.where(np.isnan(counts), 0, counts).astype(np.int64), observed)


def _opens(table: Table) -> IntArray:
    opens: list[int] = []
    for line, text in zip(table.lines, table.columns["date"], strict=True):
        place = f"{table.where}: line {line}, date"
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise SourceError(
                f"{place}: got {text!r}; wanted is a day such as '2025-01-01'."
            ) from None
        open_s = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        if opens and open_s <= opens[-1]:
            what = "stands twice" if open_s == opens[-1] else "lies before the line above"
            raise SourceError(f"{place}: {text} {what}. Give each day once, oldest first.")
        opens.append(open_s)
    return np.array(opens, dtype=np.int64)


def _check_units(table: Table, values: Mapping[str, FloatArray]) -> None:
    from basislab.data.plausible import check_fraction, check_percent

    def places(column: str) -> Callable[[int], str]:
        return lambda row: f"{table.where}: line {table.lines[row]}, {column}"

    for column, series in values.items():
        if _APY.fullmatch(column):
            check_percent(series, places(column))
        elif _FUNDING.fullmatch(column):
            check_fraction(series, 1.0, places(column))


def _validated(table: Table) -> dict[str, FloatArray]:
    """Check every cell with pandera, first as text, then as a number."""
    import pandas as pd
    import pandera.pandas as pa

    text = pd.DataFrame(table.columns)
    matches = {c: pa.Check.str_matches(f"^{_NUMBER}$") for c in text.columns if c != "date"}
    matches["date"] = pa.Check.str_matches(f"^{_DAY}$")
    _check(table, text, pa.DataFrameSchema({c: pa.Column(str, m) for c, m in matches.items()}))
    values = {c: numbers(cells) for c, cells in table.columns.items() if c != "date"}
    rules = {
        "price": pa.Column(float, pa.Check.in_range(0, 1e12, include_min=False)),
        "volume": pa.Column(float, pa.Check.in_range(0, 1e18)),
        "hours": pa.Column(float, [pa.Check.in_range(0, MAX_SETTLEMENTS), _whole(pa.Check)]),
        "funding": pa.Column(
            float, pa.Check.in_range(-MAX_DAILY_FUNDING, MAX_DAILY_FUNDING), nullable=True
        ),
        "apy": pa.Column(float, pa.Check.in_range(0, MAX_APY_PCT), nullable=True),
    }
    _check(table, pd.DataFrame(values), pa.DataFrameSchema({c: rules[_role(c)] for c in values}))
    return values


def _whole(check: Callable[..., Any]) -> Any:
    return check(lambda cells: cells == cells.round())


def _role(column: str) -> str:
    """Return which rule a column falls under."""
    if column in OHLCV:
        return "volume" if column == "volume" else "price"
    if _HOURS.fullmatch(column):
        return "hours"
    return "apy" if _APY.fullmatch(column) else "funding"


_WANTED = {
    "price": "a price above 0 in USD",
    "volume": "a volume of 0 or more in coin",
    "hours": "a whole number of settlements",
    "funding": (
        f"a day's funding as a fraction of notional, at most {MAX_DAILY_FUNDING:g} either way "
        "(divide percent by 100), or blank where it is missing"
    ),
    "apy": f"percent per year from 0 to {MAX_APY_PCT:g}, or blank where it is missing",
    "date": "a day such as '2025-01-01'",
}


def _check(table: Table, frame: pd.DataFrame, schema: Any) -> None:
    """Validate and turn the first failing cell, in reading order, into one sentence."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.dropna(subset=["index"]).sort_values("index", kind="stable")
        row, column = int(cases.iloc[0]["index"]), str(cases.iloc[0]["column"])
        wanted = _WANTED["date" if column == "date" else _role(column)]
        raise SourceError(
            f"{table.where}: line {table.lines[row]}, {column}: got "
            f"{table.columns[column][row]!r}; wanted is {wanted}. Correct the cell."
        ) from None
