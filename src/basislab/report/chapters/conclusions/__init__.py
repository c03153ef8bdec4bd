"""What follows from the study."""

from basislab.report.chapter import Chapter, no_facts
from basislab.report.chapters.conclusions.view import sentences

CHAPTER = Chapter(facts=no_facts, sentences=sentences)
