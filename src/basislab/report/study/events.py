"""The event log of a run: its facts, and the table that every report shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from basislab.report import words
from basislab.report.fields import USD, flat, unit
from basislab.report.study.outcome import number_or_none
from basislab.report.tables import Column, Table
from basislab.types.result import Event


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """What an event log shows of one event."""

    time: str
    kind: str
    leg: str | None
    reason: str | None
    price_usd: float = unit(USD)
    long_usd: float | None = unit(USD)
    short_usd: float | None = unit(USD)
    moved_usd: float = unit(USD)
    cost_usd: float = unit(USD)
    penalty_usd: float = unit(USD)
    equity_usd: float = unit(USD)


def event_row(event: Event) -> EventRow:
    """Return an event as facts."""
    return EventRow(
        time=event.time,
        kind=event.kind,
        leg=event.leg,
        reason=event.reason,
        price_usd=event.price_usd,
        long_usd=number_or_none(event.long_equity_usd),
        short_usd=number_or_none(event.short_equity_usd),
        moved_usd=event.moved_usd,
        cost_usd=event.cost_usd,
        penalty_usd=event.penalty_usd,
        equity_usd=event.equity_usd,
    )


def event_table(number: str, title: str, rows: Sequence[EventRow], notes: Sequence[str]) -> Table:
    """Return an event log; columns that say nothing about these events are left out."""
    columns = [
        Column("Day", "time"),
        Column("Event", "what"),
        Column("Close", "price_usd", words.price, "Close, USD"),
        Column("Long", "long_usd", words.usd, "Long, USD"),
        Column("Short", "short_usd", words.usd, "Short, USD"),
        Column("Moved", "moved_usd", _if_any, "Moved, USD", is_direction=True),
        Column("Paid", "paid_usd", _if_any, "Paid, USD"),
        Column("Equity", "equity_usd", words.usd),
    ]
    told = [column for column in columns if any(getattr(row, column.key, True) for row in rows)]
    shown = [
        flat(row)
        | {
            "what": _what(row),
            "paid_usd": row.cost_usd + row.penalty_usd,
            "is_marked": row.kind in ("liquidation", "ruined"),
        }
        for row in rows
    ]
    return Table(number, title, told, shown, notes)


def _what(row: EventRow) -> str:
    """Name an event in a few words."""
    if row.kind == "liquidation":
        return f"{row.leg} liquidated"
    text = f"{row.kind}: {row.reason}" if row.reason else row.kind
    return text.replace("_", " ")


def _if_any(value: float) -> str:
    return words.signed_usd(value) if value < 0 else words.usd(value) if value else ""
