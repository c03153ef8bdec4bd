"""``basislab venues``: the presets and where their constants come from."""

from __future__ import annotations

from typing import Annotated

import typer

from basislab.cli import completion


def venues(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Preset or TOML file; all presets if left out.",
            autocompletion=completion.presets,
        ),
    ] = None,
) -> None:
    """List venue presets, or show one with its sources."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from basislab.presets import load_preset, load_venue, terms_names, venue_names
    from basislab.presets.terms import load_terms

    console = Console(highlight=False)
    style = {"box": box.SIMPLE_HEAD, "show_edge": False, "padding": (0, 1, 0, 0)}
    if name is None:
        table = Table("Name", "Kind", "What", **style)  # type: ignore[arg-type]
        for known in (*venue_names(), *terms_names()):
            preset = load_preset(known)
            table.add_row(preset.name, preset.kind, preset.title)
        console.print(table)
        console.print("Show one with: basislab venues NAME")
        return
    preset = load_preset(name)
    # refuse a file that breaks its own rules before showing it
    if preset.kind == "study":
        load_venue(name)
    else:
        load_terms(name)
    console.print(f"{preset.name}: {preset.title}")
    table = Table(**style)  # type: ignore[arg-type]
    for header in ("Constant", "Value", "Unit", "Status", "Source"):
        table.add_column(header, no_wrap=header == "Constant", overflow="fold")
    for key, constant in preset.constants.items():
        status: str = constant.status
        if constant.low is not None and constant.high is not None:
            status += f", {constant.low:g} to {constant.high:g}"
        since = f" (from {constant.valid_from})" if constant.valid_from else ""
        table.add_row(key, _text(constant.value), constant.unit + since, status, constant.source)
    console.print(table)


def _text(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_text(row) for row in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
