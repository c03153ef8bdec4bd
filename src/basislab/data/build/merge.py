"""Files of one series become one series: sorted, without duplicates, without contradictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from basislab.data.sources.rows import COLUMNS, RawSeries
from basislab.errors import SourceError
from basislab.types.market import FloatArray, IntArray
from basislab.units import SECONDS_PER_DAY


@dataclass(frozen=True, eq=False)
class MergedSeries:
    """One series, strictly increasing in time, and what was found on the way.

    Parameters
    ----------
    raw : RawSeries
        Sorted; `where` names the first file.
    rows : int
        Rows read, over all files.
    duplicates : int
        Identical repetitions that were dropped.
    out_of_order : int
        Rows that stood after a later one in their file.
    max_jitter_s : float
        Largest distance of a stamp from its nominal time, seconds.
    several_a_day : int
        Days with more than one lending snapshot; the last one of the day counts.
    """

    raw: RawSeries
    rows: int
    duplicates: int
    out_of_order: int
    max_jitter_s: float
    several_a_day: int

    def statistics(self) -> dict[str, Any]:
        """Return the counts for the manifest."""
        return {
            "rows": self.rows,
            "duplicates": self.duplicates,
            "out_of_order": self.out_of_order,
            "max_jitter_s": self.max_jitter_s,
            "several_a_day": self.several_a_day,
        }


def merge(parts: list[RawSeries]) -> MergedSeries:
    """Merge the files of one series.

    Parameters
    ----------
    parts : list of RawSeries
        Same kind, venue and asset; overlapping rows must agree.

    Raises
    ------
    SourceError
        Two rows for the same time differ; both are named.
    """
    times = np.concatenate([part.times for part in parts])
    values = np.concatenate([part.values for part in parts])
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    repeats = np.flatnonzero(np.diff(times) == 0)
    for first in repeats:
        if not np.array_equal(values[first], values[first + 1], equal_nan=True):
            raise _conflict(parts, order, values, int(first))
    kept = np.concatenate(([True], np.diff(times) != 0))
    head = parts[0]
    return MergedSeries(
        raw=RawSeries(head.kind, head.venue, head.asset, times[kept], values[kept], head.where),
        rows=len(times),
        duplicates=len(repeats),
        out_of_order=sum(int((np.diff(part.times) < 0).sum()) for part in parts),
        max_jitter_s=max(_largest(part.jitter) for part in parts),
        several_a_day=_crowded_days(times[kept]) if head.kind == "lending" else 0,
    )


def _largest(jitter: FloatArray | None) -> float:
    return 0.0 if jitter is None else float(np.abs(jitter).max())


def _crowded_days(times: IntArray) -> int:
    _, counts = np.unique(times // SECONDS_PER_DAY, return_counts=True)
    return int((counts > 1).sum())


def _conflict(
    parts: list[RawSeries], order: IntArray, values: FloatArray, first: int
) -> SourceError:
    """Name the two files, rows and values that contradict each other."""
    starts = np.cumsum([0] + [len(part.times) for part in parts])
    column = int(np.argmax(values[first] != values[first + 1]))
    places = []
    for row in (first, first + 1):
        part = int(np.searchsorted(starts, order[row], side="right")) - 1
        number = int(order[row] - starts[part]) + 1
        places.append(f"{values[row, column]:.17g} ({parts[part].where}: row {number})")
    head = parts[0]
    stamp = np.datetime64(int(np.concatenate([p.times for p in parts])[order[first]]), "s")
    return SourceError(
        f"{head.label} {COLUMNS[head.kind][column]} at {stamp}Z: two values, "
        f"{places[0]} and {places[1]}. Remove the wrong row, or the older of the two files."
    )
