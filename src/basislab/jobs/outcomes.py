"""Outcomes as Parquet files, one a finished chunk: what is there can be read while the job runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab.jobs.store import Arrays, ChunkStore, claim_folder
from basislab.jobs.tables import as_words, write_parquet
from basislab.research.grid import Grid
from basislab.research.montecarlo import FIRST_DAYS, FURTHER, Chunk
from basislab.research.search import Window, search_frame
from basislab.types.market import FloatArray

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"resize_cost": "resize_cost_usd"}

Rows = Callable[[int, Arrays], "pd.DataFrame"]
"""Makes the table of a chunk from its number and its arrays."""


class OutcomeStore:
    """Keeps chunks in another store, and writes each as a file before."""

    def __init__(self, inner: ChunkStore, folder: Path, rows: Rows) -> None:
        self._inner = inner
        self._folder = folder
        self._rows = rows

    def has(self, number: int) -> bool:
        """Tell whether a chunk is finished; one that was finished without a file gets it."""
        if not self._inner.has(number):
            return False
        if not self._file(number).exists():
            self._write(number, self._inner.get(number))
        return True

    def put(self, number: int, arrays: Arrays) -> None:
        """Keep a finished chunk."""
        self._write(number, arrays)
        self._inner.put(number, arrays)

    def get(self, number: int) -> Arrays:
        """Return the arrays of a finished chunk."""
        return self._inner.get(number)

    def _file(self, number: int) -> Path:
        return self._folder / f"outcomes-{number:06d}.parquet"

    def _write(self, number: int, arrays: Arrays) -> None:
        write_parquet(self._rows(number, arrays), self._file(number))


def open_outcomes(
    store: ChunkStore,
    folder: Path,
    rows: Rows,
    description: Mapping[str, Any],
    *,
    resume: bool,
) -> ChunkStore:
    """Return a store that also writes Parquet files into a folder.

    Raises
    ------
    ConfigError
        The folder holds another job's outcomes, or something else.
    """
    claim_folder(folder, description, resume=resume)
    return OutcomeStore(store, folder, rows)


def path_rows(
    chunks: Sequence[Chunk],
    capital: FloatArray,
    swept: Mapping[str, Sequence[Any]],
    number: int,
    arrays: Arrays,
) -> pd.DataFrame:
    """Return what became of every configuration on every path of a chunk, one row each."""
    import pandas as pd

    final = np.asarray(arrays["final"])
    n_configs, n_paths = final.shape
    configuration = np.repeat(np.arange(n_configs), n_paths)
    first, hurdle = chunks[number].first, np.asarray(arrays["hurdle"])
    total = final / capital[:, None] - 1.0
    fields = pd.DataFrame(dict(swept), index=range(n_configs)).take(configuration)
    columns = {
        "configuration": configuration,
        "path": np.tile(np.arange(first, first + n_paths), n_configs),
        "final_usd": final.ravel(),
        "return": total.ravel(),
        "hurdle_return": hurdle.ravel(),
        "excess_return": (total - hurdle).ravel(),
        "max_drawdown": np.asarray(arrays["drawdown"]).ravel(),
        "liquidation_day": _day_of(arrays["liquidation"]).ravel(),
    }
    for name, values in zip(FURTHER, arrays["further"], strict=False):  # of the venue engine only
        is_first = name in FIRST_DAYS
        named = f"{name}_day" if is_first else UNITS.get(name, name)
        columns[named] = (_day_of(values) if is_first else np.asarray(values)).ravel()
    return fields.reset_index(drop=True).assign(**columns)


def _day_of(times: FloatArray) -> FloatArray:
    """Return the day, from 1, of times in days; NaN where it never comes."""
    return np.where(np.isfinite(times), np.floor(times) + 1.0, np.nan)


def piece_rows(window: Window, grid: Grid[Any]) -> Rows:
    """Return what makes the rows of a piece of a sweep, as its whole table has them.

    Columns have the whole table's types: a piece without the word 'auto' has its triggers as words
    where another piece has that word.
    """
    import pandas as pd

    whole = as_words(pd.DataFrame(grid.columns(), index=range(len(grid.configs))))

    def rows(_: int, arrays: Arrays) -> pd.DataFrame:
        table, positions = np.asarray(arrays["table"]), np.asarray(arrays["positions"])
        swept = whole.take(positions).reset_index(drop=True)
        frame = search_frame(table, grid, window, positions)
        return frame.assign(**{str(name): swept[name] for name in swept})

    return rows
