"""``basislab backtest``: one configuration, its summary, waterfall and events."""

from __future__ import annotations

from collections.abc import Container, Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli import completion
from basislab.cli.accept import AcceptQuality
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from rich.console import Console

    from basislab.types.ensemble import Ensemble
    from basislab.types.market import Market
    from basislab.types.result import Result


ModelName = Annotated[
    str, typer.Option(help="Which model: {models}.", autocompletion=completion.models)
]


class FigureName(StrEnum):
    """Figures of a run."""

    equity = "equity"
    drawdown = "drawdown"
    legs = "legs"
    waterfall = "waterfall"


def backtest(
    model: ModelName = "rebalance",
    leverage: Annotated[float, typer.Option(help="Leverage of each half.")] = 3.0,
    capital: Annotated[float, typer.Option(help="Capital in USD, split in two halves.")] = 10_000.0,
    perp: Annotated[
        str | None,
        typer.Option(
            help="Venue preset or TOML file: hyperliquid-study; venue: hyperliquid.",
            autocompletion=completion.perps,
        ),
    ] = None,
    lending: Annotated[
        str,
        typer.Option(
            help="Lending protocol; venue: preset or TOML file.", autocompletion=completion.lending
        ),
    ] = "kamino",
    market: Annotated[
        str | None,
        typer.Option(
            help="Name or path; the sample if left out.", autocompletion=completion.markets
        ),
    ] = None,
    start: Annotated[str | None, typer.Option(help="First day, 2025-01-18.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day, inclusive.")] = None,
    accept_quality: AcceptQuality = False,
    open_fee_bps: Annotated[
        float | None, typer.Option(help="Open fee of the long leg, default 15 bps. Not for venue.")
    ] = None,
    trigger: Annotated[
        str | None,
        typer.Option(
            help="rebalance, venue: leg leverage, or 'never'. Default 2 x leverage; venue: midway "
            "to the loan's liquidation."
        ),
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option(
            help="venue: how often the trader looks; default 1h, or a bar where bars are wider."
        ),
    ] = None,
    long_leverage: Annotated[
        float | None, typer.Option(help="venue: of the long alone; 1 is without a loan.")
    ] = None,
    short_leverage: Annotated[float | None, typer.Option(help="venue: of the short alone.")] = None,
    band: Annotated[
        str | None,
        typer.Option(help="venue: how far the size may leave its target, 0.2; or 'never'."),
    ] = None,
    resize_to: Annotated[
        str | None, typer.Option(help="venue: to the target, or the edge of the band's inner half.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="venue: trigger, never, bands, distance or volatility.")
    ] = None,
    response: Annotated[
        str | None, typer.Option(help="venue: after a liquidation rehedge, reopen or exit.")
    ] = None,
    path_order: Annotated[
        str | None, typer.Option(help="venue: nearest or pessimistic order of high and low.")
    ] = None,
    conventions: Annotated[
        str | None, typer.Option(help="venue: conventions of the study to keep, by commas.")
    ] = None,
    sensitivity: Annotated[
        bool, typer.Option(help="venue: run every assumed constant over its range.")
    ] = True,
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
    more: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Any other key of the scenario format, such as ltv_band=0.65; repeatable.",
        ),
    ] = None,
    paths: Annotated[int, typer.Option(help="venue on daily bars: paths within the days.")] = 64,
    bar: Annotated[str, typer.Option(help="venue on daily bars: width on the paths.")] = "1h",
    seed: Annotated[int, typer.Option(help="venue on daily bars: of the paths.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The scenario result as JSON.")] = False,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the run into a file: .svg, .png or .html.")
    ] = None,
    figure_of: Annotated[FigureName, typer.Option(help="What is drawn.")] = FigureName.equity,
) -> None:
    """Run one configuration: return, waterfall, events."""
    from rich.console import Console

    from basislab.cli.output import check_endings, to_json, write_figure
    from basislab.cli.progress import status

    check_endings(None, figure)
    given: dict[str, Any] = {
        "trigger": _or_never("--trigger", trigger, "a leverage such as 5"),
        "long_leverage": long_leverage,
        "short_leverage": short_leverage,
        "band": _or_never("--band", band, "a fraction such as 0.2"),
        "resize_to": resize_to,
        "buffer": buffer,
        "min_apy": min_apy,
        "entry_apy": entry_apy,
        "lookback_days": lookback_days,
        "slippage": slippage,
        "perp": perp,
        "open_fee_bps": open_fee_bps,
        "monitor": monitor,
        "policy": policy,
        "response": response,
        "path_order": path_order,
        "conventions": None if conventions is None else conventions.split(","),
    }
    raw: dict[str, Any] = {
        "model": model,
        "leverage": leverage,
        "capital_usd": capital,
        "lending": lending,
    }
    raw |= {key: value for key, value in given.items() if value is not None}
    raw |= {key: value for key, value in (("start", start), ("end", end)) if value is not None}
    if long_leverage is not None and short_leverage is not None:
        del raw["leverage"]  # it follows from them
    raw |= {key: None for key, text in (("trigger", trigger), ("band", band)) if text == "never"}
    raw |= {key: typed(text) for key, text in pairs(more or [], raw).items()}
    with status("running"):
        from basislab.scenarios import market_loader, parse_scenario, run_scenario, scenario_type
        from basislab.types.venue_result import VenueResult

        load = market_loader(market)
        is_engine = "monitor" in scenario_type(model).model_fields
        is_within_days = is_engine and _is_within_days(load(None), raw)
        if monitor is None and is_engine and not is_within_days:
            raw["monitor"] = _look(load(None))
        scenario = parse_scenario(raw)
    if is_within_days:
        found = _ensemble(load(None), scenario, paths, bar, seed, accept_quality=accept_quality)
        if figure is not None:
            write_figure(figure, found, "paths")
        if as_json:
            typer.echo(to_json(found.to_dict()), nl=False)
            return
        typer.echo(f"{found.summary()}\n")
        console = Console(highlight=False)
        _tell(load(scenario.market), found, scenario, console, with_sensitivity=sensitivity)
        return
    with status("running"):
        result = run_scenario(scenario, load, accept_quality=accept_quality)
    if figure is not None:
        write_figure(figure, result, figure_of.value)
    if as_json:
        typer.echo(to_json(result.to_dict()), nl=False)
        return
    console = Console(highlight=False)
    _show(result, console)
    if isinstance(result, VenueResult):
        _tell(load(scenario.market), result, scenario, console, with_sensitivity=sensitivity)


