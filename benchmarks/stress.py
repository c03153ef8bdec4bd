"""The stress library on two years of hourly SOL, and a crash of its own beside its shape.

    python benchmarks/stress.py MAPPING FOLDER [--no-save]

MAPPING is a mapping of the market (hourly SOL, 2023-12 to 2026-01, funding of Hyperliquid, lending
of Kamino), FOLDER holds the files that it names. Writes the tables of docs/stress.md.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from basislab.api import stress, ways
from basislab.data.read.mapping import load_mapping
from basislab.presets.stresses import load_stress
from basislab.presets.terms import resolve
from basislab.report import words
from basislab.research.stress import SETTLE_DAYS, lay, stressed
from basislab.simulate import simulate
from basislab.types.market import Market
from basislab.types.stress import Stress, StressResult
from basislab.types.venue_config import VenueConfig

PAGE = Path(__file__).parents[1] / "docs" / "stress.md"
BEGIN, END = "<!-- table: benchmarks/stress.py -->", "<!-- end of stress table -->"
CONFIG = VenueConfig(long_leverage=1.5, short_leverage=3.0)
STARTS = 24
CRASH, DAY = "crash-2025-10-10", "2025-10-10"


def main(arguments: list[str]) -> None:
    """Print the tables and put them into the page."""
    market = load_mapping(Path(arguments[0]), folder=arguments[1])
    found = stress(market, CONFIG, starts=STARTS)
    lines = [*library(found), "", *beside_history(market)]
    print("\n".join(lines))
    if "--no-save" in arguments:
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    text = f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}"
    PAGE.write_text(text, encoding="utf-8")


def library(found: StressResult) -> list[str]:
    """Return the table of all stresses: the worst loss of each way, and what was liquidated."""
    rows = {(row["policy"], row["stress"]): row for row in found.rows()}
    lines = ["| stress | fall, rise | " + " | ".join(found.policies) + " |"]
    lines.append("|" + "---|" * (len(found.policies) + 2))
    for place in found.ranked(len(found.policies) - 1):
        one = found.stresses[place]
        moves = ", ".join(f"{move:+.0%}" for move in (one.worst_fall, one.worst_rise) if move)
        cells = [one.name, moves]
        for policy in found.policies:
            row = rows[policy, one.name]
            hit = [
                f"{leg} {row[f'{key}_liquidated_share']:.0%}"
                for leg, key in (("loan", "long"), ("short", "short"))
                if row[f"{key}_liquidated_share"]
            ]
            cells.append(f"{words.percent(-row['loss_most'])}{'; ' if hit else ''}{', '.join(hit)}")
        lines.append("| " + " | ".join(cells) + " |")
    first, last = found.starts[0][:10], found.starts[-1][:10]
    lines.append(
        f"\nWorst change of equity a day after the stress, over {len(found.starts)} moments from "
        f"{first} to {last}, at {CONFIG.long_leverage:g} / {CONFIG.short_leverage:g}; behind it "
        "the share of the moments with a liquidation."
    )
    return lines


def beside_history(market: Market) -> list[str]:
    """Return what the day itself cost each way, and what its shape costs at the same hour."""
    one, bar = load_stress(CRASH), int(np.searchsorted(market.times, np.datetime64(DAY)))
    lines = ["| way | as it happened | as the shape | shape, without auto-deleveraging |"]
    lines.append("|" + "---|" * 4)
    for name, config in ways(CONFIG).items():
        terms = resolve(config)
        changes = (
            loss(market, bar, terms, one),
            *(loss(lay(market, bar, each, 2), bar, at(terms, each, market, bar), each)
              for each in (one, replace(one, faults=()))),
        )  # fmt: skip
        lines.append("| " + " | ".join((name, *map(words.percent, changes))) + " |")
    return lines


def at(config: VenueConfig, one: Stress, market: Market, bar: int) -> VenueConfig:
    """Return the config that lives through a stress from a bar on."""
    begins = datetime.fromtimestamp(int(market.times[bar].astype("datetime64[s]").astype(int)), UTC)
    return stressed(config, one, begins)


def loss(market: Market, bar: int, config: VenueConfig, one: Stress) -> float:
    """Return the change of equity from before a bar to a day after a stress of that length."""
    equity = simulate(market, config).equity_usd
    stop = bar + round(one.seconds / market.bar_seconds) + SETTLE_DAYS * 24
    return float(equity[stop - 1] / equity[bar - 1] - 1)


if __name__ == "__main__":
    main(sys.argv[1:])
