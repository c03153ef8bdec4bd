"""What daily bars cannot decide, in sentences; figures come through `words`, literals hold none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from basislab.report import words
from basislab.report.chapters.engine.rows import Bars, Engine, EngineRun


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
    """Return what daily bars, and the series at hand, leave open; nothing without a run."""
    if not engine.runs or engine.bars is None:
        return []
    return [
        *_stand_ins(engine.stand_ins),
        _order(engine),
        _hours(engine.runs, engine.bars),
        _funding(engine.runs, engine.bars),
        _transfers(engine.runs, engine.bars),
        _steps(engine.runs),
    ]


def _stand_ins(notes: Sequence[str]) -> list[str]:
    if not notes:
        return ["Perp, spot and oracle prices have their own series here."]
    return [f"A wick of one series counts for another here: {'; '.join(notes)}."]


def _order(engine: Engine) -> str:
    runs = engine.runs
    both = [f"{words.usd(run.open.both_count)} at {words.multiple(run.leverage)}" for run in runs]
    gaps = [run.open.order_usd for run in runs]
    if not any(gaps):
        matter = "Taking the worse order changes no result here"
        if engine.stand_ins:
            matter += (
                ": with the same price for both legs, and nobody acting within a bar, each meets "
                "its own extreme either way"
            )
    else:
        told = [
            f"{words.signed_usd(gap)} USD at {words.multiple(run.leverage)}"
            for run, gap in zip(runs, gaps, strict=True)
        ]
        matter = f"Taking the worse order changes the result by {words.join(told)}"
    return (
        "Bars whose range holds the liquidation prices of both legs, so that the order of their "
        f"deaths is open: {words.join(both)}. {matter}."
    )


def _hours(runs: Sequence[EngineRun], bars: Bars) -> str:
    hits = [f"{words.usd(run.open.hit_count)} at {words.multiple(run.leverage)}" for run in runs]
    bar = seconds(bars.bar_seconds)
    return (
        f"Bars with a liquidation: {words.join(hits)}. At which hour it happened is unknown, so "
        f"the other leg is naked to the end of the bar and until the next look, which is {bar} "
        "later; a trader who looks by the hour would answer sooner."
    )


def _funding(runs: Sequence[EngineRun], bars: Bars) -> str:
    count = bars.settlements_count
    known = (
        "The settlements of a bar are booked together at its end"
        if count is None
        else f"The {words.plural(count, 'settlement')} of a bar are booked together at its end"
    )
    stakes = [
        f"{words.usd(run.open.funding_usd)} USD at {words.multiple(run.leverage)}" for run in runs
    ]
    return (
        f"{known}, on the contracts still held. What bars with a liquidated short would have paid "
        f"or received, had it happened at their end: at most {words.join(stakes)}."
    )


def _transfers(runs: Sequence[EngineRun], bars: Bars) -> str:
    takes, waits = seconds(bars.delay_seconds), seconds(bars.waited_seconds)
    told = [
        f"{words.signed_usd(run.open.prompt_usd)} USD at {words.multiple(run.leverage)}"
        for run in runs
    ]
    rounded = bars.waited_seconds > bars.delay_seconds
    how = f"is rounded up to {waits}" if rounded else "is kept"
    return (
        f"A transfer of {takes} {how}. If transfers took no time at all, the result would change "
        f"by {words.join(told)}."
    )


def _steps(runs: Sequence[EngineRun]) -> str:
    told = [
        f"{unsigned_points(run.open.steps_annualized)} at {words.multiple(run.leverage)}"
        for run in runs
        if run.open.steps_annualized is not None
    ]
    if not told:
        return "How far oracle and mark jump between two updates is not assumed but given."
    return (
        "How far oracle and mark jump between two updates is assumed and not in the bars; over its "
        f"range it moves the result by up to, in points a year: {words.join(told)}."
    )


def unsigned_points(value: float | None) -> str:
    """Return a width in percentage points."""
    return words.points(value).removeprefix("+")
