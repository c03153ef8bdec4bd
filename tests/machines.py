"""A scheduler and workers as real processes, and tasks that they can import."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]


def wait_until(is_so, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


class Machines:
    """A scheduler of Dask and its workers, one thread each, on this machine."""

    def __init__(self, folder: Path, workers: int, **settings: Any) -> None:
        self._folder = folder
        self._settings = {
            f"DASK_DISTRIBUTED__{name.upper()}": str(value) for name, value in settings.items()
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        here = ["--host", "127.0.0.1", "--no-dashboard"]
        self.scheduler = self._start("scheduler", *here, "--port", port)
        wait_until(lambda: _answers(port))
        self._workers: list[subprocess.Popen[bytes]] = []
        self.grow_to(workers)

    def grow_to(self, number: int) -> None:
        """Start workers until so many are alive."""
        alone = ["--nthreads", 1, "--no-nanny", "--no-dashboard", "--local-directory", self._folder]
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        while len(self._workers) < number:
            self._workers.append(self._start("worker", self.address, *alone))

    def _start(self, what: str, *arguments: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *map(str, arguments)],
            cwd=ROOT,
            env=os.environ | self._settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def note(chunk):
    """Write down who ran a chunk; the first one that is to hang waits to be killed."""
    number, folder, hangs = chunk
    with (folder / f"ran-{number}").open("a") as file:
        file.write(f"{os.getpid()}\n")
    if hangs:
        try:
            (folder / "hangs").touch(exist_ok=False)
            time.sleep(60)
        except FileExistsError:
            pass
    return {"number": np.array([number])}


def die(chunk):
    """End the worker's process, as the system does where memory is short."""
    os._exit(9)


def weigh(values, chunk):
    """Return the sum of what the task carries."""
    return {"sum": np.array([values.sum() + chunk])}


def fail(text):
    """Fail as a worker's system does: without a text for want of memory."""
    raise OSError(text) if text else MemoryError
