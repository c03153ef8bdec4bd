"""``basislab backtest``: one configuration, its summary, waterfall and events."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.types.result import Result


class ModelName(StrEnum):
    """Models of the command line."""

    static = "static"
    rebalance = "rebalance"
    rotation = "rotation"
    conditional = "conditional"


def backtest(
    model: Annotated[ModelName, typer.Option(help="Which model.")] = ModelName.rebalance,
    leverage: Annotated[float, typer.Option(help="Leverage of each half.")] = 3.0,
    capital: Annotated[float, typer.Option(help="Capital in USD, split in two halves.")] = 10_000.0,
    perp: Annotated[str, typer.Option(help="Venue preset or TOML file.")] = "hyperliquid-study",
    lending: Annotated[str, typer.Option(help="Lending protocol.")] = "kamino",
    market: Annotated[
        str | None, typer.Option(help="Name or path; the sample if left out.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="First day, 2025-01-18.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day, inclusive.")] = None,
    open_fee_bps: Annotated[float, typer.Option(help="Open fee of the long leg, bps.")] = 15.0,
    trigger: Annotated[
        str | None, typer.Option(help="rebalance: leg leverage, or 'never'. Default 2 x leverage.")
    ] = None,
    buffer: Annotated[
        float | None, typer.Option(help="rotation, conditional: fraction, default 0.10.")
    ] = None,
    min_apy: Annotated[float | None, typer.Option(help="rotation: fraction a year.")] = None,
    entry_apy: Annotated[
        float | None, typer.Option(help="conditional: fraction a year, default 0.10.")
    ] = None,
    lookback_days: Annotated[
        int | None, typer.Option(help="conditional: days of the mean, default 7.")
    ] = None,
    slippage: Annotated[str | None, typer.Option(help="static: none or book.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The scenario result as JSON.")] = False,
) -> None:
    """Run one configuration: return, waterfall, events."""
    from rich.console import Console

    from basislab.cli.output import status, to_json

    given: dict[str, Any] = {
        "trigger": _trigger(trigger),
        "buffer": buffer,
        "min_apy": min_apy,
        "entry_apy": entry_apy,
        "lookback_days": lookback_days,
        "slippage": slippage,
    }
    raw: dict[str, Any] = {
        "model": model.value,
        "leverage": leverage,
        "capital_usd": capital,
        "perp": perp,
        "lending": lending,
        "open_fee_bps": open_fee_bps,
    }
    raw |= {key: value for key, value in given.items() if value is not None}
    raw |= {key: value for key, value in (("start", start), ("end", end)) if value is not None}
    if trigger == "never":
        raw["trigger"] = None
    with status("loading (kernels are compiled on the first run)"):
        from basislab.scenarios import market_loader, parse_scenario, run_scenario

        result = run_scenario(parse_scenario(raw), market_loader(market))
    if as_json:
        typer.echo(to_json(result.to_dict()), nl=False)
    else:
        _show(result, Console(highlight=False))


def _trigger(text: str | None) -> float | None:
    if text is None or text == "never":
        return None
    try:
        return float(text)
    except ValueError:
        from basislab.errors import ConfigError

        raise ConfigError(
            f"--trigger: got {text!r}; it must be a leverage such as 5, or 'never'."
        ) from None


def _show(result: Result, console: Console) -> None:
    from rich.text import Text

    from basislab.report.result_tables import result_tables
    from basislab.report.terminal import rich_table

    for table in result_tables(result):
        console.print(Text(table.title, style="bold"))
        console.print(rich_table(table))
        for note in table.notes:
            console.print(Text(f"! {note}", style="yellow"))
        console.print()
