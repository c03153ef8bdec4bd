"""The strategy, and what the venues are assumed to cost."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.strategy.facts import strategy_facts
from basislab.report.chapters.strategy.view import tables

CHAPTER = Chapter(facts=strategy_facts, tables=tables)
