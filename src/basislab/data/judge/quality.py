"""Quality rules: what is missing, inconsistent, in progress, frozen or absurd in a market.

Every rule is a function of the market that yields findings. No rule knows a date or a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from basislab.data.judge.findings import SEVERITIES, Coverage, Finding, QualityReport, Severity
from basislab.data.judge.partial import (
    find_partial,
    incomplete_funding,
    is_last_in_progress,
    partial_bars,
    usual_settlements,
)
from basislab.data.judge.trust import TRUST_RULES, when
from basislab.types.market import (
    BoolArray,
    FloatArray,
    FundingSeries,
    Market,
    PriceSeries,
)
from basislab.units import SECONDS_PER_DAY

__all__ = ["check", "not_applicable", "partial_bars"]

FROZEN_APY_DAYS = 5
FROZEN_FUNDING_DAYS = 14  # a quiet venue pays its floor for days on end
ZERO_FUNDING_BARS = 2
JUMP_WARNING, JUMP_ERROR = 0.5, 1.1  # of log price from close to close: 65 %, threefold
WICK_WARNING, WICK_ERROR = 2.0, 10.0  # high over the body, or the body over low
APY_WARNING, APY_ERROR = 2.0, 10.0  # fraction per year
FUNDING_WARNING, FUNDING_ERROR = 0.03, 0.3  # fraction of notional per day
LOW_APY, HIGH_FUNDING = 0.005, 0.01  # medians beyond which the unit is in doubt
LATE_STAMP_S = 60.0


def check(market: Market) -> QualityReport:
    """Check a market against all rules.

    Returns
    -------
    QualityReport
        Coverage per series, and findings with errors first.

    Examples
    --------
    >>> from basislab.data import load_market
    >>> report = check(load_market())
    >>> [f"{f.when:%Y-%m-%d} {f.rule}" for f in report.warnings]
    ['2024-12-31 incomplete-funding', '2025-04-20 partial-bar', '2026-02-13 bar-in-progress']
    """
    with np.errstate(all="ignore"):  # ratios of absurd prices may overflow, and are found
        findings = [finding for rule in RULES for finding in rule(market)]
    epoch = datetime.fromtimestamp(0, UTC)
    findings.sort(key=lambda f: (SEVERITIES.index(f.severity), f.when or epoch))
    return QualityReport(market.name, market.fingerprint, _coverage(market), tuple(findings))


def not_applicable(market: Market) -> set[str]:
    """Return the checks that this market gives nothing to look at: they cannot find anything.

    Returns
    -------
    set of str
        Names from `basislab.data.judge.findings.CHECKS`.

    Examples
    --------
    >>> from basislab.data import load_market
    >>> sorted(not_applicable(load_market()))[:3]  # one price, and nobody counted duplicates
    ['divergence', 'duplicates', 'jitter']
    """
    traded = sum(kind in ("perp", "spot") for _, kind in market.prices)
    counts = any(series.settlements is not None for series in market.funding.values())
    volumes = any(series.volume is not None for series in market.prices.values())
    needed = {
        ("duplicates", "out-of-order", "several-a-day", "jitter"): isinstance(
            market.provenance.get("statistics"), Mapping
        ),
        ("lone-wick", "divergence"): traded > 1,
        ("stand-in",): len(market.prices) > 1,
        ("funding-scale", "funding-sign"): len(market.funding) > 1,
        ("bar-in-progress", "incomplete-funding", "funding-interval", "funding-hour"): counts,
        ("no-trades",): volumes,
        ("supply-above-borrow",): bool(market.supply.keys() & market.borrow.keys()),
    }
    return {rule for rules, is_there in needed.items() if not is_there for rule in rules}


def _coverage(market: Market) -> tuple[Coverage, ...]:
    rows = []
    for label, series in market.series().items():
        seen = np.flatnonzero(series.observed)
        ends = [when(market.times, bar) for bar in seen[[0, -1]]] if len(seen) else [None, None]
        rows.append(Coverage(label, len(series), len(seen), ends[0], ends[1]))
    return tuple(rows)


def _bars(number: int) -> str:
    return "1 bar" if number == 1 else f"{number} bars"


def _runs(mask: BoolArray) -> Iterator[tuple[int, int]]:
    """Yield (first bar, length) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2):
        yield int(start), int(stop - start)


