"""Write the table of docs/venue-engine.md from the hourly series, or check that it is current.

    python scripts/venue_table.py FOLDER [--check]

FOLDER holds the files that studies/venue-hourly/market.toml names.
"""

from __future__ import annotations

import sys
from pathlib import Path

from basislab.api import backtest
from basislab.data.read.mapping import load_mapping
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_result import VenueResult

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "venue-engine.md"
MAPPING = ROOT / "studies" / "venue-hourly" / "market.toml"
BEGIN, END = "<!-- table: scripts/venue_table.py -->", "<!-- end of table -->"
WINDOW = ("2024-12-31", "2026-01-06")
TRIGGERS = {2.0: (2.5, 3.2, 3.8, 5.0, None), 3.0: (3.2, 3.5, 3.8, 5.0, None)}
LOOKS = {"1 h": 3_600, "4 h": 14_400, "1 d": 86_400}

HEAD = (
    "| leverage | looks every | trigger | a year | excess, points | drawdown | moves | cuts "
    "| liquidated long / short | naked, h | costs, USD | liquidation and naked, USD | borne, USD |"
)


def main(arguments: list[str]) -> int:
    """Write or check; status 1 where the page is not current."""
    folder = Path(arguments[0])
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    fresh = f"{before}{BEGIN}\n{table(load_mapping(MAPPING, folder=folder))}{END}{after}"
    if "--check" in arguments:
        return int(fresh != text)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


def table(market: Market) -> str:
    """Return the table in Markdown, one line a run, and what holds for all of them."""
    lines = [HEAD, "|" + "---|" * (HEAD.count("|") - 1)]
    worst, hurdle = 0.0, 0.0
    for leverage, triggers in TRIGGERS.items():
        for label, seconds in LOOKS.items():
            for trigger in triggers:
                result = run(market, leverage, seconds, trigger)
                lines.append(line(result, label, trigger))
                change = result.final_usd - result.initial_usd
                worst = max(worst, abs(result.ledger.total - change))
                hurdle = result.hurdle_annualized
    exact = "holds" if worst <= 1e-9 * 10_000 else "IS BROKEN"
    note = (
        f"\nHurdle: {hurdle:+.2%} a year. The ledger identity {exact} to 1e-9 of capital in all of "
        "these runs.\n"
    )
    return "\n".join(lines) + "\n" + note


def run(market: Market, leverage: float, seconds: int, trigger: float | None) -> VenueResult:
    """Run one configuration over the window."""
    config = VenueConfig(
        leverage=leverage,
        band=None,
        monitor_seconds=seconds,
        policy="never" if trigger is None else "trigger",
        trigger="auto" if trigger is None else trigger,
    )
    result = backtest(market, config, start=WINDOW[0], end=WINDOW[1])
    assert isinstance(result, VenueResult)  # noqa: S101 - the config decides
    return result


def line(result: VenueResult, label: str, trigger: float | None) -> str:
    """Return one row."""
    books, counts = result.ledger, result.counts
    excess = (result.annualized_return - result.hurdle_annualized) * 100
    died = f"{counts['liquidations_long']} / {counts['liquidations_short']}"
    hours = result.naked_bars * result.bar_seconds / 3_600
    lost = books.liquidation_penalty + books.accounts["naked"]
    cells = (
        f"{result.config.leverage:g}x",
        label,
        "never" if trigger is None else f"{trigger:g}x",
        f"{result.annualized_return:+.2%}",
        f"{excess:+.2f}",
        f"{result.max_drawdown:.1%}",
        str(counts["rebalances"]),
        str(counts["deleverages"]),
        died,
        f"{hours:g}",
        f"{books.costs:,.0f}",
        f"{lost:+,.0f}",
        f"{books.loss_borne_by_venue:,.0f}",
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
