"""The memo's text, tables and figures in a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basislab.report.chapter import Tables
from basislab.report.chapters.memo.facts import MemoFacts
from basislab.report.charts.base import Figure
from basislab.report.memo.figures import memo_figures
from basislab.report.memo.sentences import paragraphs, plain
from basislab.report.memo.tables import half_years
from basislab.report.study.decision import study_decision
from basislab.report.study.runs import Runs


def sentences(runs: Runs, _: MemoFacts) -> Sequence[str]:
    """Return the six points."""
    found = runs.kept(study_decision)
    return () if isinstance(found, str) else paragraphs(found)


def lines(runs: Runs, facts: MemoFacts) -> Iterator[str]:
    """Yield the six points for a terminal, which stand before everything else."""
    for text in sentences(runs, facts):
        yield f"\n{plain(text)}"


def tables(runs: Runs, _: MemoFacts) -> Tables:
    """Return the memo's tables."""
    found = runs.kept(study_decision)
    return {} if isinstance(found, str) else {"memo-half-years": [half_years(found)]}


def figures(runs: Runs, _: MemoFacts) -> Iterator[Figure]:
    """Yield the memo's figures."""
    found = runs.kept(study_decision)
    if not isinstance(found, str):
        yield from memo_figures(found)
