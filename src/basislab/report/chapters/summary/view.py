"""Cards with the headline numbers, and the figure of the hurdle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from basislab.report import words
from basislab.report.chapter import NoFacts, Tables
from basislab.report.charts.base import Figure, Held, Line
from basislab.report.charts.distances import distances_chart
from basislab.report.study.curves import MODELS
from basislab.report.study.market import hurdle_facts
from basislab.report.study.results import (
    WaterfallRow,
    ceiling_at_focus,
    model_rows,
    waterfall_rows,
)
from basislab.report.study.runs import Runs
from basislab.report.tables import ANNUAL, EXCESS, Column, Table

BEST = "best trigger"


def tables(runs: Runs, _: NoFacts) -> Tables:
    """Return the headline numbers; a page shows them as cards."""
    rows, ceiling = runs.once(waterfall_rows), ceiling_at_focus(runs)
    hurdle = runs.once(hurdle_facts)
    default = max((row for row in rows if row.is_default), key=lambda row: row.outcome.annualized)
    tuned = max(rows, key=lambda row: row.outcome.annualized)
    shown = [
        _card("Hurdle", hurdle.hurdle_annualized, hurdle.what, None),
        _run_card("Realistic, default trigger", default),
        _run_card("Realistic, trigger chosen in hindsight", tuned),
        _card(
            "Ceiling",
            ceiling.outcome.annualized,
            f"{words.multiple(ceiling.leverage)}, no liquidation",
            ceiling.outcome.excess_annualized,
        ),
    ]
    columns = [Column("", "name"), ANNUAL, EXCESS, Column("Run", "note")]
    return {"cards": [Table("", "At a glance", columns, shown, is_cards=True)]}


def _card(name: str, annualized: float, note: str, excess: float | None) -> dict[str, Any]:
    return {"name": name, "annualized": annualized, "note": note, "excess_annualized": excess}


def _run_card(name: str, row: WaterfallRow) -> dict[str, Any]:
    made = row.outcome
    note = (
        f"{words.multiple(row.leverage)}, trigger {words.trigger(row.trigger)}, drawdown "
        f"{words.share(made.drawdown)}"
    )
    return _card(name, made.annualized, note, made.excess_annualized)


def figures(runs: Runs, _: NoFacts) -> Iterator[Figure]:
    """Yield every model's return a year as a distance from the hurdle."""
    held = Held()
    bar = runs.once(hurdle_facts).hurdle_annualized
    models = runs.once(model_rows)
    best = [
        (BEST, row.leverage, row.outcome) for row in runs.once(waterfall_rows) if not row.is_default
    ]
    lines = (*MODELS, Line(BEST, "other"))
    panel = distances_chart(
        held,
        [
            {
                "at": words.multiple(leverage),
                "series": name,
                "annualized": made.annualized,
                "hurdle": bar,
                "excess": f"{words.points(made.excess_annualized)} points",
                "drawdown": words.share(made.drawdown),
            }
            for name, leverage, made in [
                *((row.model, row.leverage, row.outcome) for row in models),
                *best,
            ]
        ],
        lines,
        bar=bar,
        order=[words.multiple(leverage) for leverage in runs.spec.leverages],
    )
    above = sum(row.outcome.excess_annualized > 0 for row in models)
    realistic = [
        f"{words.multiple(row.leverage)} {words.percent(row.outcome.annualized)}"
        for row in models
        if row.model == "rebalance"
    ]
    yield Figure(
        key="hurdle",
        title=f"Every model against the hurdle of {words.percent(bar)} a year (dashed)",
        alt=(
            f"Dots, one a model and leverage, joined to the hurdle; of {len(models)} runs {above} "
            f"are above it. Realistic model: {words.join(realistic)}."
        ),
        data=held.rows,
        panels=[panel],
        legend=lines if best else lines[:-1],
    )
