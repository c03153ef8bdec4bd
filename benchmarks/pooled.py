"""Power and size of a certificate of several coins, beside that of one: panels with a known edge.

    python benchmarks/pooled.py [--searches N] [--powers N] [--jobs N]

Each coin has 410 days of 17 trials: normal noise of 10 % a year, four groups of trials that are
correlated by 0.7. The same trial on two coins is correlated by 0.5. An edge, a constant daily
excess return, is planted in one trial on all coins, or on the first coin alone. *Young* coins have
the second half of the days only. A certificate pools a panel as `bl.certify(markets=...)` does: by
calendar day, each market with equal weight. Writes pooled.json beside this file and the table of
docs/certificate.md between its markers.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from basislab.research.overfit.certificate import certify_returns
from basislab.research.overfit.pooled import mean_of_markets
from basislab.research.overfit.rules import STATED_RATE

HERE = Path(__file__).parent
DAYS, TRIALS, GROUPS = 410, 17, 4
VOLATILITY, ALIKE, BETWEEN_COINS = 0.10, 0.7, 0.5
Array = np.ndarray[Any, Any]


class Case(NamedTuple):
    """What is planted: on the first coin alone or on all, with all but the first young or none."""

    coins: int
    edge: float
    is_single: bool = False
    is_young: bool = False

    @property
    def name(self) -> str:
        """How the table calls it."""
        text = f"{self.coins} coin{'s' if self.coins > 1 else ''}"
        return text + (", all but one young" if self.is_young else "")

    @property
    def planted(self) -> str:
        """Where the edge is."""
        if not self.edge:
            return "none"
        return "first coin" if self.is_single and self.coins > 1 else "every coin"


CASES = (
    *(Case(coins, edge) for coins in (1, 2, 4) for edge in (0.0, 0.1, 0.2, 0.3, 0.4)),
    *(Case(2, edge, is_young=True) for edge in (0.0, 0.3)),
    Case(2, 0.3, is_single=True),
)


def coins(
    random: np.random.Generator,
    markets: int,
    edge: float,
    *,
    is_single: bool = False,
    is_young: bool = False,
) -> Array:
    """Return a panel, shape (n_days, n_markets, n_trials); the edge is in the first trial."""
    group = np.arange(TRIALS) % GROUPS

    def noise(*shape: int) -> Array:
        common = random.normal(size=(*shape, GROUPS))[..., group]
        own = random.normal(size=(*shape, TRIALS))
        return np.asarray(math.sqrt(ALIKE) * common + math.sqrt(1 - ALIKE) * own)

    shared, single = noise(DAYS, 1), noise(DAYS, markets)
    both = math.sqrt(BETWEEN_COINS) * shared + math.sqrt(1 - BETWEEN_COINS) * single
    panel = VOLATILITY / math.sqrt(365) * both
    panel[:, : 1 if is_single else None, 0] += edge / 365
    if is_young:
        panel[: DAYS // 2, 1:] = np.nan
    return panel


def measure(case: Case, count: int) -> dict[str, Any]:
    """Certify `count` panels."""
    words: list[str] = []
    right = met = 0
    for seed in range(count):
        random = np.random.default_rng([seed, 4])
        single, young = case.is_single, case.is_young
        panel = coins(random, case.coins, case.edge, is_single=single, is_young=young)
        found = certify_returns(mean_of_markets(panel))
        words.append(found.verdict.word)
        right += words[-1] == "recommended" and found.candidate == 0
        met += max(found.spa.consistent, found.spa.reality_check) <= STATED_RATE
    share = words.count("recommended") / count
    return {
        "coins": case.name,
        "edge_apy": case.edge,
        "planted_in": case.planted,
        "searches_count": count,
        "superior_ability_met_share": met / count,
        "recommended_share": share,
        "recommended_error": math.sqrt(max(share * (1 - share), 1 / count) / count),
        "planted_trial_recommended_share": right / count,
        "refused_share": words.count("refused") / count,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Return rows as a Markdown table."""
    head = ["rests on", "edge a year", "in", "searches", "both p-values < 5 %"]
    head += ["recommended", "and the planted one", "refused"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        planted = row["planted_trial_recommended_share"] if row["edge_apy"] else None
        cells = [
            row["coins"],
            f"{row['edge_apy']:.0%}",
            row["planted_in"],
            str(row["searches_count"]),
            f"{row['superior_ability_met_share']:.1%}",
            f"{row['recommended_share']:.1%} ± {row['recommended_error']:.1%}",
            "" if planted is None else f"{planted:.1%}",
            f"{row['refused_share']:.1%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def update_docs(rows: list[dict[str, Any]]) -> None:
    """Write the table between the page's markers."""
    page = HERE.parent / "docs" / "certificate.md"
    head, rest = page.read_text(encoding="utf-8").split("<!-- pooled:begin -->\n")
    tail = rest.split("<!-- pooled:end -->")[1]
    made = f"{head}<!-- pooled:begin -->\n\n{table(rows)}\n\n<!-- pooled:end -->{tail}"
    page.write_text(made, encoding="utf-8")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--searches", type=int, default=300, help="without an edge")
    parser.add_argument("--powers", type=int, default=100, help="for each planted edge")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    given = parser.parse_args()
    began = time.perf_counter()
    counts = [given.powers if case.edge else given.searches for case in CASES]
    with ProcessPoolExecutor(given.jobs) as pool:
        rows = [*pool.map(measure, CASES, counts)]
    found = {"days": DAYS, "trials": TRIALS, "between_coins_correlation": BETWEEN_COINS}
    kept = found | {"rows": rows, "seconds": round(time.perf_counter() - began, 1)}
    (HERE / "pooled.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(rows) + "\n")
    update_docs(rows)


if __name__ == "__main__":
    main()
