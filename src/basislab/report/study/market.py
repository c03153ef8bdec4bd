"""The market of a study in facts: prices and mean rates of the window, the hurdle, the months."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from basislab.data import partial_bars
from basislab.metrics import correlation
from basislab.presets import load_venue
from basislab.report.fields import (
    ANNUALIZED,
    APY,
    CORRELATION,
    COUNT,
    FRACTION,
    LEVERAGE,
    RETURN,
    USD,
    unit,
)
from basislab.report.study.outcome import number_or_none
from basislab.report.study.runs import Runs
from basislab.research import entry
from basislab.simulate import lower_market
from basislab.types.configs import StaticConfig
from basislab.types.market import FloatArray, Market
from basislab.types.result import time_labels
from basislab.units import DAYS_PER_YEAR


@dataclass(frozen=True, kw_only=True)
class VenueFunding:
    """What a venue's funding came to."""

    venue: str
    funding_apy: float = unit(APY)
    positive_days_share: float = unit(FRACTION)


@dataclass(frozen=True, kw_only=True)
class MarketFacts:
    """The window: prices, mean rates, funding, partial bars."""

    name: str
    fingerprint: str
    asset: str
    quote: str
    start: str
    end: str
    bars_count: int = unit(COUNT)
    first_close_usd: float = unit(USD)
    last_close_usd: float = unit(USD)
    price_change: float = unit(FRACTION)
    highest_usd: float = unit(USD)
    highest_on: str
    lowest_usd: float = unit(USD)
    lowest_on: str
    partial_bars: tuple[str, ...]
    supply_apy: float = unit(APY)
    borrow_apy: float = unit(APY)
    funding: tuple[VenueFunding, ...]
    funding_correlation: float | None = unit(CORRELATION)

    @property
    def window(self) -> str:
        """Its days as a phrase."""
        return f"{self.start} to {self.end}"


def market_facts(runs: Runs) -> MarketFacts:
    """Describe the window."""
    market, spec = runs.market, runs.spec
    price = market.reference_price
    labels = time_labels(market.times, market.bar_seconds)
    return MarketFacts(
        name=market.name,
        fingerprint=market.fingerprint,
        asset=market.asset,
        quote=market.quote,
        start=labels[0],
        end=labels[-1],
        bars_count=len(market),
        first_close_usd=float(price.close[0]),
        last_close_usd=float(price.close[-1]),
        price_change=float(price.close[-1] / price.close[0] - 1),
        highest_usd=float(price.high.max()),
        highest_on=labels[int(price.high.argmax())],
        lowest_usd=float(price.low.min()),
        lowest_on=labels[int(price.low.argmin())],
        partial_bars=tuple(labels[i] for i in np.flatnonzero(partial_bars(market))),
        supply_apy=float(market.supply[spec.lending, market.asset].apy.mean()),
        borrow_apy=float(market.borrow[spec.lending, market.quote].apy.mean()),
        funding=tuple(
            VenueFunding(
                venue=key,
                funding_apy=float(series.rate.mean() * DAYS_PER_YEAR),
                positive_days_share=float((series.rate > 0).mean()),
            )
            for key, series in market.funding.items()
        ),
        funding_correlation=_funding_correlation(runs),
    )


def _funding_correlation(runs: Runs) -> float | None:
    keys = [load_venue(name).funding for name in (runs.spec.perp, runs.spec.rival_perp)]
    rates = [runs.market.funding[key].rate for key in keys if key in runs.market.funding]
    return number_or_none(correlation(*rates)) if len(rates) == len(keys) else None


@dataclass(frozen=True, kw_only=True)
class HurdleFacts:
    """What the quote coin earned in the same reserve."""

    what: str
    mean_apy: float = unit(APY)
    lowest_apy: float = unit(APY)
    highest_apy: float = unit(APY)
    hurdle_return: float = unit(RETURN)
    hurdle_annualized: float = unit(ANNUALIZED)
    net_usd: float = unit(USD)


