"""Measurements: each returns plain numbers; the best of several tries, because noise only adds.

Kernels are timed by the processor time of their thread: it does not count what other programs take
from it. Whole jobs and commands are timed by the clock on the wall, and so want a quiet machine.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import basislab as bl
import basislab.data
from basislab.kernels import paths, rebalance
from basislab.kernels.bars import Bars
from basislab.kernels.bootstrap import no_tilts
from basislab.kernels.summary import FINAL, FIRST_COUNT
from basislab.research.bootstrap import drawable_bars
from basislab.research.montecarlo import Chunk, Plan, chunk_paths, make_plan, run_chunk, task_of
from basislab.research.search import Group, group_configs
from basislab.simulate import lower_config, lower_market
from basislab.simulate.study.many import empty_bars, new_kept, no_rows
from basislab.types import Market, RebalanceConfig, StudyVenue
from benchmarks.plain_study import simulate as plain_simulate

NS = 1e9
N_BARS = 410


def best(work: Callable[[], object], tries: int = 5, at_least: float = 0.05) -> float:
    """Return the shortest time of one call, in seconds of its thread; short calls are repeated."""
    began = time.thread_time()
    work()
    once = time.thread_time() - began
    repeat = max(1, int(at_least / max(once, 1e-9)))
    times = []
    for _ in range(tries):
        began = time.thread_time()
        for _ in range(repeat):
            work()
        times.append((time.thread_time() - began) / repeat)
    return min(times)


def venue() -> StudyVenue:
    """Return the study's venue."""
    return bl.load_venue("hyperliquid-study")


def study_configs(count: int) -> list[RebalanceConfig]:
    """Return 1.5x to 3x, triggers 1.5 L to 4 L: about 2 % of the sample's lane-bars have events."""
    return grid(count, (1.5, 3.0), (1.5, 4.0))


def harsh_configs(count: int) -> list[RebalanceConfig]:
    """Return 2x to 4x, triggers 1.3 L to 4 L: twice as many events."""
    return grid(count, (2.0, 4.0), (1.3, 4.0))


