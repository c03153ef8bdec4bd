"""``basislab decide``: whether it is worth it, how, and how sure that is, as a memo."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basislab.cli import completion
from basislab.cli.accept import AcceptQuality, print_notes

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.types.decision import Decision

Market = Annotated[
    str | None,
    typer.Argument(
        metavar="[MARKET]",
        help="Name or path; the sample if left out.",
        autocompletion=completion.markets,
    ),
]


def decide(
    market: Market = None,
    capital: Annotated[float, typer.Option(help="USD.")] = 50_000.0,
    horizon: Annotated[int, typer.Option(help="Days that the position is to be held.")] = 90,
    from_: Annotated[
        str, typer.Option("--from", help="Day of the decision, which sees no later one, or now.")
    ] = "now",
    since: Annotated[str | None, typer.Option(help="First day of the past.")] = None,
    hurdle: Annotated[
        str,
        typer.Option(
            metavar="supply|RATE|FILE",
            help="What the money would do instead: the quote coin's supply rate, a fixed rate "
            "a year such as 0.05, or a file of two columns, time and APY.",
        ),
    ] = "supply",
    perp: Annotated[
        str, typer.Option(help="Venue preset or TOML file.", autocompletion=completion.perps)
    ] = "hyperliquid",
    lending: Annotated[
        str,
        typer.Option(
            help="Lending preset or TOML file; none holds the coin.",
            autocompletion=completion.lending,
        ),
    ] = "kamino",
    paths: Annotated[
        int, typer.Option(help="Paths within daily bars, for each bound on the oracle.")
    ] = 2,
    seed: Annotated[int, typer.Option(help="Of the paths.")] = 0,
    accept_quality: AcceptQuality = False,
    as_json: Annotated[bool, typer.Option("--json", help="Every number, as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the memo as one HTML file.")] = None,
    md: Annotated[
        Path | None, typer.Option(help="Write the memo as Markdown, its figures beside it.")
    ] = None,
    pdf: Annotated[
        Path | None, typer.Option(help="Write the memo as PDF (needs the extra pdf).")
    ] = None,
) -> None:
    """Decide: is it worth it, at which size, what to expect, what to do, what would undo it."""
    from rich.console import Console

    from basislab.cli.output import to_json
    from basislab.cli.progress import status

    with status("loading the market") as say:
        from basislab import api
        from basislab.data import load_market
        from basislab.types.venue_config import VenueConfig

        data = load_market(market) if market is not None else load_market()
        say("opening positions on every week of the past")
        found = api.decide(
            data,
            capital_usd=capital,
            horizon_days=horizon,
            since=since,
            at=from_,
            hurdle=hurdle,
            venues=VenueConfig(leverage=2.0, perp=perp, lending=lending),
            paths=paths,
            seed=seed,
            accept_quality=accept_quality,
        )
    if as_json:
        typer.echo(to_json(found.to_dict()), nl=False)
    else:
        _show(found, Console(highlight=False))
    _write(found, html, md, pdf)


def _show(found: Decision, console: Console) -> None:
    from rich.text import Text

    from basislab.report.memo.sentences import paragraphs, plain
    from basislab.report.memo.tables import memo_tables
    from basislab.report.render.terminal import rich_table

    for text in paragraphs(found):
        head, _, rest = plain(text).partition(". ")
        console.print(Text.assemble((f"{head}. ", "bold"), rest))
        console.print()
    print_notes(found.notes, console)
    for table in (one for own in memo_tables(found).values() for one in own):
        if table.rows:
            console.print(Text(table.title, style="bold"))
            console.print(rich_table(table))
            for note in table.notes:
                console.print(Text(note, style="dim"))
            console.print()


def _write(found: Decision, html: Path | None, md: Path | None, pdf: Path | None) -> None:
    from basislab.cli.output import write_bytes, write_text
    from basislab.cli.progress import status

    if not (html or md or pdf):
        return
    with status("writing"):
        from basislab.report.memo.page import memo_document
        from basislab.report.render.files import paper_page, picture_files
        from basislab.report.render.markdown import markdown_text
        from basislab.report.render.page import html_page
        from basislab.report.render.paper import pdf as paper

        document = memo_document(found)
        if html is not None:
            write_text(html, html_page(document))
        if md is not None:
            write_text(md, markdown_text(document))
            for name, picture in picture_files(document):
                write_bytes(md.parent / name, picture)
        if pdf is not None:
            write_bytes(pdf, paper(paper_page(document)))
    for path in filter(None, (html, md, pdf)):
        typer.echo(f"written: {path}", err=True)
