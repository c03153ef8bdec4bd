"""``basislab stress``: what would kill a position."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli.accept import AcceptQuality, print_notes

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.types.stress import StressResult

MAKE = """# A stress of your own: run it by its path, 'basislab stress ./{name}.toml'.
# Every value is relative to the price before it begins; all lists have as many values as price.
name = "{name}"
title = "A fall of a fifth within four hours"
what = "One sentence: what happens."
date = ""                # when it happened, such as "2025-10-10"; empty where it never did
source = "none"          # who says so
fact = "what is known of it"
assumed = "what is made up"
step_minutes = 60        # length of a step
price = [0.95, 0.90, 0.84, 0.80, 0.82, 0.84, 0.86, 0.88]   # the coin, at the end of every step
low   = [0.94, 0.88, 0.82, 0.78, 0.80, 0.82, 0.84, 0.86]   # optional: lowest within the step
# high = [...]           # optional: highest within the step
# perp = [...]           # optional: the perpetual over the coin, ends at 1
# oracle = [...]         # optional: the lender's oracle over the coin, ends at 1
# perp_low = [...]       # optional: the perpetual's own lowest, relative to the price before
# funding_hour = [...]   # optional: fraction of notional an hour; above 0 longs pay
# borrow_apy = [...]     # optional: fraction a year, 0.5 for 50 %
# loan_field = "liquidation_ltv"   # optional: a constant of the lender that changes
# loan_change = -0.05
# loan_days = 7          # days after the beginning
# fee_factor = 2.0       # optional: on the perpetual's taker fees

# [[faults]]             # optional, repeatable: adl, outage, delay, failure, gone
# kind = "delay"
# from_step = 0
# to_step = 8
# seconds = 43200
"""


def stress(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Stresses, or .toml files; all if left out."),
    ] = None,
    market: Annotated[str | None, typer.Option(help="Market; default: the sample.")] = None,
    leverage: Annotated[float, typer.Option(help="Of both legs.")] = 2.0,
    long_leverage: Annotated[float | None, typer.Option(help="Of the long alone.")] = None,
    short_leverage: Annotated[float | None, typer.Option(help="Of the short alone.")] = None,
    band: Annotated[float, typer.Option(help="The size is kept within this fraction.")] = 0.2,
    policy: Annotated[str, typer.Option(help="What moves capital.")] = "trigger",
    capital: Annotated[float, typer.Option(help="USD.")] = 10_000.0,
    lending: Annotated[str | None, typer.Option(help="Lending preset or file.")] = None,
    perp: Annotated[str | None, typer.Option(help="Perpetual's preset or file.")] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any other key of a venue scenario."),
    ] = None,
    starts: Annotated[int, typer.Option(help="Moments at which each stress begins.")] = 12,
    after_days: Annotated[int, typer.Option(help="Days of the market after a stress.")] = 30,
    start: Annotated[str | None, typer.Option(help="First day.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day.")] = None,
    list_them: Annotated[bool, typer.Option("--list", help="Name the library and stop.")] = False,
    make: Annotated[
        Path | None, typer.Option(help="Write a commented stress to fill in, and stop.")
    ] = None,
    accept_quality: AcceptQuality = False,
    as_json: Annotated[bool, typer.Option("--json", help="All results as JSON.")] = False,
) -> None:
    """Let a position live through crashes, rallies, outages: what each costs, and from where."""
    from rich.console import Console

    console = Console(highlight=False)
    if make is not None:
        _make(make, console)
        return
    if list_them:
        _list(console)
        return
    from basislab import api
    from basislab.cli.output import to_json
    from basislab.cli.progress import progress_bar, status

    given = {
        "long_leverage": long_leverage,
        "short_leverage": short_leverage,
        "lending": lending,
        "perp": perp,
    }
    raw: dict[str, Any] = {"model": "venue", "leverage": leverage, "capital_usd": capital}
    raw |= {"band": band, "policy": policy}
    raw |= {key: value for key, value in given.items() if value is not None}
    if long_leverage is not None and short_leverage is not None:
        del raw["leverage"]
    with status("loading the market"):
        from basislab.cli.backtest import pairs, typed
        from basislab.data import load_market
        from basislab.presets.stresses import load_stress, stress_names
        from basislab.scenarios import parse_scenario

        raw |= {key: typed(text) for key, text in pairs(more or [], raw).items()}
        config: Any = parse_scenario(raw).to_config()
        data = load_market(market) if market is not None else load_market()
        wanted = [load_stress(name) for name in names or stress_names()]
    total = len(wanted) * starts * len(api.ways(config))
    with progress_bar("stress", total, "runs") as progress:
        found = api.stress(
            data,
            config,
            wanted,
            starts=starts,
            after_days=after_days,
            start=start,
            end=end,
            accept_quality=accept_quality,
            progress=progress,
        )
    if as_json:
        typer.echo(to_json(found.to_dict()), nl=False)
        return
    _show(found, console)


def _make(path: Path, console: Console) -> None:
    from basislab.errors import ConfigError

    if path.suffix != ".toml":
        raise ConfigError(f"--make: got {path}; give a file that ends in .toml.")
    if path.exists():
        raise ConfigError(f"--make: {path} exists and is left alone. Give another name.")
    try:
        path.write_text(MAKE.format(name=path.stem), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--make: {path} cannot be written ({error.strerror}).") from None
    console.print(f"written: {path}")


def _list(console: Console) -> None:
    from basislab.presets.stresses import load_stress, stress_names

    table = _table("Stress", "What", "Fact")
    for name in stress_names():
        one = load_stress(name)
        table.add_row(name, one.title, one.fact)
    console.print(table)


def _table(*headers: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for header in headers:
        table.add_column(header)
    return table


def _show(found: StressResult, console: Console) -> None:
    from rich.text import Text

    from basislab.report.stress_words import stress_words

    console.print(
        Text(f"{found.market_name}: {len(found.stresses)} stresses", style="bold"),
        Text(f"from {len(found.starts)} moments, {found.starts[0]} to {found.starts[-1]}"),
    )
    print_notes(found.warnings, console)
    console.print()
    table = _table("Stress", "Fall", "Rise")
    for policy in found.policies:
        table.add_column(policy, justify="right")
    rows = {(row["policy"], row["stress"]): row for row in found.rows()}
    for place in found.ranked(len(found.policies) - 1):
        one = found.stresses[place]
        cells = [_cell(rows[policy, one.name]) for policy in found.policies]
        table.add_row(one.name, _move(one.worst_fall), _move(one.worst_rise), *cells)
    console.print(table)
    console.print(
        "Loss of equity a day after the stress, in the worst of the moments; L: the loan was "
        "liquidated in at least one of them, S: the short. A gain has a plus.\n",
        style="dim",
    )
    console.print(Text("In plain words", style="bold"))
    for sentence in stress_words(found):
        console.print(Text(f"- {sentence}"))


def _cell(row: dict[str, Any]) -> str:
    from basislab.report import words

    marks = "".join(
        letter
        for letter, leg in (("L", "long"), ("S", "short"))
        if row[f"{leg}_liquidated_share"] > 0
    )
    return f"{words.percent(-row['loss_most'])} {marks:2}"


def _move(value: float) -> str:
    return f"{value:+.0%}" if abs(value) > 0.005 else ""
