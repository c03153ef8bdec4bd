"""Rules over several venues: a wick that one has alone, and funding that cannot be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import combinations, permutations
from typing import Any

import numpy as np

from basislab.data.judge.findings import Finding
from basislab.errors import SourceError
from basislab.types.market import BoolArray, FloatArray, IntArray, Market, PriceSeries, TimeArray
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

LONE_WICK = 0.05
"""A low or high that lies 5 % beyond another venue's in the same bar was not seen there."""

DIVERGENCE, MAX_DIVERGENCE = 0.03, 0.05  # of closes; of the median over all bars
MIN_BARS = 30
OPPOSED = -0.3
"""Two venues' funding of the same coin moves together, loosely: the correlation is about 0.5."""

SCALE = 5.5
"""Venues' funding differs by less; 8 is an 8-hour rate taken for an hourly one, or the reverse."""

PER_DAY = (1, 2, 3, 4, 6, 8, 12, 24)
"""Settlements a day that a schedule of whole hours has."""

_HOURLY_SINCE = np.datetime64("2023-06-09")
_MISTAKES = {
    -1.0: "the sign is reversed: above 0 longs pay shorts",
    8.0: "these are 8-hour rates; the venue settles an eighth each hour",
    24.0: "these are daily rates",
    100.0: "these are percent where fractions are wanted",
    8_760.0: "these are rates a year",
}


def when(times: TimeArray, bar: Any) -> datetime:
    """Return the open of a bar as a datetime.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n_bars,)

    Returns
    -------
    datetime
        UTC.
    """
    return datetime.fromtimestamp(int(times[bar].astype("datetime64[s]").astype(np.int64)), UTC)


def check_formula(label: str, times: IntArray, rates: FloatArray, premiums: FloatArray) -> None:
    """Refuse hourly settlements that are a known multiple of what their premiums give.

    Parameters
    ----------
    label : str
        Series in the message.
    times : ndarray of int64, shape (n,), seconds since 1970
    rates : ndarray of shape (n,), fraction of notional per settlement
    premiums : ndarray of shape (n,)
        NaN where unknown.

    Raises
    ------
    SourceError
        Says which mistake it looks like: sign, interval, percent, annual.
    """
    from basislab.data.sources.hyperliquid import expected_rate

    is_hourly = np.append(np.diff(times) == SECONDS_PER_HOUR, False)
    known = (
        is_hourly
        & np.isfinite(premiums)
        & (times >= _HOURLY_SINCE.astype("datetime64[s]").astype(np.int64))
    )
    expected = np.array([expected_rate(value) for value in premiums[known].tolist()])
    ratio = rates[known][np.abs(expected) > 1e-6] / expected[np.abs(expected) > 1e-6]
    if len(ratio) < MIN_BARS:
        return
    typical = float(np.median(ratio))
    for factor, mistake in _MISTAKES.items():
        if abs(typical / factor - 1) < 0.02:
            raise SourceError(
                f"{label}: half of the rates are {typical:.3g} times what the venue's own formula "
                f"gives for their premium: {mistake}. Refetch them, or report a change of format."
            )


def lone_wicks(market: Market) -> Iterator[Finding]:
    """Yield lows and highs that one venue has alone; a lending oracle follows the others."""
    for (one, a), (other, b) in permutations(_traded(market), 2):
        seen = a.observed & b.observed
        near = np.abs(a.close / b.close - 1) < LONE_WICK
        below = seen & near & (a.low < b.low * (1 - LONE_WICK))
        above = seen & near & (a.high > b.high * (1 + LONE_WICK))
        for bars, side, extremes, theirs in (
            (below, "low", a.low, b.low),
            (above, "high", a.high, b.high),
        ):
            for bar in np.flatnonzero(bars):
                message = (
                    f"{side} {extremes[bar]:g} where {other} has {theirs[bar]:g}: a wick of this "
                    "venue alone"
                )
                size = float(abs(extremes[bar] / theirs[bar] - 1))
                at = when(market.times, bar)
                yield Finding("warning", f"price {one}", "lone-wick", message, at, size)


def divergence(market: Market) -> Iterator[Finding]:
    """Yield closes of one coin that differ between venues by more than any basis."""
    for (one, a), (other, b) in combinations(_traded(market), 2):
        apart = np.where(a.observed & b.observed, np.abs(a.close / b.close - 1), 0.0)
        usual = float(np.median(apart))
        if usual > MAX_DIVERGENCE:
            message = f"closes differ from those of {other} by {usual:.1%} as a rule: another coin?"
            yield Finding("error", f"price {one}", "divergence", message, None, usual)
            continue
        for bar in np.flatnonzero(apart > DIVERGENCE):
            message = f"close {a.close[bar]:g} where {other} has {b.close[bar]:g}"
            at = when(market.times, bar)
            yield Finding("warning", f"price {one}", "divergence", message, at, float(apart[bar]))


