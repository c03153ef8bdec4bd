"""What the bars leave open, in sentences; figures come through `words`, literals hold none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from basislab.report import words
from basislab.report.chapters.engine.rows import Bars, ConstantRow, Engine

STEPS = ("oracle_step", "mark_step")
"""Assumed constants that say how far a price jumps between two looks of a venue."""


def seconds(value: float) -> str:
    """Return a duration in its largest whole unit.

    Examples
    --------
    >>> seconds(300.0), seconds(86_400.0), seconds(90.0)
    ('5 minutes', '1 day', '90 seconds')
    """
    units = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
    for noun, unit in units.items():
        if value >= unit.total_seconds() and not value % unit.total_seconds():
            return words.plural(value / unit.total_seconds(), noun)
    return words.plural(value, "second")


def engine_limits(engine: Engine) -> list[str]:
    """Return what the bars, and the series at hand, leave open; nothing without a run."""
    if not engine.runs or engine.bars is None:
        return []
    return [
        *_stand_ins(engine.stand_ins),
        *(_drawn(engine.bars) if engine.is_on_paths else []),
        _transfers(engine.bars),
        _steps(engine.constants),
    ]


def _stand_ins(notes: Sequence[str]) -> list[str]:
    if not notes:
        return ["Perp, spot and oracle prices have their own series here."]
    return [f"A wick of one series counts for another here: {'; '.join(notes)}."]


def _drawn(bars: Bars) -> list[str]:
    paid = (
        "its settlements are spread over it"
        if bars.settlements_count is None
        else f"its {words.plural(bars.settlements_count, 'settlement')} are spread over it evenly"
    )
    return [
        (
            "A day does not say in which order its prices were touched, nor how fast: that is "
            f"drawn, and the interval holds it. A day's funding is known as a sum; {paid}."
        ),
        (
            "How much of a wick of the perpetual the lender's oracle saw is not in the data. The "
            "interval is the widest of two cases: all of it, and the part that spot has shown "
            "elsewhere."
        ),
    ]


def _transfers(bars: Bars) -> str:
    return (
        f"A transfer of {seconds(bars.delay_seconds)} arrives with the first bar after it; a bar "
        f"lasts {seconds(bars.bar_seconds)}."
    )


def _steps(constants: Sequence[ConstantRow]) -> str:
    spans = [one.span_annualized for one in constants if one.field in STEPS]
    if not spans:
        return "How far oracle and mark jump between two updates is not assumed but given."
    return (
        "How far oracle and mark jump between two updates is assumed and not in the bars; over its "
        f"range it moves the median by up to {unsigned_points(max(spans))} points a year."
    )


def unsigned_points(value: float | None) -> str:
    """Return a width in percentage points."""
    return words.points(value).removeprefix("+")
