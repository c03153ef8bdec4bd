"""Table and sentence of the statements that were checked."""

from __future__ import annotations

from basislab.report.chapter import Tables
from basislab.report.chapters.published.facts import PublishedFacts
from basislab.report.study.runs import Runs
from basislab.report.tables import Column, as_number, table


def tables(_: Runs, facts: PublishedFacts) -> Tables:
    """Return the chapter's table."""
    columns = [
        Column("Statement", "subject"),
        Column("Published", "said", as_number),
        Column("Computed", "found", as_number),
        Column("", "word"),
        Column("Why", "why"),
    ]
    return {"published": [table("Statement by statement", columns, facts.published)]}


def sentences(_: Runs, facts: PublishedFacts) -> list[str]:
    """Return how many statements differ."""
    rows = facts.published
    wrong = sum(row.word == "differs" for row in rows)
    return [f"{wrong} of {len(rows)} statements checked differ from the data."] if rows else []
