"""``basislab venues``: the presets and where their constants come from."""

from __future__ import annotations

from typing import Annotated

import typer


def venues(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="Preset or TOML file; all presets if left out."),
    ] = None,
) -> None:
    """List venue presets, or show one with its sources."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from basislab.presets import load_preset, load_venue, venue_names

    console = Console(highlight=False)
    style = {"box": box.SIMPLE_HEAD, "show_edge": False, "padding": (0, 1, 0, 0)}
    if name is None:
        table = Table("Name", "Kind", "What", **style)  # type: ignore[arg-type]
        for known in venue_names():
            preset = load_preset(known)
            table.add_row(preset.name, preset.kind, preset.title)
        console.print(table)
        console.print("Show one with: basislab venues NAME")
        return
    preset = load_preset(name)
    load_venue(name)  # refuse a file that breaks its own rules before showing it
    console.print(f"{preset.name}: {preset.title}")
    table = Table(**style)  # type: ignore[arg-type]
    for header in ("Constant", "Value", "Unit", "Status", "Source"):
        table.add_column(header, no_wrap=header == "Constant")
    for key, constant in preset.constants.items():
        table.add_row(key, _text(constant.value), constant.unit, constant.status, constant.source)
    console.print(table)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
