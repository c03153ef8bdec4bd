"""``basislab replay``: a live position's log against the engine on the same hours."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from basislab.cli.accept import AcceptQuality, print_notes

if TYPE_CHECKING:
    from basislab.types.venue_config import PolicyKind


def replay(
    log: Annotated[
        Path,
        typer.Argument(help="Folder of saved answers (*.json) and, for the loan, loan.csv."),
    ],
    *,
    market: Annotated[str, typer.Option("--market", help="Market of hours: name, or path of one.")],
    coin: Annotated[str | None, typer.Option("--coin", help="Coin, if several are in it.")] = None,
    perp: Annotated[str, typer.Option("--perp", help="Venue preset of the short.")] = "hyperliquid",
    lending: Annotated[
        str, typer.Option("--lending", help="Lender preset of the loan.")
    ] = "kamino",
    hyperliquid: Annotated[
        str | None,
        typer.Option("--hyperliquid", help="Fetch this account's history into the folder first."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", help="With --hyperliquid: from this day, UTC.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            "--margin",
            help="USD that the short began with; then also what the engine does by itself.",
        ),
    ] = None,
    policy: Annotated[
        str,
        typer.Option("--policy", help="Its policy: never, trigger, bands, distance, volatility."),
    ] = "trigger",
    accept_quality: AcceptQuality = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare what a position earned with what the engine books for it, account by account."""
    from basislab.cli.output import to_json
    from basislab.data import checked, load_market
    from basislab.errors import ConfigError
    from basislab.position.replay.log import fetch_log, load_log
    from basislab.position.replay.replay import replay as compared
    from basislab.position.replay.replay import text_of

    if (hyperliquid is None) != (since is None):
        raise ConfigError("replay: --hyperliquid and --since go together.")
    if hyperliquid is not None and since is not None:
        from basislab.cli.progress import status

        with status("asking for the account's history") as say:
            fetch_log(
                hyperliquid,
                since.replace(tzinfo=UTC).timestamp(),
                log,
                lambda kind, rows: say(f"{kind}: {rows} rows"),
            )
    data = load_market(market)
    notes = checked(data, accept_quality=accept_quality)
    found = compared(
        load_log(log, coin),
        data,
        perp=perp,
        lending=lending,
        margin_usd=margin,
        policy=cast("PolicyKind", policy),  # another word is refused by the config
    )
    if as_json:
        typer.echo(to_json(found.to_dict() | {"warnings": list(notes)}), nl=False)
        return
    from rich.console import Console

    print_notes(notes, Console(highlight=False))
    typer.echo(text_of(found), nl=False)
