"""The memo: whether it is worth it, how, and how sure that is."""

from basislab.report.chapter import Chapter
from basislab.report.chapters.memo.facts import memo_facts
from basislab.report.chapters.memo.view import figures, lines, sentences, tables
from basislab.report.memo.sentences import beginning, rest

CHAPTER = Chapter(
    facts=memo_facts,
    tables=tables,
    figures=figures,
    sentences=sentences,
    lines=lines,
    names={"beginning": beginning, "rest": rest},
    is_shown=lambda _, facts: facts.memo.word is not None,
)
