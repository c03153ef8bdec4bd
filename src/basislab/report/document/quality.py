"""Tables of the chapter on data quality: what was found, what was filled, what was seen."""

from __future__ import annotations

from collections.abc import Callable

from basislab.report import words
from basislab.report.runs import Facts
from basislab.report.tables import Column, Table


def _found(facts: Facts) -> Table:
    rows = [
        example
        | {"check": row["check"], "asserts": row["asserts"], "is_marked": False}
        | {"first": example["first"] or words.NONE}
        for row in facts["quality"]["checks"]
        for example in row["examples"]
    ]
    rest = [
        row["check"]
        for row in facts["quality"]["checks"]
        if row["places_count"] > len(row["examples"])
    ]
    columns = [
        Column("Check", "check"),
        Column("asserts that", "asserts"),
        Column("Series", "series"),
        Column("Severity", "severity"),
        Column("Findings", "findings_count", words.usd),
        Column("Bars", "touched_count", words.usd),
        Column("First", "first"),
        Column("The worst", "worst"),
    ]
    notes = [f"More series than are named here: {words.join(rest)}."] if rest else []
    return Table("", "What the checks found", columns, rows, notes)


def _gaps(facts: Facts) -> Table:
    columns = [
        Column("Series", "series"),
        Column("Missing", "missing_count", words.usd),
        Column("of", "unit"),
        Column("First", "first"),
        Column("Longest, hours", "longest_hours", _hours),
        Column("Bars dropped", "dropped_count", words.usd),
        Column("What became of it", "treatment"),
    ]
    return Table(
        "", "Decisions about gaps, over the whole market", columns, facts["quality"]["gaps"]
    )


def _hours(value: float | None) -> str:
    return words.decimal(value, 0)


def _coverage(facts: Facts) -> Table:
    rows = [
        row | {"first": row["first"] or words.NONE, "last": row["last"] or words.NONE}
        for row in facts["quality"]["coverage"]
    ]
    columns = [
        Column("Series", "series"),
        Column("Bars", "bars_count", words.usd),
        Column("Seen", "observed_count", words.usd),
        Column("Share", "observed_share", words.share),
        Column("First seen", "first"),
        Column("Last seen", "last"),
    ]
    return Table("", "What was seen of every series", columns, rows)


QUALITY_TABLES: dict[str, Callable[[Facts], Table]] = {
    "quality": _found,
    "gaps": _gaps,
    "coverage": _coverage,
}
"""By the names that the chapter uses."""
