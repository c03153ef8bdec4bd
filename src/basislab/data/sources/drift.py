"""Daily sums of Drift's funding, already a fraction of notional: ``{date, rate, n_records}``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from basislab.data.sources.rows import RawSeries, Row, matrix, read_rows

VENUE = "drift"

MAX_DAILY_RATE = 0.3
"""Above it a daily sum is refused. Drift's own cap is 3 % a day."""


def _day(value: object) -> date:
    if not isinstance(value, str) or len(value) != len("2025-01-01"):
        raise ValueError("no date")
    return date.fromisoformat(value)


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


def parse(payload: list[Any], where: str, *, asset: str) -> RawSeries:
    """Parse the daily Drift sums.

    Parameters
    ----------
    payload : list
        Rows ``{date, rate, n_records}``.
    where : str
        The file.
    asset : str
        The content does not name it; it comes from the file name.

    Returns
    -------
    RawSeries
        Kind "daily funding"; rate as a fraction of notional per day.

    Raises
    ------
    SourceError
        A bad row.
    """
    rows = read_rows(DailyRow, payload, where)
    midnights = [datetime(row.day.year, row.day.month, row.day.day, tzinfo=UTC) for row in rows]
    times = np.array([int(midnight.timestamp()) for midnight in midnights], dtype=np.int64)
    return RawSeries("daily funding", VENUE, asset, times, matrix([(r.rate,) for r in rows]), where)
