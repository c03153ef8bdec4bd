"""Calibrate the certificate: what it says about searches that are known to have an edge, or none.

Usage: python benchmarks/certificate.py [--searches N] [--powers N]

Writes certificate.json beside this file and the tables of docs/certificate.md between its markers.
Two kinds of returns, 410 days of 17 trials each, without any edge:

- *normal*: independent days of a normal distribution, 10 % a year, four groups of trials that are
  correlated by 0.7 within a group;
- *study*: days of the study's own 17 trials (2x, 3x, 4x on its trigger grid), each trial's mean
  taken off, resampled in blocks (stationary bootstrap): its liquidations, its correlations.

An edge is then planted in one trial, or in all: a constant daily excess return.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import basislab as bl
from basislab.research.overfit.certificate import Certificate, certify_returns
from basislab.research.overfit.rules import STATED_RATE
from basislab.research.overfit.runner import Runner
from basislab.research.overfit.spa import default_block, stationary_rows

HERE = Path(__file__).parent
DAYS, TRIALS = 410, 17
Draw = Callable[[np.random.Generator], np.ndarray]


def normal_draw() -> Draw:
    """Return a source of normal noise: four groups, 10 % a year."""
    group = np.arange(TRIALS) % 4

    def draw(rng: np.random.Generator) -> np.ndarray:
        common = rng.normal(size=(DAYS, 4))[:, group]
        own = rng.normal(size=(DAYS, TRIALS))
        daily = 0.10 / math.sqrt(365)
        return daily * (math.sqrt(0.7) * common + math.sqrt(0.3) * own)

    return draw


def study_draw() -> Draw:
    """Return a source of resampled study days without any edge."""
    runner = Runner(bl.load_market(), 90)
    venue = bl.load_venue("hyperliquid-study")
    columns = [
        runner.excess_returns(bl.RebalanceConfig(leverage=leverage, trigger=trigger, perp=venue))
        for leverage in (2, 3, 4)
        for trigger in (3, 4, 5, 6, 8, 10, None)
        if trigger is None or trigger >= 1.3 * leverage
    ]
    returns = np.column_stack(columns)
    returns -= returns.mean(axis=0)

    def draw(rng: np.random.Generator) -> np.ndarray:
        rows = stationary_rows(len(returns), 1, default_block(len(returns)), rng)[0]
        return returns[rows]

    return draw


def measure(draw: Draw, count: int, edge: float = 0.0, where: str = "none") -> dict[str, Any]:
    """Certify `count` searches with an edge of `edge` a year in no, one or all trials."""
    words = dict.fromkeys(("recommended", "fragile", "refused", "undecidable"), 0)
    pbo, spa, check, dsr, right = [], 0, 0, 0, 0
    planted = slice(None) if where == "all" else slice(0, 1)
    for seed in range(count):
        returns = draw(np.random.default_rng([seed, 12]))
        returns[:, planted] += edge / 365
        found: Certificate = certify_returns(returns)
        words[found.verdict.word] += 1
        pbo.append(found.cscv.pbo if found.cscv else math.nan)
        met = {each.rule.name: each.status == "met" for each in found.checks}
        spa += found.spa.consistent <= 0.05
        check += found.spa.reality_check <= 0.05
        dsr += met["deflated_sharpe"]
        right += found.verdict.word == "recommended" and (where != "one" or found.candidate == 0)
    share = {f"{word}_share": number / count for word, number in words.items()}
    accepted = words["recommended"] / count
    return {
        "edge_apy": edge,
        "planted_in": where,
        "searches_count": count,
        "pbo_mean": float(np.mean(pbo)),
        "pbo_error": float(np.std(pbo, ddof=1) / math.sqrt(count)),
        "spa_share": spa / count,
        "reality_check_share": check / count,
        "deflated_sharpe_met_share": dsr / count,
        **share,
        "recommended_error": math.sqrt(max(accepted * (1 - accepted), 1 / count) / count),
        "planted_trial_recommended_share": right / count,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    head = [
        "edge a year",
        "in",
        "searches",
        "PBO",
        "SPA < 5 %",
        "check < 5 %",
        "DSR met",
        "recommended",
        "fragile",
        "refused",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [
            f"{row['edge_apy']:.0%}",
            row["planted_in"],
            str(row["searches_count"]),
            f"{row['pbo_mean']:.3f} ± {row['pbo_error']:.3f}",
            f"{row['spa_share']:.1%}",
            f"{row['reality_check_share']:.1%}",
            f"{row['deflated_sharpe_met_share']:.1%}",
            f"{row['recommended_share']:.1%} ± {row['recommended_error']:.1%}",
            f"{row['fragile_share']:.1%}",
            f"{row['refused_share']:.1%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=1000, help="without an edge")
    parser.add_argument("--powers", type=int, default=200, help="for each planted edge")
    given = parser.parse_args()
    began = time.perf_counter()
    found: dict[str, Any] = {
        "basislab": bl.__version__,
        "numpy": np.__version__,
        "cpu_count": os.cpu_count(),
        "machine": platform.machine(),
        "stated_rate": STATED_RATE,
        "days": DAYS,
        "trials": TRIALS,
    }
    edges = {"normal": (0.05, 0.10, 0.20, 0.30, 0.40), "study": (0.05, 0.10, 0.20, 0.40, 0.80)}
    for name, draw in (("normal", normal_draw()), ("study", study_draw())):
        rows = [measure(draw, given.searches)]
        rows += [
            measure(draw, given.powers, edge, where)
            for where in ("one", "all")
            for edge in edges[name]
        ]
        found[name] = rows
        sys.stdout.write(f"{name}\n{table(rows)}\n\n")
    found["seconds"] = round(time.perf_counter() - began, 1)
    (HERE / "certificate.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    update_docs(HERE.parent / "docs/certificate.md", found)


def update_docs(page: Path, found: dict[str, Any]) -> None:
    """Write the tables between the page's markers."""
    if not page.exists():
        return
    text = page.read_text(encoding="utf-8")
    for name in ("normal", "study"):
        begin, end = f"<!-- calibration-{name}:begin -->\n", f"<!-- calibration-{name}:end -->"
        head, rest = text.split(begin)
        text = head + begin + "\n" + table(found[name]) + "\n\n" + end + rest.split(end)[1]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
