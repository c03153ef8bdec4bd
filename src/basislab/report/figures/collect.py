"""Which figures a study has: those whose data its market holds."""

from __future__ import annotations

from collections.abc import Callable

from basislab.report.figures import bars, events, maps, months, paths, waterfall
from basislab.report.figures.base import Figure
from basislab.report.figures.certificates import certificate_figures
from basislab.report.figures.engine import engine_figure
from basislab.report.runs import Facts, Runs

FIGURES: dict[str, Callable[[Runs, Facts], Figure]] = {
    "hurdle": bars.hurdle_figure,
    "rates": bars.rates_figure,
    "months": months.months_figure,
    "income": paths.income_figure,
    "equity": paths.equity_figure,
    "drawdown": paths.drawdown_figure,
    "legs": paths.legs_figure,
    "timeline": events.timeline_figure,
    "triggers": maps.triggers_figure,
    "waterfall": waterfall.waterfall_figure,
    "fees": bars.fees_figure,
    "funding": paths.funding_figure,
    "venue-triggers": maps.venue_triggers_figure,
    "venue-gap": waterfall.venue_gap_figure,
    "breakeven": maps.breakeven_figure,
    "entry": bars.entry_figure,
    "conditional": maps.conditional_figure,
    "cycles": events.cycles_figure,
    "engine-equity": engine_figure,
    "engine-ladder": waterfall.ladder_figure,
}
"""Every figure by its key."""

_NEEDS = {
    "triggers": lambda facts: any(block["rows"] for block in facts["triggers"]),
    "venue-triggers": lambda facts: bool(facts["venue_gap"]) and bool(facts["venue_triggers"]),
    "venue-gap": lambda facts: bool(facts["venue_gap"]),
    "timeline": lambda facts: any(
        row["rebalances_count"] or row["liquidations_count"] for row in facts["fees"]
    ),
    "entry": lambda facts: any(row["win_rate"] is not None for row in facts["entry"]["rows"]),
    "cycles": lambda facts: bool(facts["cycles"]["rows"]),
    "engine-equity": lambda facts: bool(facts["engine"]["runs"]),
    "engine-ladder": lambda facts: bool(facts["engine"]["runs"]),
}
"""What the facts must hold for a figure to have something to show."""


def study_figures(runs: Runs, facts: Facts) -> dict[str, Figure]:
    """Return the figures of a study.

    Parameters
    ----------
    runs : Runs
    facts : dict
        From `compute_facts` over the same runs.

    Returns
    -------
    dict of str to Figure
        By key, in the document's order; one that would be empty is left out.
    """
    made = {
        key: make(runs, facts)
        for key, make in FIGURES.items()
        if _NEEDS.get(key, lambda _: True)(facts)
    }
    return made | certificate_figures(facts["certificates"])
