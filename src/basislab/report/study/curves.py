"""What figures of several chapters draw: lines of models and venues, the hurdle by day."""

from __future__ import annotations

import numpy as np

from basislab.report.charts.base import Line
from basislab.report.charts.maps import Return
from basislab.report.study.market import MarketFacts
from basislab.report.study.outcome import Outcome, RebalanceOutcome
from basislab.report.study.runs import Runs
from basislab.types.market import FloatArray
from basislab.units import DAYS_PER_YEAR

MODELS = (
    Line("rebalance", "rebalance"),
    Line("static", "static"),
    Line("conditional", "conditional"),
    Line("rotation", "rotation"),
)
HURDLE = Line("hurdle", "hurdle", is_dashed=True)
VENUE_COLOURS = ("static", "rebalance", "conditional", "rotation", "other")


def venue_lines(market: MarketFacts) -> tuple[Line, ...]:
    """Return a line for every venue whose funding the market has."""
    return tuple(
        Line(row.venue, VENUE_COLOURS[number % len(VENUE_COLOURS)])
        for number, row in enumerate(market.funding)
    )


def map_cell(made: Outcome, column: float, row: str, *, is_marked: bool = False) -> Return:
    """Return an outcome as a cell of a map of returns."""
    return Return(
        column=column,
        row=row,
        annualized=made.annualized,
        excess=made.excess_annualized,
        drawdown=made.drawdown,
        liquidations=made.liquidations_count if isinstance(made, RebalanceOutcome) else None,
        is_marked=is_marked,
    )


def hurdle_usd(runs: Runs) -> FloatArray:
    """Return what the capital would be by day, had the quote coin been supplied instead, USD."""
    apy = runs.market.supply[runs.spec.lending, runs.market.quote].apy
    return np.asarray(runs.spec.capital_usd * np.cumprod((1 + apy) ** (1 / DAYS_PER_YEAR)))
