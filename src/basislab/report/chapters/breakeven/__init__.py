"""Break-even: how long, how much funding, how far to a liquidation."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.breakeven.facts import breakeven_facts
from basislab.report.chapters.breakeven.view import figures, sentences, tables

CHAPTER = Chapter(facts=breakeven_facts, tables=tables, figures=figures, sentences=sentences)
