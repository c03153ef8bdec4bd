"""Half-years, levels of funding, and how far funding says what funding will be."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from basislab.research.decision.past import STEP_DAYS, Past
from basislab.research.decision.spans import apart, interval_of, student_95
from basislab.simulate.rates import funding_of, rate_of
from basislab.types.decision import FundingLevel, HalfYear, Interval
from basislab.types.market import BoolArray, FloatArray, Market
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import LendingMarket, PerpVenue
from basislab.units import DAYS_PER_YEAR

TRAILING_DAYS = 30
"""Of funding, looked at before an opening."""

TODAY_DAYS = 7
"""Today's rates are the mean of so many days: one day's funding is mostly noise."""

TODAY_WORDS = f"the last {TODAY_DAYS} days"

LEVELS: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2)
"""Funding a year at which one level ends and the next begins, fixed before results were seen."""

PAYING = 0.1
"""From this funding a year on carry is said to pay: what Hyperliquid's formula gives at rest."""

MIN_DAYS = 30
"""A shorter rest of a half-year is shown and not judged."""


def daily_funding(market: Market, config: VenueConfig) -> FloatArray:
    """Return each day's funding, fraction of the notional, shape (n_days,)."""
    rates = funding_of(market, resolved(config.perp, PerpVenue).funding)
    days = market.times.astype("datetime64[D]")
    firsts = np.concatenate(([0], np.flatnonzero(days[1:] != days[:-1]) + 1))
    return np.asarray(np.add.reduceat(rates, firsts))


def daily_carry(market: Market, config: VenueConfig) -> FloatArray:
    """Return what a day's rates would earn on the capital before costs, a fraction of it.

    ``N / C (supply / 365 + funding) - D / C borrow / 365``, notional and debt as opened.
    """
    long, short = config.leverages
    size = 1.0 / (1.0 / long + 1.0 / short)
    funding = daily_funding(market, config)
    loan = resolved(config.lending, LendingMarket)
    if not loan.lends:
        return size * funding
    days = market.times.astype("datetime64[D]")
    firsts = np.concatenate(([0], np.flatnonzero(days[1:] != days[:-1]) + 1))
    counts = np.diff(np.concatenate((firsts, [len(days)])))
    supply = rate_of(market, "supply", loan.protocol, market.asset).apy
    borrow = rate_of(market, "borrow", loan.protocol, market.quote).apy
    lent, owed = (np.add.reduceat(each, firsts) / counts for each in (supply, borrow))
    rates = size * lent - size * (1.0 - 1.0 / long) * owed
    return np.asarray(size * funding + rates / DAYS_PER_YEAR)


def half_years(past: Past, config: VenueConfig) -> tuple[HalfYear, ...]:
    """Return what the position, held all along, made in each half-year: the median of the paths."""
    curves = past.life(config).curves
    levels = np.concatenate((np.ones((len(curves), 1)), curves), axis=1)
    funding, carry = daily_funding(past.market, config), daily_carry(past.market, config)
    found = []
    for name, first, end in _halves(past):
        found.append(
            HalfYear(
                name=name,
                days_count=end - first,
                funding_apy=float(funding[first:end].mean() * DAYS_PER_YEAR),
                carry_apy=float(carry[first:end].mean() * DAYS_PER_YEAR),
                hurdle_return=float(past.hurdle_between(first, end)),
                made_return=float(np.median(levels[:, end] / levels[:, first])) - 1.0,
            )
        )
    return tuple(found)


def _halves(past: Past) -> Iterator[tuple[str, int, int]]:
    months = past.days.astype("datetime64[M]").astype(np.int64)
    halves = months // 6
    edges = [0, *(np.flatnonzero(np.diff(halves)) + 1).tolist(), len(halves)]
    for first, end in pairwise(edges):
        year, half = divmod(int(halves[first]), 2)
        yield f"{1970 + year} H{half + 1}", first, end


def good_share(rows: tuple[HalfYear, ...]) -> float | None:
    """Return the share of half-years, those long enough, that beat the hurdle."""
    judged = [row for row in rows if row.days_count >= MIN_DAYS]
    return sum(row.excess_return > 0 for row in judged) / len(judged) if judged else None


