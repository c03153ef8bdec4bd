"""``basislab sweep``: many configurations on one market."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli import grid
from basislab.cli.accept import AcceptQuality, print_notes

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

SHOWN = {
    "return": "Return",
    "annualized_return": "A year",
    "excess_return": "Excess",
    "max_drawdown": "Drawdown",
}
SHORT = {"rebalances": "Moves", "liquidations": "Liq.", "opens": "Opens"}


@grid.takes_fields("3")
def sweep(
    fields: grid.Fields,
    market: grid.Market = None,
    start: grid.Start = None,
    end: grid.End = None,
    accept_quality: AcceptQuality = False,
    samples: grid.Samples = None,
    seed: Annotated[int, typer.Option(help="Of the samples.")] = 0,
    sort: Annotated[str, typer.Option(help="Column that the list is sorted by.")] = "excess_return",
    show: Annotated[str, typer.Option("--map", help="Column in the map.")] = "excess_return",
    top: Annotated[int, typer.Option(min=0, help="Rows of the list.")] = 10,
    out: Annotated[Path | None, typer.Option(help="Write all rows: .parquet or .csv.")] = None,
    figure: grid.Figure = None,
    workers: grid.Workers = None,
    job: grid.Job = None,
    resume: grid.Resume = False,
    outcomes: grid.Outcomes = None,
) -> None:
    """Run every combination of the values given, such as --leverage 2:5:0.5 --trigger 4,6,never."""
    from rich.console import Console

    from basislab.cli.output import check_endings, write_figure
    from basislab.cli.progress import progress_bar, status
    from basislab.errors import ConfigError

    check_endings(out, figure)
    values = grid.read_fields(fields, sampled=samples is not None)
    with status("loading the market"):
        from basislab import api
        from basislab.data import load_market

        config, swept = grid.base_config(fields.model, values)
        if figure is not None and not swept:
            raise ConfigError("--figure: nothing is swept. Give a field several values.")
        data = load_market(market) if market is not None else load_market()
        config = grid.fitted(config, values, data)
    with progress_bar("sweep", grid.count(swept, samples), "configurations") as progress:
        frame = api.sweep(
            data,
            config,
            start=start,
            end=end,
            accept_quality=accept_quality,
            samples=samples,
            seed=seed,
            workers=workers,
            job=job,
            resume=resume,
            outcomes=outcomes,
            progress=progress,
            **swept,
        )
    _check_column(frame, "--sort", sort)
    _check_column(frame, "--map", show)
    _show(frame, list(swept), sort, show, top, Console(highlight=False))
    if out is not None:
        _write(frame, out)
    if figure is not None:
        write_figure(figure, frame, "map", show=show)


def _check_column(frame: pd.DataFrame, option: str, name: str) -> None:
    from basislab.errors import ConfigError
    from basislab.types.checks import nearest

    numbers = list(frame.select_dtypes("number").columns)
    if name not in numbers:
        raise ConfigError(
            f"{option}: got {name!r}{nearest(name, numbers)}; it must be one of "
            f"{', '.join(numbers)}."
        )


def _show(
    frame: pd.DataFrame, names: list[str], sort: str, shown: str, top: int, console: Console
) -> None:
    from rich.text import Text

    from basislab.report.heatmap import heat_lines, pivot

    console.print(_headline(frame))
    print_notes(frame.attrs["warnings"], console)
    if len(names) >= 2 and shown in SHOWN:
        down, across = names[0], names[1]
        table = pivot(frame, down, across, shown)
        console.print()
        over = "" if len(names) == 2 else f", mean over {', '.join(names[2:])}"
        console.print(Text(f"{shown}, %: {down} down, {across} across{over}", style="bold"))
        for line in heat_lines(table, console.width):
            console.print(Text(line), no_wrap=True, crop=False, soft_wrap=True)
    if top:
        console.print()
        console.print(_ranking(frame, names, sort, top))
    if "infeasible" in frame:
        for text, rows in frame[frame["infeasible"] != ""].groupby("infeasible", sort=False):
            console.print(Text(f"! {len(rows)} not run: {text}", style="yellow"))


def _headline(frame: pd.DataFrame) -> str:
    low, high = frame["hurdle_return"].min(), frame["hurdle_return"].max()
    above = int((frame["excess_return"] > 0).sum())
    refused = int(frame["excess_return"].isna().sum())
    return (
        f"{len(frame)} configurations{f', {refused} of them refused' if refused else ''}; "
        f"{above} earn more than the hurdle of "
        f"{low:+.2%}{'' if low == high else f' to {high:+.2%}'} "
        "(supplying the quote coin)"
    )


def _ranking(frame: pd.DataFrame, names: list[str], sort: str, top: int) -> Any:
    from rich import box
    from rich.table import Table

    from basislab.report.heatmap import label

    known = frame.dropna(subset=["excess_return"])
    best = known.sort_values(sort, ascending=False, kind="stable").head(top)
    title = f"the {len(best)} with the highest {sort}" if len(best) < len(known) else None
    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    counts = [name for name in SHORT if name in frame]
    extra = [sort] if sort not in (*SHOWN, *names, *counts) else []
    heads = [*names, *SHOWN.values(), *(SHORT[name] for name in counts), *extra]
    for head in heads:
        table.add_column(head.replace("_", " "), justify="right")
    for row in best.to_dict("records"):
        cells = [label(row[name]) for name in names]
        cells += [f"{row[name]:+.2%}" for name in SHOWN]
        table.add_row(*cells, *(f"{row[name]:,.6g}" for name in [*counts, *extra]))
    return table


def _write(frame: pd.DataFrame, path: Path) -> None:
    grid.write_table(frame, path)
    typer.echo(f"written: {path}", err=True)
