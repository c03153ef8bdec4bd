"""``basislab data query``: SQL over a market, as a table, CSV or JSON."""

from __future__ import annotations

import csv
import io
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from basislab.cli import completion

if TYPE_CHECKING:
    from basislab.data.query import Answer

SHOWN = 40
"""Rows of a table that fit a screen."""

_GAP = "  "


def query(
    market: Annotated[
        str,
        typer.Argument(
            help="A name, a market directory, a .csv table, or sample.",
            autocompletion=completion.markets,
        ),
    ],
    sql: Annotated[str, typer.Argument(help="One SELECT over prices, funding and lending.")],
    *,
    csv_: Annotated[bool, typer.Option("--csv", help="Write all rows as CSV.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Write all rows as JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="File for --csv or --json; the screen by default.")
    ] = None,
    rows: Annotated[
        int, typer.Option("--rows", min=1, help="Rows of the table on the screen.")
    ] = SHOWN,
) -> None:
    """Ask a market in SQL, over its prices, funding and lending."""
    from basislab.cli.output import write_text
    from basislab.data.query import query as ask
    from basislab.errors import ConfigError

    if csv_ and json_:
        raise ConfigError("query: --csv and --json are two forms. Take one.")
    if out is not None and not (csv_ or json_):
        raise ConfigError("query: --out takes --csv or --json. Add one.")
    answer = ask(market, sql)
    if not (csv_ or json_):
        _print(answer, rows)
        return
    text = _csv(answer) if csv_ else _json(answer)
    if out is None:
        typer.echo(text, nl=False)
    else:
        write_text(out, text)
        typer.echo(f"{out}: {len(answer.rows)} rows, {len(answer.columns)} columns")


def _csv(answer: Answer) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    return text.getvalue()


def _json(answer: Answer) -> str:
    from basislab.cli.output import to_json

    return to_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])


def _print(answer: Answer, most: int) -> None:
    """Print a table as wide as the screen; what has no room is named."""
    from rich.console import Console

    width = Console().width
    shown = answer.rows[:most]
    cells = [[_written(row[i]) for row in shown] for i in range(len(answer.columns))]
    widths = [
        max(map(len, (name, *column))) for name, column in zip(answer.columns, cells, strict=True)
    ]
    kept = 1
    while kept < len(widths) and sum(widths[: kept + 1]) + len(_GAP) * kept <= width:
        kept += 1
    is_text = [all(isinstance(row[i], str | None) for row in shown) for i in range(kept)]
    for line in (answer.columns, *zip(*cells, strict=True)):
        padded = [
            cell.ljust(widths[i]) if is_text[i] else cell.rjust(widths[i])
            for i, cell in enumerate(line[:kept])
        ]
        typer.echo(_GAP.join(padded).rstrip()[:width])
    more = [f"{len(answer.rows)} row{'' if len(answer.rows) == 1 else 's'}"]
    if len(answer.rows) > most:
        more.append(f"the first {most} shown (--rows, --csv, --json)")
    typer.echo("; ".join(more))
    if kept < len(answer.columns):
        hidden = f"no room for {', '.join(answer.columns[kept:])}: --csv or --json has them"
        typer.echo("\n".join(textwrap.wrap(hidden, width)))


def _written(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.7g}"
    return str(value).replace("\n", " ")
