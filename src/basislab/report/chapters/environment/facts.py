"""Rates over the window and by month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basislab.report.fields import APY, FRACTION, unit
from basislab.report.study.market import MonthRow, month_rows
from basislab.report.study.runs import Runs
from basislab.units import DAYS_PER_YEAR


@dataclass(frozen=True, kw_only=True)
class RateRow:
    """Mean and extremes of a rate that the position lives on."""

    what: str
    mean_apy: float = unit(APY)
    median_apy: float = unit(APY)
    lowest_apy: float = unit(APY)
    highest_apy: float = unit(APY)
    positive_days_share: float = unit(FRACTION)


@dataclass(frozen=True, kw_only=True)
class EnvironmentFacts:
    """Of the chapter."""

    rates: tuple[RateRow, ...]
    months: tuple[MonthRow, ...]


def environment_facts(runs: Runs) -> EnvironmentFacts:
    """Compute the chapter's facts."""
    return EnvironmentFacts(rates=tuple(_rates(runs)), months=runs.once(month_rows))


def _rates(runs: Runs) -> list[RateRow]:
    market, lending = runs.market, runs.spec.lending
    rates = {
        f"{market.asset} lending, {lending}": market.supply[lending, market.asset].apy,
        f"{market.quote} borrowing, {lending}": market.borrow[lending, market.quote].apy,
        f"{market.quote} lending, {lending} (the hurdle)": market.supply[lending, market.quote].apy,
    }
    rates |= {
        f"funding, {venue}": series.rate * DAYS_PER_YEAR for venue, series in market.funding.items()
    }
    return [
        RateRow(
            what=what,
            mean_apy=float(rate.mean()),
            median_apy=float(np.median(rate)),
            lowest_apy=float(rate.min()),
            highest_apy=float(rate.max()),
            positive_days_share=float((rate > 0).mean()),
        )
        for what, rate in rates.items()
    ]
