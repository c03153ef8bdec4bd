"""Table, figure and sentences of the entry days."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.entry.facts import EntryFacts
from basislab.report.charts.bars import share_bars
from basislab.report.charts.base import Figure, Held, Line
from basislab.report.study.runs import Runs
from basislab.report.tables import Column, Table, to


def tables(_: Runs, facts: EntryFacts) -> Tables:
    """Return the chapter's table."""
    entry = facts.entry
    position = f"{words.usd(entry.capital_usd)} USD at {words.multiple(entry.leverage)}"
    columns = [
        Column("Held, days", "holding_days", words.usd),
        Column("Starts", "starts_count", words.usd),
        Column("Won", "win_rate", words.share),
        Column("Median P&L, USD", "median_pnl_usd", to(2, words.signed_usd)),
        Column("Smart starts", "smart_starts_count", words.usd),
        Column("Smart won", "smart_win_rate", words.share),
    ]
    note = (
        f"Won: P&L above zero after the round trip's {words.usd(entry.round_trip_usd, 2)} USD. "
        "Smart: the day before had positive funding. "
        f"{words.usd(entry.profitable_starts_count)} of {words.usd(entry.all_starts_count)} starts "
        f"were ever above zero, the median one after {words.decimal(entry.median_wait_days, 0)} "
        f"days. Streaks of days with positive P&L: {words.usd(entry.streaks_count)}, the longest "
        f"{words.usd(entry.longest_streak_days)} days."
    )
    title = f"Entry days: static position of {position}, every start day"
    return {"entry": [Table("C", title, columns, entry.rows, [note])]}


def figures(_: Runs, facts: EntryFacts) -> Iterator[Figure]:
    """Yield the share of start days that won, by holding period."""
    rows = facts.entry.rows
    if all(row.win_rate is None for row in rows):
        return
    held = Held()
    lines = (Line("every start day", "static"), Line("after a day of positive funding", "other"))
    panel = share_bars(
        held,
        [
            {"held": f"{row.holding_days} days", "series": line.name, "share": share}
            for row in rows
            for line, share in zip(lines, (row.win_rate, row.smart_win_rate), strict=True)
            if share is not None
        ],
        lines,
        order=[f"{row.holding_days} days" for row in rows],
        titles=("held for", "share of start days that won"),
        tips=[
            alt.Tooltip("held:N", title="held"),
            alt.Tooltip("series:N", title="start"),
            alt.Tooltip("share:Q", title="won", format=".1%"),
        ],
    )
    spoken = [f"{row.holding_days} days {words.share(row.win_rate)}" for row in rows]
    yield Figure(
        key="entry",
        title="How often a position of a given holding period won",
        alt=f"Bars; share of all start days that won: {words.join(spoken)}.",
        data=held.rows,
        panels=[panel],
        legend=lines,
    )


def sentences(_: Runs, facts: EntryFacts) -> list[str]:
    """Return what the start days say."""
    won = [(row.holding_days, row.win_rate) for row in facts.entry.rows if row.win_rate is not None]
    if not won:
        return []
    (first, early), (last, late) = won[0], won[-1]
    text = [
        (
            f"Held for {words.plural(first, 'day')}, {words.share(early)} of the start days won; "
            f"held for {words.plural(last, 'day')}, {words.share(late)}."
        )
    ]
    gains = [
        (row.smart_win_rate - row.win_rate, row.holding_days)
        for row in facts.entry.rows
        if row.win_rate is not None and row.smart_win_rate is not None
    ]
    if gains:
        gain, days = max(gains, key=lambda pair: pair[0])
        change = "raises" if gain > 0 else "does not raise"
        text.append(
            f"Waiting for a day of positive funding {change} the win rate, at most by "
            f"{words.points(gain)} points (at {words.plural(days, 'day')})."
        )
    return text
