"""``basislab run``: scenario files, the machine interface."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from basislab.cli.accept import AcceptQuality


def run(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="JSON or TOML by its ending; - is standard input (JSON)."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Result file; - is standard output.")] = Path(
        "-"
    ),
    equity: Annotated[bool, typer.Option("--equity", help="Add the equity curves.")] = False,
    accept_quality: AcceptQuality = False,
    no_events: Annotated[bool, typer.Option("--no-events", help="Leave the events out.")] = False,
) -> None:
    """Run a scenario file; status 1 if a scenario failed."""
    from basislab.cli.output import write_text
    from basislab.cli.progress import progress
    from basislab.scenarios import parse_file, read_file, results_text, run_file

    parsed = parse_file(sys.stdin.read()) if str(file) == "-" else read_file(file)
    results = list(
        progress(
            run_file(
                parsed,
                with_events=not no_events,
                with_equity=equity,
                accept_quality=accept_quality,
            ),
            "run",
            len(parsed.scenarios),
            "scenarios",
        )
    )
    pieces = results_text(results)
    if str(out) == "-":
        sys.stdout.writelines(pieces)
    else:
        write_text(out, "".join(pieces))
    if any("error" in result for result in results):
        raise typer.Exit(1)
