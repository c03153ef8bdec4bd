"""Chapters rendered from their templates; tables and figures are named in them, not typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Undefined

from basislab.report.certificate.data import falsify
from basislab.report.document.filters import FILTERS
from basislab.report.document.formulas import FORMULAS
from basislab.report.document.tables import document_tables
from basislab.report.downloads import Download
from basislab.report.figures import Figure
from basislab.report.runs import Facts
from basislab.report.spec import CHAPTERS
from basislab.report.tables import Table

TEMPLATES = Path(__file__).parent / "templates"

MARK = re.compile(r"^@@(table|figure|data):([a-z-]+)@@$", re.MULTILINE)
"""Where a template named a table, a figure or the data, on a line of its own."""


ALWAYS = ("quality",)
"""Chapters that no study leaves out."""


@dataclass(frozen=True, kw_only=True)
class Document:
    """A study's chapters as Markdown with marks, and what the marks stand for.

    Parameters
    ----------
    facts : dict
    chapters : mapping of str to str
        Markdown by chapter, in order; a level-two heading comes first.
    tables : mapping of str to sequence of Table
    figures : mapping of str to Figure
    numbers : mapping of str to int
        Number of a figure that is shown, by key.
    downloads : mapping of str to Download
        Files that it hands out, by name.
    """

    facts: Facts
    chapters: Mapping[str, str]
    tables: Mapping[str, Sequence[Table]]
    figures: Mapping[str, Figure]
    numbers: Mapping[str, int]
    downloads: Mapping[str, Download] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Title of the study."""
        return str(self.facts["study"]["title"])

    def shown(self) -> list[Figure]:
        """Return the figures that the chapters show, in order.

        Returns
        -------
        list of Figure
        """
        return [self.figures[key] for key in self.numbers]


def build_document(
    facts: Facts, figures: Mapping[str, Figure], downloads: Mapping[str, Download] | None = None
) -> Document:
    """Render the chapters of a study.

    Parameters
    ----------
    facts : dict
        From `compute_facts`.
    figures : mapping of str to Figure
        From `study_figures`; a chapter leaves out a figure that is not there.
    downloads : mapping of str to Download, optional
        From `study_data`; without them a chapter does not speak of them.

    Returns
    -------
    Document

    Raises
    ------
    jinja2.UndefinedError
        A template asks for a fact that does not exist.
    """
    tables = document_tables(facts)
    environment = template_environment()
    environment.globals["table"] = lambda key: _mark("table", key, bool(tables[key]))
    environment.globals["figure"] = lambda key: _mark("figure", key, key in figures)
    environment.globals["data"] = _mark("data", "all", bool(downloads))
    environment.globals["falsify"] = falsify
    chapters: dict[str, str] = {
        name: _render(environment, name, facts)
        for name in CHAPTERS
        if name in {*facts["study"]["chapters"], *ALWAYS} and _has_something_to_say(name, facts)
    }
    marks = MARK.findall("\n".join(chapters.values()))
    shown = dict.fromkeys(key for kind, key in marks if kind == "figure")
    numbers = {key: number for number, key in enumerate(shown, start=1)}
    return Document(
        facts=facts,
        chapters=chapters,
        tables=tables,
        figures=figures,
        numbers=numbers,
        downloads=downloads or {},
    )


def template_environment() -> Environment:
    """Return the environment of the chapters: an unknown fact is an error, never an empty place.

    Returns
    -------
    jinja2.Environment
    """
    # The output is Markdown; what becomes HTML is escaped when it is written (`page`).
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({name: _strict(write) for name, write in FILTERS.items()})
    environment.globals["formula"] = FORMULAS
    return environment


def _strict(write: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter name the fact that does not exist, instead of failing on its absence."""

    def filtered(value: Any, *arguments: Any) -> Any:
        return write(str(value) if isinstance(value, Undefined) else value, *arguments)

    return filtered


def _render(environment: Environment, name: str, facts: Facts) -> str:
    template = environment.get_template(f"{name}.md.j2")
    text = template.render(facts=facts, say=facts["findings"].get(name, []))
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _mark(kind: str, key: str, is_there: bool) -> str:  # noqa: FBT001 - one caller each
    return f"\n@@{kind}:{key}@@\n" if is_there else ""


def _has_something_to_say(name: str, facts: Facts) -> bool:
    """Leave out the chapter about claims where there are none, about venues where there is one."""
    needed = {"published": "published", "venues": "venue_gap", "certificates": "certificates"}
    return name not in needed or bool(facts[needed[name]])
