"""One Monte-Carlo by threads of this machine and by one, two and four workers of a scheduler on it.

    python -m benchmarks.cluster [--no-save]

Scheduler and workers are processes of this machine, which has the cores that the result names: no
more workers than that can be faster. Processor time does not depend on what else runs here, and
says what a cluster costs. Kept in ``benchmarks/cluster.json`` and in the tables of docs/cluster.md.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

import basislab as bl
from basislab.jobs import MemoryStore, run_chunks
from basislab.jobs.run import chunk_arrays
from basislab.research.montecarlo import chunk_paths
from benchmarks.large import RESULTS as LARGE
from benchmarks.measure import history, study_configs
from benchmarks.run import machine
from tests.machines import Machines, wait_until

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "cluster.json"
PAGE = ROOT / "docs" / "cluster.md"
BEGIN, END = "<!-- measured: {} -->", "<!-- end -->"
PATHS, POLICIES, WORKERS, TRIES = 20_000, 100, (1, 2, 4), 3


def busy(processes: list[psutil.Process]) -> float:
    """Return the processor time of processes, seconds."""
    return sum(one.cpu_times().user + one.cpu_times().system for one in processes)


class Job:
    """The Monte-Carlo that is measured."""

    def __init__(self) -> None:
        plan = history(bl.load_market(), study_configs(POLICIES))
        self.task = partial(chunk_arrays, plan)
        self.chunks = chunk_paths(PATHS, POLICIES, 0)

    def run(self, workers: Any) -> tuple[dict[str, float], list[bytes]]:
        """Return seconds and processor seconds of this process, and all bytes of the results."""
        store = MemoryStore()
        begun, before = time.perf_counter(), time.process_time()
        run_chunks(self.task, self.chunks, store, workers=workers)
        found = {"seconds": time.perf_counter() - begun, "client": time.process_time() - before}
        kept = [store.get(number) for number in range(len(self.chunks))]
        return found, [np.asarray(one[name]).tobytes() for one in kept for name in sorted(one)]


def on_cluster(job: Job, number: int, expected: list[bytes]) -> dict[str, float]:
    """Measure the job on so many workers, after a first run that loads the kernels there."""
    with tempfile.TemporaryDirectory() as folder:
        machines = Machines(Path(folder), number)
        try:
            from distributed import Client

            with Client(machines.address, set_as_default=False) as client:
                wait_until(lambda: len(client.nthreads()) == number)
                pids = list(client.run(_pid).values())
            job.run(machines.address)
            workers = [psutil.Process(pid) for pid in pids]
            scheduler = [psutil.Process(machines.scheduler.pid)]
            tries = []
            for _ in range(TRIES):
                before = busy(workers), busy(scheduler)
                found, made = job.run(machines.address)
                assert made == expected, "the bits differ"
                found["workers_busy"] = busy(workers) - before[0]
                found["scheduler"] = busy(scheduler) - before[1]
                tries.append(found)
        finally:
            machines.stop()
    return {"workers": number} | best(tries)


def best(tries: list[dict[str, float]]) -> dict[str, float]:
    """Return the smallest of each figure: what else runs here only adds."""
    return {name: min(one[name] for one in tries) for name in tries[0]}


def _pid() -> int:
    return os.getpid()


def measure() -> dict[str, Any]:
    """Return all measurements."""
    load = os.getloadavg()[0]
    job = Job()
    job.run(1)
    tries = [job.run(1) for _ in range(TRIES)]
    threads, expected = best([found for found, _ in tries]), tries[0][1]
    runs = []
    for number in WORKERS:
        runs.append(on_cluster(job, number, expected))
        print(runs[-1], flush=True)
    return {
        "machine": machine(),
        "load": load,
        "paths": PATHS,
        "policies": POLICIES,
        "chunks": len(job.chunks),
        "task_bytes": len(pickle.dumps(job.task)),
        "chunk_bytes": len(pickle.dumps(job.chunks[0])),
        "result_bytes": sum(map(len, expected)) // len(job.chunks),
        "one_thread": threads,
        "runs": runs,
    }


def write_table() -> None:
    """Write the tables of the page from what is kept."""
    text = PAGE.read_text(encoding="utf-8")
    if RESULTS.exists():
        text = _put(text, "cluster", workers_table(json.loads(RESULTS.read_text())))
    if LARGE.exists():
        text = _put(text, "memory", memory_table(json.loads(LARGE.read_text())))
    PAGE.write_text(text, encoding="utf-8")


def _put(text: str, name: str, table: str) -> str:
    begin = BEGIN.format(name)
    head, _, rest = text.partition(begin)
    return f"{head}{begin}\n{table}\n{END}{rest.partition(END)[2]}"


def workers_table(kept: dict[str, Any]) -> str:
    """Return time and processor time by number of workers, and what travels."""
    cores, one = kept["machine"]["cores"], kept["one_thread"]
    alone = kept["runs"][0]["seconds"]
    what = f"{kept['paths']:,} paths x {kept['policies']} policies in {kept['chunks']} parts"
    columns = ["", "seconds", "speed-up", "efficiency", "workers, s", "scheduler, s", "client, s"]
    lines = [
        f"{what}, on one machine of {cores} cores with a load of {kept['load']:.1f} from others:",
        "",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
        f"| one thread, no cluster | {one['seconds']:.1f} | | | {one['client']:.1f} | | |",
    ]
    for run in kept["runs"]:
        number, times = run["workers"], alone / run["seconds"]
        lines.append(
            f"| {number} worker{'s' if number > 1 else ''} | {run['seconds']:.1f} | {times:.2f} "
            f"| {times / min(number, cores):.0%} | {run['workers_busy']:.1f} "
            f"| {run['scheduler']:.2f} | {run['client']:.2f} |"
        )
    cost = max((run["scheduler"] + run["client"]) / kept["chunks"] for run in kept["runs"])
    task, chunk = kept["task_bytes"] / 1e3, kept["chunk_bytes"]
    travels = f"The task is {task:.0f} kB and travels once; a part is {chunk} bytes there and "
    travels += f"{kept['result_bytes'] / 1e6:.1f} MB back. It costs scheduler and client at most "
    lines += ["", f"{travels}{1e3 * cost:.0f} ms of processor time."]
    return "\n".join(lines)


def memory_table(kept: dict[str, Any]) -> str:
    """Return peak memory by number of paths."""
    lines = ["| paths | policies | peak memory | seconds |", "|---|---|---|---|"]
    lines += [
        f"| {run['paths']:,} | {kept['policies']} | {run['peak_mb']:,.0f} MB "
        f"| {run['seconds']:,.0f} |"
        for run in kept["runs"]
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure, keep and show."""
    kept = measure()
    print(workers_table(kept))
    if "--no-save" not in arguments:
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        write_table()


if __name__ == "__main__":
    main(sys.argv[1:])
