"""Tables, figures and sentences of the venues."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.venues.facts import VenueGapRow, VenueRow, VenuesFacts
from basislab.report.charts.base import Figure, Held
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.maps import returns_alt, returns_map
from basislab.report.charts.series import long_form
from basislab.report.charts.waterfall import steps, waterfall_chart
from basislab.report.study.curves import map_cell, venue_lines
from basislab.report.study.market import hurdle_facts, market_facts
from basislab.report.study.runs import Runs
from basislab.report.study.verdict import owed_to_forgiveness
from basislab.report.tables import (
    ANNUAL,
    CAPITAL,
    DRAWDOWN,
    EXCESS,
    LEVERAGE,
    LIQUIDATIONS,
    MOVES,
    Column,
    Table,
    table,
)

GAPS = {
    "carry": "carry_gap_usd",
    "funding": "funding_gap_usd",
    "fees": "costs_gap_usd",
    "liquidation penalty": "liquidation_penalty_gap_usd",
    "revaluation": "revaluation_gap_usd",
    "forgiven losses": "shortfall_gap_usd",
}
"""Accounts in which the venues differ, by what the figure calls them."""


def tables(runs: Runs, facts: VenuesFacts) -> Tables:
    """Return the chapter's tables."""
    venue = Column("Venue", "perp")
    matrix = [venue, CAPITAL, LEVERAGE, ANNUAL, EXCESS, DRAWDOWN, MOVES, LIQUIDATIONS]
    title = "Both venues by size and leverage, default trigger"
    return {
        "venue-matrix": [table(title, matrix, facts.venue_matrix if facts.venue_gap else [])],
        "venues": [_venues(runs, facts)],
        "venue-gap": [_gap(runs, facts)],
    }


def _venues(runs: Runs, facts: VenuesFacts) -> Table:
    columns = [
        Column("Venue", "perp"),
        LEVERAGE,
        Column("Return", "annualized", words.percent, "Return a year"),
        Column("Excess", "excess_annualized", words.points, EXCESS.long),
        LIQUIDATIONS,
        Column("Forg.", "shortfall_usd", words.usd, "Forgiven, USD"),
        Column("Strict", "unforgiven_annualized", words.percent, "Return a year, nothing forgiven"),
        Column("Best", "best_annualized", words.percent, "Highest of the grid"),
        Column("at", "best_trigger", words.trigger, "at trigger"),
    ]
    hurdle = words.percent(runs.once(hurdle_facts).hurdle_annualized)
    note = (
        f"Returns a year; excess in points over the hurdle of {hurdle}. Forg.: losses "
        "beyond a leg's equity that the study's convention forgives, USD; strict: the "
        "return if they had to be paid. Best: best trigger of the grid, in hindsight."
    )
    title = "Perpetual venues compared (default trigger)"
    return Table("B", title, columns, facts.venues, [note])


def _gap(runs: Runs, facts: VenuesFacts) -> Table:
    names = ("Carry", "Funding", "Fees", "Penalties", "Revaluation", "Forgiven")
    keys = {
        **dict(zip(names, GAPS.values(), strict=True)),
        "Net": "net_gap_usd",
        "Net without forgiven": "unforgiven_gap_usd",
    }
    columns = [
        LEVERAGE,
        *(Column(f"{name}, USD", key, words.signed_usd) for name, key in keys.items()),
        Column("Ahead", "winner"),
        Column("Largest reason", "driver"),
    ]
    note = f"{runs.spec.rival_perp} less {runs.spec.perp}, default trigger."
    return table("Where the venues differ", columns, facts.venue_gap, note)


def figures(runs: Runs, facts: VenuesFacts) -> Iterator[Figure]:
    """Yield the funding, the triggers of every venue, and the difference account by account."""
    yield _funding(runs)
    if facts.venue_gap:
        if facts.venue_triggers:
            yield _triggers(runs, facts)
        yield _differences(runs, facts)


