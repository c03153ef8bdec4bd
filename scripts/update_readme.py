"""Write what the studies found into README.md, or with --check say whether it is current.

Usage: python scripts/update_readme.py [--check]
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from basislab.data import load_market
from basislab.report import words
from basislab.report.render.terminal import screen_text
from basislab.report.report import study_report, study_runs
from basislab.report.spec import load_spec

ROOT = Path(__file__).resolve().parent.parent
FIRST_LEFT_OUT = "\n2a. "

Facts = dict[str, Any]


def facts_of(study: str) -> Facts:
    """Return the committed facts of a study."""
    text = (ROOT / "studies" / study / "facts.json").read_text(encoding="utf-8")
    found: Facts = json.loads(text)
    return found


def excerpt() -> str:
    """Return what `make study` prints up to the end of its first section."""
    spec = load_spec(ROOT / "studies" / "sol-2025" / "study.toml")
    text = screen_text(study_report(study_runs(load_market(spec.market), spec)).screen())
    return f"```text\n{text[: text.index(FIRST_LEFT_OUT)].rstrip()}\n```\n"


def answers() -> str:
    """Return both studies' answers beside each other, and why they differ."""
    both = [facts_of("sol-2025"), facts_of("sol-2023-2026")]
    rows: tuple[tuple[str, Callable[[Facts], str]], ...] = (
        ("days", lambda f: f"{f['market']['start'][:10]} to {f['market']['end'][:10]}"),
        (
            "bars",
            lambda f: "days; paths within them" if f["memo"]["unknown"]["is_daily"] else "hours",
        ),
        ("**worth it?**", lambda f: f"**{_word(f['memo'])}**"),
        ("the size that was chosen", lambda f: f["memo"]["chosen"]["label"]),
        ("it made a year", lambda f: words.percent(f["memo"]["made"]["annualized"])),
        ("the hurdle made", lambda f: words.percent(f["memo"]["made"]["hurdle_annualized"])),
        (
            "difference, points a year, 90 % interval",
            lambda f: _interval(f["memo"]["made"]["excess"]),
        ),
        ("chosen on the past alone, lived on the days after", _walked),
        ("funding a year, mean", lambda f: words.percent(_funding(f))),
        ("liquidations", lambda f: f"{f['memo']['made']['liquidations_count']:.0f}"),
    )
    lines = ["| | the sample | two years of hours |", "|---|---|---|"]
    lines += [f"| {name} | {' | '.join(write(one) for one in both)} |" for name, write in rows]
    return "\n".join(lines) + f"\n\n{_why(*both)}\n"


def _word(memo: Facts) -> str:
    sure = f", {memo['sureness']}" if memo["sureness"] else ""
    return f"{memo['word']}{sure}"


def _interval(excess: Facts) -> str:
    low, high = words.points(excess["low"]), words.points(excess["high"])
    return f"{words.points(excess['middle'])} ({low} to {high})"


def _walked(facts: Facts) -> str:
    walk = facts["memo"]["walk"]
    steps, points = len(walk["rows"]), words.points(walk["excess_annualized"])
    return f"{points} points a year; above the hurdle in {walk['beaten_count']} of {steps} steps"


def _funding(facts: Facts) -> float:
    rate: float = next(r["mean_apy"] for r in facts["rates"] if r["what"] == "funding, hyperliquid")
    return rate


def _why(sample: Facts, long: Facts) -> str:
    """Say why the answers differ: what funding paid, and when the difference was made."""
    halves = long["memo"]["half_years"]
    gains = [half["made_return"] - half["hurdle_return"] for half in halves]
    early = sum(
        gain for gain, half in zip(gains, halves, strict=True) if half["name"][:4] < "2025"
    ) / sum(gains)
    sizes = {facts["memo"]["chosen"]["label"] for facts in (sample, long)}
    size = "The rule chose the same size for both. " if len(sizes) == 1 else ""
    return (
        f"They differ because funding did: it paid shorts {words.percent(_funding(long))} a year "
        f"over the longer window, {words.percent(_funding(sample))} over the sample. Of what the "
        f"longer window made above the hurdle, {words.share(early, 0)} was made before 2025. {size}"
        "Both keep the size, with leverages that may differ; the published study had equal legs, "
        "never kept their size, and judged the sample's days alone."
    )


def found() -> str:
    """Return the key finding, the three models and the best triggers of the published study."""
    facts = facts_of("sol-2025")
    lines = [f"{facts['verdict']['headline']}", ""]
    lines += ["| 10 000 USD, a year | " + " | ".join(_levels(facts)) + " |"]
    lines += ["|---|" + "---|" * len(_levels(facts))]
    for name, key in (("static, a ceiling", "static"), ("capital rebalance, default trigger", ""),
                      ("full rotation, a floor", "rotation")):  # fmt: skip
        column = f"{key}_annualized" if key else "annualized"
        lines.append(f"| {name} | {' | '.join(words.percent(r[column]) for r in _sized(facts))} |")
    lines.append(f"| best trigger of the grid, in hindsight | {' | '.join(_best(facts))} |")
    hurdle = words.percent(_sized(facts)[0]["hurdle_annualized"])
    lines.append(f"| the hurdle | {' | '.join([hurdle] * len(_levels(facts)))} |")
    return "\n".join(lines) + "\n"


def _sized(facts: Facts) -> list[Facts]:
    return [row for row in facts["matrix"] if row["capital_usd"] == facts["study"]["capital_usd"]]


def _levels(facts: Facts) -> list[str]:
    return [words.multiple(row["leverage"]) for row in _sized(facts)]


def _best(facts: Facts) -> list[str]:
    best = [next(row for row in each["rows"] if row["is_best"]) for each in facts["triggers"]]
    return [f"{words.percent(row['annualized'])} ({words.trigger(row['trigger'])})" for row in best]


BLOCKS: dict[str, Callable[[], str]] = {"answers": answers, "found": found, "study": excerpt}


def updated(readme: str) -> str:
    """Return README.md with every block between its marks."""
    for name, write in BLOCKS.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        head, rest = readme.split(begin)
        readme = f"{head}{begin}{write()}{rest[rest.index(end) :]}"
    return readme


def main() -> int:
    """Update or check; status 1 where a check found a difference."""
    path = ROOT / "README.md"
    before = path.read_text(encoding="utf-8")
    after = updated(before)
    if "--check" in sys.argv[1:]:
        return int(before != after)
    path.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
