"""A study on a terminal or in a text file, readable at 80 columns and without colour."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from basislab.report.tables import Table

FILE_WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What a terminal shows of a study.

    Parameters
    ----------
    lines : sequence of str
        Below the title.
    headline : str
        Of the verdict.
    tables : sequence of Table
        Those with a number, in order.
    """

    title: str
    lines: Sequence[str]
    headline: str
    reasons: Sequence[str]
    limits: Sequence[str]
    tables: Sequence[Table]


def print_screen(screen: Screen, console: Console) -> None:
    """Print a study."""
    for part in _parts(screen):
        console.print(part)


def screen_text(screen: Screen, width: int = FILE_WIDTH) -> str:
    """Return a study as plain text: no colour codes, no trailing blanks."""
    buffer = io.StringIO()
    console = Console(file=buffer, width=width, color_system=None, force_terminal=False)
    print_screen(screen, console)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _parts(screen: Screen) -> Iterator[RenderableType]:
    yield Text(screen.title, style="bold")
    yield from map(Text, screen.lines)
    yield ""
    yield Text(f"Verdict: {screen.headline}", style="bold")
    yield from map(_bullet, screen.reasons)
    yield Text("What this cannot show:", style="bold")
    yield from map(_bullet, screen.limits)
    for table in screen.tables:
        yield ""
        yield Text(f"{table.number}. {table.title}", style="bold")
        yield rich_table(table)
        for note in table.notes:
            yield Padding(Text(note, style="dim"), (0, 0, 0, 2))


def _bullet(text: str) -> RichTable:
    grid = RichTable.grid(padding=(0, 1))
    grid.add_row("  -", Text(text))
    return grid


def rich_table(table: Table) -> RichTable:
    """Return a table for rich: numbers to the right, losses red, marked rows bold."""
    table = table.without_details()
    made = RichTable(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        show_header=any(column.header for column in table.columns),
    )
    for column in table.columns:
        no_wrap = column.key in ("time", "what", "perp", "label")
        made.add_column(column.header, justify=column.justify, no_wrap=no_wrap)
    for row, cells in zip(table.facts(), table.cells(), strict=True):
        style = "bold" if row.get("is_marked") else ""
        made.add_row(*(_cell(cell) for cell in cells), style=style)
    return made


def _cell(text: str) -> Text:
    return Text(text, style="red" if text.startswith("-") and len(text) > 1 else "")
