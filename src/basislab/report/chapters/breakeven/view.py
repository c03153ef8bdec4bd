"""Tables, map and sentences of the break-even."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.breakeven.facts import (
    BreakevenFacts,
    BreakevenRow,
    MinimumFundingRow,
)
from basislab.report.charts.base import Figure, Held
from basislab.report.charts.maps import map_chart
from basislab.report.study.runs import Runs
from basislab.report.tables import LEVERAGE, Column, Table, table, to


def tables(_: Runs, facts: BreakevenFacts) -> Tables:
    """Return the chapter's tables."""
    return {
        "breakeven": [_breakeven(facts.breakeven)],
        "minimum-funding": [_minimum(facts.minimum_funding)],
    }


def _breakeven(rows: Sequence[BreakevenRow]) -> Table:
    columns = [
        LEVERAGE,
        Column("Gross/yr", "gross_apy", words.percent, "Gross a year"),
        Column("Round trip", "round_trip_share", to(2, words.share)),
        Column("Days to even", "breakeven_days", _days),
        Column(
            "Funding to even",
            "breakeven_funding_apy",
            words.percent,
            "Funding to even, APY",
            is_direction=True,
        ),
        Column("to hurdle", "hurdle_funding_apy", words.percent, "Funding to match hurdle, APY"),
        Column("Long dies at", "long_distance", _down, is_direction=True),
        Column("Short dies at", "short_distance", words.percent),
    ]
    note = (
        "Funding to even, to hurdle: the funding a year at which a position held for one "
        "year earns nothing, or what the hurdle earns. Long and short die at: price move "
        "from the entry, before any rebalancing."
    )
    title = "Break-even and liquidation distance at the window's average rates"
    return Table("D", title, columns, rows, [note])


def _minimum(rows: Sequence[MinimumFundingRow]) -> Table:
    columns = [
        Column("Held, days", "holding_days", words.usd),
        LEVERAGE,
        Column("Spread needed on notional", "spread_share", to(2, words.share)),
        Column("Funding to even, APY", "breakeven_funding_apy", words.percent, is_direction=True),
        Column("Funding to match hurdle, APY", "hurdle_funding_apy", words.percent),
        Column("Funding seen, APY", "seen_funding_apy", words.percent),
    ]
    note = "Bold: the window's mean funding was above what matching the hurdle asks."
    return table("Shortest holding and lowest funding", columns, rows, note)


def _days(value: float | None) -> str:
    return "never" if value is None else words.decimal(value, 0)


def _down(value: float) -> str:
    return words.percent(-value)


def figures(runs: Runs, facts: BreakevenFacts) -> Iterator[Figure]:
    """Yield the days to break even by size and leverage."""
    held, rows = Held(), facts.breakeven_grid
    reached = [row.breakeven_days for row in rows if row.breakeven_days is not None]
    low, high = min(reached, default=0.0), max(reached, default=1.0)
    cells = [
        {
            "size": f"{words.usd(row.capital_usd)} USD",
            "at": words.multiple(row.leverage),
            "label": _days(row.breakeven_days),
            "hurdle": _days(row.hurdle_days),
            "cost": words.share(row.round_trip_share, 2),
            "step": _wait_step(row.breakeven_days, low, high),
        }
        for row in rows
    ]
    panel = map_chart(
        held,
        cells,
        x="at",
        y="size",
        titles=(None, None),
        orders=(
            [words.multiple(leverage) for leverage in runs.spec.leverages],
            list(dict.fromkeys(str(cell["size"]) for cell in cells)),
        ),
        tips=[
            ("size", "capital, USD"),
            ("at", "leverage"),
            ("label", "days to even"),
            ("hurdle", "days to match the hurdle"),
            ("cost", "round trip"),
        ],
    )
    yield Figure(
        key="breakeven",
        title="Days until the round trip is earned back, by capital and leverage",
        alt=(
            f"Map of {len(rows)} pairs at the window's mean rates; {len(reached)} break even, "
            f"between {words.decimal(low, 0)} and {words.decimal(high, 0)} days."
        ),
        data=held.rows,
        panels=[panel],
    )


def _wait_step(value: float | None, low: float, high: float) -> int:
    """Return a class from blue (soon) to the paper (late); never is orange."""
    if value is None:
        return 1
    share = (value - low) / (high - low) if high > low else 0.0
    return 8 - round(4 * share)


def sentences(_: Runs, facts: BreakevenFacts) -> list[str]:
    """Return when the round trip is earned back, and whether the funding was enough."""
    asked = facts.minimum_funding
    enough = sum(row.is_marked for row in asked)
    return [
        *(_wait(row) for row in facts.breakeven),
        (
            f"The mean funding of {words.percent(asked[0].seen_funding_apy)} a year was above what "
            f"the hurdle asks in {enough} of {len(asked)} pairs of holding period and leverage."
        ),
    ]


def _wait(row: BreakevenRow) -> str:
    days = row.breakeven_days
    wait = "never" if days is None else f"after {words.plural(round(days), 'day')}"
    binding = "short" if row.short_distance < row.long_distance else "long"
    return (
        f"{words.multiple(row.leverage)}: the round trip is earned back {wait} at the mean "
        f"rates; the {binding} leg is liquidated after the smaller move (long "
        f"{words.percent(-row.long_distance)}, short {words.percent(row.short_distance)})."
    )
