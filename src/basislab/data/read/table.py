"""A facts table: one CSV line a day, with the column layout of the built-in sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab.data.build.align import Aligner, parse_max_gap
from basislab.data.build.assemble import (
    OHLCV,
    QUOTE,
    daily_grid,
    price_series,
    rate_series,
)
from basislab.data.read.table_columns import (
    APY,
    FUNDING,
    HOURS,
    Table,
    asset_of,
    check_columns,
    funding_columns,
    rate_columns,
    read_table,
)
from basislab.errors import SourceError
from basislab.types.market import FloatArray, FundingSeries, IntArray, Market, RateKey, RateSeries
from basislab.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    import pandas as pd

MAX_DAILY_FUNDING = 0.05
"""Largest daily funding, either way, that a table may hold; beyond it stands percent."""

MAX_PRICE, MAX_VOLUME, MAX_APY_PCT = 1e12, 1e18, 10_000.0
MAX_SETTLEMENTS = 1_440  # one a minute

_NUMBER = r"(?:[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)?"  # blank: missing, never 0
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


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
    values = _validated(table, np.inf if trust_units else MAX_DAILY_FUNDING)
    from basislab.data.judge.plausible import judged

    trusted: list[str] | None = [] if trust_units else None
    file = Path(path).name
    with judged(trusted, table.where, file):
        _check_units(table, values)
    stem = file.split(".")[0]
    source = {"file": file, "sha256": table.sha256, "read_as": f"facts table, {table.form}"}
    provenance = {"sources": [source], **({"notes": trusted} if trusted else {})}
    return assemble_table(table, values, name or stem, max_gap_s, provenance)


def numbers(cells: list[str]) -> FloatArray:
    """Return cells as float64, blank as NaN.

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
    max_gap_s : int, seconds
    provenance : mapping
        Completed with the gaps that were filled.

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
    asset = asset_of(table)
    venues = list(funding_columns(table))
    prices = {c: values[c] for c in OHLCV if c in values}
    rates: dict[str, dict[RateKey, RateSeries]] = {
        side: {
            (protocol, coin): rate_series(
                aligner, f"{protocol}/{coin} {side}_apy", opens, values[column]
            )
            for (protocol, coin), column in rate_columns(table, side).items()
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
    from basislab.data.judge.plausible import (
        MIN_MEDIAN_BORROW_PCT,
        MIN_MEDIAN_SUPPLY_PCT,
        check_fraction,
        check_percent,
    )

    def places(column: str) -> Callable[[int], str]:
        return lambda row: f"{table.where}: line {table.lines[row]}, {column}"

    for column, series in values.items():
        if APY.fullmatch(column):
            is_borrow = column.endswith("_borrow_apy_pct")
            floor = MIN_MEDIAN_BORROW_PCT if is_borrow else MIN_MEDIAN_SUPPLY_PCT
            check_percent(series, places(column), floor)
        elif FUNDING.fullmatch(column):
            check_fraction(series, 1.0, places(column))
            large = np.abs(series) > MAX_DAILY_FUNDING
            if large.any():
                row = int(np.argmax(large))
                raise SourceError(
                    f"{places(column)(row)}: got {series[row]:g}, more than {MAX_DAILY_FUNDING:g} "
                    f"a day: this looks like another unit. Wanted is {_WANTED['funding']}."
                )


def _validated(table: Table, max_funding: float) -> dict[str, FloatArray]:
    """Check every cell with pandera, first as text, then as a number."""
    import pandas as pd
    import pandera.pandas as pa

    text = pd.DataFrame(table.columns)
    matches = {c: pa.Check.str_matches(f"^{_NUMBER}$") for c in text.columns if c != "date"}
    matches["date"] = pa.Check.str_matches(f"^{_DAY}$")
    _check(table, text, pa.DataFrameSchema({c: pa.Column(str, m) for c, m in matches.items()}))
    values = {c: numbers(cells) for c, cells in table.columns.items() if c != "date"}
    rules = {
        "price": pa.Column(float, pa.Check.in_range(0, MAX_PRICE, include_min=False)),
        "volume": pa.Column(float, pa.Check.in_range(0, MAX_VOLUME)),
        "hours": pa.Column(float, [pa.Check.in_range(0, MAX_SETTLEMENTS), _whole(pa.Check)]),
        "funding": pa.Column(float, pa.Check.in_range(-max_funding, max_funding), nullable=True),
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
    if HOURS.fullmatch(column):
        return "hours"
    return "apy" if APY.fullmatch(column) else "funding"


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
