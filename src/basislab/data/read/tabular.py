"""Files whose columns have types: Parquet through DuckDB, Arrow (feather) through pyarrow."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from basislab.data.keep.durable import glob_escape
from basislab.data.keep.frames import connect
from basislab.data.read.sheet import NO_STAMP, Sheet, Stamps
from basislab.errors import SourceError

_NUMBERS = ("FLOAT", "DOUBLE", "DECIMAL")
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")


def read_parquet(content: bytes, where: str) -> Sheet:
    """Return the columns of a Parquet file."""
    import duckdb

    try:
        with tempfile.TemporaryDirectory() as folder, connect() as connection:
            path = Path(folder) / "table.parquet"  # the content may come out of a zip
            path.write_bytes(content)
            source = [glob_escape(str(path))]
            look = connection.execute("SELECT * FROM read_parquet(?) LIMIT 0", source)
            kinds = {str(column[0]): str(column[1]) for column in look.description or ()}
            wanted = ", ".join(_cast(name, kind) for name, kind in kinds.items())
            query = f"SELECT {wanted} FROM read_parquet(?)"  # noqa: S608 - names are quoted
            found: Any = connection.execute(query, source).fetchnumpy()
    except duckdb.Error:
        raise _damaged(where, "Parquet") from None
    except OSError as error:
        raise SourceError(
            f"{where}: no room for a temporary copy: {error.strerror}. Free space and try again."
        ) from None
    columns = [_parquet_cells(found[name], kind) for name, kind in kinds.items()]
    return _sheet(where, "Parquet", list(kinds), columns)


def _cast(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind.startswith(("TIMESTAMP", "DATE")):
        return f"epoch_us(CAST({column} AS TIMESTAMPTZ)) AS {column}"
    if kind.startswith(_NUMBERS):
        return f"CAST({column} AS DOUBLE) AS {column}"
    return column if kind in _WHOLE else f"CAST({column} AS VARCHAR) AS {column}"


def _parquet_cells(cells: Any, kind: str) -> Any:
    if kind.startswith(("TIMESTAMP", "DATE")):
        stamps = np.ma.filled(np.ma.asarray(cells, np.int64), NO_STAMP)
        return Stamps(stamps, has_zone="ZONE" in kind)
    if kind.startswith(_NUMBERS):
        return np.ma.filled(np.ma.asarray(cells, np.float64), np.nan)
    return np.ma.asarray(cells, object).filled(None).tolist()


def read_arrow(content: bytes, where: str) -> Sheet:
    """Return the columns of an Arrow file, also called feather."""
    try:
        import pyarrow as pa
        from pyarrow import feather
    except ImportError:
        raise SourceError(
            f"{where}: got an Arrow (feather) file, which needs pyarrow: "
            "pip install 'basislab[arrow]', or save it as Parquet or CSV."
        ) from None
    try:
        table = feather.read_table(pa.BufferReader(content), memory_map=False)
        columns = [_arrow_cells(pa, column.combine_chunks()) for column in table.columns]
    except (pa.ArrowException, OSError, ValueError, NotImplementedError, OverflowError):
        raise _damaged(where, "Arrow") from None
    return _sheet(where, "Arrow", table.column_names, columns)


def _arrow_cells(pa: Any, column: Any) -> Any:
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        has_zone = pa.types.is_timestamp(kind) and kind.tz is not None
        plain = column.cast(pa.timestamp("us", kind.tz if has_zone else None), safe=False)
        return Stamps(np.array(plain.cast(pa.int64()).fill_null(NO_STAMP)), has_zone=has_zone)
    if pa.types.is_floating(kind):
        return np.array(column.cast(pa.float64()).fill_null(np.nan))
    return [value if isinstance(value, int) else _text(value) for value in column.to_pylist()]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _sheet(where: str, form: str, names: list[str], columns: list[Any]) -> Sheet:
    sheet = Sheet(where, form, tuple(names), tuple(columns))
    if not len(sheet):
        raise SourceError(f"{where}: a table without rows. Fetch a period that has data.")
    return sheet


def _damaged(where: str, form: str) -> SourceError:
    return SourceError(
        f"{where}: begins like {form} and cannot be read as it: damaged or cut off. "
        "Fetch the file again."
    )
