"""The ceiling by size and leverage."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.report.study.results import CeilingRow, ceiling_rows
from basislab.report.study.runs import Runs


@dataclass(frozen=True, kw_only=True)
class StaticFacts:
    """Of the chapter."""

    static: tuple[CeilingRow, ...]


def static_facts(runs: Runs) -> StaticFacts:
    """Return what all chapters share of the ceiling."""
    return StaticFacts(static=runs.once(ceiling_rows))
