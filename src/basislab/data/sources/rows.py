"""What every source parses into: a series as one answer holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from basislab.errors import SourceError
from basislab.types.market import FloatArray, IntArray
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

Kind = Literal["candles", "funding", "daily funding", "lending", "reserve"]

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "candles": ("open", "high", "low", "close", "volume"),
    "funding": ("rate", "premium"),
    "daily funding": ("rate",),
    "lending": ("supply_apy_pct", "borrow_apy_pct"),
    "reserve": ("supply_apy_pct", "borrow_apy_pct", "utilisation"),
}
"""Meaning of the columns of `RawSeries.values`, by kind."""

Values = Sequence[tuple[float | None, ...]]
"""Rows of numbers; None is a null, never a zero."""


@dataclass(frozen=True, eq=False)
class RawSeries:
    """One series as one file holds it, in the file's order.

    Parameters
    ----------
    venue : str
        Venue or lending protocol, lower case.
    asset : str
        Upper case.
    times : ndarray of int64, shape (n_rows,), seconds since 1970
        Nominal time: the settlement's hour for funding, the bar's open for candles.
    values : ndarray of float64, shape (n_rows, n_columns)
        In the venue's unit; columns as in `COLUMNS`. NaN is a null, never a zero.
    where : str
        The file, for messages.
    jitter : ndarray of float64, shape (n_rows,), seconds, optional
        Stamp minus nominal time.
    """

    kind: Kind
    venue: str
    asset: str
    times: IntArray
    values: FloatArray
    where: str
    jitter: FloatArray | None = None

    @property
    def label(self) -> str:
        """Name of the series in messages, such as ``kamino/USDC lending``."""
        return f"{self.venue}/{self.asset} {self.kind}"


def series_of(
    kind: Kind, venue: str, asset: str, times: Sequence[int], values: Values, where: str
) -> RawSeries:
    """Return a series of rows at their times, seconds since 1970; null becomes NaN.

    Examples
    --------
    >>> series_of("lending", "kamino", "SOL", [0], [(1.0, None)], "w").values
    array([[ 1., nan]])
    """
    numbers = [[np.nan if value is None else value for value in row] for row in values]
    matrix = np.array(numbers, dtype=np.float64).reshape(len(numbers), len(COLUMNS[kind]))
    return RawSeries(kind, venue, asset, np.array(times, dtype=np.int64), matrix, where)


def candle_series(
    venue: str,
    asset: str,
    stamps: tuple[str, Sequence[int]],
    values: Values,
    where: str,
    bar_s: int,
) -> RawSeries:
    """Return candles that open on the grid.

    Parameters
    ----------
    stamps : (str, list of int)
        Name of the field, and what stands there: milliseconds since 1970.

    Raises
    ------
    SourceError
        One does not; the exchange's days are others than those of UTC, or the stamp is wrong.
    """
    name, millis = stamps[0], np.array(stamps[1], dtype=np.int64)
    off_grid = np.flatnonzero(millis % (bar_s * 1_000))
    if len(off_grid):
        row = int(off_grid[0])
        opens = "midnight UTC" if bar_s == SECONDS_PER_DAY else "a full hour"
        raise SourceError(
            f"{where}: row {row + 1}, {name}: got {millis[row]}, which is not {opens}. Fetch the "
            "candles again; if the venue has other days, take --bar 1h."
        )
    return series_of("candles", venue, asset, (millis // 1_000).tolist(), values, where)


def funding_series(
    venue: str, asset: str, stamps_ms: Sequence[int], rates: Values, where: str
) -> RawSeries:
    """Return settlements at their nominal time, the hour nearest to the stamp, with their jitter.

    Examples
    --------
    >>> found = funding_series("v", "SOL", [3_600_041], [(1e-4, None)], "w")
    >>> found.times.tolist(), found.jitter.tolist()
    ([3600], [0.041])
    """
    stamps = np.array(stamps_ms, dtype=np.int64)
    hour = SECONDS_PER_HOUR * 1_000
    nominal = (stamps + hour // 2) // hour * hour
    made = series_of("funding", venue, asset, (nominal // 1_000).tolist(), rates, where)
    return replace(made, jitter=(stamps - nominal) / 1_000)
