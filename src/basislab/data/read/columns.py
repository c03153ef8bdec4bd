"""Read the wanted columns of one file, whatever its form and layout, as seconds and float64."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from basislab.data.read.clock import read_times
from basislab.data.read.delimited import read_delimited
from basislab.data.read.figures import read_numbers
from basislab.data.read.files import (
    ARROW,
    MAX_FILE_BYTES,
    PARQUET,
    is_json,
    read_raw,
    shown,
    unpack,
)
from basislab.data.read.layouts import recognise
from basislab.data.read.layouts.layout import Layout
from basislab.data.read.repeats import distinct_rows
from basislab.data.read.sheet import Sheet, listed
from basislab.errors import SourceError
from basislab.types.market import FloatArray, IntArray
from basislab.units import SECONDS_PER_HOUR

MAX_TABLE_BYTES = 256 * 1024**2
"""Largest Parquet or Arrow file that is opened."""

_MINUTE_S = 60
_PRICES = ("open", "high", "low", "close")
_PERCENT = {"supply_apy_pct": "percent", "borrow_apy_pct": "percent"}
_BOUNDS: dict[str, tuple[float, float, str]] = {
    **dict.fromkeys(_PRICES, (np.nextafter(0, 1), 1e12, "a price above 0")),
    "volume": (0.0, 1e18, "a volume of 0 or more"),
    **dict.fromkeys(_PERCENT, (0.0, 10_000.0, "percent a year from 0 to 10 000")),
}
_WANTED = {"open": "prices", "funding_rate": "funding", "supply_apy_pct": "lending rates"}
_QUOTES = re.compile(r"(USD[TC]?|BUSD|FDUSD|PERP)?")


class Place(Protocol):
    """Returns the start of a message about a row and, where it is given, a column of ours."""

    def __call__(self, row: int, name: str = "") -> str:
        """Of a row, counted from 0."""
        ...


class Columns(NamedTuple):
    """Columns of one file, oldest row first, one row a time.

    Parameters
    ----------
    name : str
        File name without directories.
    times : ndarray of int64, shape (n_rows,), seconds since 1970
    values : dict of str to ndarray of shape (n_rows,)
    read_as : str
        Layout, times and form, such as ``Binance archive klines, epoch ms, comma``.
    place : callable
        See `Place`.
    repeated : int
        Rows that were dropped because another one says the same.
    out_of_order : int
        Rows that stood after a later one.
    is_daily_sum : bool
        The rows are sums over days, not settlements.
    """

    name: str
    sha256: str
    times: IntArray
    values: dict[str, FloatArray]
    read_as: str
    place: Place
    repeated: int = 0
    out_of_order: int = 0
    is_daily_sum: bool = False


def read_columns(
    path: Path,
    names: tuple[str, ...],
    own: Mapping[str, str],
    *,
    asset: str = "",
    reading: str | None = None,
) -> Columns:
    """Return the time and the named columns of a file.

    Parameters
    ----------
    path : Path
        Parquet, Arrow, delimited text, JSON rows or a venue's answer, plain or in gzip or zip;
        told by the content.
    names : tuple of str
        Wanted; a question mark ends the name of a column that may be missing.
    own : mapping of str to str
        From our name to the file's, where they differ; "time" too.
    asset : str
        Whose rows are kept, where the file holds several coins.
    reading : {"day first", "month first"}, optional
        Of times such as 1/2/2025, where the file does not prove it.

    Raises
    ------
    SourceError
        Unreadable, a column missing, a cell that is no number, rows that contradict each other.
    """
    where = shown(path)
    raw = read_raw(path, MAX_TABLE_BYTES)
    content, packed = unpack(raw, where)
    digest = hashlib.sha256(raw).hexdigest()
    if not content.startswith((PARQUET, *ARROW)) and len(raw) > MAX_FILE_BYTES:
        raise SourceError(
            f"{where}: larger than {MAX_FILE_BYTES // 1024**2} MiB. Save it as Parquet."
        )
    sheet: Sheet | Columns = _open(content, path, names, digest, asset)
    if isinstance(sheet, Columns):
        return sheet._replace(read_as=", ".join((sheet.read_as, *packed)))
    layout, sheet = _layout(sheet)
    sheet = _of_asset(layout, sheet, asset)
    theirs = _theirs(layout, sheet, names, own)
    micros, clock = read_times(sheet, theirs.pop("time"), reading)
    values = read_numbers(sheet, theirs, _PERCENT)
    _check(sheet, theirs, values)
    read_as = ", ".join((layout.name, clock, sheet.form, *packed))
    found = Columns(path.name, digest, micros // 1_000_000, values, read_as, _placed(sheet, theirs))
    return _tidy(found, names)


def _open(
    content: bytes, path: Path, names: tuple[str, ...], digest: str, asset: str
) -> Sheet | Columns:
    where = shown(path)
    if content.startswith(PARQUET):
        from basislab.data.read.tabular import read_parquet

        return read_parquet(content, where)
    if content.startswith(ARROW):
        from basislab.data.read.tabular import read_arrow

        return read_arrow(content, where)
    if not is_json(content):
        return read_delimited(content, where)
    from basislab.data.read.answers import holds_rates
    from basislab.data.read.objects import sheet_of
    from basislab.data.read.payload import payload_of

    payload = payload_of(content, path, digest)
    return _from_answer(payload, names, asset) if holds_rates(payload) else sheet_of(payload)


def _layout(sheet: Sheet) -> tuple[Layout, Sheet]:
    found = recognise(sheet)
    if found is None:
        raise SourceError(
            f"{sheet.where}: no names stand over its {len(sheet.columns)} columns, and no known "
            "layout fits them. Add a first line such as 'time,funding_rate'."
        )
    return found


def _theirs(
    layout: Layout, sheet: Sheet, names: tuple[str, ...], own: Mapping[str, str]
) -> dict[str, str]:
    """Return our names with the file's, for the columns that are there; refuse what lacks."""
    found: dict[str, str] = {}
    have = sheet.header or ()
    for name in ("time", *names):
        plain = name.removesuffix("?")
        theirs = own.get(plain) or layout.find(plain, sheet)
        if theirs in have:
            found[plain] = str(theirs)
        elif plain == name:
            if layout.holds != "anything" and plain not in own:
                raise SourceError(
                    f"{sheet.where}: it holds {layout.holds} ({layout.name}); wanted are "
                    f"{_WANTED.get(names[0], names[0])}. Name another file in the mapping."
                )
            raise SourceError(
                f"{sheet.where}: column {own.get(plain, plain)!r} is missing; it has: "
                f'{listed(have)}. Name it in the mapping: columns = {{ {plain} = "..." }}.'
            )
    return found


