"""The memo's tables: half-years, levels of funding, and every step of the walk-forward."""

from __future__ import annotations

from basislab.report import words
from basislab.report.memo.sentences import paying_words
from basislab.report.tables import Column, Table, table, text, to
from basislab.types.decision import Decision, FundingLevel


def memo_tables(found: Decision) -> dict[str, list[Table]]:
    """Return all tables of a decision by the name that a document marks them with."""
    return {"memo-half-years": [half_years(found)]} | behind(found)


def behind(found: Decision) -> dict[str, list[Table]]:
    """Return the tables behind the memo."""
    return {"memo-funding": [funding(found)], "memo-walk": [walk(found)]}


def half_years(found: Decision) -> Table:
    """Return what every half-year brought: rates, hurdle, result."""
    rows = [
        {
            "name": row.name,
            "days": row.days_count,
            "funding": row.funding_apy,
            "carry": row.carry_apy,
            "hurdle": row.hurdle_return,
            "made": row.made_return,
            "excess": row.excess_return,
        }
        for row in found.half_years
    ]
    columns = [
        Column("Half-year", "name"),
        Column("Days", "days", words.usd),
        Column("Funding/yr", "funding", words.percent, "Funding a year"),
        Column("Carry/yr", "carry", words.percent, "Carry a year"),
        Column("Hurdle", "hurdle", words.percent),
        Column("Made", "made", words.percent),
        Column("Against hurdle", "excess", words.points, "Against hurdle, points"),
    ]
    note = (
        "Funding: what longs of the perpetual pay shorts. Carry: what the rates earn on the "
        f"capital before costs. Hurdle: {found.hurdle}. Made: in the half-year, every cost paid."
    )
    return table("Half by half", columns, rows, note)


def funding(found: Decision) -> Table:
    """Return what followed each level of funding."""
    rows = [
        {
            "level": _level(one),
            "starts": one.starts_count,
            "spans": one.spans_count,
            "beaten": one.beaten_count,
            "excess": one.excess and one.excess.middle,
            "low": one.excess and one.excess.low,
            "high": one.excess and one.excess.high,
        }
        for one in found.funding_levels
    ]
    columns = [
        Column("Funding before", "level"),
        Column("Openings", "starts", words.usd),
        Column("Apart", "spans", words.usd, "Of them apart"),
        Column("Beat it", "beaten", words.usd, "Beat the hurdle"),
        Column("Points/yr", "excess", words.points, "Against hurdle, points a year"),
        Column("From", "low", words.points, "90 % from"),
        Column("To", "high", words.points),
    ]
    note = (
        f"The levels were fixed before results were seen. Apart: openings {found.horizon_days} "
        f"days from each other; the interval counts only those. Hurdle: {found.hurdle}."
    )
    return table(paying_words(found), columns, rows, note)


def _level(one: FundingLevel) -> str:
    low, high = (
        None if end is None else words.share(end, 0) for end in (one.low_apy, one.high_apy)
    )
    if low is None:
        return f"below {high}"
    return f"above {low}" if high is None else f"{low} to {high}"


def walk(found: Decision) -> Table:
    """Return what was chosen at every step on the days before, and what it then made."""
    rows = [
        {
            "first": row.first_day,
            "last": row.last_day,
            "label": row.label,
            "made": row.outside_return,
            "hurdle": row.hurdle_return,
            "excess": row.outside_return - row.hurdle_return,
        }
        for row in found.walk.rows
    ]
    columns = [
        Column("Held from", "first"),
        Column("To", "last"),
        Column("Chosen on the days before", "label", text),
        Column("Made", "made", to(2, words.percent)),
        Column("Hurdle", "hurdle", to(2, words.percent)),
        Column("Points", "excess", words.points, "Against hurdle, points"),
    ]
    return table(
        "Chosen on the past, held for the days after", columns, rows, f"Hurdle: {found.hurdle}."
    )
