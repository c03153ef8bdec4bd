"""The table of the venues' constants."""

from __future__ import annotations

from typing import Any

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.strategy.facts import StrategyFacts
from basislab.report.study.runs import Runs
from basislab.report.tables import Column, table


def tables(_: Runs, facts: StrategyFacts) -> Tables:
    """Return a row a constant, the venues side by side."""
    perps = list(dict.fromkeys(row.perp for row in facts.constants))
    rows: dict[str, dict[str, Any]] = {}
    for row in facts.constants:
        name = row.constant.replace("_", " ").removesuffix(" usd").removesuffix(" bps")
        first = dict.fromkeys(perps, words.NONE) | {"unit": row.unit, "status": row.status}
        rows.setdefault(name, {"constant": name} | first)[row.perp] = row.value
    columns = [
        Column("Constant", "constant"),
        *(Column(perp, perp) for perp in perps),
        Column("Unit", "unit"),
        Column("Status", "status"),
    ]
    sources = sorted({row.source for row in facts.constants})
    note = f"Sources: {words.join(sources)}."
    made = table("What the venues are assumed to cost", columns, list(rows.values()), note)
    return {"constants": [made]}
