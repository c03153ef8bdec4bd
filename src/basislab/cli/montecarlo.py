"""``basislab montecarlo``: configurations over jointly bootstrapped paths."""

from __future__ import annotations

from enum import StrEnum
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli import grid
from basislab.cli.accept import AcceptQuality, print_notes
from basislab.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from basislab.types.montecarlo import MonteCarlo
    from basislab.types.start import StartState


class FigureName(StrEnum):
    """Figures of a Monte-Carlo."""

    fan = "fan"
    liquidation = "liquidation"


WORDS = {
    "return_mean": "return, mean",
    "return_p05": "return, 5 % below",
    "return_p25": "return, 25 % below",
    "return_p50": "return, median",
    "return_p75": "return, 75 % below",
    "return_p95": "return, 95 % below",
    "excess_mean": "excess, mean",
    "excess_p50": "excess, median",
    "loss_probability": "P(loss)",
    "beats_hurdle_probability": "P(beats hurdle)",
    "var_95": "VaR 95 % (loss)",
    "cvar_95": "CVaR 95 % (loss)",
    "drawdown_p50": "drawdown, median",
    "drawdown_p95": "drawdown, 95 %",
    "resizes_mean": "resizes, mean",
    "resize_cost_mean": "cost of resizes, mean",
    "naked_days_mean": "days unhedged, mean",
    "under_water_days_p50": "days below a peak, median",
    "under_water_days_p95": "days below a peak, 95 %",
}
PREDICTIVE = (
    "predictive draws: each path's levels of funding and rates are shifted by what this history "
    "leaves open"
)
PLAIN = "plain bootstrap: levels as in this history, so that intervals are too narrow"
CONDITIONAL = "days before which funding, volatility and carry were much like then"
ANY = "any day of the history"
BY_HORIZON = {
    "liquidation": "liq.",
    "liquidation_long": "loan liq.",
    "liquidation_short": "short liq.",
    "adl": "ADL",
}
MANY = ("return_mean", "excess_mean", "beats_hurdle_probability", "cvar_95", "drawdown_p95")


