"""Conditional deployment: by threshold, and every deployment of one run."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.conditional.facts import conditional_facts
from basislab.report.chapters.conditional.view import figures, sentences, tables

CHAPTER = Chapter(facts=conditional_facts, tables=tables, figures=figures, sentences=sentences)
