"""Method, assumptions, provenance."""

from basislab.report.chapter import Chapter, no_facts
from basislab.report.chapters.method.view import tables

CHAPTER = Chapter(facts=no_facts, tables=tables)
