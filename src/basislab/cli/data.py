"""``basislab data``: import, list, show and check markets."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from basislab.cli import completion

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from basislab.data import Finding, QualityReport
    from basislab.data.judge.findings import FindingGroup
    from basislab.types import Market

app = typer.Typer(
    help="Import, list, show and check markets.", no_args_is_help=True, add_completion=False
)

NAME = Annotated[
    str | None,
    typer.Argument(
        help="A name, a market directory or a .csv table; the sample by default.",
        autocompletion=completion.markets,
    ),
]
_FEW = 3
"""So many files that are read alike are named."""

_STYLES = {"error": "bold red", "warning": "yellow", "info": "dim"}


@app.command("import")
def import_(
    source: Annotated[
        Path, typer.Argument(help="Directory of venue answers or series, or a table of days.")
    ],
    *,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the market; coin and days by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the market to this directory.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a market with other content.")
    ] = False,
    max_gap: Annotated[
        str | None,
        typer.Option("--max-gap", help="Fill holes up to this long, such as 3h; none by default."),
    ] = None,
    trust_units: Annotated[
        bool, typer.Option("--trust-units", help="Take rates that look like another unit.")
    ] = False,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", help="TOML that says which file of SOURCE holds which series."),
    ] = None,
) -> None:
    """Import the venues' own answers, a table, or several series, as a market."""
    from basislab.cli.progress import status
    from basislab.data import check, import_directory, load_table, save_market

    options = {"name": name, "max_gap": max_gap, "trust_units": trust_units}
    if mapping is not None:
        from basislab.data.read.mapping import load_mapping

        with status(f"reading what {mapping} names"):
            market = load_mapping(mapping, folder=source, **options)  # type: ignore[arg-type]
    elif _is_file(source):
        with status(f"reading {source}"):
            market = load_table(source, **options)  # type: ignore[arg-type]
    else:
        market = import_directory(source, **options, track=_track)  # type: ignore[arg-type]
    path = save_market(market, name=name, directory=out, replace=replace)
    console = _console()
    console.print(f"{market.name}: {len(market)} bars, {_days(market)}, {_coins(market)}")
    console.print(f"stored in {path}", soft_wrap=True)
    console.print(market.fingerprint)
    _print_reading(console, market)
    _print_gaps(console, market)
    report = check(market)
    known = f"{_plural(len(report.errors), 'error')}, {_plural(len(report.warnings), 'warning')}"
    console.print(
        f"quality: {known} (basislab data check {out or name or market.name})", soft_wrap=True
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a path that no file can have: the reader says so
        return False


def _print_reading(console: Console, market: Market) -> None:
    """Print how files were read, what was repeated in them and what was taken on trust."""
    files: dict[str, list[str]] = {}
    for source in _recorded(market, "sources"):
        names = files.setdefault(str(source.get("read_as")), [])
        if source.get("file") not in names:
            names.append(str(source.get("file")))
    for read_as, names in files.items():
        few = ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} more" * (len(names) > _FEW))
        _print_hanging(console, "read", f"{few}, read as: {read_as}")
    statistics = market.provenance.get("statistics")
    for label, counts in statistics.items() if isinstance(statistics, dict) else ():
        if repeated := counts.get("duplicates"):
            what = f"{_plural(repeated, 'row')} said what another one says"
            _print_hanging(console, "repeat", f"{label}: {what}, and stands once")
    for note in market.provenance.get("notes", ()):
        _print_hanging(console, "note", str(note))


@app.command("list")
def list_() -> None:
    """List the built-in sample and the stored markets."""
    from basislab.data import list_markets

    console = _console()
    table = _table("market", "pair", "bars", "from", "to", "fingerprint", right=("bars",))
    markets = list_markets()
    for market in markets:
        if market.problem:
            table.add_row(market.name, "damaged", "", "", "", "")
        else:
            pair = f"{market.asset}/{market.quote}"
            days = (market.first, market.last)
            table.add_row(market.name, pair, str(market.bars), *days, market.fingerprint[7:19])
    console.print(table)
    for market in markets:
        if market.problem:
            console.print(f"{market.name}: {market.problem}")


@app.command("show")
def show(market: NAME = None) -> None:
    """Show what a market holds: series, ranges, sources, filled gaps."""
    from basislab.data import load_market

    loaded = load_market(market)
    console = _console()
    console.print(f"{loaded.name}: {_coins(loaded)}, {len(loaded)} bars, {_days(loaded)}")
    console.print(loaded.fingerprint)
    table = _table("series", "seen", "min", "median", "max", "unit", right=_NUMBERS)
    for label, values, seen, unit in _values(loaded):
        table.add_row(label, seen, *_range(values), unit)
    console.print(table)
    for source in _recorded(loaded, "sources"):
        digest = str(source.get("sha256"))[:12]
        console.print(f"source  {source.get('file')}  sha256 {digest}", soft_wrap=True)
    _print_gaps(console, loaded)
    for note in loaded.provenance.get("notes", ()):
        _print_hanging(console, "note", str(note))


