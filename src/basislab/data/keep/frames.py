"""A market as three long tables, and those tables as zstd Parquet."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from basislab.data.keep.durable import glob_escape
from basislab.errors import DataError
from basislab.types.market import FundingSeries, Market, PriceSeries, RateSeries

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Kind = Literal["price", "funding", "supply", "borrow"]
Series = PriceSeries | FundingSeries | RateSeries
Frame = dict[str, NDArray[Any]]

TABLE_OF: dict[Kind, str] = {
    "price": "prices",
    "funding": "funding",
    "supply": "lending",
    "borrow": "lending",
}
"""Which table holds which kind of series."""

KEY_COLUMNS = {
    "prices": ("venue", "kind"),
    "funding": ("venue",),
    "lending": ("protocol", "asset", "side"),
}
"""Columns that tell the series of a table apart."""

VALUE_COLUMNS = {
    "prices": dict.fromkeys(("open", "high", "low", "close", "volume"), "DOUBLE"),
    "funding": {"rate": "DOUBLE", "settlements": "BIGINT"},
    "lending": dict.fromkeys(("apy", "utilisation"), "DOUBLE"),
}
"""Numbers of a table, one row per series and bar, and their types."""

_AGAIN = "Import the market again with --replace."

# A series without volumes or counts is NULL in the file. On the way there it is a value that no
# market holds, because DuckDB before 2 ignores the mask of a masked array.
_NOTHING = {"volume": np.nan, "settlements": -1, "utilisation": np.nan}
_LATER = ("utilisation",)  # files from before it have no such column
_TO_NULL = {
    "utilisation": 'CASE WHEN isnan("utilisation") THEN NULL ELSE "utilisation" END',
    "volume": 'CASE WHEN isnan("volume") THEN NULL ELSE "volume" END',
    "settlements": 'nullif("settlements", -1)',
}


def each_series(market: Market) -> Iterator[tuple[Kind, tuple[str, ...], Series]]:
    """Yield every series with its kind and key, in the market's order."""
    for price_key, price in market.prices.items():
        yield "price", price_key, price
    for venue, funding in market.funding.items():
        yield "funding", (venue,), funding
    for key, supply in market.supply.items():
        yield "supply", key, supply
    for key, borrow in market.borrow.items():
        yield "borrow", key, borrow


def to_frames(market: Market) -> dict[str, Frame]:
    """Return the three long tables of a market.

    Returns
    -------
    dict of str to dict of str to ndarray of shape (n_series * n_bars,)
        Columns by table, series after series; NaN and -1 stand for absent volumes and counts.
    """
    rows: dict[str, list[Frame]] = {table: [] for table in KEY_COLUMNS}
    for kind, key, series in each_series(market):
        table = TABLE_OF[kind]
        keys = (*key, kind) if table == "lending" else key
        frame: Frame = {"time": market.times.astype("datetime64[us]")}  # DuckDB's resolution
        for column, value in zip(KEY_COLUMNS[table], keys, strict=True):
            frame[column] = np.full(len(market), value, dtype=object)
        for column in VALUE_COLUMNS[table]:
            values = getattr(series, column)
            frame[column] = np.full(len(market), _NOTHING[column]) if values is None else values
        rows[table].append(frame | {"observed": series.observed})
    return {table: _stack(table, frames) for table, frames in rows.items()}


def _stack(table: str, frames: list[Frame]) -> Frame:
    if frames:
        return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}
    empty: Frame = {"time": np.empty(0, dtype="datetime64[us]")}
    empty |= {name: np.empty(0, dtype=object) for name in KEY_COLUMNS[table]}
    empty |= {name: np.empty(0) for name in VALUE_COLUMNS[table]}
    return empty | {"observed": np.empty(0, dtype=np.bool_)}


def connect() -> DuckDBPyConnection:
    """Return a database in memory that knows UTC and installs nothing."""
    import duckdb

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    )
    connection.execute("SET TimeZone='UTC'")
    return connection


def write_parquet(frames: Mapping[str, Frame], directory: Path) -> list[Path]:
    """Write each table as ``<table>.parquet`` with zstd.

    Raises
    ------
    OSError
        A file cannot be written.
    """
    import duckdb

    paths = []
    try:
        with connect() as connection:
            for table, frame in frames.items():
                paths.append(directory / f"{table}.parquet")
                _copy(connection, table, frame, paths[-1])
    except duckdb.Error as error:
        raise OSError(str(error).splitlines()[0]) from error
    return paths


def _copy(connection: DuckDBPyConnection, table: str, frame: Frame, path: Path) -> None:
    types = {"time": "TIMESTAMPTZ"} | dict.fromkeys(KEY_COLUMNS[table], "VARCHAR")
    types |= VALUE_COLUMNS[table] | {"observed": "BOOLEAN"}
    columns = ", ".join(
        f'CAST({_TO_NULL.get(name, name)} AS {sql}) AS "{name}"' for name, sql in types.items()
    )
    target = str(path).replace("'", "''")
    connection.register("frame", frame)
    connection.execute(
        f"COPY (SELECT {columns} FROM frame) TO '{target}' "  # noqa: S608 - names of this module
        "(FORMAT parquet, COMPRESSION zstd)"
    )


def read_parquet(path: Path) -> Frame:
    """Read one table.

    Returns
    -------
    dict of str to ndarray
        In the order in which the rows were written; NULL is masked.

    Raises
    ------
    DataError
        Not a Parquet file.
    """
    import duckdb

    try:
        with connect() as connection:
            query = connection.execute("SELECT * FROM read_parquet(?)", [glob_escape(str(path))])
            frame = dict(query.fetchnumpy())
    except duckdb.Error:
        raise DataError(f"{path}: not readable as Parquet. {_AGAIN}") from None
    return {name: np.ma.asanyarray(values) for name, values in frame.items()}


def rebuild(
    kind: Kind, key: tuple[str, ...], frames: Mapping[str, Frame], absent: Collection[str] = ()
) -> Series:
    """Return one series from the long tables.

    Parameters
    ----------
    key : tuple of str
        As in the market's mapping.
    frames : mapping of str to dict of str to ndarray
        Tables by name.
    absent : collection of str
        Columns that the series does not have.

    Raises
    ------
    DataError
        A column is missing, or NULL where a number belongs.
    """
    table = TABLE_OF[kind]
    frame = frames[table]
    keys = (*key, kind) if table == "lending" else key
    try:
        rows = np.ones(len(frame["observed"]), dtype=np.bool_)
        for column, value in zip(KEY_COLUMNS[table], keys, strict=True):
            rows &= np.asarray(frame[column] == value)
        columns = {
            name: None
            if name in absent or (name in _LATER and name not in frame)
            else _present(frame[name][rows], name)
            for name in (*VALUE_COLUMNS[table], "observed")
        }
    except KeyError as error:
        raise DataError(f"{table}.parquet: column {error} is missing. {_AGAIN}") from None
    types = {"prices": PriceSeries, "funding": FundingSeries, "lending": RateSeries}
    series: Series = types[table](**columns)
    return series


def _present(values: NDArray[Any], name: str) -> NDArray[Any]:
    if np.ma.is_masked(values):
        raise DataError(f"column {name!r} has NULL where a number belongs. {_AGAIN}")
    return np.ma.getdata(values)
