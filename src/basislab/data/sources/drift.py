"""Daily sums of Drift's funding, already a fraction of notional: ``{date, rate, n_records}``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from basislab.data.sources.fields import Row, read_rows
from basislab.data.sources.rows import RawSeries, series_of

VENUE = "drift"

MAX_DAILY_RATE = 0.3
"""Above it a daily sum is refused. Drift's own cap is 3 % a day."""


def _day(value: object) -> date:
    if not isinstance(value, str) or len(value) != len("2025-01-01"):
        raise ValueError("no date")
    day = date.fromisoformat(value)
    if not 2009 <= day.year <= 2100:
        raise ValueError("an absurd year")
    return day


class DailyRow(Row):
    """One row of the daily sums; `n_records` is not used."""

    day: Annotated[
        date,
        BeforeValidator(_day),
        Field(alias="date", description="a day as text, such as '2025-01-01'"),
    ]
    rate: Annotated[
        float,
        Field(
            ge=-MAX_DAILY_RATE,
            le=MAX_DAILY_RATE,
            allow_inf_nan=False,
            description=(
                f"a number: the day's funding as a fraction of notional, at most "
                f"{MAX_DAILY_RATE:g} either way (divide percent by 100)"
            ),
        ),
    ]


def parse(tree: Any, where: str, *, asset: str) -> RawSeries:
    """Parse the daily sums; rate as a fraction of notional per day."""
    rows = read_rows(DailyRow, tree, where)
    midnights = [datetime(row.day.year, row.day.month, row.day.day, tzinfo=UTC) for row in rows]
    times = [int(midnight.timestamp()) for midnight in midnights]
    return series_of("daily funding", VENUE, asset, times, [(row.rate,) for row in rows], where)
