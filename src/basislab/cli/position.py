"""``basislab position``: the position one holds, written down, read from the venues, judged."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from basislab.position import Position
    from basislab.position.expect import Expected

RPC_URL = "BASISLAB_RPC_URL"

app = typer.Typer(
    help="The position one holds: write it down, read it from the venues, judge it. Never trades.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def new(
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; shown on the screen without.")
    ] = None,
) -> None:
    """Write a commented example of a position file."""
    from basislab.cli.output import write_text
    from basislab.errors import ConfigError
    from basislab.position.file import TEMPLATE

    if out is None:
        typer.echo(TEMPLATE, nl=False)
        return
    if out.exists():
        raise ConfigError(f"output {out}: it is there already. Choose another name.")
    write_text(out, TEMPLATE)
    typer.echo(f"written: {out}", err=True)


@app.command()
def read(
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Position file to write; [policy] and [watch] of one that is there are kept.",
        ),
    ],
    *,
    hyperliquid: Annotated[
        str | None, typer.Option("--hyperliquid", help="Address of the account with the short.")
    ] = None,
    kamino: Annotated[
        str | None, typer.Option("--kamino", help="Wallet with the loan on Kamino.")
    ] = None,
    aave: Annotated[
        str | None, typer.Option("--aave", help="Address with the loan on Aave v3, Ethereum.")
    ] = None,
    rpc: Annotated[
        str | None,
        typer.Option(
            "--rpc", help=f"Ethereum node for --aave; with a key in it set {RPC_URL} instead."
        ),
    ] = None,
    saved: Annotated[
        Path | None,
        typer.Option("--from", help="Folder of saved answers, recognised by what they hold."),
    ] = None,
    coin: Annotated[str | None, typer.Option("--coin", help="Coin, if several are held.")] = None,
    obligation: Annotated[
        str | None,
        typer.Option("--obligation", help="Kamino loan, if there are several; its first letters."),
    ] = None,
) -> None:
    """Read a position from the venues, or from saved answers, into a file."""
    from basislab.cli.output import write_text
    from basislab.errors import ConfigError
    from basislab.position import load_position
    from basislab.position.answers import asked, saved_answers
    from basislab.position.file import to_toml
    from basislab.position.reading import read_answers
    from basislab.position.types import Accounts

    if saved is not None and (hyperliquid or kamino or aave):
        raise ConfigError("--from: it takes the place of --hyperliquid, --kamino and --aave.")
    before = load_position(out) if out.exists() else None
    node = rpc or os.environ.get(RPC_URL)
    answers = saved_answers(saved) if saved else asked(hyperliquid, kamino, aave, node)
    reading = read_answers(answers, coin=coin, obligation=obligation, choices=before)
    if saved is None:
        from basislab.position.market import with_market

        accounts = Accounts(hyperliquid=hyperliquid, kamino=kamino, aave=aave)
        reading = with_market(reading.of(accounts))
    write_text(out, to_toml(reading.position))
    for note in reading.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"written: {out}", err=True)


@app.command()
def show(
    path: Annotated[Path, typer.Argument(help="Position file.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", help="Page to write, of one file and offline.")
    ] = None,
    market: Annotated[
        str | None,
        typer.Option(
            "--market", help="Market, name or path: adds P(liquidation) by Monte-Carlo from it."
        ),
    ] = None,
    paths: Annotated[int, typer.Option("--paths", help="Of the Monte-Carlo.")] = 2_000,
    at: Annotated[
        datetime | None,
        typer.Option("--at", help="Judge the ages at this time, UTC, instead of now."),
    ] = None,
) -> None:
    """Show how far each leg is from liquidation, what it carries, and what to do next."""
    from basislab.cli.output import to_json, write_text
    from basislab.position import load_position
    from basislab.position.advice import advise
    from basislab.position.show import page_of, text_of
    from basislab.position.state import state_of
    from basislab.position.stress import stresses

    position = load_position(path)
    now = at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    state, advice = state_of(position, now), advise(position, now)
    found = _expected(position, market, paths) if market is not None else ()
    if html is not None:
        write_text(html, page_of(state, advice, found))
        typer.echo(f"written: {html}", err=True)
    if as_json:
        told = state.to_dict() | {"stresses": [vars(row) for row in stresses(position)]}
        told |= {"liquidation": [vars(row) for row in found], "advice": advice.to_dict()}
        typer.echo(to_json(told), nl=False)
    elif html is None:
        typer.echo(text_of(state, advice, found), nl=False)


def _expected(position: Position, market: str, paths: int) -> tuple[Expected, ...]:
    from basislab.cli.progress import status
    from basislab.data import load_market
    from basislab.position.expect import expected

    with status("drawing paths"):
        return expected(position, load_market(market), paths=paths)
