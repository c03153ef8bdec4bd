"""DefiLlama's `chartLendBorrow`: a daily snapshot of a pool's supply and borrow APY, in percent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field

from basislab.data.sources.rows import RawSeries, Row, matrix, read_rows

MAX_APY_PCT = 10_000.0
"""Above it a rate is refused: no curve of a lending market reaches a hundredfold a year."""


def _stamp(value: object) -> datetime:
    if not isinstance(value, str):
        raise ValueError("no text")  # noqa: TRY004 - pydantic turns only ValueError into its own
    stamp = datetime.fromisoformat(value)
    if stamp.tzinfo is None or not 2009 <= stamp.year <= 2100:
        raise ValueError("no zone, or an absurd year")
    return stamp


ApyPct = Annotated[
    float | None,
    Field(
        ge=0,
        le=MAX_APY_PCT,
        allow_inf_nan=False,
        description=f"percent per year as a number from 0 to {MAX_APY_PCT:g}, or null",
    ),
]


class SnapshotRow(Row):
    """One row of `chartLendBorrow`; totals and rewards are not used, as in the study."""

    timestamp: Annotated[
        datetime,
        BeforeValidator(_stamp),
        Field(description="a time with its zone as text, such as '2025-01-01T23:01:10Z'"),
    ]
    supply_apy_pct: Annotated[ApyPct, Field(alias="apyBase")]
    borrow_apy_pct: Annotated[ApyPct, Field(alias="apyBaseBorrow")]


def parse(payload: list[Any], where: str, *, protocol: str, asset: str) -> RawSeries:
    """Parse `chartLendBorrow`; null stays missing.

    Parameters
    ----------
    payload : list
        Rows as the aggregator sent them.
    where : str
        The file.
    protocol, asset : str
        The content names neither; they come from the file name.

    Returns
    -------
    RawSeries
        Kind "lending"; supply and borrow APY in percent, NaN where null.

    Raises
    ------
    SourceError
        A bad row: text for a number, a negative rate, a missing field, a time without zone.
    """
    rows = read_rows(SnapshotRow, payload, where)
    times = np.array([int(row.timestamp.timestamp()) for row in rows], dtype=np.int64)
    values = matrix([(row.supply_apy_pct, row.borrow_apy_pct) for row in rows])
    return RawSeries("lending", protocol, asset, times, values, where)