def _of_asset(layout: Layout, sheet: Sheet, asset: str) -> Sheet:
    """Keep the rows of one coin, where a column says whose each row is."""
    name = layout.coin(sheet)
    if name is None or not asset or not isinstance(sheet.cells(name), list):
        return sheet
    coins = [str(cell).upper().replace("XBT", "BTC") for cell in sheet.cells(name)]
    kinds = sorted(set(coins))
    wanted = {coin for coin in kinds if _is_coin(coin, asset.upper())}
    if len(kinds) == 1 and asset.upper() in kinds[0]:
        return sheet
    if not wanted:
        raise SourceError(_other_coin(sheet.place(0, name), kinds, asset))
    return sheet.kept([row for row, coin in enumerate(coins) if coin in wanted])


def _other_coin(place: str, coins: list[str], asset: str) -> str:
    return (
        f"{place}: got {listed(coins)}; wanted are rows of {asset}. "
        "Give the file of that coin, or correct the mapping's asset."
    )


def _is_coin(text: str, asset: str) -> bool:
    base = re.split(r"[^A-Z0-9]", text)[0]
    return base.startswith(asset) and _QUOTES.fullmatch(base.removeprefix(asset)) is not None


def _check(sheet: Sheet, theirs: dict[str, str], values: dict[str, FloatArray]) -> None:
    """Refuse what is no price, no volume and no APY, and a candle that lacks a part."""
    lacking = [np.isnan(values[name]) for name in (*_PRICES, "volume") if name in values]
    for name, column in values.items():
        low, high, wanted = _BOUNDS.get(name, (-np.inf, np.inf, ""))
        wrong = (column < low) | (column > high)
        if name in (*_PRICES, "volume"):
            wrong |= np.isnan(column) & ~np.all(lacking, axis=0)
        if wrong.any():
            row = int(np.argmax(wrong))
            got = "nothing" if np.isnan(column[row]) else f"{column[row]:.10g}"
            raise SourceError(
                f"{sheet.place(row, theirs[name])}: got {got}; wanted is {wanted}. "
                "Correct the cell, or leave the row out."
            )


