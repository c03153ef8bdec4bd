"""How far it went wrong, and what the data cannot show."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.risks.facts import risks_facts
from basislab.report.chapters.risks.view import sentences, tables

CHAPTER = Chapter(facts=risks_facts, tables=tables, sentences=sentences)
