"""Keeping the size on two years of hourly SOL: bands, leverages, start days, beside a hurdle.

    python benchmarks/resize.py MAPPING FOLDER [--no-save]

MAPPING is a mapping of the market (hourly SOL, 2023-12 to 2026-01, funding of Hyperliquid, lending
of Kamino), FOLDER holds the files that it names. Writes the table of docs/venue-engine.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from basislab.api import backtest
from basislab.data.read.mapping import load_mapping
from basislab.kernels.venue import events as ev
from basislab.presets.terms import resolve
from basislab.research.overfit.runner import Runner
from basislab.simulate import simulate
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig

PAGE = Path(__file__).parents[1] / "docs" / "venue-engine.md"
BEGIN, END = "<!-- table: benchmarks/resize.py -->", "<!-- end of resize table -->"
DAYS, HOURS = 180, 24
TRADES: tuple[dict[str, Any], ...] = (
    {"leverage": 2.0, "band": None, "trigger": 3.3},
    {"leverage": 2.0, "band": 0.1},
    {"leverage": 2.0, "band": 0.2},
    {"leverage": 2.0, "band": 0.2, "policy": "never"},
    {"leverage": 2.0, "band": 0.2, "resize_to": "edge"},
    {"leverage": 1.5, "band": 0.3},
    {"long_leverage": 1.5, "short_leverage": 3.0, "band": 0.2},
    {"long_leverage": 1.0, "short_leverage": 3.0, "band": 0.2},
    {"long_leverage": 1.0, "short_leverage": 3.0, "band": 0.2, "lending": "none"},
    {"leverage": 2.5, "band": 0.2},
    {"leverage": 3.0, "band": 0.2},
)
HEAD = (
    "| long / short | band | a year | resizes, transfers | liquidated long / short | drawdown "
    f"| {DAYS}-day starts above the hurdle | 5 % quantile of the excess, points "
    "| starts that meet a liquidation |"
)


def main(arguments: list[str]) -> None:
    """Print the table and put it into the page."""
    market = load_mapping(Path(arguments[0]), folder=arguments[1])
    lines = [HEAD, "|" + "---|" * (HEAD.count("|") - 1)]
    for trade in TRADES:
        config = resolve(VenueConfig(**trade))
        lines.append(line(market, config))
        print(lines[-1], flush=True)
    hurdle = backtest(market, VenueConfig(leverage=2.0)).hurdle_annualized
    lines.append(f"\nHurdle: {hurdle:+.2%} a year.\n")
    if "--no-save" in arguments:
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    text = f"{before}{BEGIN}\n" + "\n".join(lines) + f"{END}{after}"
    PAGE.write_text(text, encoding="utf-8")


def line(market: Market, config: VenueConfig) -> str:
    """Return one row."""
    result = simulate(market, config)
    counts = result.counts
    excess, hit = starts(market, config)
    legs = config.leverages
    band = "never resized" if config.band is None else f"{config.band:.0%}"
    held = ", coin held" if config.protocol == "none" else ""
    edge = ", to the edge" if config.resize_to == "edge" else ""
    alone = ", no transfers beside" if config.policy == "never" else ""
    cells = (
        f"{legs.long:g} / {legs.short:g}{held}",
        band + edge + alone,
        f"{result.annualized_return:+.1%}",
        f"{counts['resizes']}, {counts['rebalances']}",
        f"{counts['liquidations_long']} / {counts['liquidations_short']}",
        f"{result.max_drawdown:.1%}",
        f"{(excess > 0).mean():.0%}",
        f"{np.quantile(excess, 0.05) * 100:+.1f}",
        f"{hit.mean():.0%}",
    )
    return "| " + " | ".join(cells) + " |"


def starts(market: Market, config: VenueConfig) -> tuple[Any, Any]:
    """Return the excess over the hurdle, and whether a leg died, of a start on every day."""
    runner, bars = Runner(market, min_days=1.0), DAYS * HOURS
    excess, hit = [], []
    growth = np.cumprod(runner.hurdle_growth(config))
    for first in range(0, len(market) - bars, HOURS):
        outcome = runner.outcome(config, first, first + bars)
        day = first // HOURS
        supplied = growth[day + DAYS - 1] / (growth[day - 1] if day else 1.0)
        excess.append(outcome.final / config.capital_usd - supplied)
        rows = outcome.log.rows[: outcome.log.filled[0]]
        hit.append(bool((rows[:, 1] == ev.LIQUIDATION).any()))
    return np.array(excess), np.array(hit)


if __name__ == "__main__":
    main(sys.argv[1:])
