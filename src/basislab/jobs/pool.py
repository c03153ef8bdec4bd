"""Chunks over workers: threads over kernels that hold no lock, processes, or any executor.

At most two chunks per worker are under way, so that what is not yet kept stays small. Ctrl-C lets
the chunks that run finish and keeps them.
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
from typing import Any, Literal, TypeVar

from basislab.errors import ConfigError
from basislab.jobs.store import Arrays, ChunkStore

Item = TypeVar("Item")
Pool = Literal["threads", "processes"] | Executor
POOLS = ("threads", "processes")

MAX_WORKERS = 1024

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


def check_workers(workers: int | None) -> int:
    """Return the number of workers; one a core where it is left out.

    Raises
    ------
    ConfigError
        Not a whole number in [1, 1024].
    """
    if workers is None:
        return available_cores()
    is_whole = isinstance(workers, int) and not isinstance(workers, bool)
    if not is_whole or not 1 <= workers <= MAX_WORKERS:
        raise ConfigError(f"workers: got {workers!r}; it must be a whole number from 1 to 1024.")
    return workers


Submit = Callable[[Any], "Future[Arrays]"]


@contextmanager
def _submitter(task: Callable[[Any], Arrays], pool: Pool, workers: int) -> Iterator[Submit]:
    if isinstance(pool, Executor):
        yield lambda chunk: pool.submit(task, chunk)
        return
    if pool not in POOLS:
        raise ConfigError(f"pool: got {pool!r}; it must be one of {', '.join(POOLS)}.")
    executor: Executor
    if pool == "threads":
        executor = ThreadPoolExecutor(workers)
        submit: Submit = lambda chunk: executor.submit(task, chunk)  # noqa: E731 - a pair
    else:
        from multiprocessing import get_context

        context = get_context("spawn")
        executor = ProcessPoolExecutor(workers, context, initializer=_install, initargs=(task,))
        submit = lambda chunk: executor.submit(_run_installed, chunk)  # noqa: E731
    try:
        yield submit
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def run_chunks(
    task: Callable[[Item], Arrays],
    chunks: Sequence[Item],
    store: ChunkStore,
    *,
    pool: Pool = "threads",
    workers: int | None = None,
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
        An executor of one's own (a cluster's, say) is used as it is and left open.
    workers : int, optional
        One a core by default.
    on_done : callable of a chunk, optional
        Told of each chunk when it is kept, those that were there first.

    Raises
    ------
    KeyboardInterrupt
        After the chunks that were running have been kept.
    ConfigError
        Unknown pool, bad number of workers.
    """
    workers = check_workers(workers)
    tell = on_done or (lambda _: None)
    waiting = []
    for number, chunk in enumerate(chunks):
        if store.has(number):
            tell(chunk)
        else:
            waiting.append(number)
    with _submitter(task, pool, min(workers, max(len(waiting), 1))) as submit:
        running: dict[Future[Arrays], int] = {}
        waiting.reverse()
        try:
            while waiting or running:
                while waiting and len(running) < 2 * workers:
                    number = waiting.pop()
                    running[submit(chunks[number])] = number
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    number = running.pop(future)
                    store.put(number, future.result())
                    tell(chunks[number])
        except KeyboardInterrupt:
            _keep_running(running, store)
            raise


def _keep_running(running: dict[Future[Arrays], int], store: ChunkStore) -> None:
    """Keep what is being computed right now; drop what has not begun."""
    begun = {future: number for future, number in running.items() if not future.cancel()}
    for future in wait(begun).done:
        if future.exception() is None and not store.has(begun[future]):
            store.put(begun[future], future.result())


@contextmanager
def side_by_side(workers: int | None = None) -> Iterator[Callable[..., Iterator[Any]]]:
    """Give a ``map`` over threads: results in the items' order, for kernels that hold no lock."""
    with ThreadPoolExecutor(check_workers(workers)) as executor:
        yield executor.map
