"""Do the Monte-Carlo's intervals and probabilities hold as often as they say? On known processes.

    python benchmarks/calibrate.py [--histories 1000] [--no-save]

From each process a history of 410 days and the 90 days that follow it are made; the trades are held
over those days. Their returns are counted against the nominal 90 % prediction interval, with and
without predictive draws, and their liquidations against the probabilities said beforehand. The 90 %
confidence interval of the mean return is held against the mean over many histories: both errors
together times Student's t of 9 degrees of freedom, as the jackknife leaves out ten blocks in turn.
Kept in ``benchmarks/calibration.json`` and in the tables of docs/sweeps.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "calibration.json"

N_DAYS, PATH_DAYS, PATHS = 410, 90, 1_000
LEVERAGES = (2.0, 3.0, 4.0, 5.0)
HORIZONS = (30, 90)
BINS = (0.0, 0.05, 0.2, 0.5, 0.8, 1.0)
"""Edges of the probabilities that are said, as a table of reliability groups them."""

Days = dict[str, np.ndarray[Any, Any]]


def iid(random: np.random.Generator, n: int) -> Days:
    """Independent days: 4 % moves, funding of 1.5 bps a day and as much noise."""
    return {
        "move": 0.04 * random.standard_normal(n),
        "funding": 1.5e-4 + 1.5e-4 * random.standard_normal(n),
    }


def autoregressive(random: np.random.Generator, n: int) -> Days:
    """Funding that remembers: AR(1) of 0.9 around the same mean; moves independent."""
    made = iid(random, n + 200)
    noise, funding = random.standard_normal(n + 200), np.zeros(n + 200)
    for day in range(1, n + 200):
        funding[day] = 0.9 * funding[day - 1] + 3e-4 * noise[day]
    return {"move": made["move"][200:], "funding": 1.5e-4 + funding[200:]}


def jumps(random: np.random.Generator, n: int) -> Days:
    """Calm days of 3 %, and jumps of 12 % either way on one day in fifty."""
    is_jump = random.random(n) < 0.02
    sign = random.choice([-1.0, 1.0], n)
    made = iid(random, n)
    return {"move": 0.75 * made["move"] + 0.12 * is_jump * sign, "funding": made["funding"]}


def regimes(random: np.random.Generator, n: int) -> Days:
    """Calm days of 2.5 % and wild ones of 6 %, with funding of 3 bps and none; 60 days each."""
    is_wild = (np.cumsum(random.random(n) < 1 / 60) + random.integers(2)) % 2 == 1
    made = iid(random, n)
    return {
        "move": made["move"] * np.where(is_wild, 1.5, 0.625),
        "funding": made["funding"] + np.where(is_wild, -1.5e-4, 1.5e-4),
    }


PROCESSES: dict[str, Callable[[np.random.Generator, int], Days]] = {
    "iid": iid,
    "AR(1) funding": autoregressive,
    "jumps": jumps,
    "regimes": regimes,
}


def to_market(days: Days, random: np.random.Generator) -> Any:
    """Return a market with these days; extremes lie a little beyond open and close."""
    from basislab.types import FundingSeries, Market, PriceSeries, RateSeries

    n = len(days["move"])
    close = 100 * np.exp(np.cumsum(days["move"]))
    opened = np.concatenate(([100.0], close[:-1]))
    wick = np.exp(0.01 * np.abs(random.standard_normal((2, n))))
    return Market(
        name="known",
        asset="SOL",
        times=np.datetime64("2025-01-01", "s") + np.arange(n) * np.timedelta64(1, "D"),
        prices={
            ("perp", "perp"): PriceSeries(
                open=opened,
                high=np.maximum(opened, close) * wick[0],
                low=np.minimum(opened, close) / wick[1],
                close=close,
            )
        },
        funding={"hyperliquid": FundingSeries(days["funding"])},
        supply={
            ("kamino", "SOL"): RateSeries(np.full(n, 0.05)),
            ("kamino", "USDC"): RateSeries(np.full(n, 0.045)),
        },
        borrow={("kamino", "USDC"): RateSeries(np.full(n, 0.065))},
    )


def held(name: str, number: int) -> dict[str, Any]:
    """Return what was said after one history, and what then came."""
    import basislab as bl

    random = np.random.default_rng([11, number, list(PROCESSES).index(name)])
    whole = to_market(PROCESSES[name](random, N_DAYS + PATH_DAYS), random)
    past, first = whole.window(end=whole.times[N_DAYS - 1]), whole.times[N_DAYS]
    config = bl.RebalanceConfig(leverage=3, trigger=8)
    drawn = {"paths": PATHS, "days": PATH_DAYS, "seed": number, "horizons": HORIZONS}
    drawn |= {"leverage": list(LEVERAGES), "block_check": False}
    said = bl.montecarlo(past, config, **drawn)
    plain = bl.montecarlo(past, config, **drawn, history_error=False, predictive=False)
    came = [
        bl.backtest(whole, bl.RebalanceConfig(leverage=leverage, trigger=8), start=first)
        for leverage in LEVERAGES
    ]
    column = said.names.index("return_mean")
    assert said.history_errors is not None
    return {
        "came": [run.total_return for run in came],
        "died": [first_liquidation(run) for run in came],
        "predictive": said.summary[["return_p05", "return_p95"]].to_numpy(),
        "plain": plain.summary[["return_p05", "return_p95"]].to_numpy(),
        "mean": said.runs[0].estimates[:, column],
        "error": np.hypot(said.history_errors[:, column], said.runs[0].errors[:, column]),
        "probability": said.summary[[f"liquidation_{days}d" for days in HORIZONS]].to_numpy(),
    }


def first_liquidation(run: Any) -> float:
    """Return the day of a run's first liquidation, or infinity."""
    days = [event.bar + 1 for event in run.event_list if event.kind == "liquidation"]
    return float(min(days, default=np.inf))


