"""The ceiling: constant notional, no liquidation, no rebalancing."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.static.facts import static_facts
from basislab.report.chapters.static.view import figures, sentences, tables

CHAPTER = Chapter(facts=static_facts, tables=tables, figures=figures, sentences=sentences)