def stale_bars(market: Market) -> Iterator[Finding]:
    """Yield candles that repeat the one before to the last digit."""
    for (venue, kind), series in market.prices.items():
        columns = np.stack([series.open, series.high, series.low, series.close])
        same = (columns[:, 1:] == columns[:, :-1]).all(axis=0)
        moves = series.high[1:] > series.low[1:]  # one that stands still is found elsewhere
        seen = series.observed[1:] & series.observed[:-1]
        for bar in np.flatnonzero(same & moves & seen):
            message = "the very same candle as the one before: a stale answer?"
            at = when(market.times, bar + 1)
            yield Finding("warning", f"price {venue} {kind}", "stale-bar", message, at)


def stand_ins(market: Market) -> Iterator[Finding]:
    """Yield a price series that is another one under its name."""
    for (first, a), (second, b) in combinations(market.prices.items(), 2):
        if all(np.array_equal(getattr(a, n), getattr(b, n)) for n in ("high", "low", "close")):
            one, other = " ".join(first), " ".join(second)
            message = f"the very same prices as {one}, which stands in for it"
            yield Finding("warning", f"price {other}", "stand-in", message, None, None, len(market))


def funding_pairs(market: Market) -> Iterator[Finding]:
    """Yield funding of two venues that disagrees in sign or size as no two markets of a coin do."""
    # By the week: venues settle at different hours.
    width = max(1, 7 * SECONDS_PER_DAY // market.bar_seconds)
    for (one, a), (other, b) in combinations(market.funding.items(), 2):
        seen = a.observed & b.observed
        if int(seen.sum()) < MIN_BARS * width // 7:
            continue
        sizes = [float(np.median(np.abs(_weekly(series.rate, width)))) for series in (a, b)]
        if min(sizes) > 0 and not 1 / SCALE < sizes[0] / sizes[1] < SCALE:
            message = (
                f"{sizes[0] / sizes[1]:.2g} times the size of {other}'s: is one of them hourly, of "
                "8 hours, or a year's?"
            )
            yield Finding("warning", f"funding {one}", "funding-scale", message, None, sizes[0])
        if np.ptp(a.rate) > 0 and np.ptp(b.rate) > 0:
            days = max(1, SECONDS_PER_DAY // market.bar_seconds)
            together = float(np.corrcoef(_weekly(a.rate, days), _weekly(b.rate, days))[0, 1])
            if together < OPPOSED:
                message = f"moves against {other}'s ({together:+.2f}): is a sign reversed?"
                yield Finding("warning", f"funding {one}", "funding-sign", message, None, together)


def funding_schedule(market: Market) -> Iterator[Finding]:
    """Yield funding that no schedule of whole hours has, or that stands at the wrong hour."""
    for venue, series in market.funding.items():
        if series.settlements is None:
            continue
        label, counts = f"funding {venue}", series.settlements
        usual = int(np.bincount(np.minimum(counts, SECONDS_PER_HOUR)).argmax())
        is_daily = market.bar_seconds == SECONDS_PER_DAY
        if is_daily and len(counts) >= MIN_BARS and usual not in PER_DAY:
            message = f"{usual} settlements a day as a rule: was one series mixed with another?"
            yield Finding("warning", label, "funding-interval", message, None, float(usual))
        if market.bar_seconds == SECONDS_PER_HOUR and 0 < (counts > 0).mean() < 0.5:
            yield from _wrong_hour(label, market.times, counts > 0)


def _wrong_hour(label: str, times: TimeArray, settles: BoolArray) -> Iterator[Finding]:
    """Yield a series whose settlements stand in the bar that begins with them."""
    hours = times.astype("datetime64[h]").astype(np.int64)[settles]
    if float(((hours + 1) % 2 != 0).mean()) > 0.9:
        message = "settlements stand in the bar that begins with their stamp, not the one it ends"
        yield Finding("warning", label, "funding-hour", message)


def _traded(market: Market) -> list[tuple[str, PriceSeries]]:
    return [
        (f"{venue} {kind}", series)
        for (venue, kind), series in market.prices.items()
        if kind in ("perp", "spot")
    ]


def _weekly(values: FloatArray, width: int) -> FloatArray:
    """Return sums over `width` bars, the last part left out."""
    whole = len(values) // width * width
    sums: FloatArray = values[:whole].reshape(-1, width).sum(axis=1)
    return sums if len(sums) else values


TRUST_RULES: tuple[Callable[[Market], Iterator[Finding]], ...] = (
    lone_wicks,
    divergence,
    stale_bars,
    stand_ins,
    funding_pairs,
    funding_schedule,
)
"""Rules of this file, in the order in which they are asked."""