def _graded(values: FloatArray, warning: float, error: float) -> Iterator[tuple[int, Severity]]:
    """Yield (bar, severity) where `values` exceed a limit."""
    for bar in np.flatnonzero(values > warning):
        yield int(bar), "error" if values[bar] > error else "warning"


def filled(market: Market) -> Iterator[Finding]:
    """Yield the series of which bars were filled and not seen."""
    spread = _spread(market)
    for label, series in market.series().items():
        runs = list(_runs(~series.observed))
        if not runs:
            continue
        at, total = when(market.times, runs[0][0]), sum(length for _, length in runs)
        longest = max(length for _, length in runs)
        if label in spread:
            message = "sums of days, spread evenly over their bars: the shape of a day is not known"
            yield Finding("warning", label, "spread", message, at, float(total), total)
            continue
        message = f"{_bars(total)} with missing values that {_filling(market)}"
        if len(runs) > 1:
            message += f", in {len(runs)} holes, the longest of {_bars(longest)}"
        yield Finding("warning", label, "filled", message, at, float(longest), total)


def _gaps(market: Market) -> list[Mapping[str, Any]]:
    """Return what was decided about gaps; a market from elsewhere may say anything there."""
    gaps = market.provenance.get("gaps")
    return [gap for gap in gaps if isinstance(gap, Mapping)] if isinstance(gaps, list) else []


def _filling(market: Market) -> str:
    is_line = any("line" in str(gap.get("filled_with")) for gap in _gaps(market))
    return "lie on a line between their neighbours" if is_line else "hold the value before them"


def _spread(market: Market) -> set[str]:
    """Return the labels of the funding series that were daily sums."""
    sums = {str(g.get("series")) for g in _gaps(market) if "spread" in str(g.get("filled_with"))}
    return {f"funding {v}" for v in market.funding if f"{v}/{market.asset} funding" in sums}


def ohlc(market: Market) -> Iterator[Finding]:
    """Yield candles whose high or low does not span open and close."""
    for label, series in _prices(market):
        top = np.maximum(series.open, series.close)
        bottom = np.minimum(series.open, series.close)
        for bar in np.flatnonzero((series.high < top) | (series.low > bottom)):
            prices = f"{series.open[bar]:g}/{series.high[bar]:g}/{series.low[bar]:g}"
            message = f"o/h/l/c {prices}/{series.close[bar]:g}: high and low do not span the bar"
            excess = float(max(top[bar] - series.high[bar], series.low[bar] - bottom[bar]))
            yield Finding("error", label, "ohlc", message, when(market.times, bar), excess)


def partial(market: Market) -> Iterator[Finding]:
    """Yield bars of which a part is missing, and the last one while it is in progress."""
    for label, series in _prices(market):
        if label.endswith((" perp", " spot")):
            for found in find_partial(series):
                before = series.close[found.seam - 1]
                message = (
                    f"a part of the bar is missing: open {series.open[found.seam]:g} follows close "
                    f"{before:g}, a break of {found.size:.2%}"
                )
                yield Finding(
                    "warning",
                    label,
                    "partial-bar",
                    message,
                    when(market.times, found.bar),
                    found.size,
                )
    if is_last_in_progress(market):
        label, series = next(iter(_prices(market)))
        message = "the last bar had not ended: its funding settlements are fewer than usual"
        yield Finding("warning", label, "bar-in-progress", message, when(market.times, -1))


def funding_counts(market: Market) -> Iterator[Finding]:
    """Yield bars with fewer settlements than their schedule, the one in progress aside."""
    for venue, series in market.funding.items():
        short = incomplete_funding(series)
        if is_last_in_progress(market):
            short = short & (np.arange(len(short)) < len(short) - 1)
        for bar in np.flatnonzero(short):
            counts = series.settlements
            assert counts is not None  # noqa: S101 - no bar is short where none is counted
            usual = usual_settlements(counts)[bar]
            message = f"{counts[bar]} of {usual:.0f} funding settlements; the sum is of those"
            yield Finding(
                "warning",
                f"funding {venue}",
                "incomplete-funding",
                message,
                when(market.times, bar),
                float(counts[bar]),
            )


