"""Whether days like today say more of what comes than any days: pinball loss and coverage.

Usage: python benchmarks/skill.py FOLDER [--paths N]

FOLDER holds series and their mappings (``markets/*.toml``). Of each market and every seventh day
the mean funding of the next 30 and 90 days is forecast from what was known: by predictive paths
that begin on any day, by such paths that begin on days like that day (`research.conditions`), and
by plain draws of the last 30 days. Quantiles are scored by the pinball loss, and the interval from
the 5th to the 95th percentile by how often it held what came. Writes skill.json beside this file
and the table of docs/models.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from basislab.data.read.mapping import load_mapping
from basislab.kernels.bootstrap import ALIKE, Rows
from basislab.research.blocks import optimal_block
from basislab.research.bootstrap import draw_path
from basislab.research.conditions import first_chances, today_of
from basislab.research.predictive import level_tilt
from basislab.types.market import Market
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

HERE = Path(__file__).parent
Array = np.ndarray[Any, Any]
MARKETS = ("sol-2023-2026", "eth-2023-2025")
LEVELS = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
HORIZONS, STEP, MIN_HISTORY, LAST = (30, 90), 7, 180, 30
KINDS = ("any day", "days like today", "the last 30 days alone")


def day_rows(market: Market) -> Rows:
    """Return whole days of a market; a rate that it lacks is 0, and says nothing then."""
    count = SECONDS_PER_DAY // market.bar_seconds
    n_days = len(market) // count

    def days(values: Array) -> Array:
        return values[: n_days * count].reshape(n_days, count)

    price = market.reference_price
    close = days(price.close)[:, -1]
    before = np.concatenate((price.open[:1], close[:-1]))
    [funding] = [one.rate for key, one in market.funding.items() if key == "hyperliquid"]
    zero = np.zeros(len(market))
    supply = next((r.apy for (_, coin), r in market.supply.items() if coin == market.asset), zero)
    borrow = next((one.apy for one in market.borrow.values()), zero)
    rates = [days(each).mean(axis=1) / DAYS_PER_YEAR for each in (supply, borrow)]
    flat = np.ones(n_days)
    return Rows(flat, flat, close / before, *rates, days(funding).sum(axis=1), flat)


def part(rows: Rows, first: int, last: int) -> Rows:
    """Return some of the days."""
    return Rows(*(np.ascontiguousarray(values[first:last]) for values in rows))


def drawn(rows: Rows, block: float, horizon: int, seed: int, paths: int, chances: Array) -> Array:
    """Return the mean funding of drawn paths."""
    picks = [draw_path(horizon, len(rows.close), block, seed, k, chances) for k in range(paths)]
    return np.array([rows.funding[each].mean() for each in picks])


def forecasts(past: Rows, horizon: int, seed: int, paths: int) -> list[Array]:
    """Return drawn mean funding by `KINDS`, a year."""
    block = max(optimal_block(past.funding), optimal_block(np.abs(np.log(past.close))))
    shifts = level_tilt(past, block, horizon).draw(seed, 0, paths)[:, 0]
    chances = first_chances(past, today_of(past))
    recent = part(past, len(past.close) - LAST, len(past.close))
    found = [
        drawn(past, block, horizon, seed, paths, ALIKE) + shifts,
        drawn(past, block, horizon, seed, paths, chances) + shifts,
        drawn(recent, min(block, LAST / 3), horizon, seed, paths, ALIKE),
    ]
    return [each * DAYS_PER_YEAR for each in found]


def scored(rows: Rows, horizon: int, paths: int) -> list[dict[str, Any]]:
    """Return loss and coverage of each kind of forecast over one market."""
    origins = range(MIN_HISTORY, len(rows.close) - horizon + 1, STEP)
    losses, hits = np.zeros((len(KINDS), len(origins))), np.zeros((len(KINDS), len(origins)))
    for number, origin in enumerate(origins):
        came = rows.funding[origin : origin + horizon].mean() * DAYS_PER_YEAR
        for kind, values in enumerate(forecasts(part(rows, 0, origin), horizon, number, paths)):
            quantiles = np.quantile(values, LEVELS)
            off = came - quantiles
            losses[kind, number] = np.maximum(LEVELS * off, (LEVELS - 1.0) * off).mean()
            hits[kind, number] = quantiles[0] <= came <= quantiles[-1]
    return [
        {
            "kind": name,
            "days_ahead": horizon,
            "origins": len(origins),
            "pinball_apy": losses[kind].mean(),
            "against_any_day": losses[kind].mean() / losses[0].mean() - 1.0,
            "coverage": hits[kind].mean(),
        }
        for kind, name in enumerate(KINDS)
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """Return the scores as Markdown."""
    heads = ("market", "days ahead", "forecasts", "drawn from", "loss, % a year")
    heads += ("against any day, %", "held, % (90 wanted)")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [
        f"| {row['market']} | {row['days_ahead']} | {row['origins']} | {row['kind']} | "
        f"{100 * row['pinball_apy']:.2f} | {100 * row['against_any_day']:+.0f} | "
        f"{100 * row['coverage']:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def update_docs(rows: list[dict[str, Any]]) -> None:
    """Write the table between its markers."""
    page = HERE.parent / "docs" / "models.md"
    head, rest = page.read_text(encoding="utf-8").split("<!-- skill:begin -->")
    _, tail = rest.split("<!-- skill:end -->")
    made = f"{head}<!-- skill:begin -->\n{table(rows)}\n<!-- skill:end -->{tail}"
    page.write_text(made, encoding="utf-8")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--paths", type=int, default=1_000)
    given = parser.parse_args()
    began, found = time.perf_counter(), []
    for name in MARKETS:
        rows = day_rows(
            load_mapping(given.folder / "markets" / f"{name}.toml", folder=given.folder)
        )
        for horizon in HORIZONS:
            found += [{"market": name} | one for one in scored(rows, horizon, given.paths)]
    sys.stdout.write(table(found) + "\n")
    made = {"paths": given.paths, "rows": found, "seconds": round(time.perf_counter() - began)}
    (HERE / "skill.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    update_docs(found)


if __name__ == "__main__":
    main()
