"""The study's positions by the venues' own rules."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.engine.facts import engine_facts
from basislab.report.chapters.engine.figures import figures
from basislab.report.chapters.engine.sentences import reasons, sentences
from basislab.report.chapters.engine.view import tables

CHAPTER = Chapter(
    facts=engine_facts,
    tables=tables,
    figures=figures,
    sentences=sentences,
    reasons=reasons,
)