def trailing(past: Past, config: VenueConfig) -> tuple[FloatArray, BoolArray]:
    """Return the funding a year before each opening, and which openings have that past."""
    sums = np.concatenate(([0.0], np.cumsum(daily_funding(past.market, config))))
    has_past = past.starts >= TRAILING_DAYS
    before = np.maximum(past.starts - TRAILING_DAYS, 0)
    means = (sums[past.starts] - sums[before]) / TRAILING_DAYS * DAYS_PER_YEAR
    return np.asarray(means), has_past


def funding_levels(past: Past, config: VenueConfig) -> tuple[FundingLevel, ...]:
    """Return what followed each level of funding."""
    ends = (-np.inf, *LEVELS, np.inf)
    return tuple(at_level(past, config, low, high) for low, high in pairwise(ends))


def at_level(past: Past, config: VenueConfig, low: float, high: float) -> FundingLevel:
    """Return what openings after funding in ``[low, high)`` made over the horizon.

    The interval counts openings that lie a horizon apart, not all of them.
    """
    funding, has_past = trailing(past, config)
    is_in = has_past & (funding >= low) & (funding < high)
    excess = past.excess(config)[is_in].mean(axis=1)
    starts = past.starts[is_in]
    spans = apart(starts, past.horizon)
    return FundingLevel(
        low_apy=None if np.isinf(low) else low,
        high_apy=None if np.isinf(high) else high,
        starts_count=len(starts),
        spans_count=len(spans),
        beaten_count=int((excess > 0).sum()),
        excess=_level_interval(excess * DAYS_PER_YEAR / past.horizon, len(spans)),
    )


def _level_interval(excess: FloatArray, spans: int) -> Interval | None:
    if not len(excess):
        return None
    middle = float(excess.mean())
    if spans < 2:
        return Interval(middle=middle, low=None, high=None)
    error = student_95(spans - 1) * float(excess.std(ddof=1)) / spans**0.5
    return Interval(middle=middle, low=middle - error, high=middle + error)


def yearly_excess(past: Past, config: VenueConfig) -> tuple[Interval, int]:
    """Return the excess a year of the position held all along, and on how many spans it rests.

    The days are cut into spans of a horizon; the paths' own spread is added to that of the spans.
    """
    daily = past.above(past.life(config).curves)
    count = max(past.n_days // past.horizon, 1)
    parts = np.array_split(daily, count, axis=1)
    means = np.array([part.mean(axis=1) for part in parts]) * DAYS_PER_YEAR
    spread = float(means.mean(axis=0).std(ddof=1)) if len(daily) > 1 else 0.0
    return interval_of(means.mean(axis=1), spread), count


def persistence(past: Past, config: VenueConfig, before: int, ahead: int) -> float | None:
    """Return how much better the last days' funding foretells the next than its mean so far does.

    ``R2 = 1 - sum (next - forecast)^2 / sum (next - mean)^2``, every week, each forecast a
    regression on what had ended by then. None where fewer than 12 forecasts can be scored.
    """
    sums = np.concatenate(([0.0], np.cumsum(daily_funding(past.market, config))))
    at = np.arange(before, len(sums) - ahead, STEP_DAYS)
    known, future = (sums[at] - sums[at - before]) / before, (sums[at + ahead] - sums[at]) / ahead
    missed = []
    for place, day in enumerate(at.tolist()):
        ended = int(np.searchsorted(at, day - ahead, side="right"))
        if ended < 12:
            continue
        x, y = known[:ended], future[:ended]
        slope = float(np.cov(x, y)[0, 1] / max(x.var(ddof=1), 1e-300))
        forecast = y.mean() + slope * (known[place] - x.mean())
        missed.append((future[place] - forecast, future[place] - y.mean()))
    if len(missed) < 12:
        return None
    own, mean = (np.square(np.array(missed)).sum(axis=0)).tolist()
    return 1.0 - own / mean if mean > 0 else None