def grid(
    count: int, leverages: tuple[float, float], factors: tuple[float, float]
) -> list[RebalanceConfig]:
    """Return `count` configurations over two ranges, the trigger as a multiple of the leverage."""
    wide = max(1, round(count**0.5))
    many = [
        RebalanceConfig(leverage=leverage, trigger=leverage * factor, perp=venue())
        for leverage in np.linspace(*leverages, wide)
        for factor in np.linspace(*factors, -(-count // wide))
    ]
    return many[:count]


def sample_bars(market: Market) -> Bars:
    """Return the sample as the kernels read it, writable."""
    return Bars(*(np.array(values) for values in lower_market(market, "hyperliquid", "kamino")))


def history(market: Market, configs: list[RebalanceConfig], n_bars: int = N_BARS) -> Plan:
    """Return a plan over the sample's history."""
    bars = drawable_bars(market, bl.data.partial_bars(market))
    return make_plan(market, configs, bars, n_bars=n_bars, block=29.0, seed=1)


def run_group(group: Group, given: Bars) -> np.ndarray[Any, Any]:
    """Run one group in lanes over a given path and return its summaries."""
    kept = new_kept(len(group.rows), 1, np.zeros(0, np.int64))
    task = paths.Task(0, 0, 1, 1.0, 1.0, is_given=True, tilts=no_tilts(0), drift=0.0)
    paths.run_rebalance(group.rows, given, no_rows(), task, kept)
    return kept.table


def plain_python(market: Market, count: int = 16) -> dict[str, float]:
    """Time plain Python over some of the lanes' configurations, after checking its numbers."""
    bars = sample_bars(market)
    rows = [
        dict(zip(Bars._fields, map(float, row), strict=True)) for row in zip(*bars, strict=True)
    ]
    many = study_configs(320)[:: 320 // count]
    given = [lower_config(rebalance.Params, one, venue())._asdict() for one in many]
    for params, config in zip(given, many, strict=True):
        expected = bl.backtest(market, config).final_usd
        assert abs(plain_simulate(params, rows)["final"] - expected) < 1e-7
    times = [best(lambda params=params: plain_simulate(params, rows), tries=3) for params in given]
    return {"ns_per_bar": statistics.mean(times) / len(rows) * NS}


TWIN = """
import basislab as bl
from basislab.kernels import rebalance
from basislab.simulate import lower_config
from benchmarks.measure import best, sample_bars, study_configs, venue
bars = sample_bars(bl.load_market())
many = study_configs(320)[::40]
given = [lower_config(rebalance.Params, one, venue()) for one in many]
times = [best(lambda: rebalance.run(params, bars), tries=3) for params in given]
print(sum(times) / len(times) / len(bars.close) * 1e9)
"""


def twin() -> dict[str, float]:
    """Time the kernels' own source as plain Python, in a process without numba."""
    done = subprocess.run(
        [sys.executable, "-c", TWIN],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    return {"ns_per_bar": float(done.stdout)}


def scalar(market: Market) -> dict[str, float]:
    """Time one compiled run with equity curve and events, and the whole public call."""
    bars = lower_market(market, "hyperliquid", "kamino")
    config = RebalanceConfig(leverage=3, trigger=6, perp=venue())
    params = lower_config(rebalance.Params, config, venue())
    rebalance.run(params, bars)
    kernel = best(lambda: rebalance.run(params, bars), tries=15)
    public = best(lambda: bl.backtest(market, config))
    return {
        "ns_per_bar": kernel / len(bars.close) * NS,
        "run_us": kernel * 1e6,
        "backtest_us": public * 1e6,
    }


def lanes(market: Market, configs: list[RebalanceConfig]) -> dict[str, float]:
    """Time the lanes with full ledger attribution, on the sample and on drawn paths."""
    given, count = sample_bars(market), len(configs)
    [group] = group_configs(configs)
    table = run_group(group, given)
    plan = history(market, configs)
    kept = new_kept(count, 100, np.zeros(0, np.int64))
    task = task_of(plan, Chunk(0, 100), None)
    work = count * len(given.close)
    return {
        "sample_ns": best(lambda: run_group(group, given), tries=15) / work * NS,
        "sample_events": event_share(table, len(given.close)),
        "drawn_ns": best(
            lambda: paths.run_rebalance(
                plan.groups[0].rows, empty_bars(N_BARS), plan.histories[0], task, kept
            )
        )
        / (100 * count * N_BARS)
        * NS,
        "drawn_events": statistics.mean(drawn_event_share(plan, path) for path in range(20)),
    }


def event_share(table: np.ndarray[Any, Any], n_bars: int) -> float:
    """Return rebalances and liquidations per bar and configuration."""
    return float(table[:, FIRST_COUNT + 1 : FIRST_COUNT + 3].sum()) / len(table) / n_bars


def drawn_event_share(plan: Plan, path: int) -> float:
    """Return `event_share` of one drawn path."""
    one = new_kept(plan.n_configs, 1, np.zeros(0, np.int64))
    task = task_of(plan, Chunk(path, 1), None)
    rows = plan.groups[0].rows
    paths.run_rebalance(rows, empty_bars(N_BARS), plan.histories[0], task, one)
    return event_share(one.table, N_BARS)


def calm(market: Market, count: int = 320) -> dict[str, float]:
    """Time lanes to which nothing happens."""
    given, group = sample_bars(market), calm_group(count)
    run_group(group, given)
    seconds = best(lambda: run_group(group, given), tries=15)
    return {"ns": seconds / (count * len(given.close)) * NS}


def calm_group(count: int) -> Group:
    """Return configurations to which nothing happens on the sample."""
    many = [
        RebalanceConfig(leverage=leverage, trigger=None, perp=venue())
        for leverage in np.linspace(1.0, 1.2, count)
    ]
    return group_configs(many)[0]


def largest_difference(market: Market, count: int = 320) -> dict[str, float]:
    """Compare lanes and scalar kernel: the largest difference of a final equity, over capital."""
    given = sample_bars(market)
    [group] = group_configs(study_configs(count))
    table = run_group(group, given)
    worst = 0.0
    for row, params in zip(table, group.rows, strict=True):
        whole = rebalance.Params(*params[:8], int(params[8]), params[9])
        worst = max(worst, abs(row[FINAL] - rebalance.run(whole, given).final) / params[0])
    return {"of_capital": worst}


JOB = """
import json, resource, time
import basislab as bl, numpy as np
from benchmarks.measure import history, study_configs
from basislab.jobs.run import Setting, run_plan
market = bl.load_market()
plan = history(market, study_configs({configs}))
capital = np.full({configs}, 10_000.0)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
run_plan(plan, 32, capital, (30, 90, 365), Setting())
before = peak()
times, cpu = [], []
for _ in range({tries}):
    began, busy = time.perf_counter(), time.process_time()
    run_plan(plan, {paths}, capital, (30, 90, 365), Setting())
    times.append(time.perf_counter() - began)
    cpu.append(time.process_time() - busy)
found = {{"seconds": min(times), "cpu": min(cpu), "peak_mb": peak(), "before_mb": before}}
print(json.dumps(found))
"""


def job(n_paths: int, n_configs: int, tries: int = 3) -> dict[str, float]:
    """Time a whole Monte-Carlo with its quantiles in a process of its own, with its peak memory."""
    code = JOB.format(configs=n_configs, paths=n_paths, tries=tries)
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def run_all(plan: Plan, n_paths: int) -> None:
    """Run a plan in this thread, chunk by chunk."""
    for chunk in chunk_paths(n_paths, plan.n_configs, 0):
        run_chunk(plan, chunk)


def scaling(market: Market) -> dict[str, dict[str, float]]:
    """Return ns per bar and configuration at 1, 10 and 100 times the bars, paths and scenarios."""
    found: dict[str, dict[str, float]] = {}

    def one(n_bars: int, n_paths: int, n_configs: int) -> float:
        plan = history(market, study_configs(n_configs), n_bars)
        seconds = best(lambda: run_all(plan, n_paths), tries=3)
        return seconds / (n_bars * n_paths * n_configs) * NS

    for name, base in (("bars", 0), ("paths", 1), ("scenarios", 2)):
        found[name] = {}
        for factor in (1, 10, 100):
            size = [N_BARS, 64, 64]
            size[base] *= factor
            found[name][f"{factor}x"] = one(*size)
    return found


def start_up() -> dict[str, float]:
    """Return the median time of whole commands, in seconds, caches warm."""
    with tempfile.TemporaryDirectory() as folder:
        return _commands(folder)


def _commands(folder: str) -> dict[str, float]:
    commands = {
        "import basislab": ["-c", "import basislab"],
        "basislab --help": ["-c", "from basislab.cli import main; main()", "--help"],
        "basislab sweep --help": ["-c", "from basislab.cli import main; main()", "sweep", "-h"],
        "basislab backtest": ["-c", "from basislab.cli import main; main()", "backtest"],
        "basislab sweep": ["-c", "from basislab.cli import main; main()", "sweep", "--leverage",
                           "2:4:0.5", "--trigger", "4:8:0.5"],
        "basislab montecarlo": ["-c", "from basislab.cli import main; main()", "montecarlo"],
        "basislab study": ["-c", "from basislab.cli import main; main()", "study", "--out", folder],
    }  # fmt: skip
    found = {}
    for name, arguments in commands.items():
        times = []
        for _ in range(4):
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, *arguments], capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            times.append(time.perf_counter() - began)
        found[name] = statistics.median(times[1:])
    return found
