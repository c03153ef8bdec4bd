"""``basislab policies``: every way to run the position, on the same paths."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli import completion
from basislab.cli.accept import AcceptQuality, print_notes
from basislab.cli.backtest import pairs, typed

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.types.market import Market
    from basislab.types.policies import PolicyComparison
    from basislab.types.venue_config import VenueConfig


def policies(
    market: Annotated[
        str | None,
        typer.Argument(
            help="Name or path; the sample if left out.", autocompletion=completion.markets
        ),
    ] = None,
    long_leverage: Annotated[float, typer.Option(help="Of the long; 1 is without a loan.")] = 1.5,
    short_leverage: Annotated[float, typer.Option(help="Of the short.")] = 3.0,
    capital: Annotated[float, typer.Option(help="Capital in USD.")] = 10_000.0,
    perp: Annotated[
        str, typer.Option(help="Venue preset or TOML file.", autocompletion=completion.perps)
    ] = "hyperliquid",
    lending: Annotated[
        str,
        typer.Option(help="Lending preset or TOML file.", autocompletion=completion.lending),
    ] = "kamino",
    monitor: Annotated[str | None, typer.Option(help="How often the trader looks, 4h.")] = None,
    entry_apy: Annotated[
        float | None, typer.Option(help="The gate: enter above this gross carry a year.")
    ] = None,
    exit_apy: Annotated[float | None, typer.Option(help="The gate: leave below it.")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other key of the scenario format, such as lookback_days=30; repeatable.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="A policy by name; repeatable. All if left out.")
    ] = None,
    reference: Annotated[
        str, typer.Option(help="The policy that the others are compared with.")
    ] = "resize 20%",
    horizon: Annotated[int, typer.Option(help="Days that a start day is held.")] = 90,
    start: Annotated[str | None, typer.Option(help="First day, 2025-01-18.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day, inclusive.")] = None,
    accept_quality: AcceptQuality = False,
    paths: Annotated[int, typer.Option(help="On daily bars: paths within the days.")] = 8,
    bar: Annotated[str, typer.Option(help="On daily bars: width on the paths.")] = "1h",
    histories: Annotated[
        int, typer.Option(help="Drawn histories, on each of which all is run again; 0: none.")
    ] = 100,
    seed: Annotated[int, typer.Option(help="Of paths and of drawn days.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Every number, as JSON.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the table: .csv or .parquet.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with all figures.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw one: .svg, .png or .html.")] = None,
    figure_of: Annotated[
        str, typer.Option(help="What is drawn: frontier, regret, differences, map, fan.")
    ] = "frontier",
) -> None:
    """Compare every policy on the same paths: what it made, how sure, what foresight left."""
    from rich.console import Console

    from basislab.cli.output import check_endings, to_json, write_figure
    from basislab.cli.progress import status

    check_endings(csv, figure)
    raw: dict[str, Any] = {
        "model": "venue",
        "long_leverage": long_leverage,
        "short_leverage": short_leverage,
        "capital_usd": capital,
        "perp": perp,
        "lending": lending,
    }
    gate = {"monitor": monitor, "entry_apy": entry_apy, "exit_apy": exit_apy}
    raw |= {key: value for key, value in gate.items() if value is not None}
    raw |= {key: typed(text) for key, text in pairs(more or [], raw).items()}
    with status("loading the market") as say:
        from basislab import api
        from basislab.scenarios import market_loader

        data = market_loader(market)(None)
        found = api.compare_policies(
            data,
            _config(raw),
            policies=only,
            reference=reference,
            horizon_days=horizon,
            paths=paths,
            bar=bar,
            histories=histories,
            seed=seed,
            start=start,
            end=end,
            accept_quality=accept_quality,
            progress=say,
        )
    if as_json:
        typer.echo(to_json(found.to_dict()), nl=False)
    else:
        _show(found, Console(highlight=False))
    if csv is not None:
        from basislab.cli.grid import write_table

        write_table(found.table.reset_index(), csv)
        typer.echo(f"written: {csv}", err=True)
    if figure is not None:
        write_figure(figure, found, figure_of)
    if html is not None:
        _write_page(html, found, data)


def _config(raw: dict[str, Any]) -> VenueConfig:
    from basislab.scenarios import parse_scenario
    from basislab.types.venue_config import VenueConfig

    config = parse_scenario(raw).to_config()
    assert isinstance(config, VenueConfig)  # noqa: S101 - the model is named above
    return config


def _show(found: PolicyComparison, console: Console) -> None:
    from rich.text import Text

    from basislab.report.policy_tables import map_table, policy_table
    from basislab.report.render.terminal import rich_table
    from basislab.types.policy_words import sentences

    for sentence in sentences(found):
        console.print(Text(f"- {sentence}"))
    print_notes([f"not run: {name}: {why}" for name, why in found.refused.items()], console)
    print_notes(found.warnings, console)
    for table in (policy_table(found), map_table(found)):
        console.print()
        console.print(Text(table.title, style="bold"))
        console.print(rich_table(table))
        for note in table.notes:
            console.print(Text(note, style="dim"))


def _write_page(path: Path, found: PolicyComparison, market: Market) -> None:
    from basislab.cli.output import write_text
    from basislab.cli.progress import status
    from basislab.report.policy_page import policy_page

    with status("writing the page"):
        write_text(path, policy_page(found, market))
    typer.echo(f"written: {path}", err=True)
