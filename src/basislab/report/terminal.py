"""A study on a terminal or in a text file, readable at 80 columns and without colour."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from basislab.report import words
from basislab.report.findings_quality import quality_line
from basislab.report.study_tables import study_tables
from basislab.report.tables import Table

Facts = dict[str, Any]

FILE_WIDTH = 100


def print_study(facts: Facts, console: Console) -> None:
    """Print a study.

    Parameters
    ----------
    facts : dict
        From `compute_facts`.
    console : Console
    """
    for part in _parts(facts):
        console.print(part)


def study_text(facts: Facts, width: int = FILE_WIDTH) -> str:
    """Return a study as plain text.

    Parameters
    ----------
    facts : dict
        From `compute_facts`.
    width : int
        Columns.

    Returns
    -------
    str
        No colour codes, no trailing blanks.
    """
    buffer = io.StringIO()
    print_study(facts, Console(file=buffer, width=width, color_system=None, force_terminal=False))
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _parts(facts: Facts) -> Iterator[RenderableType]:
    yield Text(facts["study"]["title"], style="bold")
    yield Text(_header(facts))
    yield Text(f"{quality_line(facts)}.")
    yield ""
    yield from _verdict_parts(facts["verdict"])
    for table in study_tables(facts):
        yield ""
        yield Text(f"{table.number}. {table.title}", style="bold")
        yield rich_table(table)
        for note in table.notes:
            yield Padding(Text(note, style="dim"), (0, 0, 0, 2))


def _header(facts: Facts) -> str:
    market, hurdle = facts["market"], facts["hurdle"]
    return (
        f"{market['asset']}, {market['start']} to {market['end']}, {market['bars_count']} days, "
        f"price {words.percent(market['price_change'])}; averages a year: {market['asset']} "
        f"lending {words.percent(market['supply_apy'], 2)}, {market['quote']} borrowing "
        f"{words.percent(market['borrow_apy'], 2)}, "
        + ", ".join(
            f"{row['venue']} funding {words.percent(row['funding_apy'], 2)}"
            for row in market["funding"]
        )
        + f". The hurdle, {hurdle['what']}: {words.percent(hurdle['mean_apy'], 2)} APY on average, "
        f"{words.percent(hurdle['hurdle_return'])} over the window. "
        f"Capital {words.usd(facts['study']['capital_usd'])} USD unless said otherwise."
    )


def _verdict_parts(verdict: Facts) -> Iterator[RenderableType]:
    yield Text(f"Verdict: {verdict['headline']}", style="bold")
    for reason in verdict["reasons"]:
        yield _bullet(reason)
    yield Text("What this cannot show:", style="bold")
    for limit in verdict["limits"]:
        yield _bullet(limit)


def _bullet(text: str) -> RichTable:
    grid = RichTable.grid(padding=(0, 1))
    grid.add_row("  -", Text(text))
    return grid


def rich_table(table: Table) -> RichTable:
    """Return a table for rich: numbers to the right, losses red, marked rows bold.

    Parameters
    ----------
    table : Table

    Returns
    -------
    rich.table.Table
    """
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
    for row, cells in zip(table.rows, table.cells(), strict=True):
        style = "bold" if row.get("is_marked") else ""
        made.add_row(*(_cell(cell) for cell in cells), style=style)
    return made


def _cell(text: str) -> Text:
    return Text(text, style="red" if text.startswith("-") and len(text) > 1 else "")
