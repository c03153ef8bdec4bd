"""Result tables as Parquet files, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from basislab.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a DataFrame as zstd Parquet: a temporary file beside it, renamed.

    Raises
    ------
    ConfigError
        The file cannot be written; what was there before is untouched.
    """
    import duckdb

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".basislab-", dir=path.parent) as folder:
            half = Path(folder) / "table.parquet"
            connection = duckdb.connect()
            try:
                connection.register("result", as_words(frame))
                target = str(half).replace("'", "''")
                connection.execute(f"COPY result TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
            finally:
                connection.close()
            os.replace(half, path)  # noqa: PTH105 - over what is there, on every platform
    except (OSError, duckdb.Error) as error:
        raise ConfigError(
            f"output {path}: it cannot be written ({error}). Choose another place."
        ) from None


def as_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with columns that mix numbers and words (a trigger, 'auto') as words."""
    mixed = [
        name
        for name in frame.columns
        if frame[name].dtype == object
        and not all(isinstance(value, str) or value is None for value in frame[name])
    ]
    if not mixed:
        return frame
    words = {
        name: frame[name].map(lambda value: "never" if value is None else str(value))
        for name in mixed
    }
    return frame.assign(**words)
