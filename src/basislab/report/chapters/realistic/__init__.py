"""The realistic model: by size, by trigger, event by event, dollar by dollar."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.realistic.facts import realistic_facts
from basislab.report.chapters.realistic.figures import figures
from basislab.report.chapters.realistic.view import sentences, tables

CHAPTER = Chapter(facts=realistic_facts, tables=tables, figures=figures, sentences=sentences)