@app.command("check")
def check_(
    market: NAME = None,
    *,
    all_: Annotated[
        bool, typer.Option("--all", help="Every finding; without, one line a rule and series.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Write the report as JSON.")] = False,
) -> None:
    """Check a market: coverage, gaps, partial days, absurd values. Status 1 on an error."""
    from basislab.data import load_market
    from basislab.report.venue_terms import check_market, checks_of

    loaded = load_market(market)
    report = check_market(loaded)
    if json_:
        from basislab.cli.output import to_json

        typer.echo(to_json(report.to_dict()), nl=False)
    else:
        _print_report(report, len(checks_of(loaded)), all_=all_)
    if report.errors:
        raise typer.Exit(1)


_NUMBERS = ("seen", "min", "median", "max")


def _print_report(report: QualityReport, checks: int, *, all_: bool) -> None:
    from basislab.data.judge.findings import grouped

    console = _console()
    console.print(report.market)
    console.print(report.fingerprint)
    table = _table("series", "seen", "bars", "from", "to", right=("seen", "bars"))
    for row in report.coverage:
        days = [f"{day:%Y-%m-%d}" if day else "-" for day in (row.first, row.last)]
        table.add_row(row.series, str(row.observed), str(row.bars), *days)
    console.print(table)
    groups = grouped(report.findings)
    if all_:
        for finding in report.findings:
            _print_finding(console, finding, finding.message)
    else:
        for group in groups:
            _print_finding(console, group.first, _summary(group))
    found = len({group.rule for group in groups})
    console.print(f"{checks} checks were made; {found} found something")
    if len(groups) < len(report.findings) and not all_:
        console.print(f"each of the {len(report.findings)} findings: --all")
    infos = len(report.findings) - len(report.errors) - len(report.warnings)
    console.print(
        f"{_plural(len(report.errors), 'error')}, {_plural(len(report.warnings), 'warning')}, "
        f"{_plural(infos, 'note')}"
    )


def _summary(group: FindingGroup) -> str:
    if group.count == 1:
        return group.first.message
    worst = group.worst
    when = f" {worst.when:%Y-%m-%d %H:%M}" if worst.when else ""
    bars = _plural(group.bars, "bar")
    return f"{group.count} findings, {bars}; the worst{when}: {worst.message}"


def _print_finding(console: Console, finding: Finding, message: str) -> None:
    """Print a finding as a headline and an indented sentence, both within 80 columns."""
    from rich.text import Text

    when = f"{finding.when:%Y-%m-%d}" if finding.when else "-"
    head = Text(f"{finding.severity:<8}", style=_STYLES[finding.severity])
    head.append(f"{when:<11}{finding.rule:<20}{finding.series}", style="default")
    console.print(head, soft_wrap=True)
    _print_hanging(console, "", message)


def _print_gaps(console: Console, market: Market) -> None:
    for gap in _recorded(market, "gaps"):
        what = f"{gap.get('series')}: missing {gap.get('unit')}: {gap.get('missing')}"
        held = f"first {gap.get('first')}, filled with the {gap.get('filled_with')}"
        _print_hanging(console, "filled", f"{what}, {held}")


def _recorded(market: Market, key: str) -> list[dict[str, object]]:
    """Return the entries of the provenance that are what an import records."""
    entries = market.provenance.get(key)
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []


def _print_hanging(console: Console, head: str, text: str) -> None:
    """Print a line whose continuation lines are indented; rich pads, which pipes do not want."""
    lines = textwrap.wrap(
        text,
        width=console.width,
        initial_indent=f"{head:<8}",
        subsequent_indent=" " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )
    for line in lines:
        console.print(line, soft_wrap=True)


def _values(market: Market) -> Iterator[tuple[str, np.ndarray, str, str]]:
    """Yield label, values in the unit people read, bars seen and that unit."""
    series = market.series()
    for label, entry in series.items():
        seen = f"{int(entry.observed.sum())}"
        if hasattr(entry, "close"):
            yield label, entry.close, seen, f"{market.quote} (close)"
        elif hasattr(entry, "rate"):
            yield label, entry.rate * 100, seen, "% a bar"
        elif hasattr(entry, "apy"):
            yield label, entry.apy * 100, seen, "% APY"
            used = getattr(entry, "utilisation", None)
            if used is not None:
                yield label.replace("supply", "utilisation", 1), used * 100, seen, "% lent out"


def _range(values: np.ndarray) -> tuple[str, str, str]:
    import numpy as np

    return f"{values.min():.5g}", f"{float(np.median(values)):.5g}", f"{values.max():.5g}"


def _track(files: list[Path]) -> Iterable[Path]:
    from basislab.cli.progress import progress

    return progress(files, "import", len(files), "files")


def _console() -> Console:
    from rich.console import Console

    # Names and paths may hold brackets, which are no markup.
    return Console(file=sys.stdout, highlight=False, markup=False)


def _table(*columns: str, right: tuple[str, ...]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    return table


def _days(market: Market) -> str:
    return f"{market.start:%Y-%m-%d} to {market.end:%Y-%m-%d}"


def _coins(market: Market) -> str:
    return f"{market.asset}/{market.quote}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