def calibrate(name: str, n_histories: int) -> dict[str, Any]:
    """Return nominal beside measured on one process."""
    found = [held(name, number) for number in range(n_histories)]
    came = np.array([one["came"] for one in found])
    truth = came.mean(axis=0)
    distance = np.abs(np.array([one["mean"] for one in found]) - truth)
    error = np.array([one["error"] for one in found])

    def share(kind: str) -> list[float]:
        bounds = np.array([one[kind] for one in found])
        within = (bounds[:, :, 0] <= came) & (came <= bounds[:, :, 1])
        return [float(value) for value in within.mean(axis=0)]

    died = np.array([one["died"] for one in found])[:, :, None] <= np.array(HORIZONS)
    return {
        "leverages": list(LEVERAGES),
        "prediction 90 %": share("predictive"),
        "prediction 90 %, plain": share("plain"),
        "confidence 90 %": (distance <= 1.833 * error).mean(axis=0).tolist(),
        "standard error of a coverage": float(np.sqrt(0.9 * 0.1 / n_histories)),
        "liquidations": reliability(np.array([one["probability"] for one in found]), died),
    }


def reliability(said: Any, came: Any) -> list[dict[str, float]]:
    """Return mean probability said and share that came, by how much was said.

    Said and came have the shape (n_histories, n_configs, n_horizons). The error is that of a share,
    as if each history counted once: its leverages and horizons are one storm.
    """
    rows = []
    for low, high in pairwise(BINS):
        inside = (said >= low) & ((said < high) | (high == BINS[-1]))
        if not inside.any():
            continue
        share, count = float(came[inside].mean()), int(inside.any(axis=(1, 2)).sum())
        rows.append(
            {
                "from": low,
                "to": high,
                "said": float(said[inside].mean()),
                "came": share,
                "histories": count,
                "error": float(np.sqrt(max(share * (1 - share), 1 / count) / count)),
            }
        )
    return rows


def tables(found: dict[str, Any], n_histories: int) -> str:
    """Return both tables as Markdown."""
    heads = " | ".join(f"{leverage:g}x" for leverage in LEVERAGES)
    error = 100 * found["iid"]["standard error of a coverage"]
    first = (
        f"How often the nominal 90 % interval of the next {PATH_DAYS} days' return held it, plain "
        f"-> predictive, per cent of {n_histories:,} histories of {N_DAYS} days; standard error "
        f"{error:.1f} points."
    )
    second = (
        "Liquidation within 30 and 90 days, all four leverages: the mean probability said, and how "
        "often it came (standard error)."
    )
    lines = [
        first,
        "",
        f"| process | {heads} |",
        "|---|" + "---|" * len(LEVERAGES),
    ]
    for name, one in found.items():
        pairs = zip(one["prediction 90 %, plain"], one["prediction 90 %"], strict=True)
        cells = " | ".join(f"{100 * a:.0f} -> {100 * b:.0f}" for a, b in pairs)
        lines.append(f"| {name} | {cells} |")
    lines += [
        "",
        second,
        "",
        "| process | said between | said, mean | came | histories |",
        "|---|---|---|---|---|",
    ]
    for name, one in found.items():
        lines += [
            f"| {name} | {row['from']:.0%} and {row['to']:.0%} | {row['said']:.1%} | "
            f"{row['came']:.1%} ({row['error']:.1%}) | {row['histories']:,} |"
            for row in one["liquidations"]
        ]
    return "\n".join(lines)


def update_docs(text: str) -> None:
    """Write the tables between their markers."""
    page = ROOT / "docs" / "sweeps.md"
    before, rest = page.read_text(encoding="utf-8").split("<!-- calibration:begin -->")
    after = rest.split("<!-- calibration:end -->")[1]
    made = f"{before}<!-- calibration:begin -->\n{text}\n<!-- calibration:end -->{after}"
    page.write_text(made, encoding="utf-8")


def main() -> None:
    """Calibrate on every process and print measured beside nominal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=1_000)
    parser.add_argument("--no-save", action="store_true", help="leave what is kept as it is")
    options = parser.parse_args()
    found = {}
    for name in PROCESSES:
        print(f"{name}: {options.histories} histories", file=sys.stderr, flush=True)
        found[name] = calibrate(name, options.histories)
    text = tables(found, options.histories)
    print(text)
    if not options.no_save:
        kept = {"histories": options.histories, "processes": found}
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        update_docs(text)


if __name__ == "__main__":
    main()
