"""``basislab study``: the study's sections on the screen, and the study as a document in files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basislab.cli.accept import AcceptQuality

if TYPE_CHECKING:
    from basislab.report.render.document import Document
    from basislab.report.render.drawing import Drawing
    from basislab.report.report import Report
    from basislab.report.spec import StudySpec

MOST_DIFFERENCES = 20
"""Differences that a check names before it only counts them."""


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
    accept_quality: AcceptQuality = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also write study.pdf (needs the extra pdf).")
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing; status 1 where the report is not what is computed."
        ),
    ] = False,
) -> None:
    """Compute the study: sections and a verdict on the screen, a document in files."""
    from basislab.report.render.drawing import drawing_processes
    from basislab.report.spec import StudySpec, load_spec

    spec = StudySpec() if file is None else load_spec(file)
    folder = out or (file.parent if file is not None else Path("basislab-study"))
    with drawing_processes() as drawing:
        report, document = _computed(spec, accept_quality=accept_quality)
        if check:
            _check(report, document, folder, drawing)
            return
        _write(report, document, folder, drawing, with_pdf=pdf)


def _computed(spec: StudySpec, *, accept_quality: bool) -> tuple[Report, Document]:
    from basislab.cli.progress import status

    with status("loading"):
        from basislab.data import load_market
        from basislab.report.report import study_report, study_runs

    with status("loading the market") as say:
        runs = study_runs(load_market(spec.market), spec, accept_quality=accept_quality)
        report = study_report(runs, lambda name: say(f"computing {name}"))
        return report, report.document()


def _write(
    report: Report, document: Document, folder: Path, drawing: Drawing, *, with_pdf: bool
) -> None:
    from rich.console import Console

    from basislab.cli.output import to_json, write_bytes, write_text
    from basislab.cli.progress import status
    from basislab.report.render.files import document_files
    from basislab.report.render.terminal import print_screen, screen_text

    screen = report.screen()
    print_screen(screen, Console(highlight=False))
    write_text(folder / "facts.json", to_json(report.facts))
    write_text(folder / "study.txt", screen_text(screen))
    with status("writing") as say:
        files = document_files(document, drawing=drawing, with_pdf=with_pdf, progress=say)
        for name, content in files:
            write_bytes(folder / name, content)
    written = ["study.html", "study.md", "study.txt", "facts.json", "figures/"]
    written += ["data/"] if document.downloads else []
    written += ["study.pdf"] if with_pdf else []
    typer.echo(f"\nwritten: {folder}/ ({', '.join(written)})", err=True)


def _check(report: Report, document: Document, folder: Path, drawing: Drawing) -> None:
    from basislab.cli.progress import status

    with status("comparing"):
        differences = list(_differences(report, document, folder, drawing))
    for line in differences[:MOST_DIFFERENCES]:
        typer.echo(line, err=True)
    if len(differences) > MOST_DIFFERENCES:
        typer.echo(f"... and {len(differences) - MOST_DIFFERENCES} more", err=True)
    if differences:
        typer.echo(f"{folder}: the report is not what is computed; run: make study", err=True)
        raise typer.Exit(1)
    typer.echo(f"{folder}: the report is what is computed")


def _differences(
    report: Report, document: Document, folder: Path, drawing: Drawing
) -> Iterator[str]:
    """Compare what is there; the page is no part of the repository and may be missing."""
    import json

    from basislab.cli.output import read_text, to_json
    from basislab.report.check import fact_differences, table_differences, text_differences
    from basislab.report.render.downloads import download_files
    from basislab.report.render.markdown import markdown_text
    from basislab.report.render.page import html_page
    from basislab.report.render.terminal import screen_text

    kept = json.loads(read_text(folder / "facts.json"))
    yield from fact_differences(json.loads(to_json(report.facts)), kept)
    screen = screen_text(report.screen())
    for name, text in (("study.txt", screen), ("study.md", markdown_text(document))):
        yield from text_differences(text, read_text(folder / name), name)
    for name, content in download_files(document.downloads).items():
        yield from table_differences(content.decode(), read_text(folder / name), name)
    page = folder / "study.html"
    if page.exists():
        now = html_page(document, bundle=drawing.scripts())
        if page.read_bytes() != now.encode():
            yield f"{page.name}: differs"
