"""``basislab certify``: how much of a sweep's optimum is luck."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basislab.cli import completion, grid
from basislab.cli.accept import AcceptQuality, print_notes

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.report.certificate.rows import CertificateFacts
    from basislab.research.overfit.certificate import Certificate
    from basislab.types.market import Market


@grid.takes_fields("2")
def certify(
    fields: grid.Fields,
    market: grid.Market = None,
    markets: Annotated[
        str | None,
        typer.Option(
            help="Several names or paths, sol,eth: one certificate of all, pooled by day.",
            autocompletion=completion.markets,
        ),
    ] = None,
    on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MARKET:ROLE=PRESET",
            help="A venue that one of --markets has in place of the others', eth:perp=eth.toml; "
            "repeatable.",
        ),
    ] = None,
    start: grid.Start = None,
    end: grid.End = None,
    accept_quality: AcceptQuality = False,
    samples: grid.Samples = None,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
    workers: grid.Threads = None,
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
        from basislab.report.certificate.facts import certificate_facts
        from basislab.report.fields import plain

        config, swept = grid.base_config(fields.model, values)
        data = _markets(market, markets)
        config = grid.fitted(config, values, max(data, key=lambda one: one.bar_seconds))
        if markets is None:
            parts = [data[0].window(start, end)]
        else:
            parts = api.certificates.clipped(data, start, end)
    # Opening every trial on every day is nearly all of the work.
    days = sum((part.end.date() - part.start.date()).days + 1 for part in parts)
    total = grid.count(swept, samples) * days
    with progress_bar("certify", total, "start days") as progress:
        found = api.certify(
            None if markets else data[0],
            config,
            markets=data if markets else (),
            venues=_venues(on or []),
            start=start,
            end=end,
            accept_quality=accept_quality,
            samples=samples,
            seed=seed,
            workers=workers,
            progress=progress,
            **swept,
        )
    facts = certificate_facts(found)
    if as_json:
        typer.echo(to_json(plain(facts)), nl=False)
    else:
        _show(facts, Console(highlight=False))
    if out is not None:
        _write(found, facts, out)


def _venues(texts: list[str]) -> dict[str, dict[str, str]]:
    from basislab.errors import ConfigError

    found: dict[str, dict[str, str]] = {}
    for text in texts:
        place, _, preset = text.partition("=")
        market, _, role = place.rpartition(":")
        if not (market and role and preset):
            raise ConfigError(f"--on: got {text!r}; it reads MARKET:ROLE=PRESET, eth:perp=my.toml.")
        found.setdefault(market, {})[role] = preset
    return found


def _markets(market: str | None, markets: str | None) -> list[Market]:
    from basislab.data import load_market
    from basislab.errors import ConfigError

    if markets is None:
        return [load_market() if market is None else load_market(market)]
    if market is not None:
        raise ConfigError("--markets: --market is given too. Name all of them in --markets.")
    return [load_market(name.strip()) for name in markets.split(",")]


def _show(facts: CertificateFacts, console: Console) -> None:
    from rich.text import Text

    from basislab.report.certificate.sentences import rests_on
    from basislab.report.certificate.tables import certificate_tables
    from basislab.report.render.terminal import rich_table

    console.print(Text(facts.headline, style="bold"))
    console.print(Text(rests_on(facts)))
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


def _write(found: Certificate, facts: CertificateFacts, folder: Path) -> None:
    from basislab.cli.output import to_json, write_bytes, write_text
    from basislab.cli.progress import status
    from basislab.report.certificate.page import certificate_document
    from basislab.report.fields import plain
    from basislab.report.render.files import document_files

    write_text(folder / "certificate.json", to_json(plain(facts)))
    with status("writing") as say:
        document = certificate_document(found)
        for name, content in document_files(document, progress=say):
            write_bytes(folder / name.replace("study.", "certificate."), content)
    names = "certificate.html, certificate.md, certificate.json, figures/, data/"
    typer.echo(f"\nwritten to {folder}: {names}", err=True)
