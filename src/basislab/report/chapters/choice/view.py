"""The criterion in words, and the tables behind the memo."""

from __future__ import annotations

from collections.abc import Sequence

from basislab.report.chapter import NoFacts, Tables
from basislab.report.memo.criterion import criterion
from basislab.report.memo.tables import behind
from basislab.report.study.decision import study_decision
from basislab.report.study.runs import Runs


def sentences(runs: Runs, _: NoFacts) -> Sequence[str]:
    """Return how the size was chosen."""
    found = runs.kept(study_decision)
    return () if isinstance(found, str) else criterion(found)


def tables(runs: Runs, _: NoFacts) -> Tables:
    """Return what followed each level of funding, and every step of the walk-forward."""
    found = runs.kept(study_decision)
    return {"memo-funding": [], "memo-walk": []} if isinstance(found, str) else behind(found)
