"""What the policy lab finds on markets of hours: every policy, and what gates on carry buy.

Usage: python benchmarks/policies.py MARKET [--long 1.5] [--short 3]

MARKET is a folder that `basislab data import SERIES --mapping sol-2023-2026.toml` wrote. Writes
policies.json beside this file and the tables of docs/policies.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import basislab as bl
from basislab.report import words
from basislab.research.policies import ENTRY_APY, EXIT_APY

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "policies.md"
WINDOWS = (("the whole history", None), ("from 2025 on", "2025-01-01"))
HISTORIES = 100
GATES = (
    (0.0, 0.0, 7),
    (ENTRY_APY, EXIT_APY, 7),
    (ENTRY_APY, EXIT_APY, 30),
    (0.10, 0.0, 7),
    (0.10, 0.05, 30),
    (0.05, -0.10, 30),
)
"""Enter above, leave below (gross carry a year on capital), days of the mean."""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("market", type=Path)
    parser.add_argument("--long", type=float, default=1.5)
    parser.add_argument("--short", type=float, default=3.0)
    given = parser.parse_args()
    began, market = time.perf_counter(), bl.load_market(given.market)
    base = {"long_leverage": given.long, "short_leverage": given.short}
    found: dict[str, Any] = {"market": market.name, "fingerprint": market.fingerprint, **base}
    config = bl.VenueConfig(**base)
    found["windows"] = [
        {"window": name, "start": start, **facts(market, config, start, HISTORIES)}
        for name, start in WINDOWS
    ]
    found["days_only"] = facts(market, config, None, 0)
    found["gates"] = [
        {"window": name, "entry_apy": entry, "exit_apy": leave, "lookback_days": days}
        | facts(
            market,
            bl.VenueConfig(**base, entry_apy=entry, exit_apy=leave, lookback_days=days),
            start,
            0,
        )["gates"]
        for entry, leave, days in GATES
        for name, start in WINDOWS
    ]
    found["seconds"] = round(time.perf_counter() - began)
    (HERE / "policies.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    update_docs(found)


def facts(
    market: bl.Market, config: bl.VenueConfig, start: str | None, histories: int
) -> dict[str, Any]:
    """Compare every policy; print what was found."""
    made = bl.compare_policies(market, config, start=start, histories=histories)
    sys.stdout.write(f"{made.summary()}\n\n")
    sys.stdout.flush()
    kept = {key: value for key, value in made.to_dict().items() if key != "warnings"}
    return kept | {"summary": made.summary().splitlines()[:5]}


def update_docs(found: dict[str, Any]) -> None:
    """Write what was found between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    for mark, made in blocks(found).items():
        head, rest = text.split(f"<!-- {mark}:begin -->")
        _, tail = rest.split(f"<!-- {mark}:end -->")
        text = f"{head}<!-- {mark}:begin -->\n{made}\n<!-- {mark}:end -->{tail}"
    PAGE.write_text(text, encoding="utf-8")


def blocks(found: dict[str, Any]) -> dict[str, str]:
    """Return the Markdown of every mark of the page."""
    whole, late = found["windows"]
    return {
        "found": "\n".join(f"- {line}" for line in (*whole["summary"], told_apart(found))),
        "policies": policy_rows(whole, found["days_only"], late),
        "sizes": size_rows(whole),
        "gates": gate_rows(found["gates"]),
    }


def told_apart(found: dict[str, Any]) -> str:
    """Say how many policies each way of drawing tells apart."""
    counts = [
        sum(row["standing"] in ("better", "worse") for row in run["policies"])
        for run in (found["windows"][0], found["days_only"])
    ]
    return (
        f"Everything run again on drawn histories tells {counts[0]} policies apart from the "
        f"reference; daily returns drawn would have told {counts[1]}."
    )


def policy_rows(whole: dict[str, Any], days: dict[str, Any], late: dict[str, Any]) -> str:
    """Return one row a policy, the highest excess first; both ways to draw, and a later window."""
    later = {row["policy"]: row for row in late["policies"]}
    by_days = {row["policy"]: row for row in days["policies"]}
    heads = ["policy", "above the hurdle", "kept", "drawdown", "worst 90 days", "moves", "costs"]
    heads += ["start days liquidated", "against the reference", "daily returns drawn"]
    heads += ["from 2025 on, above the hurdle", "against the reference"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for row in sorted(whole["policies"], key=lambda row: -row["excess_return"]):
        one = later[row["policy"]]
        cells = [
            row["policy"],
            words.points(row["excess_return"]),
            words.share(row["kept"], 0),
            words.share(row["max_drawdown"]),
            words.percent(row["worst_90d"]),
            f"{row['moves']:,.0f}",
            words.share(row["costs"]),
            words.share(row["start_liquidated"], 0),
            against(row),
            against(by_days[row["policy"]]),
            words.points(one["excess_return"]),
            against(one),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def against(row: dict[str, Any]) -> str:
    """Return the paired interval, and where it leaves out zero the standing."""
    if row["standing"] == "reference":
        return "reference"
    span = f"{words.points(row['difference_low'])} to {words.points(row['difference_high'])}"
    return span if row["standing"] == "not told apart" else f"{span}, {row['standing']}"


def size_rows(whole: dict[str, Any]) -> str:
    """Return the map, the plateau in bold."""
    made = {
        (cell["band"], f"{cell['long_leverage']:g}x/{cell['short_leverage']:g}x"): cell
        for cell in whole["map"]
    }
    pairs = list(dict.fromkeys(pair for _, pair in made))
    lines = [f"| band | {' | '.join(pairs)} |", "|---" * (len(pairs) + 1) + "|"]
    for band in dict.fromkeys(band for band, _ in made):
        cells = [written(made[band, pair]) for pair in pairs]
        lines.append(f"| {band:.0%} | {' | '.join(cells)} |")
    return "\n".join(lines)


def written(cell: dict[str, Any]) -> str:
    """Return a cell of the map."""
    text = words.points(cell["excess_return"])
    return f"**{text}**" if cell["is_plateau"] else text


def gate_rows(gates: list[dict[str, Any]]) -> str:
    """Return one row a gate and window."""
    heads = ["enter above", "leave below", "mean of", "window", "in the market"]
    heads += ["exposure, without", "added a year", "bought"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for gate in gates:
        made = gate["difference"]
        cells = [
            words.percent(gate["entry_apy"], 0),
            words.percent(gate["exit_apy"], 0),
            f"{gate['lookback_days']} days",
            gate["window"],
            words.share(gate["time_in_market"][0], 0),
            f"{gate['exposure'][0]:.0%}, {gate['exposure'][1]:.0%}",
            f"{words.points(made['low'])} to {words.points(made['high'])}",
            gate["bought"],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
