"""Rates in the wrong unit: percent where a fraction belongs, or the reverse.

A rate that is wrong by a factor of 100 passes every check of type and sign, and moves every result.
These rules refuse it before it reaches a market; ``trust_units`` (``--trust-units``) overrules them
for the rare series that is like that, such as the supply rate of a coin that nobody borrows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from basislab.data.sources.hyperliquid import expected_rate
from basislab.data.sources.rows import RawSeries
from basislab.errors import SourceError
from basislab.types.market import BoolArray, FloatArray, IntArray
from basislab.units import SECONDS_PER_DAY

MAX_MEDIAN_DAILY_FUNDING = 0.01
"""A median above 1 % a day (365 % a year) is percent; Solana's is 0.02 %."""

MIN_MEDIAN_BORROW_PCT = 0.5
"""A median borrow APY below 0.5 % is a fraction; the lowest of the study's series is 6.1 %."""

MIN_MEDIAN_SUPPLY_PCT = 0.2
"""A median supply APY below 0.2 % is a fraction, unless the same file's borrow APY bears it out."""

MAX_BORROW_TO_SUPPLY = 25.0
"""A supply APY down to this part of a plausible borrow APY is true: few borrow that coin."""

MAX_SETTLEMENT = 0.05
"""One settlement above 5 % is another unit; the venues' own caps are 4 % an hour and less."""

MAX_MEDIAN_APY_PCT = 300.0
"""A median APY above it is basis points or a mistake; a year at 300 % is no lending rate."""

Place = Callable[[int], str]

_NEIGHBOURS = 2
_FRACTION_BAND = (1 / 200, 1 / 50)  # of the neighbours; in 819 days the lowest true ratio is 0.21
_OVERRULE = "or keep them as they are with --trust-units"


@contextmanager
def judged(trusted: list[str] | None, where: str, name: str) -> Iterator[None]:
    """Refuse rates in another unit; where `trusted` is given, note there that they are taken.

    The note names the file without its directories, as a market is the same wherever it lay.
    """
    try:
        yield
    except SourceError as error:
        if trusted is None:
            raise
        doubt = str(error).rsplit(". ", 1)[0]  # the last sentence says what to do
        trusted.append(f"taken as it is (--trust-units): {doubt.replace(where, name)}")


def judge_settlements(
    rates: FloatArray, times: IntArray, place: Place, *, is_daily_sum: bool = False
) -> None:
    """Raise if the settlements of a file look like percent, basis points or a rate a year."""
    check_fraction(rates, 1.0 if is_daily_sum else _settlements_per_day(times), place)
    wrong = np.abs(rates) > MAX_SETTLEMENT
    if wrong.any() and not is_daily_sum:
        row = int(np.argmax(wrong))
        raise SourceError(
            f"{place(row)}: got {rates[row]:g}, more than {MAX_SETTLEMENT:g} in one settlement: "
            "this looks like another unit than a fraction of notional. "
            f"Correct the row, {_OVERRULE}."
        )


def judge_apys(
    supply: FloatArray, borrow: FloatArray | None, place: Callable[[int, str], str]
) -> None:
    """Raise if the APYs of a file look like fractions or basis points where percent belong."""
    for name, apy in (("supply_apy_pct", supply), ("borrow_apy_pct", borrow)):
        if apy is None or not np.isfinite(apy).any():
            continue
        median = float(np.nanmedian(apy))
        if median > MAX_MEDIAN_APY_PCT:
            row = int(np.argmax(np.isfinite(apy)))
            raise SourceError(
                f"{place(row, name)}: got {apy[row]:g}, and the median of the file is {median:g} "
                "% a year: these look like basis points where percent are wanted. "
                f"Divide them by 100, {_OVERRULE}."
            )
    floor = MIN_MEDIAN_SUPPLY_PCT if borrow is None else supply_floor(borrow)
    check_percent(supply, lambda row: place(row, "supply_apy_pct"), floor)
    if borrow is not None:
        check_percent(borrow, lambda row: place(row, "borrow_apy_pct"), MIN_MEDIAN_BORROW_PCT)


def check_units(series: RawSeries) -> None:
    """Raise if the rates of `series` look like another unit than its source uses.

    Parameters
    ----------
    series : RawSeries
        Candles always pass.

    Raises
    ------
    SourceError
        Names the file, the row and the remedy.
    """
    if series.kind in ("lending", "reserve"):
        supply, borrow = series.values[:, 0], series.values[:, 1]
        check_percent(supply, _rows_of(series, "apyBase"), supply_floor(borrow))
        check_percent(borrow, _rows_of(series, "apyBaseBorrow"), MIN_MEDIAN_BORROW_PCT)
    elif series.kind == "daily funding":
        check_fraction(series.values[:, 0], 1.0, _rows_of(series, "rate"))
    elif series.kind == "funding":
        per_day = _settlements_per_day(series.times)
        check_fraction(series.values[:, 0], per_day, _rows_of(series, "fundingRate"))
        _check_premium(series)


