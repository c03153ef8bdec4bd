"""Write docs/cli.md from the commands themselves, or with --check say whether it is current.

Usage: python scripts/update_cli_docs.py [--check]

Names, defaults and help come from the tree of commands that typer builds, types from the signatures
of the functions behind it. Help as typer lays it out is not used: that changes between releases.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Iterator
from contextlib import nullcontext
from enum import Enum
from pathlib import Path
from typing import Any

import typer.main

from basislab.cli.app import app

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"

OTHER = "More"
"""Heading of commands that the help puts into no group."""

TYPES = {
    bool: "flag",
    int: "integer",
    float: "number",
    str: "text",
    Any: "text",  # a number or an address
    Path: "path",
}

HEAD = """\
# Command line

<!-- Written by scripts/update_cli_docs.py from the commands. Change those, then run the script. -->

`--help` after any command shows the same on the screen. Results go to standard output, progress and
messages to standard error. Numbers are fractions, USD, basis points and days, as in
[scenario files](scenarios.md). What shows no default may be left out; the meaning says what happens
then.

Exit status
: **0**: it ran.
: **1**: it ran, and what it found is bad: a scenario failed, a check found an error. Also when the
  reader of standard output went away.
: **2**: it did not run: a wrong command line, file, name, value or place. One message on standard
  error.
: **130**: interrupted.
"""


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that does something, with its words, in the order of the help."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, child in command.commands.items():
        if not getattr(child, "hidden", False):
            yield from commands(child, (*path, name))


def grouped(tree: Any) -> dict[str, list[tuple[tuple[str, ...], Any]]]:
    """Sort the commands under the groups of the help."""
    pages: dict[str, list[tuple[tuple[str, ...], Any]]] = {}
    for path, command in commands(tree):
        group = getattr(tree.commands[path[0]], "rich_help_panel", None)
        pages.setdefault(group if isinstance(group, str) else OTHER, []).append((path, command))
    return pages


def type_name(annotation: Any) -> str:
    """Name the type of a parameter as a user would."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [part for part in typing.get_args(annotation) if part is not type(None)]
        return " or ".join(type_name(part) for part in parts)
    if typing.get_origin(annotation) in (list, tuple):
        return f"{type_name(typing.get_args(annotation)[0])}, repeatable"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    return TYPES.get(annotation, getattr(annotation, "__name__", str(annotation)))


def default_text(parameter: Any) -> str:
    """Write the default of an option; nothing for a flag that is off or a value left open."""
    default = parameter.default
    if parameter.required:
        return "required"
    if default in (None, False, (), []):
        return ""
    if isinstance(default, Enum):
        default = default.value
    if isinstance(default, float):
        return f"`{default:g}`"
    if isinstance(default, list | tuple):
        return f"`{' '.join(str(item) for item in default)}`"
    return "on" if default is True else f"`{default}`"


def names(parameter: Any) -> str:
    """Write how a parameter is given."""
    if parameter.opts[0].startswith("-"):
        return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    return f"`{argument(parameter).strip('[]')}`"


def argument(parameter: Any) -> str:
    """Write an argument as in a usage line: brackets where it may be left out."""
    word = str(parameter.metavar or parameter.name.upper()).strip("[]")
    return word if parameter.required else f"[{word}]"


def cell(text: str | None) -> str:
    """Put a text into one cell of a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def section(path: tuple[str, ...], command: Any) -> str:
    """Describe one command: usage, what it does, its arguments and options."""
    with getattr(command, "named", nullcontext)():
        return _section(path, command)


def _section(path: tuple[str, ...], command: Any) -> str:
    hints = typing.get_type_hints(inspect.unwrap(command.callback))
    shown = [entry for entry in command.params if not getattr(entry, "hidden", False)]
    arguments = [entry for entry in shown if not entry.opts[0].startswith("-")]
    options = [entry for entry in shown if entry.opts[0].startswith("-")]
    usage = ["basislab", *path, *(["[OPTIONS]"] if options else []), *map(argument, arguments)]
    lines = [f"### `basislab {' '.join(path)}`", "", inspect.cleandoc(command.help or ""), ""]
    lines += ["```text", " ".join(usage), "```", ""]
    for title, entries in (("argument", arguments), ("option", options)):
        if not entries:
            continue
        lines += [f"| {title} | type | default | meaning |", "|---|---|---|---|"]
        for entry in entries:
            row = (names(entry), type_name(hints[entry.name]), default_text(entry))
            lines.append(f"| {' | '.join(map(cell, (*row, entry.help)))} |")
        lines.append("")
    return "\n".join(lines)


def page() -> str:
    """Return docs/cli.md as the commands say."""
    parts = [HEAD]
    for group, entries in grouped(typer.main.get_command(app)).items():
        parts += [f"## {group}\n", *(section(path, command) for path, command in entries)]
    return "\n".join(parts).rstrip() + "\n"


def main() -> int:
    """Write or check; status 1 where a check found a difference."""
    text = page()
    if "--check" in sys.argv[1:]:
        return int(not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
