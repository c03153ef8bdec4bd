"""Tables of one run: return beside the hurdle, waterfall, events."""

from __future__ import annotations

from collections.abc import Sequence

from basislab.report import words
from basislab.report.study.events import event_row, event_table
from basislab.report.tables import Column, Table
from basislab.types.result import Result
from basislab.units import SECONDS_PER_DAY

MAX_EVENTS = 60
"""Events shown on a screen; all of them are in the JSON and in `Result.events`."""


def result_tables(result: Result) -> Sequence[Table]:
    """Return the tables of one run."""
    config = result.config
    unit = "days" if result.bar_seconds == SECONDS_PER_DAY else "bars"
    title = (
        f"{result.model} {config.levered}, {result.market_name}, "
        f"{result.start} to {result.end} ({len(result.times)} {unit})"
    )
    summary = [
        ("Capital, USD", words.usd(result.initial_usd, 2)),
        ("Final equity, USD", words.usd(result.final_usd, 2)),
        ("Return", words.percent(result.total_return, 2)),
        ("Hurdle: supplying the quote coin", words.percent(result.hurdle_return, 2)),
        ("Excess over the hurdle, points", words.points(result.excess_return)),
        ("Return a year (simple)", words.percent(result.annualized_return, 2)),
        ("Hurdle a year (simple)", words.percent(result.hurdle_annualized, 2)),
        ("Maximum drawdown", words.share(result.max_drawdown, 2)),
        *((_spelled(name), str(count)) for name, count in result.counts.items()),
    ]
    ledger = [
        (_spelled(name), words.signed_usd(value, 2))
        for name, value in result.ledger.to_dict().items()
    ]
    ledger.append(("Net", words.signed_usd(result.ledger.total, 2)))
    tables = [
        _pairs(title, summary, result.warnings),
        _pairs("Waterfall, USD", ledger, ()),
    ]
    if result.event_list:
        tables.append(_events(result))
    return tables


def _spelled(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _pairs(title: str, rows: Sequence[tuple[str, str]], notes: Sequence[str]) -> Table:
    columns = [Column("", "label"), Column("", "value", _same)]
    facts = [{"label": label, "value": value} for label, value in rows]
    return Table("", title, columns, facts, notes)


def _same(text: str) -> str:
    """Return text that is written already; numbers, so aligned to the right."""
    return text


def _events(result: Result) -> Table:
    shown = result.event_list[:MAX_EVENTS]
    hidden = len(result.event_list) - len(shown)
    notes = [f"{hidden} later events are not shown; --json has them all"] if hidden else []
    return event_table("", "Events, USD", [event_row(event) for event in shown], notes)