def frozen(market: Market) -> Iterator[Finding]:
    """Yield prices that do not move within a bar, and rates that repeat for too long."""
    for label, series in _prices(market):
        for bar, length in _runs((series.high == series.low) & series.observed):
            message = f"the price stands still at {series.close[bar]:g} for {_bars(length)}"
            yield Finding(
                "warning", label, "frozen-price", message, when(market.times, bar), None, length
            )
    for label, values, at_least in _rates(market):
        repeats = np.concatenate(([False], np.diff(values) == 0))
        for bar, length in _runs(repeats):
            if length + 1 >= at_least and values[bar] != 0:
                message = f"{_bars(length + 1)} with the very same rate, {values[bar]:g}"
                at = when(market.times, bar - 1)
                yield Finding(
                    "warning", label, "frozen-rate", message, at, float(values[bar]), length + 1
                )


def zeros(market: Market) -> Iterator[Finding]:
    """Yield rates of exactly zero: more often a missing value than a true one."""
    candidates = [
        (f"funding {venue}", _settled(series), ZERO_FUNDING_BARS)
        for venue, series in market.funding.items()
    ]
    candidates += [(f"borrow {p} {a}", s.apy, 1) for (p, a), s in market.borrow.items()]
    for label, values, at_least in candidates:
        for bar, length in _runs(values == 0):
            if length >= at_least:
                message = f"{_bars(length)} of exactly 0: was a missing rate read as zero?"
                at = when(market.times, bar)
                yield Finding("warning", label, "zero-rate", message, at, 0.0, length)


def absurd_prices(market: Market) -> Iterator[Finding]:
    """Yield jumps and wicks that a market of that size does not make, and bars without trades."""
    for label, series in _prices(market):
        jumps = np.abs(np.log(series.close[1:] / series.close[:-1]))
        for bar, severity in _graded(jumps, JUMP_WARNING, JUMP_ERROR):
            ratio = float(series.close[bar + 1] / series.close[bar])
            message = f"the close is {ratio:.3g} times the one before"
            at = when(market.times, bar + 1)
            yield Finding(severity, label, "price-jump", message, at, ratio)
        above = series.high / np.maximum(series.open, series.close)
        below = np.minimum(series.open, series.close) / series.low
        for bar, severity in _graded(np.maximum(above, below), WICK_WARNING, WICK_ERROR):
            message = f"high {series.high[bar]:g} and low {series.low[bar]:g} lie far off the body"
            value = float(max(above[bar], below[bar]))
            yield Finding(severity, label, "wick", message, when(market.times, bar), value)
        if series.volume is not None:
            for bar, length in _runs((series.volume == 0) & series.observed):
                at = when(market.times, bar)
                message = f"{_bars(length)} without a trade"
                yield Finding("warning", label, "no-trades", message, at, 0.0, length)


def absurd_rates(market: Market) -> Iterator[Finding]:
    """Yield rates out of all proportion, and series whose unit is in doubt."""
    for venue, funding in market.funding.items():
        label, daily = f"funding {venue}", _a_day(funding.rate, market.bar_seconds)
        for bar, length in _runs(np.abs(daily) > FUNDING_WARNING):
            worst = max(daily[bar : bar + length], key=abs)
            severity: Severity = "error" if abs(worst) > FUNDING_ERROR else "warning"
            message = f"funding of {worst:.2%} within a day"
            at = when(market.times, bar)
            yield Finding(severity, label, "absurd-rate", message, at, float(worst), length)
        if np.median(np.abs(daily)) > HIGH_FUNDING:
            message = "half of the days above 1 %: is it percent instead of a fraction?"
            yield Finding("warning", label, "unit", message, None, float(np.median(np.abs(daily))))
    for label, apy in _apys(market):
        for bar, severity in _graded(apy, APY_WARNING, APY_ERROR):
            at = when(market.times, bar)
            yield Finding(
                severity, label, "absurd-rate", f"an APY of {apy[bar]:.0%}", at, float(apy[bar])
            )
        if 0 < np.median(apy) < LOW_APY:
            message = "half of the APYs below 0.5 %: were fractions read as percent?"
            yield Finding("warning", label, "unit", message, None, float(np.median(apy)))


