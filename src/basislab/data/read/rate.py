"""A rate of one's own, such as a bill's yield: a file of two columns, time and APY."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from basislab.data.read.clock import read_times
from basislab.data.read.delimited import read_delimited
from basislab.data.read.figures import read_numbers
from basislab.data.read.files import read_file, shown
from basislab.errors import SourceError
from basislab.types.market import FloatArray, TimeArray


def read_rate(path: Path, times: TimeArray) -> FloatArray:
    """Return the rate at each time: the last one that the file knows by then, a fraction a year.

    Raises
    ------
    SourceError
        The file cannot be read, has other columns, a cell without a number, times out of order, or
        begins after the first time.
    """
    where = shown(path)
    sheet = read_delimited(read_file(path)[0], where)
    if sheet.header is None or len(sheet.header) != 2:
        raise SourceError(
            f"{where}: a rate is two columns with names, such as day,apy or day,apy_pct. "
            "Write the time first, the rate a year second."
        )
    clock, rate = sheet.header
    micros, _ = read_times(sheet, clock)
    apy = read_numbers(sheet, {"apy": rate}, {"apy": ""})["apy"]
    if np.isnan(apy).any():
        row = int(np.isnan(apy).argmax())
        raise SourceError(f"{sheet.place(row, rate)}: no number. A missing rate is not zero.")
    if (np.diff(micros) <= 0).any():
        row = int((np.diff(micros) <= 0).argmax()) + 1
        raise SourceError(
            f"{sheet.place(row, clock)}: not after the row before. Put them in order."
        )
    wanted = times.astype("datetime64[us]").astype(np.int64)
    places = np.searchsorted(micros, wanted, side="right") - 1
    if places[0] < 0:
        raise SourceError(
            f"{where}: it begins at {np.datetime64(int(micros[0]), 'us')}, after the first bar, "
            f"{times[0]}. Add the rate that held then."
        )
    return np.asarray(apy[places])
