"""SQL over a stored market: DuckDB in memory over its Parquet files, and over nothing else.

A query reads; it writes no file, installs nothing, and sees no other file, network or variable.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab.data.catalog import load_market, stored_path
from basislab.data.keep.durable import glob_escape
from basislab.data.keep.frames import KEY_COLUMNS, VALUE_COLUMNS, connect, to_frames, write_parquet
from basislab.data.keep.store import identity
from basislab.errors import ConfigError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_READS = 5
MEMORY = "2GB"
"""A query that needs more is refused."""


@dataclass(frozen=True)
class Answer:
    """Result of a query.

    Parameters
    ----------
    rows : list of tuple
        Plain values; times as ISO text in UTC, None for NULL.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def tables() -> dict[str, tuple[str, ...]]:
    """Return the tables that a query sees, and their columns.

    Examples
    --------
    >>> tables()["funding"]
    ('time', 'venue', 'rate', 'settlements', 'observed')
    """
    return {
        name: ("time", *keys, *VALUE_COLUMNS[name], "observed")
        for name, keys in KEY_COLUMNS.items()
    }


def query(market: str | Path | None, sql: str) -> Answer:
    """Ask a market in SQL.

    Parameters
    ----------
    market : str or Path, optional
        A name, a market directory or a facts table; the built-in sample by default.
    sql : str
        One SELECT, in DuckDB's dialect, over `tables`.

    Raises
    ------
    ConfigError
        No such market, no SELECT, or one that cannot be answered; the message has DuckDB's reason.
    DataError
        A damaged market.

    Examples
    --------
    >>> query(None, "SELECT count(*) AS bars FROM funding WHERE venue = 'drift'").rows
    [(410,)]
    """
    for _ in range(_READS):
        with _directory(market) as directory:
            before = identity(directory)
            answer = _ask(directory, sql)
            if identity(directory) == before:
                return answer  # else a writer has put a newer market in place meanwhile
    return answer


def _ask(directory: Path, sql: str) -> Answer:
    import duckdb

    with connect() as connection:
        _lock(connection, directory)
        try:
            statements = duckdb.extract_statements(sql)
            if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
                raise ConfigError(f"query: one SELECT is wanted. {_known()}")
            found = connection.execute(statements[0]).fetchnumpy()
        except duckdb.Error as error:
            raise ConfigError(f"query: {_reason(error)}. {_known()}") from None
    columns = [_plain(values) for values in found.values()]
    return Answer(tuple(found), list(zip(*columns, strict=True)))


@contextmanager
def _directory(market: str | Path | None) -> Iterator[Path]:
    """Yield a directory with the market's files, verified."""
    loaded, stored = load_market(market), stored_path(market)
    # DuckDB knows allowed files by their plain names only; one that looks like a pattern is copied.
    if stored is not None and glob_escape(str(stored)) == str(stored):
        yield stored
        return
    with tempfile.TemporaryDirectory(prefix="basislab-") as scratch:
        write_parquet(to_frames(loaded), Path(scratch))
        yield Path(scratch)


def _lock(connection: DuckDBPyConnection, directory: Path) -> None:
    """Let the connection see the market's tables, and nothing else from now on."""
    paths = {table: str(directory / f"{table}.parquet") for table in VALUE_COLUMNS}
    listed = ", ".join(_quoted(path) for path in paths.values())
    connection.execute(f"SET allowed_paths=[{listed}]")
    connection.execute(f"SET memory_limit='{MEMORY}'")
    connection.execute("SET python_enable_replacements=false")
    connection.execute("SET enable_external_access=false")
    connection.execute("SET lock_configuration=true")
    for table, path in paths.items():
        source = f"read_parquet({_quoted(path)})"
        connection.execute(f"CREATE VIEW {table} AS SELECT * FROM {source}")  # noqa: S608


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _known() -> str:
    listed = "; ".join(f"{name} ({', '.join(columns)})" for name, columns in tables().items())
    return f"Tables: {listed}."


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("LINE ", "^"))]
    return " ".join(told).rstrip(".!") if told else "it cannot be answered"


def _plain(values: Any) -> list[Any]:
    """Return a column as values that JSON and CSV can hold."""
    array = np.ma.asanyarray(values)
    if array.dtype.kind == "M":
        texts = [_iso(value) for value in np.ma.getdata(array)]
        missing = np.ma.getmaskarray(array) | np.isnat(np.ma.getdata(array))
        return [None if lost else text for text, lost in zip(texts, missing, strict=True)]
    return [_value(value) for value in array.tolist()]


def _iso(value: Any) -> str:
    text = str(value.astype("datetime64[us]"))
    return text.removesuffix(".000000") + "Z"


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if hasattr(value, "isoformat"):
        return (value.astimezone(UTC) if getattr(value, "tzinfo", None) else value).isoformat()
    return str(value)
