"""Jobs: chunks of work over threads, processes or any executor, kept as they finish."""

from basislab.jobs.pool import Pool, run_chunks, side_by_side
from basislab.jobs.progress import Progress, no_progress
from basislab.jobs.store import ChunkStore, DirectoryStore, MemoryStore, open_store

__all__ = [
    "ChunkStore",
    "DirectoryStore",
    "MemoryStore",
    "Pool",
    "Progress",
    "no_progress",
    "open_store",
    "run_chunks",
    "side_by_side",
]
