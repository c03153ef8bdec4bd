"""The summary: verdict, headline numbers, every model against the hurdle."""

from basislab.report.chapter import Chapter, no_facts
from basislab.report.chapters.summary.view import figures, tables

CHAPTER = Chapter(facts=no_facts, tables=tables, figures=figures)
