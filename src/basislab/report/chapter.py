"""What a chapter is: facts, and what is made of them. The parts that it lacks are empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from basislab.report.charts.base import Figure
from basislab.report.render.downloads import Download
from basislab.report.study.runs import Runs
from basislab.report.tables import Table

F = TypeVar("F")

Tables = Mapping[str, Sequence[Table]]
"""By the name that the template uses; a table with a number is shown on a terminal too."""


@dataclass(frozen=True)
class NoFacts:
    """Of a chapter that speaks of what the whole study shares."""


def no_facts(_: Runs) -> NoFacts:
    """Return the facts of a chapter that has none of its own."""
    return NoFacts()


@dataclass(frozen=True, kw_only=True)
class Chapter(Generic[F]):
    """A chapter of a study; its text is ``chapter.md.j2`` in the chapter's folder.

    Parameters
    ----------
    facts : callable
        A dataclass whose fields are keys of ``facts.json``; asked for by ``runs.once``.
    tables, figures, downloads : callable
        What the template may show, by key; a key belongs to one chapter.
    sentences : callable, optional
        What its facts say: ``say`` in the template, its entry under ``findings`` in ``facts.json``.
    reasons : callable
        What the verdict has to name.
    lines : callable
        What stands above the verdict on a terminal.
    is_shown : callable
        Whether it has something to say.
    is_optional : bool
        Whether a study file may leave it out.
    names : mapping
        Further names that its template uses.
    """

    facts: Callable[[Runs], F]
    tables: Callable[[Runs, F], Tables] = lambda _runs, _facts: {}
    figures: Callable[[Runs, F], Iterable[Figure]] = lambda _runs, _facts: ()
    downloads: Callable[[Runs, F], Mapping[str, Download]] = lambda _runs, _facts: {}
    sentences: Callable[[Runs, F], Sequence[str]] | None = None
    reasons: Callable[[Runs, F], Iterable[str]] = lambda _runs, _facts: ()
    lines: Callable[[Runs, F], Iterable[str]] = lambda _runs, _facts: ()
    is_shown: Callable[[Runs, F], bool] = lambda _runs, _facts: True
    is_optional: bool = True
    names: Mapping[str, Any] = field(default_factory=dict)
