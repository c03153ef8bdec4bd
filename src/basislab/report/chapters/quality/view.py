"""Tables of the data quality: what was found, what was filled, what was seen."""

from __future__ import annotations

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.quality.facts import Quality, QualityFacts
from basislab.report.fields import flat
from basislab.report.study.runs import Runs
from basislab.report.tables import Column, Table, table, text, to


def tables(_: Runs, facts: QualityFacts) -> Tables:
    """Return the chapter's tables."""
    quality = facts.quality
    return {"quality": [_found(quality)], "gaps": [_gaps(quality)], "coverage": [_seen(quality)]}


def _found(quality: Quality) -> Table:
    rows = [
        flat(example) | {"check": row.check, "asserts": row.asserts}
        for row in quality.checks
        for example in row.examples
    ]
    columns = [
        Column("Check", "check"),
        Column("asserts that", "asserts"),
        Column("Series", "series"),
        Column("Severity", "severity"),
        Column("Findings", "findings_count", words.usd),
        Column("Bars", "touched_count", words.usd),
        Column("First", "first", text),
        Column("The worst", "worst"),
    ]
    rest = [row.check for row in quality.checks if row.places_count > len(row.examples)]
    notes = [f"More series than are named here: {words.join(rest)}."] if rest else []
    return table("What the checks found", columns, rows, *notes)


def _gaps(quality: Quality) -> Table:
    columns = [
        Column("Series", "series"),
        Column("Missing", "missing_count", words.usd),
        Column("of", "unit"),
        Column("First", "first"),
        Column("Longest, hours", "longest_hours", to(0, words.decimal)),
        Column("Bars dropped", "dropped_count", words.usd),
        Column("What became of it", "treatment"),
    ]
    return table("Decisions about gaps, over the whole market", columns, quality.gaps)


def _seen(quality: Quality) -> Table:
    columns = [
        Column("Series", "series"),
        Column("Bars", "bars_count", words.usd),
        Column("Seen", "observed_count", words.usd),
        Column("Share", "observed_share", words.share),
        Column("First seen", "first", text),
        Column("Last seen", "last", text),
    ]
    return table("What was seen of every series", columns, quality.coverage)
