"""The built-in sample: the study's facts table, verified against its recorded digest."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from basislab.data.read.table import assemble_table, numbers
from basislab.data.read.table_columns import read_table
from basislab.errors import SourceError
from basislab.types.market import Market

SAMPLE_NAME = "sol-2025"
SAMPLE_ALIASES = ("sample", SAMPLE_NAME)
"""Names that always mean the built-in sample; nothing else can be stored under them."""

SAMPLE_DIRECTORY = Path(__file__).parents[1] / "sample"


@cache
def load_sample() -> Market:
    """Return the built-in sample.

    Its bytes are verified instead of its cells, so that neither pandas nor pandera is imported:
    a few milliseconds instead of two seconds.

    Returns
    -------
    Market
        SOL/USDC, 410 daily bars; the same object on every call.

    Raises
    ------
    SourceError
        The installed file is not the one that its metadata describe.

    Examples
    --------
    >>> load_sample()
    Market('sol-2025': SOL/USDC, 410 bars of 24 h, 2024-12-31 to 2026-02-13, 6 series)
    """
    return read_sample(SAMPLE_DIRECTORY)


def read_sample(directory: Path) -> Market:
    """Read a sample from its directory.

    Parameters
    ----------
    directory : Path
        Holds ``study_daily.csv`` and ``study_daily.toml``.

    Raises
    ------
    SourceError
        Metadata that cannot be read, or a table with another digest.
    """
    path = directory / "study_daily.toml"
    remedy = "Install basislab again."
    try:
        metadata = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: the sample's metadata cannot be read. {remedy}") from error
    table = read_table(directory / "study_daily.csv")
    if table.sha256 != metadata["sha256"]:
        raise SourceError(
            f"{table.where}: sha256 {table.sha256[:12]}..., but its metadata say "
            f"{metadata['sha256'][:12]}...: the file was changed. {remedy}"
        )
    values = {name: numbers(cells) for name, cells in table.columns.items() if name != "date"}
    provenance = {
        "sources": [{"file": metadata["file"], "sha256": table.sha256}],
        "title": metadata["title"],
        "notes": metadata["notes"],
        "columns": metadata["columns"],
    }
    return assemble_table(table, values, SAMPLE_NAME, 0, provenance)
