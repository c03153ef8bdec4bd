"""Fees: by cause, by the open fee, by size, and those of moving capital against rotating."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.fees.facts import fees_facts
from basislab.report.chapters.fees.view import figures, sentences, tables

CHAPTER = Chapter(facts=fees_facts, tables=tables, figures=figures, sentences=sentences)