def _a_day(rates: FloatArray, bar_s: int) -> FloatArray:
    """Return what was paid within the day that ends with each bar, or a day's part of a bar."""
    if bar_s >= SECONDS_PER_DAY:
        return rates * (SECONDS_PER_DAY / bar_s)
    # One hour of a cascade times 24 is no day's funding: the worst hours come alone.
    width = SECONDS_PER_DAY // bar_s
    return np.convolve(rates, np.ones(width))[: len(rates)]


def crossed_rates(market: Market) -> Iterator[Finding]:
    """Yield bars where a protocol pays more for an asset than it charges."""
    for (protocol, asset), supply in market.supply.items():
        borrow = market.borrow.get((protocol, asset))
        if borrow is None:
            continue
        for bar, length in _runs(supply.apy > borrow.apy):
            excess = float(supply.apy[bar] - borrow.apy[bar])
            message = f"supply pays {excess:.2%} more than borrowing costs, for {_bars(length)}"
            at = when(market.times, bar)
            label = f"supply {protocol} {asset}"
            yield Finding("warning", label, "supply-above-borrow", message, at, excess, length)


def imported(market: Market) -> Iterator[Finding]:
    """Yield what the import met and dealt with: repetitions, disorder, late stamps."""
    texts = {
        "duplicates": ("duplicates", "{:.0f} identical repeated rows were dropped"),
        "out_of_order": ("out-of-order", "{:.0f} rows stood after a later one and were sorted"),
        "several_a_day": ("several-a-day", "{:.0f} days have several snapshots; the last counts"),
    }
    statistics = market.provenance.get("statistics")
    if not isinstance(statistics, Mapping):  # a market from elsewhere may say anything there
        return
    for label, counts in statistics.items():
        for key, (rule, text) in texts.items():
            if number := float(counts.get(key, 0)):
                yield Finding("info", label, rule, text.format(number), None, number, 0)
        if (late := float(counts.get("max_jitter_s", 0.0))) > LATE_STAMP_S:
            message = f"stamps lie up to {late:.0f} s off the hour; the nearest hour counts"
            yield Finding("info", label, "jitter", message, None, late, 0)


def _prices(market: Market) -> Iterator[tuple[str, PriceSeries]]:
    for (venue, kind), series in market.prices.items():
        yield f"price {venue} {kind}", series


def _apys(market: Market) -> Iterator[tuple[str, FloatArray]]:
    for side, group in (("supply", market.supply), ("borrow", market.borrow)):
        for (protocol, asset), series in group.items():
            yield f"{side} {protocol} {asset}", series.apy


def _rates(market: Market) -> Iterator[tuple[str, FloatArray, int]]:
    """Yield label, observed values and the number of repetitions that is suspect."""
    bars_a_day = max(1, SECONDS_PER_DAY // market.bar_seconds)
    for venue, series in market.funding.items():
        values = _unfilled(series.rate, series.observed)
        yield f"funding {venue}", values, FROZEN_FUNDING_DAYS * bars_a_day
    for side, group in (("supply", market.supply), ("borrow", market.borrow)):
        for (protocol, asset), rates in group.items():
            values = _unfilled(rates.apy, rates.observed)
            yield f"{side} {protocol} {asset}", values, FROZEN_APY_DAYS * bars_a_day


def _settled(series: FundingSeries) -> FloatArray:
    """Return rates with NaN where nothing was to be settled: that 0 is a true one."""
    if series.settlements is None:
        return series.rate
    return np.where(series.settlements > 0, series.rate, np.nan)


def _unfilled(values: FloatArray, observed: BoolArray) -> FloatArray:
    """Return values with NaN where they were filled: a held value is not a frozen one."""
    return np.where(observed, values, np.nan)


RULES: tuple[Callable[[Market], Iterator[Finding]], ...] = (
    filled,
    ohlc,
    partial,
    funding_counts,
    frozen,
    zeros,
    absurd_prices,
    absurd_rates,
    crossed_rates,
    imported,
    *TRUST_RULES,
)
"""All rules, in the order in which they are asked."""
