"""More than one machine: a real scheduler, real workers, and what happens when they are killed."""

import os
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import basislab as bl
from basislab.cli import main
from basislab.errors import ClusterError, ConfigError
from basislab.jobs import MemoryStore, run_chunks, side_by_side
from basislab.jobs.cluster import code_identity, open_task
from tests.builders import INTERRUPTIBLE
from tests.machines import ROOT, Machines, die, fail, note, wait_until, weigh
from tests.pages import fences

distributed = pytest.importorskip("distributed", reason="the extra cluster")


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """A scheduler with one worker; tests add and kill others."""
    machines = Machines(tmp_path_factory.mktemp("machines"), workers=1)
    yield machines
    machines.stop()


@pytest.fixture(scope="module")
def frail(tmp_path_factory):
    """A scheduler without workers, which gives a chunk up when one worker has died of it."""
    machines = Machines(tmp_path_factory.mktemp("frail"), 0, scheduler__allowed_failures=0)
    yield machines
    machines.stop()


def threads_of(client):
    return sum(client.nthreads().values())


def montecarlo(market, workers):
    return bl.montecarlo(
        market, bl.RebalanceConfig(leverage=2), leverage=[2, 3], trigger=[5, None], paths=200,
        days=60, block_check=False, history_error=False, seed=3, workers=workers,
    )  # fmt: skip


def bits(market, workers):
    risk = montecarlo(market, workers)
    grid = {"leverage": np.linspace(2, 4, 40).tolist(), "trigger": [5, 6, None]}
    table = bl.sweep(market, bl.RebalanceConfig(leverage=2), workers=workers, **grid)
    run = risk.runs[0]
    kept = (run.estimates, run.errors, risk.fan, table.select_dtypes("number").to_numpy(float))
    return [values.tobytes() for values in kept]


def test_the_bits_are_the_same_for_any_number_of_workers(machines, market):
    """Threads of this machine, then one, two and four workers, by address and by a client."""
    expected = bits(market, 2)
    with distributed.Client(machines.address, set_as_default=False) as client:
        for number in (1, 2, 4):
            machines.grow_to(number)
            wait_until(lambda wanted=number: threads_of(client) >= wanted)
            assert bits(market, machines.address) == expected
        assert bits(market, client) == expected
        assert client.status == "running", "a client of one's own is left open"


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def test_a_killed_worker_costs_its_chunk_a_second_run_and_nothing_else(machines, tmp_path):
    """Two workers; one is killed while it runs chunk 3. Every other chunk is run once."""
    store, told = MemoryStore(), []
    chunks = [(number, tmp_path, number == 3) for number in range(12)]
    machines.grow_to(2)
    job = in_thread(
        lambda: run_chunks(note, chunks, store, workers=machines.address, on_done=told.append)
    )
    wait_until((tmp_path / "hangs").exists)
    victim = int((tmp_path / "ran-3").read_text())
    wait_until(lambda: all(map(store.has, numbers_run(tmp_path, but=3))))
    os.kill(victim, signal.SIGKILL)
    job.join(120)
    assert [int(store.get(number)["number"][0]) for number in range(12)] == list(range(12))
    runs = {number: len((tmp_path / f"ran-{number}").read_text().split()) for number in range(12)}
    assert runs == {number: 2 if number == 3 else 1 for number in range(12)}
    assert sorted(told) == chunks


def numbers_run(folder: Path, but: int) -> list[int]:
    ran = {int(path.name.partition("-")[2]) for path in folder.glob("ran-*")}
    return sorted(ran - {but})


JOB = [
    "montecarlo", "--leverage", "2:5:0.05", "--trigger", "6", "--paths", "12000",
    "--no-block-check", "--no-history-error", "--seed", "5",
]  # fmt: skip


def test_a_job_goes_on_after_the_scheduler_was_killed(tmp_path, monkeypatch):
    """The command ends in one line that says so; --resume on this machine gives the same bytes."""
    machines = Machines(tmp_path, workers=1)
    job, out = tmp_path / "job", tmp_path / "out.csv"
    command = [*INTERRUPTIBLE, *JOB, "--job", job, "--workers", machines.address]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: chunks_in(job) >= 2 or process.poll() is not None)
        machines.scheduler.send_signal(signal.SIGKILL)
        said = process.communicate(timeout=120)[1].decode()
    finally:
        machines.stop()
    before = {path: path.stat().st_mtime_ns for path in job.glob("paths/chunk-*")}
    assert 2 <= len(before) < 16
    assert process.returncode == 2
    assert (
        f"error: cluster {machines.address}: the scheduler is gone, or was restarted. Fin" in said
    )
    assert "Traceback" not in said
    assert "distributed" not in said
    basislab(monkeypatch, *JOB, "--job", job, "--resume", "--out", out)
    assert {path: path.stat().st_mtime_ns for path in before} == before, "none was run again"
    whole = tmp_path / "whole.csv"
    basislab(monkeypatch, *JOB, "--out", whole)
    assert out.read_bytes() == whole.read_bytes()


