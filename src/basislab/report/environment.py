"""The environment of a study: rates, and how prices, rates and the ceiling did month by month."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from basislab.presets import load_preset, load_venue
from basislab.report.runs import Facts, Runs
from basislab.research import entry
from basislab.simulate import lower_market
from basislab.types.configs import StaticConfig
from basislab.types.market import FloatArray, Market
from basislab.units import DAYS_PER_YEAR


def rates_section(runs: Runs) -> list[Facts]:
    """Return the mean and the extremes of every rate that the position lives on."""
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
        {
            "what": what,
            "mean_apy": float(rate.mean()),
            "median_apy": float(np.median(rate)),
            "lowest_apy": float(rate.min()),
            "highest_apy": float(rate.max()),
            "positive_days_share": float((rate > 0).mean()),
        }
        for what, rate in rates.items()
    ]


def months_section(runs: Runs) -> list[Facts]:
    """Return one row a calendar month: price, rates, funding, and what the ceiling earned."""
    market, lending = runs.market, runs.spec.lending
    close = market.reference_price.close
    pnl = {leverage: static_pnl(runs, leverage) for leverage in runs.spec.leverages}
    rows = []
    for month, days in month_slices(market):
        before = close[days.start - 1] if days.start else close[0]
        rows.append(
            {
                "month": month,
                "days_count": days.stop - days.start,
                "price_change": float(close[days.stop - 1] / before - 1),
                "supply_apy": float(market.supply[lending, market.asset].apy[days].mean()),
                "borrow_apy": float(market.borrow[lending, market.quote].apy[days].mean()),
                "hurdle_apy": float(market.supply[lending, market.quote].apy[days].mean()),
                "funding": [
                    {"venue": key, "funding_apy": float(series.rate[days].mean() * DAYS_PER_YEAR)}
                    for key, series in market.funding.items()
                ],
                "static": [
                    {
                        "leverage": leverage,
                        "pnl_return": float(values[days].sum() / runs.spec.capital_usd),
                    }
                    for leverage, values in pnl.items()
                ],
            }
        )
    return rows


def static_pnl(runs: Runs, leverage: float) -> FloatArray:
    """Return the ceiling's daily P&L before costs.

    Parameters
    ----------
    runs : Runs
    leverage : float

    Returns
    -------
    ndarray of shape (n_bars,), USD
    """
    venue = load_venue(runs.spec.perp)
    bars = lower_market(runs.market, venue.funding, runs.spec.lending)
    return entry.static_pnl(bars, StaticConfig(**runs.base(leverage=leverage)))


def month_slices(market: Market) -> Iterator[tuple[str, slice]]:
    """Yield the calendar months of a market with their bars.

    Parameters
    ----------
    market : Market

    Yields
    ------
    (str, slice)
        ``2025-01`` and the bars of that month.
    """
    months = market.times.astype("datetime64[M]")
    edges = [0, *(np.flatnonzero(np.diff(months.astype(np.int64))) + 1).tolist(), len(months)]
    for start, stop in pairwise(edges):
        yield str(months[start]), slice(start, stop)


def constants_section(runs: Runs) -> list[Facts]:
    """Return every constant of the study's venues, with unit, source and status."""
    return [
        {
            "perp": perp,
            "constant": name,
            "value": _as_text(constant.value),
            "unit": constant.unit,
            "source": constant.source,
            "status": constant.status,
        }
        for perp in runs.perps()
        for name, constant in load_preset(perp).constants.items()
    ]


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_as_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_as_text(item)}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
