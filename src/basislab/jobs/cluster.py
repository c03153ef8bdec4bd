"""Chunks on more than one machine: the workers of a Dask scheduler.

The task (market, configurations) is itself a task of the scheduler, named by its content, and every
chunk depends on it: it travels there once, goes from worker to worker as they need it, and is made
anew where the workers that held it have died. Chunks are a few numbers.
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, TypeGuard
from uuid import uuid4

from basislab._version import VERSION
from basislab.errors import BasisLabError, ClusterError, ConfigError
from basislab.jobs.store import Arrays
from basislab.kernels._jit import cache_directory

if TYPE_CHECKING:
    import distributed

CONNECT_S = 10.0
"""Seconds in which a scheduler must answer."""

PATIENCE_S = 300.0
"""Seconds that a job waits without any worker: a cluster that grows by itself needs minutes."""

ASK_S = 2.0
"""Seconds after which the scheduler is asked again how many threads there are."""

Task = Callable[[Any], Arrays]


def is_client(workers: object) -> TypeGuard[distributed.Client]:
    """Whether it is a client of Dask; where Dask was never imported there is none."""
    module = sys.modules.get("distributed")
    return module is not None and isinstance(workers, module.Client)


@contextmanager
def connected(workers: str | distributed.Client) -> Iterator[distributed.Client]:
    """Yield a client: one's own is left open, that of an address is closed again.

    Raises
    ------
    ConfigError
        The extra is not installed, an address that is none, a client inside an event loop.
    ClusterError
        Nobody answers.
    """
    if not isinstance(workers, str):
        if workers.asynchronous:
            raise ConfigError(
                "workers: the client is asynchronous. Make one with asynchronous=False."
            )
        if workers.status != "running":
            raise ClusterError(f"workers: the client is {workers.status}. Make a new one.")
        yield workers
        return
    client = _connect(workers)
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    _set_levels(loggers, [logging.CRITICAL + 1] * 2)  # what matters is raised, in words of ours
    try:
        yield client
    finally:
        is_lost = client.status != "running"
        client.close(timeout=CONNECT_S)
        if not is_lost:  # one without its scheduler complains after it was closed, too
            _set_levels(loggers, levels)


def _set_levels(loggers: list[logging.Logger], levels: list[int]) -> None:
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def _connect(address: str) -> distributed.Client:
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(
            f"workers {address}: it needs Dask. Install it: pip install 'basislab[cluster]'."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions: `open_task` compares those that matter
            return Client(address, timeout=CONNECT_S, set_as_default=False, name="basislab")
    except OSError:
        raise ClusterError(
            f"cluster {address}: no scheduler answered within {CONNECT_S:.0f} s. "
            "Start one (dask scheduler), or look at the address and the firewall."
        ) from None
    except (TypeError, ValueError):
        raise ConfigError(
            f"workers: got {address!r}; it must be a number, or the address of a Dask scheduler "
            "such as tcp://host:8786."
        ) from None


def code_identity() -> dict[str, str]:
    """Return what must be equal on two machines for equal bits."""
    import numba
    import numpy as np

    kernels = cache_directory()
    found = {"basislab": VERSION, "numba": numba.__version__, "numpy": np.__version__}
    return found | ({"kernels": kernels.rpartition("-")[2]} if kernels else {})


def open_task(code: Mapping[str, str], pickled: bytes) -> Task:
    """Return the task on a worker, once it is known to run the same code.

    Raises
    ------
    ConfigError
        Another version of basislab, of its kernels, of numba or of numpy.
    """
    here = code_identity()
    others = [
        f"{name} {here[name]} there, {version} here"
        for name, version in code.items()
        if here.get(name, version) != version
    ]
    if others:
        raise ConfigError(
            f"cluster: a worker runs other code ({'; '.join(others)}), and its numbers could "
            "differ. Install the same versions on all machines."
        )
    task: Task = pickle.loads(pickled)  # noqa: S301 - Dask itself sends pickles
    return task


def run_there(task: Task, chunk: Any) -> dict[str, Any]:
    """Run a chunk on a worker."""
    return dict(task(chunk))


class Cluster:
    """The workers of a scheduler, given chunks of one task."""

    def __init__(self, client: distributed.Client, task: Task) -> None:
        self._client = client
        self._address = getattr(client.scheduler, "address", "")
        self._run = uuid4().hex[:12]
        self._sent = 0
        self._threads = 0
        self._asked = -ASK_S
        self._under_way: set[Any] = set()
        self._alive = monotonic()
        pickled = pickle.dumps(task)
        key = f"basislab-task-{hashlib.sha256(pickled).hexdigest()[:24]}"
        with self._told(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a large task: it is sent once
            self._task = client.submit(open_task, code_identity(), pickled, key=key)

    def submit(self, chunk: Any) -> Future[Arrays]:
        """Hand a chunk over; what it gives, or why it failed, comes in the future."""
        self._sent += 1
        key = f"basislab-chunk-{self._run}-{self._sent}"
        with self._told():
            there = self._client.submit(run_there, self._task, chunk, key=key)
        self._under_way.add(there)
        here: Future[Arrays] = Future()
        there.add_done_callback(lambda one: self._arrive(one, here))
        return here

    def _arrive(self, there: Any, here: Future[Arrays]) -> None:
        """Pass on a chunk that has ended: on a thread of Dask's, so nothing may be raised."""
        if not here.set_running_or_notify_cancel():
            return
        try:
            here.set_result(there.result())
            self._under_way.discard(there)
        except BaseException as error:  # noqa: BLE001 - whatever it is goes to the one who waits
            here.set_exception(self._in_words(error, has_failed_there=there.status == "error"))

    def most(self) -> int:
        """Return how many chunks may be under way: two a thread of whatever workers there are."""
        self.look()
        return 2 * max(self._threads, 1)

    def look(self) -> None:
        """Ask for the workers, now and then.

        Raises
        ------
        ClusterError
            The scheduler is gone, or has had no worker for `PATIENCE_S`.
        """
        now = monotonic()
        if now - self._asked < ASK_S:
            return
        if self._client.status != "running":
            raise self._lost()
        with self._told():
            self._threads = sum(self._client.nthreads().values())
        self._asked = now
        if self._threads:
            self._alive = now
        elif now - self._alive > PATIENCE_S:
            raise ClusterError(
                f"cluster {self._address}: it has had no worker for {PATIENCE_S:.0f} s. Start "
                f"workers (dask worker {self._address}). {_KEPT}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what is still under way."""
        with suppress(Exception):
            self._client.cancel([*self._under_way, self._task])

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - any of Dask's, tornado's or the system's
            raise self._in_words(error) from None

    def _lost(self) -> ClusterError:
        return ClusterError(
            f"cluster {self._address}: the scheduler is gone, or was restarted. {_KEPT}"
        )

    def _in_words(self, error: BaseException, *, has_failed_there: bool = False) -> BaseException:
        """Return the error that a person sees: ours as it is, those of the machinery in words."""
        if isinstance(error, BasisLabError):
            return error
        if type(error).__name__ == "KilledWorker":
            return ClusterError(
                f"cluster {self._address}: a part of the job was tried on several workers, and all "
                "of them died; too little memory is the usual reason. See the workers' logs, give "
                f"them more memory or fewer threads. {_KEPT}"
            )
        if isinstance(error, ImportError | AttributeError):
            return ClusterError(
                f"cluster {self._address}: a worker has not the same basislab ({error}). Install "
                f"it there (pip install 'basislab[cluster]=={VERSION}'). {_KEPT}"
            )
        if has_failed_there and isinstance(error, OSError | MemoryError):
            what = str(error) or "out of memory"
            return ClusterError(f"cluster {self._address}: a worker failed ({what}). {_KEPT}")
        if isinstance(error, CancelledError | OSError | TimeoutError):
            return self._lost()
        return error


_KEPT = "Finished parts are in the job's folder, where there is one (--job); --resume goes on."