@grid.takes_fields("3")
def montecarlo(
    fields: grid.Fields,
    paths: Annotated[int, typer.Option(help="How many paths.")] = 2_000,
    days: Annotated[int, typer.Option(help="Length of a path.")] = 365,
    block_days: Annotated[
        float | None, typer.Option(help="Mean block length; measured if left out.")
    ] = None,
    volatility: Annotated[float, typer.Option(help="Factor on the price moves.")] = 1.0,
    funding_shift: Annotated[float, typer.Option(help="Added to funding, fraction a year.")] = 0.0,
    borrow_shift: Annotated[float, typer.Option(help="Added to borrowing, fraction a year.")] = 0.0,
    horizons: Annotated[str, typer.Option(help="Days of P(liquidation).")] = "30,90,365",
    no_block_check: Annotated[
        bool, typer.Option("--no-block-check", help="Not at half and twice the block.")
    ] = False,
    no_history_error: Annotated[
        bool, typer.Option("--no-history-error", help="Without the block jackknife.")
    ] = False,
    no_predictive: Annotated[
        bool,
        typer.Option("--no-predictive", help="Plain bootstrap: intervals are too narrow."),
    ] = False,
    from_day: Annotated[
        str | None, typer.Option("--from", help="Go on from now, or from the end of this day.")
    ] = None,
    position: Annotated[
        Path | None, typer.Option(help="venue: go on with what this position file holds.")
    ] = None,
    bar: Annotated[str, typer.Option(help="venue on daily bars: width within the days.")] = "1h",
    market: grid.Market = None,
    start: grid.Start = None,
    end: grid.End = None,
    accept_quality: AcceptQuality = False,
    samples: grid.Samples = None,
    seed: Annotated[int, typer.Option(help="Of paths and samples.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write all statistics: .parquet, .csv.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All statistics as JSON.")] = False,
    figure: grid.Figure = None,
    figure_of: Annotated[FigureName, typer.Option(help="What is drawn.")] = FigureName.fan,
    workers: grid.Workers = None,
    job: grid.Job = None,
    resume: grid.Resume = False,
    outcomes: grid.Outcomes = None,
) -> None:
    """Draw paths from the history and show what each configuration risks on them."""
    from rich.console import Console

    from basislab.cli.lists import parse_values
    from basislab.cli.output import check_endings, to_json, write_figure
    from basislab.cli.progress import progress_bar, status

    check_endings(out, figure)
    values = grid.read_fields(fields, sampled=samples is not None)
    asked = tuple(parse_values("--horizons", "lookback_days", horizons))
    with status("loading the market"):
        from basislab import api
        from basislab.data import load_market
        from basislab.jobs.montecarlo import Design

        config, swept = grid.base_config(fields.model, values)
        data = load_market(market) if market is not None else load_market()
        if data.bar_seconds != SECONDS_PER_DAY:
            config = grid.fitted(config, values, data)
        held = None if position is None else _held(position)
        design = Design(
            paths=paths,
            days=days,
            seed=seed,
            block_days=block_days,
            horizons=asked,
            with_block_check=not no_block_check,
            with_history_error=not no_history_error,
            is_predictive=not no_predictive,
            is_from_now=from_day is not None,
        )
        is_within_days = config.model == "venue" and data.bar_seconds == SECONDS_PER_DAY
        total = design.total_paths(is_within_days=is_within_days)
    try:
        with progress_bar("montecarlo", total, "paths") as progress:
            found = api.montecarlo(
                data,
                config,
                paths=paths,
                days=days,
                seed=seed,
                block_days=block_days,
                horizons=asked,
                volatility=volatility,
                funding_shift_apy=funding_shift,
                borrow_shift_apy=borrow_shift,
                start=start,
                end=end,
                accept_quality=accept_quality,
                block_check=design.with_block_check,
                history_error=design.with_history_error,
                predictive=design.is_predictive,
                from_day=from_day,
                start_state=held,
                bar=bar,
                samples=samples,
                workers=workers,
                job=job,
                resume=resume,
                outcomes=outcomes,
                progress=progress,
                **swept,
            )
    except KeyboardInterrupt:
        if job is not None:
            typer.echo(
                f"stopped; what was finished is in {job}. The same command with --resume goes on.",
                err=True,
            )
        raise
    if as_json:
        typer.echo(to_json(found.to_dict()), nl=False)
    else:
        _show(found, Console(highlight=False))
    if out is not None:
        grid.write_table(found.tidy, out)
        typer.echo(f"written: {out}", err=True)
    if figure is not None:
        write_figure(figure, found, figure_of.value)


def _held(path: Path) -> StartState:
    from basislab.position import load_position
    from basislab.position.start import start_state_of

    return start_state_of(load_position(path))


def _show(found: MonteCarlo, console: Console) -> None:
    from rich.text import Text

    console.print(_headline(found))
    for line in _notes(found):
        console.print(Text(line, style="dim"))
    print_notes(found.warnings, console)
    console.print()
    if len(found.configs) <= 4:
        for number in range(len(found.configs)):
            console.print(_one(found, number))
            console.print()
        console.print(_fan(found))
    else:
        console.print(_many(found))


def _headline(found: MonteCarlo) -> str:
    return (
        f"{found.n_paths:,} paths of {found.n_days} days from {found.n_rows} days of "
        f"{found.market_name}, seed {found.seed}"
    )