def basislab(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["basislab", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code


def chunks_in(folder: Path) -> int:
    return len(list(folder.glob("paths/chunk-*")))


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("basislab.jobs.pool.LOOK_S", 0.05)
    monkeypatch.setattr("basislab.jobs.cluster.ASK_S", 0.05)
    monkeypatch.setattr("basislab.jobs.cluster.PATIENCE_S", 0.2)


def test_a_scheduler_without_workers_is_named(frail, impatient):
    with pytest.raises(ClusterError, match=rf"no worker for .*dask worker {frail.address}\)"):
        run_chunks(note, [(0, Path(), False)], MemoryStore(), workers=frail.address)


def test_a_chunk_that_kills_its_workers_is_given_up(frail):
    frail.grow_to(1)
    with pytest.raises(ClusterError, match=r"all of them died; too little memory is the usual"):
        run_chunks(die, [0], MemoryStore(), workers=frail.address)


def test_a_worker_that_cannot_import_the_task_is_named(machines, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def task(chunk):\n    return {}\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    expected = r"a worker has not the same basislab \(No module named 'only_here'\)"
    with pytest.raises(ClusterError, match=expected):
        run_chunks(only_here.task, [0], MemoryStore(), workers=machines.address)


def test_an_error_of_a_chunk_is_raised_as_it_is(machines, market):
    """The pieces of a sweep need the rates of the market: another machine finds them missing."""
    config = bl.RebalanceConfig(leverage=2, lending="aave")
    with pytest.raises(bl.BasisLabError) as here:
        bl.sweep(market, config, leverage=[2, 3])
    with pytest.raises(type(here.value), match=str(here.value)[:20]):
        bl.sweep(market, config, leverage=[2, 3], workers=machines.address)


def test_a_task_of_many_megabytes_is_sent_without_a_warning(machines):
    """2.5 million ones are 20 MB; Dask warns of half of that, and a warning fails a test here."""
    store = MemoryStore()
    run_chunks(partial(weigh, np.ones(2_500_000)), [0, 1], store, workers=machines.address)
    assert [float(store.get(number)["sum"][0]) for number in (0, 1)] == [2_500_000.0, 2_500_001.0]


@pytest.mark.parametrize("text", ["No space left on device", ""])
def test_what_fails_on_a_worker_is_told_as_such(machines, text):
    """A full disk there is an OSError, as a lost connection is; it is not told as one."""
    said = "No space left on device" if text else "out of memory"
    with pytest.raises(ClusterError, match=rf"a worker failed \({said}\)"):
        run_chunks(fail, [text], MemoryStore(), workers=machines.address)


def test_other_code_is_refused():
    """A worker with another numba may round another way, so that the same seed gives other bits."""
    code = code_identity()
    with pytest.raises(ConfigError, match=r"\(numba .* there, 0\.1 here\), and its numbers could"):
        open_task(code | {"numba": "0.1"}, b"")
    with pytest.raises(ConfigError, match="kernels"):
        open_task(code | {"kernels": "of another source"}, b"")


def test_nobody_at_the_address(monkeypatch):
    monkeypatch.setattr("basislab.jobs.cluster.CONNECT_S", 0.2)
    with pytest.raises(ClusterError, match=r"cluster tcp://127.0.0.1:9: no scheduler answered"):
        run_chunks(note, [0], MemoryStore(), workers="tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("workers", "said"),
    [
        ("eight", "workers: got 'eight'; it must be a whole number from 1 to 1024, or a Dask"),
        (
            "carrier://pigeon",
            "workers: got 'carrier://pigeon'; it must be a number, or the",
        ),
    ],
)
def test_an_address_that_is_none(workers, said):
    with pytest.raises(ConfigError, match=said):
        run_chunks(note, [0], MemoryStore(), workers=workers)


def test_what_runs_on_one_machine_refuses_a_cluster():
    with (
        pytest.raises(ConfigError, match="this runs on one machine"),
        side_by_side("tcp://127.0.0.1:9"),
    ):
        pass


def test_a_cluster_and_a_pool_are_two_things(machines):
    with pytest.raises(ConfigError, match="pool: a cluster has workers of its own"):
        run_chunks(note, [0], MemoryStore(), pool="processes", workers=machines.address)


def test_a_client_that_is_closed_is_refused(machines):
    with distributed.Client(machines.address, set_as_default=False) as client:
        pass
    with pytest.raises(ClusterError, match="workers: the client is closed"):
        run_chunks(note, [0], MemoryStore(), workers=client)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'basislab\[cluster\]'"):
        run_chunks(note, [0], MemoryStore(), workers="tcp://127.0.0.1:9")


def test_a_cluster_may_be_given_more_work(market, monkeypatch):
    """Paths x days x configurations: 1e7 x 365 x 40 = 1.5e11 is too much for one machine."""
    monkeypatch.setattr("basislab.jobs.cluster.CONNECT_S", 0.2)
    given = {"paths": 10_000_000, "block_days": 20, "leverage": np.linspace(2, 3, 40).tolist()}
    plain = {"block_check": False, "history_error": False, "predictive": False}
    config = bl.RebalanceConfig(leverage=2)
    with pytest.raises(ConfigError, match=r"at most 1e\+11 .* or use more machines \(docs/cl"):
        bl.montecarlo(market, config, **given, **plain)
    with pytest.raises(ClusterError, match="no scheduler answered"):
        bl.montecarlo(market, config, **given, **plain, workers="tcp://127.0.0.1:9")


def test_the_manifest_of_the_page_is_one_of_a_cluster():
    """What the service selects is the cluster's name, and its ports are the scheduler's."""
    [text] = fences((ROOT / "docs" / "cluster.md").read_text(), "yaml")
    manifest = pytest.importorskip("yaml").safe_load(text)
    scheduler = manifest["spec"]["scheduler"]
    assert manifest["kind"] == "DaskCluster"
    assert scheduler["service"]["selector"]["dask.org/cluster-name"] == manifest["metadata"]["name"]
    opened = {
        one["name"]: one["containerPort"] for one in scheduler["spec"]["containers"][0]["ports"]
    }
    assert opened == {one["targetPort"]: one["port"] for one in scheduler["service"]["ports"]}