def _rows_of(series: RawSeries, field: str) -> Place:
    return lambda row: f"{series.where}: row {row + 1}, {field}"


def supply_floor(borrow_apy_pct: FloatArray) -> float:
    """Return below which median a supply APY is a fraction, given the borrow APY of its reserve.

    Parameters
    ----------
    borrow_apy_pct : ndarray of shape (n_rows,), percent
        NaN is skipped.

    Returns
    -------
    float, percent

    Examples
    --------
    >>> supply_floor(np.array([2.0, 2.0])), supply_floor(np.array([0.02]))
    (0.08, 0.2)
    """
    used = borrow_apy_pct[np.isfinite(borrow_apy_pct) & (borrow_apy_pct > 0)]
    median = float(np.median(used)) if len(used) else 0.0
    if median < MIN_MEDIAN_BORROW_PCT:
        return MIN_MEDIAN_SUPPLY_PCT
    return min(MIN_MEDIAN_SUPPLY_PCT, median / MAX_BORROW_TO_SUPPLY)


def check_percent(apy_pct: FloatArray, place: Place, floor: float) -> None:
    """Raise if a column of APYs holds fractions instead of percent.

    Parameters
    ----------
    apy_pct : ndarray of shape (n_rows,), percent
        NaN is skipped.
    place : callable
        Returns the start of the message for a row, counted from 0.
    floor : float, percent
        Lowest median that is believed.

    Raises
    ------
    SourceError
        Half of the values lie below `floor`, or one value is a hundredth of its
        neighbours.
    """
    rows = np.flatnonzero(np.isfinite(apy_pct))
    seen = apy_pct[rows]
    used = rows[seen > 0]  # a pool without loans pays exactly 0
    if not len(used):
        return
    median = float(np.median(apy_pct[used]))
    if median < floor:
        row = int(used[0])
        raise SourceError(
            f"{place(row)}: got {apy_pct[row]:g}, and half of the rows lie "
            f"below {floor:g} %: these look like fractions where percent are wanted. "
            f"Multiply them by 100, {_OVERRULE}."
        )
    for index in np.flatnonzero(_is_hundredth(seen)):
        raise SourceError(
            f"{place(int(rows[index]))}: got {seen[index]:g}, a hundredth "
            "of the rows beside it: this looks like a fraction where percent is wanted. "
            f"Multiply it by 100, {_OVERRULE}."
        )


def _is_hundredth(values: FloatArray) -> BoolArray:
    """Tell which values are about 1/100 of every one of their neighbours."""
    padded = np.pad(values, _NEIGHBOURS, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1)
    beside = np.delete(windows, _NEIGHBOURS, axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = values[:, np.newaxis] / beside
    low, high = _FRACTION_BAND
    inside = (ratio > low) & (ratio < high)
    return np.asarray((inside | np.isnan(beside)).all(axis=1) & inside.any(axis=1))


def check_fraction(rates: FloatArray, per_day: float, place: Place) -> None:
    """Raise if a column of funding rates holds percent instead of fractions.

    Parameters
    ----------
    rates : ndarray of shape (n_rows,), fraction of notional per settlement
        NaN is skipped.
    per_day : float
        Settlements a day.
    place : callable
        Returns the start of the message for a row, counted from 0.

    Raises
    ------
    SourceError
        The median size exceeds `MAX_MEDIAN_DAILY_FUNDING` a day.
    """
    rows = np.flatnonzero(np.isfinite(rates))
    if not len(rows):
        return
    median = float(np.median(np.abs(rates[rows]))) * per_day
    if median > MAX_MEDIAN_DAILY_FUNDING:
        row = int(rows[0])
        raise SourceError(
            f"{place(row)}: got {rates[row]:g}, and the median of the file "
            f"is {median:.3g} a day: these look like percent or a rate a year where fractions are "
            f"wanted. Divide percent by 100 and a yearly rate by its settlements, {_OVERRULE}."
        )


def _settlements_per_day(times: IntArray) -> float:
    steps = np.diff(np.unique(times))
    return SECONDS_PER_DAY / float(np.median(steps)) if len(steps) else 1.0


def _check_premium(series: RawSeries) -> None:
    """Refuse a single rate in percent: it is 100 times what the venue's own formula gives.

    A lone percent value (0.00125 for 0.0000125) is within the range of true rates, so that only
    the premium beside it gives it away.
    """
    for row, (rate, premium) in enumerate(series.values.tolist(), 1):
        expected = 100 * expected_rate(premium)
        if abs(expected) > 1e-5 and abs(rate - expected) < 1e-8:
            raise SourceError(
                f"{series.where}: row {row}, fundingRate: got {rate:g}, 100 times what premium "
                f"{premium:g} gives: this looks like percent where a fraction is wanted. "
                f"Divide it by 100, {_OVERRULE}."
            )