def _notes(found: MonteCarlo) -> list[str]:
    measured = ", ".join(f"{name} {days:.1f}" for name, days in found.block_by_series.items())
    how = f"the longest of: {measured}" if measured else "as given"
    lines = [PREDICTIVE if found.is_predictive else PLAIN]
    lines += [f"mean block length {found.block_days:.1f} days ({how})"]
    if found.shift:
        lines.append("scenario: " + ", ".join(f"{k} {v:g}" for k, v in found.shift.items()))
    lines += _beginning(found)
    lines.append("excess: over the hurdle, what supplying the quote coin earns on the same path")
    lines.append(
        "MC error: from drawing finitely many paths. History error: from having one history; "
        "more paths do not reduce it. Each is one standard error."
    )
    if found.intraday_errors is not None:
        lines.append(
            "intraday error: from not knowing what happened within the days; only narrower bars "
            "reduce it."
        )
    return lines


def _beginning(found: MonteCarlo) -> list[str]:
    """Say where paths begin that go on from a day."""
    if found.from_day is None:
        return []
    if found.beside is None:
        return [f"paths go on from what is held after {found.from_day}"]
    first, other = (CONDITIONAL, ANY) if found.is_conditional else (ANY, CONDITIONAL)
    return [f"paths go on after {found.from_day}, from {first}; beside it, from {other}"]


def _words(name: str) -> str:
    if name in WORDS:
        return WORDS[name]
    what, _, days = name[:-1].rpartition("_")
    return f"P({BY_HORIZON[what]} in {days} days)"


def _title(found: MonteCarlo, number: int) -> str:
    from basislab.report.heatmap import label

    config = found.configs[number]
    fields = dict(found.swept) or {"leverage": [config.leverage]}
    return f"{config.model}: " + ", ".join(
        f"{name} {label(values[number])}" for name, values in fields.items()
    )


def _table(title: str, *heads: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left")
    return table


def _one(found: MonteCarlo, number: int) -> Table:
    history = found.history_errors
    heads = ["", "value", "MC error", *([] if history is None else ["history error"])]
    heads += [] if found.intraday_errors is None else ["intraday error"]
    heads += [f"block {run.block_days:.0f}" for run in found.runs[1:]]
    heads += [] if found.beside is None else ["any day" if found.is_conditional else "like today"]
    table = _table(_title(found, number), *heads)
    others = [*found.runs[1:], *([] if found.beside is None else [found.beside])]
    for column, name in enumerate(found.names):
        if isnan(found.value(name, number)):
            continue  # not planned, or no hurdle
        size = 1.0 if _is_plain(name) else 100.0
        table.add_row(
            _words(name),
            _percent(name, found.value(name, number)),
            *(f"{size * error:.2f}" for error in found.errors(name, number).values()),
            *(_percent(name, run.estimates[number, column]) for run in others),
        )
    return table


def _is_plain(name: str) -> bool:
    """Whether a statistic is a count or a number of days, not a fraction."""
    return name == "resizes_mean" or "days" in name


def _percent(name: str, value: float) -> str:
    if _is_plain(name):
        return f"{value:.1f}"
    is_signed = name.startswith(("return", "excess", "var", "cvar"))
    return f"{100 * value:+.2f} %" if is_signed else f"{100 * value:.2f} %"


def _fan(found: MonteCarlo) -> Table:
    heads = [f"{100 * level:.0f} % below" for level in found.fan_levels]
    table = _table("equity, USD", "configuration", "day", *heads)
    for number in range(len(found.configs)):
        for mark in range(0, len(found.fan_days), 3):
            table.add_row(
                _title(found, number) if mark == 0 else "",
                str(found.fan_days[mark]),
                *(f"{value:,.0f}" for value in found.fan[mark, number]),
            )
    return table


def _many(found: MonteCarlo) -> Table:
    from basislab.report.heatmap import label

    names = [name for name in MANY if name in found.names]
    names += [f"liquidation_{found.horizons[-1]}d"] if found.horizons else []
    order: Any = found.summary["excess_mean"].sort_values(ascending=False, kind="stable").index
    heads = [_words(name) for name in names]
    table = _table("the 20 with the highest mean excess", *found.swept, *heads)
    for number in list(order)[:20]:
        table.add_row(
            *(label(values[number]) for values in found.swept.values()),
            *(_percent(name, found.value(name, number)) for name in names),
        )
    return table
