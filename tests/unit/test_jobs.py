"""Jobs: the same numbers whoever runs them, and nothing finished is lost."""

import json
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import basislab as bl
from basislab.errors import ConfigError
from basislab.jobs import DirectoryStore, MemoryStore, open_store, run_chunks
from basislab.jobs.run import Setting, chunk_arrays, run_plan
from basislab.research.bootstrap import drawable_bars
from basislab.research.montecarlo import Chunk, make_plan
from basislab.types import RebalanceConfig, RotationConfig
from tests.builders import INTERRUPTIBLE, free_config, make_market


def small_plan():
    random = np.random.default_rng(1)
    close = (100 * np.exp(np.cumsum(0.05 * random.standard_normal(60)))).tolist()
    market = make_market(close, funding=(0.001 * random.standard_normal(60)).tolist())
    many = [free_config(RebalanceConfig, leverage=2), free_config(RotationConfig, leverage=3)]
    bars = drawable_bars(market)
    return make_plan(market, many, bars, n_bars=30, block=5.0, seed=9, marks=(0, 29))


CHUNKS = [Chunk(first, 3) for first in range(0, 30, 3)]


def all_bytes(store, count):
    return [
        {name: np.ascontiguousarray(values).tobytes() for name, values in store.get(n).items()}
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def reference():
    store = MemoryStore()
    run_chunks(partial(chunk_arrays, small_plan()), CHUNKS, store, workers=1)
    return all_bytes(store, len(CHUNKS))


@pytest.mark.parametrize("pool", ["threads", "processes", "executor"])
def test_every_pool_gives_the_same_bits(pool, reference):
    store = MemoryStore()
    task = partial(chunk_arrays, small_plan())
    if pool == "executor":
        with ThreadPoolExecutor(3) as executor:
            run_chunks(task, CHUNKS, store, pool=executor)
            assert executor.submit(int).result() == 0, "an executor of one's own is left open"
    else:
        run_chunks(task, CHUNKS, store, pool=pool, workers=2)
    assert all_bytes(store, len(CHUNKS)) == reference


def test_files_keep_the_same_bits(tmp_path, reference):
    store = DirectoryStore(tmp_path)
    run_chunks(partial(chunk_arrays, small_plan()), CHUNKS, store)
    assert all_bytes(DirectoryStore(tmp_path), len(CHUNKS)) == reference


def test_spilled_results_are_those_in_memory(monkeypatch):
    """With no memory allowed the outcomes go through scratch files, which are gone afterwards."""
    plan, capital = small_plan(), np.array([10_000.0, 10_000.0])
    inside = run_plan(plan, 100, capital, (10,), Setting())
    made = []
    real = DirectoryStore.put
    monkeypatch.setattr("basislab.jobs.store.MEMORY_LIMIT_BYTES", 0)
    monkeypatch.setattr("basislab.jobs.run.SLAB_BYTES", 1)
    monkeypatch.setattr(
        DirectoryStore,
        "put",
        lambda self, *given: (made.append(self.directory), real(self, *given)),
    )
    spilled = run_plan(plan, 100, capital, (10,), Setting())
    assert inside[0].values.tobytes() == spilled[0].values.tobytes()
    assert inside[1].tobytes() == spilled[1].tobytes()
    assert made
    assert not any(folder.exists() for folder in made)


def test_finished_chunks_are_not_run_again(tmp_path):
    asked = []

    def task(chunk):
        asked.append(chunk)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return {"x": np.array([chunk])}

    store = DirectoryStore(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_chunks(task, [10, 11, 12, 13, 14], store, workers=1)
    kept = [n for n in range(5) if store.has(n)]
    assert len(kept) >= 2
    told = []
    run_chunks(task, [10, 11, 12, 13, 14], store, workers=1, on_done=told.append)
    assert sorted(told) == [10, 11, 12, 13, 14]
    assert [int(store.get(n)["x"][0]) for n in range(5)] == [10, 11, 12, 13, 14]
    assert len(asked) == 3 + 5 - len(kept)


def test_an_error_of_a_chunk_is_raised():
    def task(chunk):
        raise ConfigError("bad chunk")

    with pytest.raises(ConfigError, match="bad chunk"):
        run_chunks(task, [1, 2], MemoryStore())


def test_a_folder_of_another_job_is_refused(tmp_path):
    with open_store(tmp_path / "job", {"seed": 1, "paths": 10}) as store:
        store.put(0, {"x": np.zeros(1)})
    with (
        pytest.raises(ConfigError, match=r"it is another job \(seed differ\)"),
        open_store(tmp_path / "job", {"seed": 2, "paths": 10}, resume=True),
    ):
        pass
    with (
        pytest.raises(ConfigError, match=r"holds a job already\. Go on with it with --resume"),
        open_store(tmp_path / "job", {"seed": 1, "paths": 10}),
    ):
        pass
    with open_store(tmp_path / "job", {"seed": 1, "paths": 10}, resume=True) as store:
        assert store.has(0)


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with (
        pytest.raises(ConfigError, match="not empty and holds no job"),
        open_store(tmp_path, {"seed": 1}),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_resume_needs_a_folder():
    with (
        pytest.raises(ConfigError, match="resume: there is no job folder"),
        open_store(None, {}, resume=True),
    ):
        pass


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, 4096])
def test_bad_workers_are_refused(workers):
    with pytest.raises(ConfigError, match="workers: got"):
        run_chunks(lambda chunk: {}, [1], MemoryStore(), workers=workers)


def test_an_unknown_pool_is_refused():
    with pytest.raises(ConfigError, match="pool: got 'fork'; it must be one of threads, processes"):
        run_chunks(lambda chunk: {}, [1], MemoryStore(), pool="fork")


ARGUMENTS = [
    "montecarlo", "--leverage", "2:5:0.05", "--trigger", "6", "--paths", "12000",
    "--no-block-check", "--no-history-error", "--seed", "5", "--workers", "1",
]  # fmt: skip


def command(*more):
    return [*INTERRUPTIBLE, *ARGUMENTS, *map(str, more)]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "whole.csv"
    subprocess.run(command("--out", out), capture_output=True, check=True)
    return out.read_bytes()


def chunks_in(folder: Path) -> int:
    return len(list(folder.glob("paths/chunk-*")))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_job_goes_on_where_it_was(tmp_path, how, uninterrupted):
    """A real process is killed (or interrupted) between chunks; resumed, it gives the same bits."""
    job = tmp_path / "job"
    process = subprocess.Popen(
        command("--job", job), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while chunks_in(job) < 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    before = chunks_in(job)
    total = 16
    assert 2 <= before < total, said
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert f"what was finished is in {job}" in said
    times = {path: path.stat().st_mtime_ns for path in job.glob("paths/chunk-*")}
    resumed = subprocess.run(
        command("--job", job, "--resume", "--out", tmp_path / "a.csv"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert resumed.returncode == 0, resumed.stderr
    assert chunks_in(job) == total
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert (tmp_path / "a.csv").read_bytes() == uninterrupted


def test_a_manifest_says_what_the_job_is(tmp_path, market):
    bl.montecarlo(
        market, RebalanceConfig(leverage=2), paths=20, days=30, job=tmp_path / "j",
        block_check=False, history_error=False, seed=3,
    )  # fmt: skip
    told = json.loads((tmp_path / "j" / "paths" / "job.json").read_text())["job"]
    assert told["seed"] == 3
    assert told["market"] == market.fingerprint
