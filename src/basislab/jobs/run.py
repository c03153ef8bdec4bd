"""Sweeps and Monte-Carlo as jobs: chunks over workers, statistics from what was kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab._version import VERSION
from basislab.jobs.outcomes import open_outcomes, path_rows, piece_rows
from basislab.jobs.pool import Pool, check_workers, run_chunks
from basislab.jobs.progress import Progress, no_progress
from basislab.jobs.store import Arrays, ChunkStore, open_store
from basislab.kernels._jit import cache_directory
from basislab.research.grid import Grid
from basislab.research.montecarlo import (
    Chunk,
    Outcomes,
    Plan,
    bytes_per_run,
    chunk_paths,
    run_chunk,
)
from basislab.research.risk import Statistics, fan_quantiles, statistics
from basislab.research.search import Window, run_piece
from basislab.simulate import model_of
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market

if TYPE_CHECKING:
    from basislab.jobs.pool import Workers

SLAB_BYTES = 24_000_000
"""How much of the outcomes is read together by one worker."""

STATISTICS_BYTES = 500_000_000
"""About how much memory the statistics may take: a slab and its copies are three slabs."""

SORT_BYTES = 2_000_000
"""How much of them is looked at together: statistics need several copies."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How a job is run; nothing of it changes a number.

    Parameters
    ----------
    workers : int, str or distributed.Client, optional
        One a core by default; a Dask scheduler's address, or a client of it.
    directory : Path, optional
        Where finished chunks stay.
    resume : bool
        Go on with what is there.
    outcomes : Path, optional
        Where Parquet files of the outcomes go, one a finished chunk.
    progress : callable of int
        Told how many paths (configurations, for a sweep) were done.
    """

    pool: Pool = "threads"
    workers: Workers = None
    directory: Path | None = None
    resume: bool = False
    outcomes: Path | None = None
    progress: Progress = field(default=no_progress)


def chunk_arrays(plan: Plan, chunk: Chunk) -> Arrays:
    """Run a chunk and name its arrays; a module's function, so that processes can be sent it."""
    return run_chunk(plan, chunk)._asdict()


def run_plan(
    plan: Plan,
    n_paths: int,
    capital: FloatArray,
    horizons: Sequence[int],
    setting: Setting,
    description: Mapping[str, Any] | None = None,
    swept: Mapping[str, Sequence[Any]] | None = None,
) -> tuple[Statistics, FloatArray]:
    """Run a plan over its paths and return statistics and the equity fan.

    Parameters
    ----------
    capital : ndarray of shape (n_configs,), USD
    description : mapping, optional
        All that the results follow from; needed with a folder.
    swept : mapping of str to sequence, optional
        The swept fields' values by configuration; columns of the outcomes' files.

    Returns
    -------
    ndarray of shape (n_marks, n_configs, n_quantiles), USD

    Raises
    ------
    ConfigError
        The folder holds another job.
    ClusterError
        The workers' machines are gone.
    KeyboardInterrupt
        Finished chunks are kept in the folder, where there is one.
    """
    sizes = (len(plan.marks), plan.n_further)
    chunks = chunk_paths(n_paths, plan.n_configs, *sizes)
    expected = n_paths * plan.n_configs * bytes_per_run(*sizes)
    told = description or {}

    with open_store(
        setting.directory, told, resume=setting.resume, expected_bytes=expected
    ) as kept:
        store = kept
        if setting.outcomes is not None:
            rows = partial(path_rows, chunks, capital, swept or {})
            store = open_outcomes(kept, setting.outcomes, rows, told, resume=setting.resume)
        run_chunks(
            partial(chunk_arrays, plan),
            chunks,
            store,
            pool=setting.pool,
            workers=setting.workers,
            on_done=lambda chunk: setting.progress(chunk.n_paths),
        )
        workers = check_workers(setting.workers)
        return _statistics(store, chunks, capital, horizons, workers)


