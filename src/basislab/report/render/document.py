"""What is rendered: chapters as Markdown with marks, and what the marks stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, StrictUndefined, Undefined

from basislab._version import VERSION
from basislab.report.charts.base import Figure
from basislab.report.render.downloads import Download
from basislab.report.render.filters import FILTERS
from basislab.report.render.formulas import FORMULAS
from basislab.report.tables import Table

MARK = re.compile(r"^@@(table|figure|data):([a-z-]+)@@$", re.MULTILINE)
"""Where a template named a table, a figure or the data, on a line of its own."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What stands above and below a document.

    Parameters
    ----------
    fingerprint : str
        Of the market.
    """

    study: str
    title: str
    asset: str
    quote: str
    start: str
    end: str
    bars_count: int
    fingerprint: str
    version: str = VERSION


@dataclass(frozen=True, kw_only=True)
class Document:
    """Chapters as Markdown with marks, and what the marks stand for.

    Parameters
    ----------
    chapters : mapping of str to str
        Markdown by chapter, in order; a level-two heading comes first.
    downloads : mapping of str to Download
        Files that it hands out, by name.
    """

    about: About
    chapters: Mapping[str, str]
    tables: Mapping[str, Sequence[Table]]
    figures: Mapping[str, Figure]
    downloads: Mapping[str, Download] = field(default_factory=dict)

    @property
    def numbers(self) -> dict[str, int]:
        """Number of every figure that is shown, by key."""
        marks = MARK.findall("\n".join(self.chapters.values()))
        shown = dict.fromkeys(key for kind, key in marks if kind == "figure")
        return {key: number for number, key in enumerate(shown, start=1)}

    def shown(self) -> list[Figure]:
        """Return the figures that the chapters show, in order."""
        return [self.figures[key] for key in self.numbers]


def chapter_text(
    template: str,
    *,
    tables: Mapping[str, Sequence[Table]],
    figures: Mapping[str, Figure],
    has_data: bool,
    names: Mapping[str, Any],
) -> str:
    """Return a template as Markdown; what is not there to be shown is left out.

    Raises
    ------
    jinja2.UndefinedError
        The template asks for a fact that does not exist.
    """
    environment = template_environment()
    environment.globals["table"] = lambda key: _mark("table", key, bool(tables[key]))
    environment.globals["figure"] = lambda key: _mark("figure", key, key in figures)
    environment.globals["data"] = _mark("data", "all", has_data)
    text = environment.from_string(template).render(names)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def template_environment() -> Environment:
    """Return the environment of templates: an unknown fact is an error, never an empty place."""
    # The output is Markdown; what becomes HTML is escaped when it is written (`page`).
    environment = Environment(  # noqa: S701
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters.update({name: _strict(write) for name, write in FILTERS.items()})
    environment.globals["formula"] = FORMULAS
    environment.globals["bullets"] = _bullets
    return environment


def _bullets(sentences: Sequence[str]) -> str:
    return "".join(f"- {sentence}\n" for sentence in sentences)


def _strict(write: Callable[..., Any]) -> Callable[..., Any]:
    """Let a filter name the fact that does not exist, instead of failing on its absence."""

    def filtered(value: Any, *arguments: Any) -> Any:
        return write(str(value) if isinstance(value, Undefined) else value, *arguments)

    return filtered


def _mark(kind: str, key: str, is_there: bool) -> str:  # noqa: FBT001 - one caller each
    return f"\n@@{kind}:{key}@@\n" if is_there else ""
