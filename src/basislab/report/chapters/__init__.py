"""The chapters of a study, in the order of the document: a folder and a line each."""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from basislab.report.chapter import Chapter

NAMES: tuple[str, ...] = (
    "memo",
    "choice",
    "summary",
    "strategy",
    "environment",
    "quality",
    "models",
    "static",
    "realistic",
    "fees",
    "venues",
    "breakeven",
    "entry",
    "conditional",
    "certificates",
    "engine",
    "risks",
    "published",
    "conclusions",
    "method",
)


def chapters() -> dict[str, Chapter[Any]]:
    """Load the chapters, by name; none is loaded before, so that their names cost nothing."""
    return {name: import_module(f"{__name__}.{name}").CHAPTER for name in NAMES}


def template(name: str) -> str:
    """Return the text of a chapter, a Jinja template that writes Markdown."""
    return files(f"{__name__}.{name}").joinpath("chapter.md.j2").read_text(encoding="utf-8")
