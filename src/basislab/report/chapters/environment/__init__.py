"""Prices and rates of the window, month by month."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.environment.facts import environment_facts
from basislab.report.chapters.environment.view import figures, sentences, tables

CHAPTER = Chapter(facts=environment_facts, tables=tables, figures=figures, sentences=sentences)
