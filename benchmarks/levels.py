"""How often intervals of a driver's level hold what came, predictive and plain, beside 90 %.

Usage: python benchmarks/levels.py [--histories N] [--paths N]

From each known process a history of n days and the H days that follow it are made. The nominal
90 % interval of the mean of those H days is taken from bootstrapped paths, plain and predictive
(`basislab.research.predictive`), with the block length measured on the history as in every
Monte-Carlo. Writes levels.json beside this file and the table of docs/models.md.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from basislab.kernels.bootstrap import ALIKE, draw_rows
from basislab.research.blocks import optimal_block
from basislab.research.predictive import LevelTilt, level_scale

HERE = Path(__file__).parent
Array = np.ndarray[Any, Any]
Process = Callable[[np.random.Generator, int], Array]
BURN_IN = 400


def autoregressive(phi: float, freedom: float = math.inf) -> Process:
    """Return AR(1) with normal shocks, or with Student's t."""

    def draw(random: np.random.Generator, n: int) -> Array:
        count = n + BURN_IN
        if math.isinf(freedom):
            shocks = random.standard_normal(count)
        else:
            shocks = random.standard_t(freedom, count)
        for day in range(1, count):
            shocks[day] += phi * shocks[day - 1]
        return shocks[BURN_IN:]

    return draw


def regimes(random: np.random.Generator, n: int) -> Array:
    """Two levels, two standard deviations apart, each held for 60 days on average."""
    changes = random.random(n) < 1.0 / 60.0
    level = (np.cumsum(changes) + random.integers(2)) % 2
    return 2.0 * level + random.standard_normal(n)


def jumps(random: np.random.Generator, n: int) -> Array:
    """AR(1) of 0.5, and jumps of ten deviations on one day in fifty."""
    jump = 10.0 * (random.random(n + BURN_IN) < 0.02) * random.choice([-1.0, 1.0], n + BURN_IN)
    made = random.standard_normal(n + BURN_IN) + jump
    for day in range(1, len(made)):
        made[day] += 0.5 * made[day - 1]
    return np.asarray(made[BURN_IN:])


PROCESSES: dict[str, Process] = {
    "independent": autoregressive(0.0),
    "AR(1) 0.5": autoregressive(0.5),
    "AR(1) 0.9": autoregressive(0.9),
    "AR(1) 0.95": autoregressive(0.95),
    "AR(1) 0.98": autoregressive(0.98),
    "AR(1) 0.5, heavy tails": autoregressive(0.5, 4.0),
    "AR(1) 0.95, heavy tails": autoregressive(0.95, 4.0),
    "two regimes": regimes,
    "jumps": jumps,
}
HISTORIES, HORIZONS = (410, 1_100), (30, 90, 365)


def bootstrapped_sums(values: Array, block: float, horizon: int, seed: int, paths: int) -> Array:
    """Return the sums of bootstrapped paths of one series."""
    rows, sums = np.empty(horizon, np.int64), np.empty(paths)
    for path in range(paths):
        draw_rows(rows, len(values), block, seed, path, ALIKE)
        sums[path] = values[rows].sum()
    return sums


def one_tilt(values: Array, block: float, horizon: int) -> LevelTilt:
    """Return the tilt of a single driver."""
    scale, freedom = level_scale(values, block, horizon)
    return LevelTilt(
        scales=np.array([scale]), freedom=freedom, root=np.eye(1), volatility=0.0, drift=0.0
    )


def coverage(name: str, n: int, horizon: int, histories: int, paths: int) -> dict[str, Any]:
    """Return how often both intervals held what came."""
    hits = np.zeros(2)
    widths = np.zeros(2)
    for number in range(histories):
        seed = [number, n, horizon, list(PROCESSES).index(name)]
        series = PROCESSES[name](np.random.default_rng(seed), n + horizon)
        past, came = series[:n], series[n:].sum()
        block = max(optimal_block(past), 1.0)
        plain = bootstrapped_sums(past, block, horizon, number, paths)
        shifts = one_tilt(past, block, horizon).draw(number, 0, paths)[:, 0]
        for kind, drawn in enumerate((plain, plain + horizon * shifts)):
            low, high = np.quantile(drawn, [0.05, 0.95])
            hits[kind] += low <= came <= high
            widths[kind] += (high - low) / horizon / histories
    share = hits / histories
    return {
        "process": name,
        "days_of_history": n,
        "days_ahead": horizon,
        "plain": share[0],
        "predictive": share[1],
        "width_ratio": widths[1] / widths[0],
        "error": math.sqrt(max(share[1] * (1 - share[1]), 1 / histories) / histories),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return the rows as Markdown, one line a process and history."""
    heads = [f"{days} days ahead" for days in HORIZONS]
    lines = [
        "| process | days of history | " + " | ".join(heads) + " |",
        "|---|---|" + "---|" * len(heads),
    ]
    for name in PROCESSES:
        for n in HISTORIES:
            found = [row for row in rows if row["process"] == name and row["days_of_history"] == n]
            cells = [f"{100 * row['plain']:.0f} -> {100 * row['predictive']:.0f}" for row in found]
            lines.append(f"| {name} | {n:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def update_docs(found: dict[str, Any]) -> None:
    """Write the table between its markers."""
    page = HERE.parent / "docs" / "models.md"
    text = page.read_text(encoding="utf-8")
    head, rest = text.split("<!-- levels:begin -->")
    _, tail = rest.split("<!-- levels:end -->")
    worst = max(row["error"] for row in found["rows"])
    below = (
        f"{found['histories']:,} histories a cell, {found['paths']:,} paths each; standard error "
        f"at most {100 * worst:.1f} points."
    )
    made = f"{head}<!-- levels:begin -->\n{table(found['rows'])}\n\n{below}\n<!-- levels:end -->"
    page.write_text(made + tail, encoding="utf-8")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--paths", type=int, default=1_000)
    given = parser.parse_args()
    began, rows = time.perf_counter(), []
    for name in PROCESSES:
        for n in HISTORIES:
            for horizon in HORIZONS:
                rows.append(coverage(name, n, horizon, given.histories, given.paths))
                row = rows[-1]
                sys.stdout.write(
                    f"{name:24}{n:>6}{horizon:>5}{row['plain']:>8.1%}{row['predictive']:>8.1%}"
                    f"{row['width_ratio']:>6.2f}\n"
                )
                sys.stdout.flush()
    found = {"histories": given.histories, "paths": given.paths, "rows": rows}
    found["seconds"] = round(time.perf_counter() - began)
    (HERE / "levels.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    update_docs(found)


if __name__ == "__main__":
    main()
