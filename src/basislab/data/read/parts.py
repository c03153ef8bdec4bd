"""A series in several files, such as an archive's months: read as one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from basislab.data.read.columns import Columns
from basislab.data.read.files import shown
from basislab.data.read.repeats import distinct_rows
from basislab.errors import SourceError


def files_of(folder: Path, name: str) -> list[Path]:
    """Return the files that a mapping names; a star stands for any part of a file's name."""
    if "*" not in name:
        return [folder / name]
    where = f"{shown(folder)}: {name[:80]!r}"
    try:
        found = sorted(path for path in folder.glob(name) if path.is_file())
    except (OSError, ValueError, NotImplementedError, IndexError):
        raise SourceError(f"{where}: no pattern of files below the folder.") from None
    if not found:
        raise SourceError(f"{where}: no file has such a name. Correct the mapping or the folder.")
    return found


def joined(parts: list[Columns]) -> Columns:
    """Return the parts of one series as one; rows that repeat must agree.

    Raises
    ------
    SourceError
        Two files contradict each other; both are named with the row.
    """
    if len(parts) == 1:
        return parts[0]
    names = [name for name in parts[0].values if all(name in part.values for part in parts)]
    starts = np.cumsum([0, *(len(part.times) for part in parts)])

    def place(row: int, name: str = "") -> str:
        part = int(np.searchsorted(starts, row, side="right")) - 1
        return parts[part].place(row - int(starts[part]), name)

    times = np.concatenate([part.times for part in parts])
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in names}
    kept = distinct_rows(times, values, place)
    return parts[0]._replace(
        times=times[kept.rows],
        values={name: column[kept.rows] for name, column in values.items()},
        place=lambda row, name="": place(int(kept.rows[row]), name),
        repeated=kept.repeated + sum(part.repeated for part in parts),
        out_of_order=sum(part.out_of_order for part in parts),
    )
