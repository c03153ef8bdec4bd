"""What every command that gives results shares: the option that accepts data with errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

AcceptQuality = Annotated[
    bool,
    typer.Option("--accept-quality", help="Go on with data that have errors; the result says so."),
]


def print_notes(notes: Sequence[str], console: Console) -> None:
    """Print what a result says about its data, as every result's warnings are printed."""
    from rich.text import Text

    for note in notes:
        console.print(Text(f"! {note}", style="yellow"))