def _is_within_days(market: Market, raw: dict[str, Any]) -> bool:
    """Whether the engine is asked of daily bars by other rules than the study's own."""
    from basislab.types.venue_config import CONVENTIONS

    is_study = set(CONVENTIONS) <= set(raw.get("conventions", ()))
    return market.bar_seconds == SECONDS_PER_DAY and not is_study


def _ensemble(
    market: Market, scenario: Any, paths: int, bar: str, seed: int, *, accept_quality: bool
) -> Ensemble:
    from basislab import api
    from basislab.cli.progress import progress_bar

    with progress_bar("paths within the days", 2 * paths, "paths") as progress:
        return api.ensemble(
            market,
            scenario.to_config(),
            paths=paths,
            bar=bar,
            seed=seed,
            start=scenario.start,
            end=scenario.end,
            accept_quality=accept_quality,
            progress=progress,
        )


def _or_never(option: str, text: str | None, wanted: str) -> float | None:
    if text is None or text == "never":
        return None
    try:
        return float(text)
    except ValueError:
        from basislab.errors import ConfigError

        raise ConfigError(f"{option}: got {text!r}; it must be {wanted}, or 'never'.") from None


def pairs(texts: Iterable[str], known: Container[str]) -> dict[str, str]:
    """Read ``key=value``; a key that is given already is refused."""
    from basislab.errors import ConfigError

    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"--set: got {text!r}; write KEY=VALUE, such as ltv_band=0.65.")
        if key in known or key in found:
            raise ConfigError(f"--set {text}: {key} is given already. Give it once.")
        found[key] = value
    return found


def typed(text: str) -> Any:
    """Return a value of JSON; what is none is a text."""
    import json

    try:
        return json.loads(text)
    except ValueError:
        return text


def _look(market: Market) -> str:
    """Return how often a trader looks who said nothing: hourly, or at every bar of wider ones."""
    return f"{max(SECONDS_PER_HOUR, market.bar_seconds) // 60}m"


def _tell(
    market: Market, result: Any, scenario: Any, console: Console, *, with_sensitivity: bool
) -> None:
    """Say what the run means, in plain words."""
    from rich.text import Text

    from basislab.cli.progress import status
    from basislab.report.venue_words import ensemble_words, plain_words
    from basislab.types.ensemble import Ensemble

    write: Any = ensemble_words if isinstance(result, Ensemble) else plain_words
    with status("running what is assumed over its ranges"):
        said = write(
            market,
            result,
            start=scenario.start,
            end=scenario.end,
            with_sensitivity=with_sensitivity,
        )
    console.print(Text("In plain words", style="bold"))
    for sentence in said:
        console.print(Text(f"- {sentence}"))


def _show(result: Result, console: Console) -> None:
    from rich.text import Text

    from basislab.report.render.terminal import rich_table
    from basislab.report.result_tables import result_tables

    for table in result_tables(result):
        console.print(Text(table.title, style="bold"))
        console.print(rich_table(table))
        for note in table.notes:
            console.print(Text(f"! {note}", style="yellow"))
        console.print()
