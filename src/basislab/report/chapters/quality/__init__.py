"""Data quality: what was checked, found, filled and seen; every document shows it."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.quality.facts import quality_facts
from basislab.report.chapters.quality.sentences import lines, sentences
from basislab.report.chapters.quality.view import tables

CHAPTER = Chapter(
    facts=quality_facts,
    tables=tables,
    sentences=sentences,
    lines=lines,
    is_optional=False,
)
