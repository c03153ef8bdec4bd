"""The models compared."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.models.facts import models_facts
from basislab.report.chapters.models.view import tables

CHAPTER = Chapter(facts=models_facts, tables=tables)
