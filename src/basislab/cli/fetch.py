"""``basislab data fetch`` and ``update``, and ``basislab fake-venues``: real data, or made ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basislab.cli import completion
from basislab.cli.naming import NamingCommand

if TYPE_CHECKING:
    from basislab.data.build.recipe import Recipe
    from basislab.data.fetch.market import Fetched

OFFLINE = Annotated[
    bool, typer.Option("--offline", help="Ask no venue; build from what was fetched before.")
]
REFETCH = Annotated[bool, typer.Option("--refetch", help="Ask for everything again, and compare.")]


class NamesSources(NamingCommand):
    """A command whose help names the sources."""

    def there(self) -> dict[str, str]:
        """Return the sources of each part of a market."""
        from basislab.data.build.recipe import PARTS
        from basislab.data.sources import names

        return {part: ", ".join(names(part)) for part in PARTS}


def fetch(
    *,
    asset: Annotated[str, typer.Option("--asset", help="Coin, such as SOL, ETH or BTC.")] = "SOL",
    since: Annotated[str, typer.Option("--since", help="First day, such as 2024-12-31.")],
    until: Annotated[
        str | None, typer.Option("--until", help="Last day, inclusive; follows the time if absent.")
    ] = None,
    bar: Annotated[str, typer.Option("--bar", help="Width of a bar: 1d or 1h.")] = "1d",
    perp: Annotated[
        list[str] | None,
        typer.Option("--perp", help="Perpetual's prices and funding: {perp}."),
    ] = None,
    spot: Annotated[
        list[str] | None,
        typer.Option("--spot", help="Spot prices beside them: {spot}."),
    ] = None,
    funding: Annotated[
        list[str] | None,
        typer.Option("--funding", help="Further funding: {funding}."),
    ] = None,
    lending: Annotated[
        list[str] | None,
        typer.Option("--lending", help="Rates: {lending}."),
    ] = None,
    reserve: Annotated[
        list[str] | None,
        typer.Option("--reserve", help="COIN=ADDRESS of a reserve of Kamino's main market."),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the market.")] = None,
    gaps: Annotated[
        str, typer.Option("--gaps", help="What becomes of a hole: error, ffill, drop, interpolate.")
    ] = "error",
    max_gap: Annotated[
        str | None, typer.Option("--max-gap", help="Longest hole that is filled, such as 3h.")
    ] = None,
    offline: OFFLINE = False,
    refetch: REFETCH = False,
) -> None:
    """Fetch a market from its venues, or bring it up to date."""
    from basislab.data.build.recipe import Recipe

    recipe = Recipe(
        asset=asset,
        since=since,
        until=until,
        bar=bar,
        perp=tuple(perp or ("hyperliquid",)),
        spot=tuple(spot or ()),
        funding=tuple(funding or ()),
        lending=tuple(lending or ("kamino",)),
        gaps=gaps,
        max_gap=max_gap,
        reserves=tuple(reserve or ()),
    )
    _run(recipe, name, offline=offline, refetch=refetch)


def update(
    market: Annotated[
        str,
        typer.Argument(
            help="Name of a market that was fetched.", autocompletion=completion.fetched_markets
        ),
    ],
    *,
    offline: OFFLINE = False,
    refetch: REFETCH = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            help="Build what was known then, such as 2025-03-01T12:00 (UTC); asks no venue.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Store it under another name; MARKET by default.")
    ] = None,
) -> None:
    """Bring a fetched market up to date, or back to what was known."""
    from basislab.data.fetch.market import recipe_of

    _run(recipe_of(market), name or market, offline=offline, refetch=refetch, as_of=as_of)


def _run(
    recipe: Recipe,
    name: str | None,
    *,
    offline: bool,
    refetch: bool,
    as_of: str | None = None,
) -> None:
    from basislab.cli.progress import shares
    from basislab.data.fetch.market import Fetcher, fetch_market

    with shares("fetch") as (track, say):
        fetcher = Fetcher(
            track=lambda feed, share: track(feed.label, share),
            on_retry=lambda why: say(f"again: {why}"),
        )
        done = fetch_market(
            recipe, name=name, fetcher=fetcher, offline=offline, refetch=refetch, as_of=as_of
        )
    _report(done)


def _report(done: Fetched) -> None:
    from basislab.report.venue_terms import check_market, venue_terms

    market = done.market
    answers = f"{done.answers} {'answer' if done.answers == 1 else 'answers'} stored"
    typer.echo(
        f"{market.name}: {len(market)} bars, {market.start:%Y-%m-%d} to {market.end:%Y-%m-%d}"
    )
    typer.echo(f"{answers}; the market {'is in' if done.is_new else 'was in'} {done.path}")
    typer.echo(market.fingerprint)
    if done.late_s:
        hours = -(-done.late_s // 3_600)
        typer.echo(f"it ends {hours} h early: a venue has not published what comes after yet")
    for entry in market.provenance["corrections"]:
        typer.echo(
            f"corrected by the venue: {entry['series']} {entry['column']} at {entry['time']}: "
            f"{entry['was']} is now {entry['is']}"
        )
    for entry in market.provenance["gaps"]:
        typer.echo(
            f"gap: {entry['series']}: {entry['missing']} {entry['unit']} missing, first "
            f"{entry['first']}: {entry['filled_with']}"
        )
    if "as_of" in market.provenance:
        typer.echo(
            f"as known on {market.provenance['as_of'][:19]}Z; update it to follow the venues"
        )
    report = check_market(market)
    for finding in venue_terms(market):
        typer.echo(f"{finding.series}: {finding.message}")
    typer.echo(
        f"quality: {len(report.errors)} errors, {len(report.warnings)} warnings "
        f"(basislab data check {market.name})"
    )


def export(
    market: Annotated[
        str,
        typer.Argument(
            help="A name, a market directory or a .csv table.", autocompletion=completion.markets
        ),
    ],
    path: Annotated[Path, typer.Argument(help="File: .csv, .csv.gz or .parquet.")],
) -> None:
    """Write a market as one table, a row a bar."""
    from basislab.data import load_market
    from basislab.data.keep.export import export as write

    written = write(load_market(market), path)
    typer.echo(f"{path}: {len(written)} columns: {', '.join(written)}")


def gc(
    *,
    delete: Annotated[bool, typer.Option("--delete", help="Remove it; without, only say.")] = False,
) -> None:
    """Find fetched answers that no market needs, and what killed writers have left."""
    from basislab.data.keep.gc import collect

    found = collect(delete=delete)
    for item in found:
        typer.echo(f"{item.bytes / 1e6:8.2f} MB  {item.path}: {item.why}")
    what = "removed" if delete else "found; remove with --delete"
    typer.echo(f"{sum(item.bytes for item in found) / 1e6:.2f} MB {what}")


def fake_venues(
    *,
    port: Annotated[
        int, typer.Option("--port", help="Port on this machine; 0 takes a free one.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another market.")] = 7,
    faults: Annotated[
        str, typer.Option("--faults", help="Faults by name with commas between, or all.")
    ] = "",
) -> None:
    """Serve made markets as the venues' APIs, to try everything without a network."""
    import time

    from basislab.data.fake import FAULTS, FakeMarket, FakeVenues, Faults
    from basislab.errors import ConfigError
    from basislab.types.checks import nearest

    names = tuple(FAULTS) if faults == "all" else tuple(filter(None, faults.split(",")))
    for name in names:
        if name not in FAULTS:
            raise ConfigError(
                f"faults: got {name!r}{nearest(name, list(FAULTS))}; there are: "
                + ", ".join(f"{known} ({what})" for known, what in FAULTS.items())
            )
    try:
        server = FakeVenues(FakeMarket(int(time.time()), seed), Faults(names), port)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"port: {port} cannot be used ({error}). Choose another.") from None
    server.venues.accounts.clock = time.time  # what is watched must be fresh
    typer.echo(f"export BASISLAB_VENUES_URL={server.url}")
    typer.echo("serving until Ctrl-C; run the line above in another shell", err=True)
    server.serve_forever()
