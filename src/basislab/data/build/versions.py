"""Answers of one feed become one series; a venue's later correction wins and is reported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab.errors import DataError
from basislab.types.market import FloatArray, IntArray

if TYPE_CHECKING:
    from basislab.data.keep.vault import Record
    from basislab.data.sources.rows import RawSeries


@dataclass(frozen=True, eq=False)
class Series:
    """One feed's rows, strictly increasing in time.

    Parameters
    ----------
    times : ndarray of int64, shape (n,), seconds since 1970
    values : ndarray of shape (n, n_columns)
        Columns as in `basislab.data.sources.rows.COLUMNS`.
    corrections : list of dict
        Rows that the venue has changed: time, column, old and new value, when it was seen.
    max_jitter_s : float, seconds
        Largest distance of a stamp from its nominal time.
    """

    times: IntArray
    values: FloatArray
    corrections: list[dict[str, Any]]
    max_jitter_s: float

    @property
    def sha256(self) -> str:
        """Digest of the rows, whatever pages they came in."""
        digest = hashlib.sha256(self.times.astype("<i8").tobytes())
        digest.update(self.values.astype("<f8").tobytes())
        return digest.hexdigest()


def combine(parts: Iterable[tuple[Record, RawSeries]], columns: tuple[str, ...]) -> Series:
    """Put the rows of all answers together; of several versions of a row the newest counts.

    Parameters
    ----------
    parts : iterable of (Record, RawSeries)
        Oldest answer first.
    columns : tuple of str
        Names of the columns.

    Raises
    ------
    DataError
        There is not one row.
    """
    kept = [(record, raw) for record, raw in parts if len(raw.times)]
    if not kept:
        raise DataError("no rows are stored. Fetch them first.")
    times = np.concatenate([raw.times for _, raw in kept])
    values = np.concatenate([raw.values for _, raw in kept])
    seen = np.concatenate([np.full(len(raw.times), i) for i, (_, raw) in enumerate(kept)])
    order = np.lexsort((seen, times))  # by time, oldest answer first
    times, values, seen = times[order], values[order], seen[order]
    repeats = np.flatnonzero(times[1:] == times[:-1])
    differs = ~(
        (values[repeats] == values[repeats + 1])
        | (np.isnan(values[repeats]) & np.isnan(values[repeats + 1]))
    )
    corrections = [
        {
            "time": f"{np.datetime64(int(times[repeats[row]]), 's')}Z",
            "column": columns[column],
            "was": _number(values[repeats[row], column]),
            "is": _number(values[repeats[row] + 1, column]),
            "seen": f"{kept[seen[repeats[row] + 1]][0].fetched_at:%Y-%m-%dT%H:%M:%SZ}",
        }
        for row, column in np.argwhere(differs).tolist()
    ]
    is_newest = np.append(times[1:] != times[:-1], True)
    jitter = [float(np.abs(raw.jitter).max()) for _, raw in kept if raw.jitter is not None]
    return Series(times[is_newest], values[is_newest], corrections, max(jitter, default=0.0))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
