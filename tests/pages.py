"""The pages of the documentation, and how tests take them apart."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREES = [ROOT, *(ROOT / name for name in ("docs", "studies", "src", "tests", "benchmarks"))]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for tree in TREES
    for path in sorted(tree.glob("*.md" if tree == ROOT else "**/*.md"))
    if "_build" not in path.parts
}


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def fences(text: str, *languages: str) -> list[str]:
    """The fenced blocks of the given languages, in order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    return [body for language, body in found if language in languages]


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub and myst_heading_anchors make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str, first_header: str) -> list[list[str]]:
    """The rows of the one table whose header begins with this cell; ``|`` inside code is kept."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    (start,) = [i for i, row in enumerate(rows) if row.startswith(f"| {first_header} |")]
    body = list(
        takewhile(lambda line: line.startswith("|"), text[text.index(rows[start]) :].splitlines())
    )
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in body[2:]]
