"""How the memo's size was chosen, and what each choice made when it was held."""

from basislab.report.chapter import Chapter, no_facts
from basislab.report.chapters.choice.view import sentences, tables
from basislab.report.study.decision import study_decision

CHAPTER = Chapter(
    facts=no_facts,
    tables=tables,
    sentences=sentences,
    is_shown=lambda runs, _: not isinstance(runs.kept(study_decision), str),
)
