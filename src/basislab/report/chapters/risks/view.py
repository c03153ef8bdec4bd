"""Table and sentences of what went wrong."""

from __future__ import annotations

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.risks.facts import RiskRow, RisksFacts
from basislab.report.study.runs import Runs
from basislab.report.tables import DRAWDOWN, LEVERAGE, LIQUIDATIONS, Column, table, to


def tables(_: Runs, facts: RisksFacts) -> Tables:
    """Return the chapter's table."""
    columns = [
        LEVERAGE,
        Column("Trigger", "trigger", words.trigger),
        Column("Worst day", "worst_day"),
        Column("lost, share of capital", "worst_day_return", words.percent),
        DRAWDOWN,
        Column("Days below a peak", "underwater_days", words.usd),
        LIQUIDATIONS,
        Column("Penalty each, USD", "penalty_each_usd", words.usd),
        Column("Earned a month, USD", "earned_monthly_usd", words.signed_usd),
        Column("Months to earn a penalty", "penalty_months", to(1, words.decimal)),
    ]
    return {"risks": [table("How far it went wrong, default trigger", columns, facts.risks)]}


def sentences(_: Runs, facts: RisksFacts) -> list[str]:
    """Return what went wrong, a sentence a leverage."""
    return [_sentence(row) for row in facts.risks]


def _sentence(row: RiskRow) -> str:
    line = (
        f"{words.multiple(row.leverage)}: worst day {row.worst_day} "
        f"({words.percent(row.worst_day_return)} of capital), drawdown "
        f"{words.share(row.drawdown)}, {words.plural(row.underwater_days, 'day')} below an earlier "
        "peak"
    )
    if row.penalty_months is not None:
        line += (
            f"; an average liquidation takes {words.decimal(row.penalty_months, 1)} months of "
            "carry and funding"
        )
    return f"{line}."
