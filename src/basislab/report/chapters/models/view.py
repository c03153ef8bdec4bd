"""The table of the models."""

from __future__ import annotations

from basislab.report.chapter import Tables
from basislab.report.chapters.models.facts import ModelsFacts
from basislab.report.study.runs import Runs
from basislab.report.tables import ANNUAL, DRAWDOWN, EXCESS, LEVERAGE, NET, Column, Table


def tables(_: Runs, facts: ModelsFacts) -> Tables:
    """Return the chapter's table."""
    columns = [LEVERAGE, Column("Model", "model"), ANNUAL, EXCESS, NET, DRAWDOWN]
    note = (
        "Static has no liquidations, rotation no price risk: bounds by intent. Rebalance is the "
        "study's realistic model, conditional its later dashboard's."
    )
    return {"models": [Table("A", "The models compared", columns, facts.models, [note])]}
