"""The perpetual venues compared."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.venues.facts import venues_facts
from basislab.report.chapters.venues.view import figures, reasons, sentences, tables

CHAPTER = Chapter(
    facts=venues_facts,
    tables=tables,
    figures=figures,
    sentences=sentences,
    reasons=reasons,
    is_shown=lambda _, facts: bool(facts.venue_gap),
)
