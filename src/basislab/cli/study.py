"""``basislab study``: the study's seven sections on the screen and in files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def study(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[STUDY.toml]", help="Study file; the feasibility study if left out."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for the report; default: that of STUDY.toml, or ./basislab-study.",
        ),
    ] = None,
) -> None:
    """Compute the study: seven sections and a verdict."""
    from rich.console import Console

    from basislab.cli.output import status, to_json, write_text

    with status("loading (kernels are compiled on the first run)"):
        from basislab.data import load_market
        from basislab.report.facts import compute_facts
        from basislab.report.spec import StudySpec, load_spec
        from basislab.report.terminal import print_study, study_text

    spec = StudySpec() if file is None else load_spec(file)
    folder = out or (file.parent if file is not None else Path("basislab-study"))
    with status("loading the market") as say:
        facts = compute_facts(load_market(spec.market), spec, lambda name: say(f"computing {name}"))
    print_study(facts, Console(highlight=False))
    write_text(folder / "facts.json", to_json(facts))
    write_text(folder / "study.txt", study_text(facts))
    typer.echo(f"\nwritten: {folder / 'study.txt'}, {folder / 'facts.json'}", err=True)
