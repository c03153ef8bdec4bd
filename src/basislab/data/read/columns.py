"""Read columns of a Parquet or CSV file, or of a venue's own answer, as seconds and float64."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from basislab.errors import SourceError
from basislab.types.market import FloatArray, IntArray


class Columns(NamedTuple):
    """Columns of one file, oldest row first.

    Parameters
    ----------
    name : str
        File name without directories.
    sha256 : str
    times : ndarray of int64, shape (n_rows,), seconds since 1970
    values : dict of str to ndarray of shape (n_rows,)
    is_daily_sum : bool
        The rows are sums over days, not settlements.
    """

    name: str
    sha256: str
    times: IntArray
    values: dict[str, FloatArray]
    is_daily_sum: bool = False


def read_columns(path: Path, names: tuple[str, ...], own: Mapping[str, str]) -> Columns:
    """Return the time and the named columns of a file.

    Parameters
    ----------
    path : Path
        .parquet, .csv, .csv.gz, or a venue's answer (.json, .json.gz).
    names : tuple of str
        Wanted; a question mark ends the name of a column that may be missing.
    own : mapping of str to str
        From our name to the file's, where they differ; "time" too.

    Returns
    -------
    Columns

    Raises
    ------
    SourceError
        Unreadable, a column missing, times that repeat or are not times.
    """
    if path.name.endswith((".json", ".json.gz")):
        return _from_answer(path, names)
    if not path.name.endswith((".parquet", ".csv", ".csv.gz")):
        raise SourceError(f"{path}: neither Parquet, CSV nor JSON.")
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}.") from None
    times, values = _query(path, names, own)
    if len(times) == 0 or (np.diff(times) <= 0).any():
        row = int(np.argmax(np.diff(times) <= 0)) + 1 if len(times) else 0
        raise SourceError(
            f"{path}: row {row}: its time repeats the row before it, or none is there."
        )
    return Columns(path.name, digest, times, values)


def _query(
    path: Path, names: tuple[str, ...], own: Mapping[str, str]
) -> tuple[IntArray, dict[str, FloatArray]]:
    import duckdb

    reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        try:
            relation = connection.execute(f"SELECT * FROM {reader}(?) LIMIT 0", [str(path)])  # noqa: S608
            have = [column[0] for column in relation.description or ()]
            wanted = _wanted(path, names, own, have)
            listed = ", ".join(f'CAST("{theirs}" AS DOUBLE)' for theirs in wanted.values())
            time = own.get("time", "time")
            query = (
                f'SELECT epoch_ms(CAST("{time}" AS TIMESTAMPTZ)), {listed} '  # noqa: S608
                f'FROM {reader}(?) WHERE "{time}" IS NOT NULL ORDER BY 1'
            )
            rows: Any = connection.execute(query, [str(path)]).fetchnumpy()
        except duckdb.Error as error:
            first = str(error).splitlines()[0]
            raise SourceError(f"{path}: cannot be read ({first}).") from None
    columns = [np.ma.filled(np.ma.asarray(rows[key], np.float64), np.nan) for key in rows]
    times = (columns[0] // 1_000).astype(np.int64)
    return times, dict(zip(wanted, columns[1:], strict=True))


def _wanted(
    path: Path, names: tuple[str, ...], own: Mapping[str, str], have: list[str]
) -> dict[str, str]:
    """Return our names with the file's, for the columns that are there; refuse what lacks."""
    found = {}
    for name in ("time", *names):
        plain = name.removesuffix("?")
        theirs = own.get(plain, plain)
        if '"' in theirs:
            raise SourceError(f"{path}: {theirs!r} is no column name.")
        if theirs in have:
            found[plain] = theirs
        elif plain == name:
            raise SourceError(
                f"{path}: column {theirs!r} is missing; it has: {', '.join(have)}. "
                f'Name it in the mapping: columns = {{ {plain} = "..." }}.'
            )
    found.pop("time")
    return found


def _from_answer(path: Path, names: tuple[str, ...]) -> Columns:
    """Return a venue's own answer under our column names."""
    from basislab.data.read.answers import parse
    from basislab.data.read.payload import read_payload

    payload = read_payload(path)
    raw = parse(payload)
    known = {
        "candles": ("open", "high", "low", "close", "volume"),
        "funding": ("funding_rate", "premium"),
        "daily funding": ("funding_rate",),
        "lending": ("supply_apy_pct", "borrow_apy_pct"),
    }[raw.kind]
    if names[0] not in known:
        raise SourceError(f"{path}: it holds {raw.label}; wanted is {names[0]}.")
    _, order = np.unique(raw.times, return_index=True)
    values = dict(zip(known, raw.values[order].T, strict=True))
    is_daily = raw.kind == "daily funding"
    return Columns(path.name, payload.sha256, raw.times[order], values, is_daily)