def _statistics(
    store: ChunkStore,
    chunks: Sequence[Chunk],
    capital: FloatArray,
    horizons: Sequence[int],
    workers: int,
) -> tuple[Statistics, FloatArray]:
    """Read the outcomes a slab of configurations at a time: memory is bounded by the slabs."""
    n_marks, n_further = len(store.get(0)["fan"]), len(store.get(0)["further"])
    n_paths = sum(chunk.n_paths for chunk in chunks)
    per_config = max(1, n_paths * bytes_per_run(n_marks, n_further))
    size = max(1, SLAB_BYTES // per_config)
    slabs = [slice(first, first + size) for first in range(0, len(capital), size)]

    def look(slab: slice) -> list[tuple[Statistics, FloatArray]]:
        outcomes = _read(store, chunks, capital[slab].size, slab)
        width = max(1, SORT_BYTES // per_config)
        parts = []
        for first in range(0, len(outcomes.final), width):
            few = Outcomes._make(values[..., first : first + width, :] for values in outcomes)
            held = capital[slab][first : first + width]
            parts.append((statistics(few, held, horizons), fan_quantiles(few.fan)))
        return parts

    at_once = max(1, STATISTICS_BYTES // (3 * size * per_config))
    with ThreadPoolExecutor(min(workers, at_once)) as executor:
        found = [part for parts in executor.map(look, slabs) for part in parts]
    values = np.concatenate([one.values for one, _ in found])
    errors = np.concatenate([one.errors for one, _ in found])
    fan = np.concatenate([fan for _, fan in found], axis=1)
    return Statistics(found[0][0].names, values, errors), fan


def _read(store: ChunkStore, chunks: Sequence[Chunk], n_configs: int, slab: slice) -> Outcomes:
    """Return the outcomes of some configurations on all paths.

    One chunk is mapped at a time: the system brings in 16 pages for each that is touched, which
    for all chunks together would be most of the job.
    """
    n_paths = sum(chunk.n_paths for chunk in chunks)
    made: dict[str, Any] = {}
    for number, chunk in enumerate(chunks):
        for name, values in store.get(number).items():
            if name not in made:
                shape = (*values.shape[:-2], n_configs, n_paths)
                made[name] = np.empty(shape, values.dtype)
            made[name][..., chunk.first : chunk.first + chunk.n_paths] = values[..., slab, :]
    return Outcomes(**made)


def run_search(
    window: Window,
    grid: Grid[ModelConfig],
    setting: Setting,
    description: Callable[[], Mapping[str, Any]],
) -> FloatArray:
    """Run every configuration of a window that can be run.

    Parameters
    ----------
    window : Window
        Of one model.
    grid : Grid
        Its configurations; columns of the outcomes' files.
    description : callable
        Returns all that the results follow from; asked with a folder.

    Returns
    -------
    ndarray of shape (n_configs, n_columns)
        The model's table, in the order of the configurations; NaN where the venues refuse.

    Raises
    ------
    ConfigError
        The folder holds another job.
    DataError
        The market lacks a series.
    ClusterError
        The workers' machines are gone.
    LedgerError
        The books of a run do not explain its change of equity (a bug).
    """
    pieces = window.pieces()
    is_kept = setting.directory is not None or setting.outcomes is not None
    told = description() if is_kept else {}
    table = np.full((len(window.configs), len(model_of(window.configs[0]).columns)), np.nan)
    setting.progress(window.n_refused)
    with open_store(setting.directory, told, resume=setting.resume) as kept:
        store = kept
        if setting.outcomes is not None:
            rows = piece_rows(window, grid)
            store = open_outcomes(kept, setting.outcomes, rows, told, resume=setting.resume)
        run_chunks(
            partial(run_piece, window),
            pieces,
            store,
            pool=setting.pool,
            workers=setting.workers,
            on_done=lambda piece: setting.progress(piece.n_rows),
        )
        for number in range(len(pieces)):
            part = store.get(number)
            table[part["positions"]] = part["table"]
    return table


def sweep_description(
    market: Market, configs: Sequence[ModelConfig], start: date | None, end: date | None
) -> dict[str, Any]:
    """Return all that a sweep's results follow from, JSON-ready."""
    return {
        "what": "sweep",
        "market": market.fingerprint,
        "configs": hashlib.sha256(repr(configs).encode()).hexdigest(),
        "start": str(start),
        "end": str(end),
    } | code_description()


def code_description() -> dict[str, Any]:
    """Return what identifies the code that made a result.

    Returns
    -------
    dict
        Version and hash of the kernels' sources.
    """
    kernels = cache_directory()
    return {"version": VERSION, "kernels": Path(kernels).name if kernels else None}
