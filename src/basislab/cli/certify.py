"""``basislab certify``: how much of a sweep's optimum is luck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli import grid
from basislab.cli.accept import AcceptQuality, print_notes

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.report.certificate.rows import CertificateFacts


@grid.takes_fields("2")
def certify(
    fields: grid.Fields,
    market: grid.Market = None,
    start: grid.Start = None,
    end: grid.End = None,
    accept_quality: AcceptQuality = False,
    samples: grid.Samples = None,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page: Markdown, HTML, figures, facts.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every number, as JSON.")] = False,
) -> None:
    """Certify the best of a sweep, such as --leverage 2 --trigger 3,4,5,6,8,10,never."""
    from rich.console import Console

    from basislab.cli.output import to_json
    from basislab.cli.progress import progress_bar, status

    values = grid.read_fields(fields, sampled=samples is not None)
    with status("loading the market"):
        from basislab import api
        from basislab.data import load_market
        from basislab.report.certificate.facts import certificate_facts
        from basislab.report.fields import plain

        config, swept = grid.base_config(fields.model, values)
        data = load_market(market) if market is not None else load_market()
        config = grid.fitted(config, values, data)
        part = data.window(start, end)
    # Opening every trial on every day is nearly all of the work.
    total = grid.count(swept, samples) * ((part.end.date() - part.start.date()).days + 1)
    with progress_bar("certify", total, "start days") as progress:
        found = api.certify(
            data,
            config,
            start=start,
            end=end,
            accept_quality=accept_quality,
            samples=samples,
            seed=seed,
            progress=progress,
            **swept,
        )
    facts = certificate_facts(found)
    if as_json:
        typer.echo(to_json(plain(facts)), nl=False)
    else:
        _show(facts, Console(highlight=False))
    if out is not None:
        _write(found, part, facts, out)


def _show(facts: CertificateFacts, console: Console) -> None:
    from rich.text import Text

    from basislab.report.certificate.tables import certificate_tables
    from basislab.report.render.terminal import rich_table

    console.print(Text(facts.headline, style="bold"))
    for text in facts.because:
        console.print(Text(f"  - {text}"))
    print_notes(facts.notes, console)
    console.print(Text("What would change it:", style="bold"))
    for text in facts.changes:
        console.print(Text(f"  - {text}"))
    for table in certificate_tables(facts).values():
        console.print()
        console.print(Text(table.title, style="bold"))
        console.print(rich_table(table))
        for note in table.notes:
            console.print(Text(note, style="dim"))


def _write(found: Any, part: Any, facts: CertificateFacts, folder: Path) -> None:
    from basislab.cli.output import to_json, write_bytes, write_text
    from basislab.cli.progress import status
    from basislab.report.certificate.page import certificate_document
    from basislab.report.fields import plain
    from basislab.report.render.files import document_files

    write_text(folder / "certificate.json", to_json(plain(facts)))
    with status("writing") as say:
        document = certificate_document(found, part)
        for name, content in document_files(document, progress=say):
            write_bytes(folder / name.replace("study.", "certificate."), content)
    names = "certificate.html, certificate.md, certificate.json, figures/, data/"
    typer.echo(f"\nwritten to {folder}: {names}", err=True)