def _placed(sheet: Sheet, theirs: Mapping[str, str]) -> Place:
    return lambda row, name="": sheet.place(row, theirs.get(name, name))


def _tidy(found: Columns, names: tuple[str, ...]) -> Columns:
    """Leave out rows without values, sort, and make one row of those that say the same."""
    used = np.flatnonzero(~np.all([np.isnan(column) for column in found.values.values()], axis=0))
    if not len(used):
        raise SourceError(f"{found.place(0)}: no row has a value. Fetch a period that has data.")
    times = found.times[used]
    nominal = times
    if names[0] == "funding_rate" and not found.is_daily_sum:
        # jitter: a settlement is stamped a little after its hour, rarely a quarter of one
        nominal = np.round(times / SECONDS_PER_HOUR).astype(np.int64) * SECONDS_PER_HOUR
    elif names[0] == "open" and _usual_step(times) >= _MINUTE_S:
        nominal = times // _MINUTE_S * _MINUTE_S
    values = {name: column[used] for name, column in found.values.items()}
    kept = distinct_rows(nominal, values, lambda row: found.place(int(used[row])))
    rows = used[kept.rows]
    return found._replace(
        times=nominal[kept.rows],
        values={name: column[kept.rows] for name, column in values.items()},
        place=lambda row, name="": found.place(int(rows[row]), name),
        repeated=kept.repeated,
        out_of_order=kept.out_of_order,
    )


def _usual_step(times: IntArray) -> float:
    steps = np.diff(np.unique(times))
    return float(np.median(steps)) if len(steps) else 0.0


def _from_answer(payload: Any, names: tuple[str, ...], asset: str) -> Columns:
    """Return a venue's own answer under our column names."""
    from basislab.data.read.answers import answer_name, parse

    raw = parse(payload)
    known = {
        "funding": ("funding_rate", "premium"),
        "daily funding": ("funding_rate",),
        "lending": ("supply_apy_pct", "borrow_apy_pct"),
    }[raw.kind]
    if names[0] not in known:
        raise SourceError(
            f"{payload.where}: it holds {raw.label}; wanted are {_WANTED[names[0]]}. "
            "Name another file in the mapping."
        )

    if asset and raw.kind != "lending" and raw.asset != asset.upper():
        raise SourceError(_other_coin(payload.where, [raw.asset], asset))

    def place(row: int, name: str = "") -> str:
        return f"{payload.where}: row {row + 1}{f', {name}' if name else ''}"

    wanted = {name.removesuffix("?") for name in names}
    values = {
        name: column for name, column in zip(known, raw.values.T, strict=True) if name in wanted
    }
    read_as = f"{answer_name(payload)}, JSON"
    is_daily = raw.kind == "daily funding"
    found = Columns(payload.name, payload.sha256, raw.times, values, read_as, place)
    return _tidy(found._replace(is_daily_sum=is_daily), names)
