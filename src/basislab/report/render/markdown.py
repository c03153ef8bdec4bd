"""The document as Markdown: pipe tables, figures as links to their files."""

from __future__ import annotations

import re

from basislab.report.render.document import MARK, Document
from basislab.report.render.downloads import downloads_markdown
from basislab.report.tables import Table

FIGURE_FOLDER = "figures"
"""Where the files of figures lie, beside the document."""


def markdown_text(document: Document) -> str:
    """Return a document as one Markdown file."""

    def replaced(match: re.Match[str]) -> str:
        kind, key = match.groups()
        if kind == "data":
            return downloads_markdown(document.downloads)
        if kind == "figure":
            return _figure(document, key)
        return "\n\n".join(pipe_table(table) for table in document.tables[key])

    parts = [MARK.sub(replaced, text).strip() for text in document.chapters.values()]
    about = document.about
    head = f"# {about.title}\n\n{about.asset}, {about.start} to {about.end}"
    return "\n\n".join([head, *parts]) + "\n"


def _figure(document: Document, key: str) -> str:
    figure = document.figures[key]
    images = [
        f"![{_plain(figure.alt)}]({FIGURE_FOLDER}/{name}.svg)" for name in file_names(document, key)
    ]
    caption = f"*Figure {document.numbers[key]}. {figure.title}.*"
    return "\n".join([*images, "", caption])


def file_names(document: Document, key: str) -> list[str]:
    """Return the names of a figure's files, one a panel, without folder and ending."""
    panels = document.figures[key].panels
    return [key] if len(panels) == 1 else [f"{key}-{i}" for i in range(1, len(panels) + 1)]


def _plain(text: str) -> str:
    return re.sub(r"[\[\]\n]", " ", text)


def pipe_table(table: Table) -> str:
    """Return a table as Markdown: title, pipes, notes; a marked row in bold."""
    rules = ["---:" if column.justify == "right" else "---" for column in table.columns]
    lines = [_row([column.header for column in table.columns]), _row(rules)]
    for row, cells in zip(table.facts(), table.cells(), strict=True):
        shown = [f"**{cell}**" if cell and row.get("is_marked") else cell for cell in cells]
        lines.append(_row(shown))
    notes = ["", *(f"{note}" for note in table.notes)] if table.notes else []
    return "\n".join([f"**{table.title}**", "", *lines, *notes])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
