"""Times as files write them: numbers since 1970 told apart by size, ISO, and day/month/year."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from basislab.data.read.sheet import NO_STAMP, Sheet, Stamps
from basislab.errors import SourceError
from basislab.types.market import IntArray

_ORDERS = {"day first": ("year", "two", "one"), "month first": ("year", "one", "two")}

FIRST_S, LAST_S = 1_230_768_000, 4_102_444_800
"""2009, before which no coin had a market, and 2100: what lies outside is no time."""

_UNITS = {"s": 1_000_000, "ms": 1_000, "µs": 1, "ns": 0}  # microseconds a unit; ns are divided
_PER_SECOND = {"s": 1, "ms": 1_000, "µs": 1_000_000, "ns": 1_000_000_000}
_CLOCK = (
    r"(?:(?:T|,?\s+(?:-\s+)?)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})"
    r"(?:[.,](?P<part>\d{1,9}))?)?\s*(?P<half>[AaPp][Mm])?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?"
)
_ISO = re.compile(r"(?P<year>\d{4})([-/])(?P<month>\d{1,2})\2(?P<day>\d{1,2})" + _CLOCK, re.ASCII)
_SLASHED = re.compile(
    r"(?P<one>\d{1,2})([/.-])(?P<two>\d{1,2})\2(?P<year>\d{4})" + _CLOCK, re.ASCII
)
_WHOLE = re.compile(r"\d{9,19}", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{2}(?!\d).*", re.ASCII)
_STAMP = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?Z"
_PLAIN_ISO = re.compile(rf"{_STAMP}(?:\n{_STAMP})*", re.ASCII)
_EPOCH = re.compile(r"\d{9,20}(?:[.,]\d{1,9})?|\d(?:[.,]\d{1,18})?[eE]\+?\d{1,2}", re.ASCII)
_NO_ZONE = " without a zone, taken as UTC"
_WANTED = "wanted is a time such as 2025-01-01T00:00:00Z, or a number of s, ms, µs or ns since 1970"


def is_time(cell: str) -> bool:
    """Tell whether a cell is a time, in whatever way it is written."""
    return any(shape.fullmatch(cell) for shape in (_ISO, _SLASHED, _SHORT_YEAR, _EPOCH))


def read_times(sheet: Sheet, name: str, reading: str | None = None) -> tuple[IntArray, str]:
    """Return the times of a column, and how they were read.

    Parameters
    ----------
    name : str
        Of the column, as the file has it.
    reading : {"day first", "month first"}, optional
        Of times such as 1/2/2025, where the file does not prove it.

    Returns
    -------
    times : ndarray of int64, shape (n_rows,), microseconds since 1970
    how : str
        Such as ``epoch ms``.

    Raises
    ------
    SourceError
        A time that is missing or none, or that can be read in two ways.
    """
    cells = sheet.cells(name)
    if isinstance(cells, Stamps):
        times, how = _stamps(sheet, name, cells)
    elif (plain := _all_plain(cells)) is not None:
        times, how = plain, "ISO times"
    else:
        if not isinstance(cells, list):
            cells = [int(cell) if cell.is_integer() else cell for cell in cells.tolist()]
        times, how = _read(sheet, name, cells, reading)
    outside = (times < FIRST_S * 1_000_000) | (times > LAST_S * 1_000_000)
    if outside.any():
        row = int(np.argmax(outside))
        raise SourceError(
            f"{sheet.place(row, name)}: got {_iso(times[row])}; wanted is a time between 2009 and "
            "2100. Correct the row."
        )
    return times, how


def _stamps(sheet: Sheet, name: str, cells: Stamps) -> tuple[IntArray, str]:
    if (cells.micros == NO_STAMP).any():
        raise _no_time(sheet, int(np.argmax(cells.micros == NO_STAMP)), name, None)
    return cells.micros, f"timestamps{'' if cells.has_zone else _NO_ZONE}"


def _read(sheet: Sheet, name: str, cells: list[Any], reading: str | None) -> tuple[IntArray, str]:
    """Read a column in the shape of its first cell."""
    first = _text(sheet, 0, name, cells[0])
    if _ISO.fullmatch(first):
        found, how = _dates(sheet, name, cells, _ISO), "ISO times"
        times = _moments(sheet, name, found, ("year", "month", "day"), cells)
    elif _SLASHED.fullmatch(first):
        found = _dates(sheet, name, cells, _SLASHED)
        times, how = _slashed(sheet, name, found, cells, reading)
    elif _SHORT_YEAR.fullmatch(first):
        raise SourceError(
            f"{sheet.place(0, name)}: got {first[:40]!r}; a year of two digits can be a day. "
            "Write four."
        )
    else:
        return _epochs(sheet, name, cells)
    return times, how + _zone(sheet, name, found, cells)


def _zone(sheet: Sheet, name: str, found: list[re.Match[str]], cells: list[Any]) -> str:
    """Return what to say of the zone; a column has one everywhere or nowhere."""
    zones = [match["zone"] is not None for match in found]
    if any(zones) and not all(zones):
        row = zones.index(not zones[0])
        raise SourceError(
            f"{sheet.place(row, name)}: got {cells[row]!r} after {cells[0]!r}: one has a zone, "
            "one has none. Write all times with Z."
        )
    return "" if zones[0] else _NO_ZONE


def _all_plain(cells: list[Any]) -> IntArray | None:
    """Read ISO times with Z all at once; None where a cell is anything else."""
    try:
        if _PLAIN_ISO.fullmatch("\n".join(cells)):
            stamps = np.array([cell[:-1] for cell in cells], "datetime64[us]")
            return stamps.astype(np.int64)
    except (TypeError, ValueError):  # no text, or no such day
        pass
    return None


def _text(sheet: Sheet, row: int, name: str, cell: Any) -> str:
    if cell is None or isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise _no_time(sheet, row, name, cell)
    return str(cell)


def _dates(
    sheet: Sheet, name: str, cells: list[Any], shape: re.Pattern[str]
) -> list[re.Match[str]]:
    found = []
    for row, cell in enumerate(cells):
        match = shape.fullmatch(_text(sheet, row, name, cell))
        if match is None:
            raise _no_time(sheet, row, name, cell, cells[0])
        found.append(match)
    return found


def _moments(
    sheet: Sheet,
    name: str,
    found: list[re.Match[str]],
    order: tuple[str, str, str],
    cells: list[Any],
) -> IntArray:
    times = np.empty(len(found), np.int64)
    for row, match in enumerate(found):
        moment = _moment(match, order)
        if moment is None:
            raise _no_time(sheet, row, name, cells[row])
        times[row] = moment
    return times


def _moment(match: re.Match[str], order: tuple[str, str, str]) -> int | None:
    """Return microseconds since 1970; None where there is no such day or hour."""
    year, month, day = (int(match[part]) for part in order)
    hour, half = int(match["hour"] or 0), (match["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        moment = datetime(
            year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    micros = int((match["part"] or "").ljust(6, "0")[:6])
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return whole + micros - _offset(match["zone"])


def _offset(zone: str | None) -> int:
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    minutes = int(digits[:2]) * 60 + int(digits[2:] or 0)
    return (minutes if zone[0] == "+" else -minutes) * 60_000_000


def _slashed(
    sheet: Sheet, name: str, found: list[re.Match[str]], cells: list[Any], reading: str | None
) -> tuple[IntArray, str]:
    """Read 1/2/2025 in the one way that the file proves, or the mapping says."""
    if reading is not None:
        return _moments(sheet, name, found, _ORDERS[reading], cells), reading
    readings = _readings(found)
    if not readings:
        raise _no_reading(sheet, name, found, cells)
    if len(readings) > 1 and np.array_equal(readings["day first"], readings["month first"]):
        return readings["day first"], "day/month/year"  # 1/1, 2/2: the same either way
    proven = readings if len(readings) == 1 else _even(readings)
    if len(proven) == 1:
        label, times = next(iter(proven.items()))
        return times, label
    shown = ", or ".join(
        f"{label} {_iso(times.min())} to {_iso(times.max())}" for label, times in readings.items()
    )
    raise SourceError(
        f"{sheet.place(0, name)}: got {cells[0]!r}: the column reads {shown}, and nothing in the "
        'file says which. Say dates = "day first" or dates = "month first" in the mapping, or '
        "write the times as 2025-01-31T00:00:00Z."
    )


def _no_reading(
    sheet: Sheet, name: str, found: list[re.Match[str]], cells: list[Any]
) -> SourceError:
    """Name the first row that is no day, or the first that contradicts the rows above it."""
    orders = set(_ORDERS)
    for row, match in enumerate(found):
        fits = {label for label in _ORDERS if _moment(match, _ORDERS[label]) is not None}
        if not fits:
            return _no_time(sheet, row, name, cells[row])
        if not orders & fits:
            return SourceError(
                f"{sheet.place(row, name)}: got {cells[row]!r}, which is {fits.pop()}, where the "
                f"rows above it are {orders.pop()}. Write the times as 2025-01-31T00:00:00Z."
            )
        orders &= fits
    return _no_time(sheet, 0, name, cells[0])


def _readings(found: list[re.Match[str]]) -> dict[str, IntArray]:
    """Return the readings in which every row is a day that exists."""
    readings = {}
    for label, order in _ORDERS.items():
        moments = [_moment(match, order) for match in found]
        if None not in moments:
            readings[label] = np.array(moments, np.int64)
    return readings


def _even(readings: dict[str, IntArray]) -> dict[str, IntArray]:
    """Return the readings in which times follow each other in even steps, without jumps."""
    even = {label: times for label, times in readings.items() if _is_even(times)}
    rising = {label: times for label, times in even.items() if (times[1:] >= times[:-1]).all()}
    return rising or even


def _is_even(times: IntArray) -> bool:
    steps: Any = np.diff(np.unique(times))
    step = np.median(steps[steps > steps.max() / 1_000]) if len(steps) else 0.0
    if step <= 0:
        return False
    off = np.abs(steps - np.round(steps / step) * step)
    # a late stamp is no jump, and a hole of a few steps is none either: a wrong reading makes
    # the days of a month into months, so that most of its span is jumps
    few = step * 1.5 * len(steps)
    return bool((off <= min(step / 4, 900e6)).all() and steps.sum() <= few)


def _epochs(sheet: Sheet, name: str, cells: list[Any]) -> tuple[IntArray, str]:
    if (plain := _whole_epochs(cells)) is not None:
        return plain
    times = np.empty(len(cells), np.int64)
    units: dict[str, None] = {}
    for row, cell in enumerate(cells):
        text = _text(sheet, row, name, cell)
        unit = _unit(text)
        if unit is None:
            raise _no_time(sheet, row, name, cell, cells[0] if row else None)
        units[unit] = None
        if text.isdigit():
            times[row] = int(text) * _UNITS[unit] if _UNITS[unit] else int(text) // 1_000
        else:
            number = float(text.replace(",", "."))
            times[row] = round(number * 1_000_000 / _PER_SECOND[unit])
    return times, f"epoch {' and '.join(units)}"


def _whole_epochs(cells: list[Any]) -> tuple[IntArray, str] | None:
    """Read whole numbers of one unit all at once; None where a cell is anything else."""
    if not all(
        type(cell) is int or (isinstance(cell, str) and _WHOLE.fullmatch(cell)) for cell in cells
    ):
        return None
    numbers = np.array(list(map(int, cells)), np.float64)
    for unit, per_second in _PER_SECOND.items():
        if (numbers >= FIRST_S * per_second).all() and (numbers <= LAST_S * per_second).all():
            whole = np.array(list(map(int, cells)), np.int64)
            return whole * _UNITS[unit] if _UNITS[unit] else whole // 1_000, f"epoch {unit}"
    return None


def _unit(text: str) -> str | None:
    """Return the unit whose range between 2009 and 2100 a number lies in; the ranges are apart."""
    if not _EPOCH.fullmatch(text) and not re.fullmatch(r"\d{9,20}\.\d+", text):
        return None
    number = float(text.replace(",", "."))
    for unit, per_second in _PER_SECOND.items():
        if FIRST_S * per_second <= number <= LAST_S * per_second:
            return unit
    return None


def _iso(micros: Any) -> str:
    return f"{np.datetime64(int(micros), 'us').astype('datetime64[m]')}Z"


def _no_time(sheet: Sheet, row: int, name: str, cell: Any, first: Any = None) -> SourceError:
    got = repr(str(cell)[:40]) if cell is not None else "nothing"
    after = f" after {str(first)[:40]!r}" if first is not None else ""
    return SourceError(f"{sheet.place(row, name)}: got {got}{after}; {_WANTED}. Correct the row.")