def _funding(runs: Runs) -> Figure:
    held, market = Held(), runs.once(market_facts)
    lines = venue_lines(market)
    sums = {venue: np.cumsum(series.rate) for venue, series in runs.market.funding.items()}
    chart = lines_chart(
        held,
        list(long_form(runs.market, sums, "sum_share")),
        lines,
        value="sum_share",
        title="of notional",
        written="+.1%",
        height=260,
    )
    means = [f"{row.venue} {words.percent(row.funding_apy)} a year" for row in market.funding]
    return Figure(
        key="funding",
        title="Funding received by a short, cumulative share of notional",
        alt=f"Lines over {market.window}; average: {words.join(means)}.",
        data=held.rows,
        panels=[chart],
        legend=lines,
    )


def _triggers(runs: Runs, facts: VenuesFacts) -> Figure:
    held = Held()
    cells = [
        map_cell(
            row.run.outcome,
            row.run.trigger,
            f"{row.perp.removesuffix('-study')} {words.multiple(row.leverage)}",
            is_marked=row.run.is_default,
        )
        for row in facts.venue_triggers
    ]
    hurdle = words.percent(runs.once(hurdle_facts).hurdle_annualized)
    return Figure(
        key="venue-triggers",
        title=f"Return a year by venue, leverage and trigger, against the hurdle of {hurdle}",
        alt=returns_alt(cells, "trigger"),
        data=held.rows,
        panels=[returns_map(held, cells, words.trigger, title="trigger", what="trigger")],
    )


def _differences(runs: Runs, facts: VenuesFacts) -> Figure:
    held = Held()
    rows = [
        bar
        for row in facts.venue_gap
        for bar in steps(
            row.leverage, [(name, getattr(row, key)) for name, key in GAPS.items()], "difference"
        )
    ]
    own, rival = runs.perps()
    spoken = [
        f"{words.multiple(row.leverage)} {words.signed_usd(row.net_gap_usd)}"
        for row in facts.venue_gap
    ]
    return Figure(
        key="venue-gap",
        title=f"Where {rival} did better or worse than {own}, USD",
        alt=f"Bars by account; difference in net result, USD: {words.join(spoken)}.",
        data=held.rows,
        panels=[waterfall_chart(held, rows, [*GAPS, "difference"], runs.spec.focus)],
        leverages=runs.spec.leverages,
        leverage=runs.spec.focus,
    )


def sentences(_: Runs, facts: VenuesFacts) -> list[str]:
    """Return which venue ended higher and why, and how many reached the hurdle."""
    if not facts.venue_gap:
        return []
    reached = sum(row.outcome.excess_annualized > 0 for row in facts.venues)
    return [
        *(_who_won(row) for row in facts.venue_gap),
        (
            f"Of {len(facts.venues)} pairs of venue and leverage, {reached} reached the hurdle at "
            "the default trigger."
        ),
    ]


def _who_won(row: VenueGapRow) -> str:
    line = (
        f"{words.multiple(row.leverage)}: {row.winner} ended {words.usd(abs(row.net_gap_usd))} USD "
        f"higher; the largest reason is {row.driver}."
    )
    if not row.shortfall_gap_usd:
        return line
    still = "still" if row.winner == row.unforgiven_winner else "the one that is"
    return (
        f"{line} Forgiven losses are {words.signed_usd(row.shortfall_gap_usd)} USD of the gap; "
        f"without them {row.unforgiven_winner} is {still} ahead, by "
        f"{words.usd(abs(row.unforgiven_gap_usd))} USD."
    )


def reasons(runs: Runs, facts: VenuesFacts) -> list[str]:
    """Return where the other venue earned only because losses are forgiven."""
    return [
        _forgiven(row)
        for row in facts.venues
        if row.perp != runs.spec.perp and row.outcome.annualized > 0 > row.unforgiven_annualized
    ]


def _forgiven(row: VenueRow) -> str:
    return owed_to_forgiveness(
        f"{row.perp} at {words.multiple(row.leverage)}",
        row.outcome.annualized,
        row.unforgiven_annualized,
        row.ledger.shortfall_usd,
    )
