"""Rows that say the same twice are one row; rows that contradict each other are an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from basislab.errors import SourceError
from basislab.types.market import FloatArray, IntArray


class Distinct(NamedTuple):
    """Which rows are kept, oldest first, and what was found on the way.

    Parameters
    ----------
    rows : ndarray of int64
        Of the file, counted from 0.
    repeated : int
        Rows that were dropped because another one says the same.
    out_of_order : int
        Rows that stand after a later one.
    """

    rows: IntArray
    repeated: int
    out_of_order: int


def distinct_rows(
    times: IntArray, values: dict[str, FloatArray], place: Callable[[int], str]
) -> Distinct:
    """Return one row for each time.

    Parameters
    ----------
    times : ndarray of int64, shape (n_rows,), seconds since 1970
        Nominal ones: stamps that lie apart by a venue's jitter are the same.
    values : dict of str to ndarray of shape (n_rows,)
    place : callable
        Returns the start of a message about a row of the file.

    Raises
    ------
    SourceError
        Two rows of the same time have different values; both are named.
    """
    order = np.argsort(times, kind="stable")
    repeats = np.flatnonzero(np.diff(times[order]) == 0)
    for name, column in values.items():
        before, after = column[order[repeats]], column[order[repeats + 1]]
        differs = (before != after) & ~(np.isnan(before) & np.isnan(after))
        if differs.any():
            at = int(repeats[np.argmax(differs)])
            raise _contradiction(times, name, column, order[at : at + 2], place)
    kept = np.delete(order, repeats + 1)
    return Distinct(kept, len(repeats), int((np.diff(times) < 0).sum()))


def _contradiction(
    times: IntArray,
    name: str,
    column: FloatArray,
    rows: IntArray,
    place: Callable[[int], str],
) -> SourceError:
    first, second = rows.tolist()
    stamp = np.datetime64(int(times[first]), "s")
    where, other = place(first).rsplit(": ", 1)[0], place(second)
    other = other.removeprefix(f"{where}: ")  # the file stands once, if it is one
    return SourceError(
        f"{place(first)} and {other}, {name}: two values for {stamp}Z, "
        f"{column[first]:.17g} and {column[second]:.17g}. Remove the wrong row."
    )