def hurdle_facts(runs: Runs) -> HurdleFacts:
    """Describe the hurdle."""
    market, spec = runs.market, runs.spec
    result = runs.rebalance(spec.leverages[0])
    apy = market.supply[spec.lending, market.quote].apy
    return HurdleFacts(
        what=f"{market.quote} supplied to {spec.lending}",
        mean_apy=float(apy.mean()),
        lowest_apy=float(apy.min()),
        highest_apy=float(apy.max()),
        hurdle_return=result.hurdle_return,
        hurdle_annualized=result.hurdle_annualized,
        net_usd=result.hurdle_return * spec.capital_usd,
    )


class MeanRates(NamedTuple):
    """Means over the window, fractions per year."""

    supply: float
    borrow: float
    funding: float
    hurdle: float


def mean_rates(runs: Runs) -> MeanRates:
    """Return the mean rates that the position lives on, and the hurdle's."""
    market, lending = runs.market, runs.spec.lending
    funding = market.funding[load_venue(runs.spec.perp).funding].rate
    return MeanRates(
        supply=float(market.supply[lending, market.asset].apy.mean()),
        borrow=float(market.borrow[lending, market.quote].apy.mean()),
        funding=float(funding.mean() * DAYS_PER_YEAR),
        hurdle=float(market.supply[lending, market.quote].apy.mean()),
    )


def month_slices(market: Market) -> Iterator[tuple[str, slice]]:
    """Yield the calendar months, such as ``2025-01``, with the slice of their bars."""
    months = market.times.astype("datetime64[M]")
    edges = [0, *(np.flatnonzero(np.diff(months.astype(np.int64))) + 1).tolist(), len(months)]
    for start, stop in pairwise(edges):
        yield str(months[start]), slice(start, stop)


def static_pnl(runs: Runs, leverage: float) -> FloatArray:
    """Return the ceiling's P&L before costs, by day, USD."""
    venue = load_venue(runs.spec.perp)
    bars = lower_market(runs.market, venue.funding, runs.spec.lending)
    return entry.static_pnl(bars, StaticConfig(**runs.base(leverage=leverage)))


@dataclass(frozen=True, kw_only=True)
class MonthFunding:
    """A venue's mean funding in a month."""

    venue: str
    funding_apy: float = unit(APY)


@dataclass(frozen=True, kw_only=True)
class MonthPnl:
    """What the ceiling earned in a month, before costs."""

    leverage: float = unit(LEVERAGE)
    pnl_return: float = unit(RETURN)


@dataclass(frozen=True, kw_only=True)
class MonthRow:
    """A calendar month: price, rates, funding, and what the ceiling earned."""

    month: str
    days_count: int = unit(COUNT)
    price_change: float = unit(FRACTION)
    supply_apy: float = unit(APY)
    borrow_apy: float = unit(APY)
    hurdle_apy: float = unit(APY)
    funding: tuple[MonthFunding, ...]
    static: tuple[MonthPnl, ...]


def month_rows(runs: Runs) -> tuple[MonthRow, ...]:
    """Return one row a calendar month."""
    market, lending = runs.market, runs.spec.lending
    close = market.reference_price.close
    pnl = {leverage: static_pnl(runs, leverage) for leverage in runs.spec.leverages}
    return tuple(
        MonthRow(
            month=month,
            days_count=days.stop - days.start,
            price_change=float(close[days.stop - 1] / close[max(days.start - 1, 0)] - 1),
            supply_apy=float(market.supply[lending, market.asset].apy[days].mean()),
            borrow_apy=float(market.borrow[lending, market.quote].apy[days].mean()),
            hurdle_apy=float(market.supply[lending, market.quote].apy[days].mean()),
            funding=tuple(
                MonthFunding(venue=key, funding_apy=float(series.rate[days].mean() * DAYS_PER_YEAR))
                for key, series in market.funding.items()
            ),
            static=tuple(
                MonthPnl(
                    leverage=leverage,
                    pnl_return=float(values[days].sum() / runs.spec.capital_usd),
                )
                for leverage, values in pnl.items()
            ),
        )
        for month, days in month_slices(market)
    )
