"""What an earlier publication said about the same data, checked."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.published.facts import published_facts
from basislab.report.chapters.published.view import sentences, tables

CHAPTER = Chapter(
    facts=published_facts,
    tables=tables,
    sentences=sentences,
    is_shown=lambda _, facts: bool(facts.published),
)
