"""When to enter: every day of the window tried as a start of the static position."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.entry.facts import entry_facts
from basislab.report.chapters.entry.view import figures, sentences, tables

CHAPTER = Chapter(facts=entry_facts, tables=tables, figures=figures, sentences=sentences)
