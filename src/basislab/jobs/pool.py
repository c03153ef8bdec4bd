"""Chunks over workers: threads over kernels that hold no lock, processes, any executor, a cluster.

At most two chunks per worker are under way, so that what is not yet kept stays small. Ctrl-C lets
the chunks that run on this machine finish and keeps them.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard, TypeVar

from basislab.errors import ConfigError
from basislab.jobs.cluster import Cluster, connected, is_client
from basislab.jobs.store import Arrays, ChunkStore

if TYPE_CHECKING:
    import distributed

    Workers = int | str | distributed.Client | None

Item = TypeVar("Item")
Pool = Literal["threads", "processes"] | Executor
POOLS = ("threads", "processes")

MAX_WORKERS = 1024
LOOK_S = 5.0
"""Seconds without a finished chunk after which it is asked whether anyone still works."""

_task: Callable[[Any], Arrays] | None = None


def _install(task: Callable[[Any], Arrays]) -> None:
    """Give a worker process its task once; Ctrl-C is the parent's business."""
    global _task  # noqa: PLW0603 - a worker process has one task
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run_installed(chunk: Any) -> Arrays:
    if _task is None:
        raise RuntimeError("a worker process was started without its task")
    return _task(chunk)


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_workers(workers: Workers) -> int:
    """Return the number of workers on this machine; one a core where it is left out, or a cluster.

    Raises
    ------
    ConfigError
        Not a whole number in [1, 1024], nor a cluster.
    """
    if workers is None or is_cluster(workers):
        return available_cores()
    if not isinstance(workers, int) or isinstance(workers, bool) or not 1 <= workers <= MAX_WORKERS:
        raise ConfigError(
            f"workers: got {workers!r}; it must be a whole number from 1 to 1024, or a Dask "
            "scheduler's address such as tcp://host:8786."
        )
    return workers


def is_cluster(workers: object) -> TypeGuard[str | distributed.Client]:
    """Whether workers are those of a scheduler: its address, or a client of it."""
    return (isinstance(workers, str) and "://" in workers) or is_client(workers)


class Crew(Protocol):
    """Those who run chunks."""

    def submit(self, chunk: Any) -> Future[Arrays]:
        """Hand a chunk over."""

    def most(self) -> int:
        """Return how many chunks may be under way."""

    def look(self) -> None:
        """Raise where nobody works any more."""


class Here:
    """Threads or processes of this machine, or somebody's executor."""

    def __init__(self, submit: Callable[[Any], Future[Arrays]], workers: int) -> None:
        self.submit = submit
        self._workers = workers

    def most(self) -> int:
        """Return two a worker."""
        return 2 * self._workers

    def look(self) -> None:
        """Say nothing: a pool raises by itself."""


@contextmanager
def _crew(task: Callable[[Any], Arrays], pool: Pool, workers: Workers, n: int) -> Iterator[Crew]:
    """Yield who runs `n` chunks of a task."""
    if is_cluster(workers):
        if pool != "threads":
            raise ConfigError("pool: a cluster has workers of its own. Give one of the two.")
        with connected(workers) as client, Cluster(client, task) as cluster:
            yield cluster
        return
    number = check_workers(workers)
    if isinstance(pool, Executor):
        yield Here(lambda chunk: pool.submit(task, chunk), number)
        return
    if pool not in POOLS:
        raise ConfigError(f"pool: got {pool!r}; it must be one of {', '.join(POOLS)}.")
    executor: Executor
    count = min(number, max(n, 1))
    if pool == "threads":
        executor = ThreadPoolExecutor(count)
        crew = Here(lambda chunk: executor.submit(task, chunk), number)
    else:
        from multiprocessing import get_context

        context = get_context("spawn")
        executor = ProcessPoolExecutor(count, context, initializer=_install, initargs=(task,))
        crew = Here(lambda chunk: executor.submit(_run_installed, chunk), number)
    try:
        yield crew
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def run_chunks(
    task: Callable[[Item], Arrays],
    chunks: Sequence[Item],
    store: ChunkStore,
    *,
    pool: Pool = "threads",
    workers: Workers = None,
    on_done: Callable[[Item], None] | None = None,
) -> None:
    """Run every chunk that the store does not have yet, and keep what each gives.

    Parameters
    ----------
    task : callable of a chunk
        Returns named arrays; picklable for processes and other executors.
    chunks : sequence
        Small descriptions of work, never arrays. A chunk's number is its position.
    pool : {"threads", "processes"} or Executor
        An executor of one's own is used as it is and left open.
    workers : int, str or distributed.Client, optional
        One a core by default; the address of a Dask scheduler, or a client of it, in place of a
        pool.
    on_done : callable of a chunk, optional
        Told of each chunk when it is kept, those that were there first.

    Raises
    ------
    KeyboardInterrupt
        After the chunks that were running have been kept.
    ConfigError
        Unknown pool, bad number of workers.
    ClusterError
        The scheduler or all workers are gone; what was finished is in the store.
    """
    tell = on_done or (lambda _: None)
    waiting = []
    for number, chunk in enumerate(chunks):
        if store.has(number):
            tell(chunk)
        else:
            waiting.append(number)
    with _crew(task, pool, workers, len(waiting)) as crew:
        running: dict[Future[Arrays], int] = {}
        waiting.reverse()
        try:
            while waiting or running:
                while waiting and len(running) < crew.most():
                    number = waiting.pop()
                    running[crew.submit(chunks[number])] = number
                done = wait(running, LOOK_S, return_when=FIRST_COMPLETED).done
                for future in sorted(done, key=_has_failed):
                    number = running.pop(future)
                    store.put(number, future.result())
                    tell(chunks[number])
                if not done:
                    crew.look()
        except KeyboardInterrupt:
            _keep_running(running, store)
            raise


def _has_failed(future: Future[Arrays]) -> bool:
    """Failures come last: what was finished with them is kept."""
    return future.exception() is not None


def _keep_running(running: dict[Future[Arrays], int], store: ChunkStore) -> None:
    """Keep what is being computed right now; drop what has not begun."""
    begun = {future: number for future, number in running.items() if not future.cancel()}
    for future in wait(begun).done:
        if future.exception() is None and not store.has(begun[future]):
            store.put(begun[future], future.result())


@contextmanager
def side_by_side(workers: int | None = None) -> Iterator[Callable[..., Iterator[Any]]]:
    """Give a ``map`` over threads: results in the items' order, for kernels that hold no lock.

    Raises
    ------
    ConfigError
        Bad number of workers, or a cluster.
    """
    if is_cluster(workers):
        raise ConfigError(f"workers: got {workers!r}; this runs on one machine. Give a number.")
    with ThreadPoolExecutor(check_workers(workers)) as executor:
        yield executor.map
