"""Put series on the grid of the candles: the only place that decides about a gap.

Nothing is ever taken as zero. A hole is an error that says how large it is, unless the user allows
holes of that length; then the previous value is held (or, for rates, a line is drawn to the next
one), `observed` is False there, and the decision is recorded. Or the longest stretch without a hole
is kept, and the rest dropped.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from basislab.data.build.holes import SCHEDULE_WINDOW, Hole, find_holes
from basislab.errors import ConfigError, DataGapError
from basislab.types.market import BoolArray, FloatArray, IntArray, TimeArray
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

_UNIT_SECONDS = {"m": 60, "h": SECONDS_PER_HOUR, "d": SECONDS_PER_DAY}
_DURATION = re.compile(r"(\d{1,6})\s*([mhd])")


def parse_max_gap(text: str | None, name: str = "max_gap") -> int:
    """Return a duration such as ``3h`` in seconds.

    Parameters
    ----------
    text : str or None
        A whole number of minutes, hours or days (``90m``, ``3h``, ``2d``); None or ``0`` is none.
    name : str
        What the user calls it, for the message.

    Returns
    -------
    int
        Seconds.

    Raises
    ------
    ConfigError
        Anything else.

    Examples
    --------
    >>> parse_max_gap("3h")
    10800
    """
    if text is None or text.strip() == "0":
        return 0
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ConfigError(
            f"{name}: got {text!r}; it must be a whole number of minutes, hours or days, "
            "such as 90m, 3h or 1d."
        )
    return int(match[1]) * _UNIT_SECONDS[match[2]]


def sum_per_bar(bars: IntArray, rates: FloatArray, n_bars: int) -> tuple[FloatArray, IntArray]:
    """Sum settlements within bars, in numpy's `reduceat` order.

    The order decides about the last bits. This one is that of the study's table (a grouped sum of
    sorted rows): with it the import of the venue's own answers equals that table bit for bit, while
    a running, a compensated or an exact sum differs in the last digit on 300 of 410 days.

    Parameters
    ----------
    bars : ndarray of int64, shape (n_settlements,)
        Bar of each settlement, not decreasing.
    rates : ndarray of shape (n_settlements,), fraction of notional

    Returns
    -------
    sums : ndarray of shape (n_bars,)
        NaN, never 0, where a bar has no settlement.
    counts : ndarray of int64, shape (n_bars,)

    Examples
    --------
    >>> sum_per_bar(np.array([0, 0, 2]), np.array([1.0, 2.0, 4.0]), 3)
    (array([ 3., nan,  4.]), array([2, 0, 1]))
    """
    counts = np.bincount(bars, minlength=n_bars).astype(np.int64)
    sums = np.full(n_bars, np.nan)
    if len(bars):
        first_of_bar = np.flatnonzero(np.diff(bars, prepend=-1))
        sums[bars[first_of_bar]] = np.add.reduceat(rates, first_of_bar)
    return sums, counts


@dataclass
class Aligner:
    """Holds what the user allows, and every decision that was taken under it.

    Parameters
    ----------
    times : ndarray of datetime64[s], shape (n_bars,)
        The grid: opens of the bars.
    bar_seconds : int
        Width of a bar.
    max_gap_s : int, seconds
        Longest hole that is filled; 0 fills none.
    refetch : str
        What to do about a hole, as a sentence's beginning.
    command : str
        Command that takes ``--max-gap``, where it is not the one that is running.
    interpolates : bool
        Holes of rates are filled with a line between their neighbours, and all others refused.
    gaps_seen : ndarray of bool, shape (n_bars,), optional
        Where it is given nothing is refused, and the bars with holes are marked in it.
    """

    times: TimeArray
    bar_seconds: int
    max_gap_s: int = 0
    refetch: str = "Refetch the missing time and import again"
    command: str = ""
    decisions: list[dict[str, Any]] = field(default_factory=list)
    interpolates: bool = False
    gaps_seen: BoolArray | None = None

    @property
    def starts(self) -> IntArray:
        """Opens of the bars, seconds since 1970."""
        return self.times.astype("datetime64[s]").astype(np.int64)

    def place(self, stamps: IntArray, values: FloatArray) -> FloatArray:
        """Return values by bar, NaN where a bar has none; what lies outside the grid is dropped.

        Parameters
        ----------
        stamps : ndarray of int64, shape (n,), seconds since 1970
            Increasing; of several non-null values in one bar the last one counts.
        values : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n_bars,)
        """
        placed = np.full(len(self.times), np.nan)
        bars = (stamps - self.starts[0]) // self.bar_seconds
        used = (bars >= 0) & (bars < len(placed)) & ~np.isnan(values)
        placed[bars[used]] = values[used]
        return placed

    def hold(
        self, label: str, values: FloatArray, where: str = "", *, is_rate: bool = False
    ) -> tuple[FloatArray, BoolArray]:
        """Fill the missing bars with the bar before them, where that is allowed.

        Parameters
        ----------
        label : str
            Series in the message, such as ``kamino/USDC borrow_apy``.
        values : ndarray of shape (n_bars,)
            NaN where missing.
        where : str
            File, for the message.
        is_rate : bool
            A line may be drawn through its holes.

        Returns
        -------
        values : ndarray of shape (n_bars,)
            The same array where nothing is missing.
        observed : ndarray of bool, shape (n_bars,)

        Raises
        ------
        DataGapError
            A hole longer than allowed, or before the first value.
        """
        missing = np.isnan(values)
        if not missing.any():
            return values, ~missing
        step = self.bar_seconds
        edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(int)))
        holes = [
            Hole(int(self.starts[start]), step, int(stop - start))
            for start, stop in edges.reshape(-1, 2)
        ]
        has_ends = not missing[0] and not (self.interpolates and missing[-1])
        self._decide(label, where, holes, len(values), has_start=has_ends, is_rate=is_rate)
        if self.interpolates and has_ends:
            bars = np.arange(len(values))
            return np.interp(bars, bars[~missing], values[~missing]), ~missing
        source = np.maximum.accumulate(np.where(missing, 0, np.arange(len(values))))
        return values[source], ~missing

    def settle(
        self, label: str, stamps: IntArray, rates: FloatArray, where: str = ""
    ) -> tuple[FloatArray, IntArray, BoolArray]:
        """Sum funding settlements within bars.

        The first and the last bar with settlements may be covered in part, as a history always
        begins and ends somewhere; `basislab.data.check` flags them.

        Parameters
        ----------
        label : str
            Series in the message, such as ``hyperliquid/SOL funding``.
        stamps : ndarray of int64, shape (n,), seconds since 1970
            Nominal times, strictly increasing, at least one. Those outside the grid count for the
            schedule only.
        rates : ndarray of shape (n,), fraction of notional per settlement
        where : str
            File, for the message.

        Returns
        -------
        rate : ndarray of shape (n_bars,), fraction of notional per bar
            0 where the venue settles in longer steps than the bars.
        settlements : ndarray of int64, shape (n_bars,)
            How many settlements the sum holds, filled ones included.
        observed : ndarray of bool, shape (n_bars,)
            False where a settlement was filled.

        Raises
        ------
        DataGapError
            A hole longer than allowed, or a bar before the first settlement.
        """
        first, end = int(self.starts[0]), int(self.starts[-1]) + self.bar_seconds
        found = [*self._before(stamps), *find_holes(stamps), *self._behind(stamps)]
        holes = [part for hole in found if (part := hole.within(first, end)).missing]
        observed = np.ones(len(self.times), dtype=np.bool_)
        if holes:
            inside = int(((stamps >= first) & (stamps < end)).sum())
            expected = inside + sum(hole.missing for hole in holes)
            has_start = bool(stamps[0] < first + self.bar_seconds)
            self._decide(label, where, holes, expected, has_start=has_start)
            stamps, rates, filled = _fill(stamps, rates, holes)
            observed[(filled - first) // self.bar_seconds] = False
        kept = (stamps >= first) & (stamps < end)
        bars = (stamps[kept] - first) // self.bar_seconds
        sums, counts = sum_per_bar(bars, rates[kept], len(self.times))
        # Holes are dealt with: a bar without a settlement lies between two of a slower schedule,
        # where nothing is paid. That is a rate of 0, not a missing one.
        sums[counts == 0] = 0.0
        return sums, counts, observed

    def _before(self, stamps: IntArray) -> list[Hole]:
        """Return the hole ahead of the first settlement, if it spans the whole first bar."""
        first, until = int(self.starts[0]), int(stamps[0])
        if until < first + self.bar_seconds:
            return []
        step = self._step(stamps[: SCHEDULE_WINDOW + 1])
        return [Hole(first, step, (until - first) // step)]

    def _behind(self, stamps: IntArray) -> list[Hole]:
        """Return the hole after the last settlement, if it spans the whole last bar."""
        last, end = int(stamps[-1]), int(self.starts[-1]) + self.bar_seconds
        if last >= self.starts[-1]:
            return []
        step = self._step(stamps[-SCHEDULE_WINDOW - 1 :])
        return [Hole(last + step, step, math.ceil((end - last) / step) - 1)]

    def _step(self, stamps: IntArray) -> int:
        return int(np.median(np.diff(stamps))) if len(stamps) > 1 else self.bar_seconds

    def _decide(
        self,
        label: str,
        where: str,
        holes: list[Hole],
        expected: int,
        *,
        has_start: bool,
        is_rate: bool = False,
    ) -> None:
        """Allow `holes` and record them, or raise."""
        if self.gaps_seen is not None:
            for hole in holes:
                low, high = hole.start - self.starts[0], hole.start + hole.seconds - self.starts[0]
                self.gaps_seen[low // self.bar_seconds : -(-high // self.bar_seconds)] = True
            return
        steps = {hole.step for hole in holes}
        names = {SECONDS_PER_HOUR: "hours", SECONDS_PER_DAY: "days"}
        unit = names.get(steps.pop(), "settlements") if len(steps) == 1 else "settlements"
        missing, longest = sum(hole.missing for hole in holes), max(hole.seconds for hole in holes)
        is_allowed = is_rate or not self.interpolates
        if has_start and is_allowed and longest <= self.max_gap_s:
            self.decisions.append(
                {
                    "series": label,
                    "missing": missing,
                    "unit": unit,
                    "first": _iso(holes[0].start),
                    "longest_s": longest,
                    "filled_with": "line between its neighbours"
                    if self.interpolates
                    else "previous value",
                }
            )
            return
        flag = f"--max-gap {_short(longest)}"
        flag = f"'{self.command} {flag}'" if self.command else flag
        remedy = f"{self.refetch}, or allow up to {_span(longest)} with {flag}"
        if not is_allowed:
            remedy = f"{self.refetch}; only rates are interpolated"
        elif not has_start:
            remedy = f"Nothing stands before it that could be held: {_lower(self.refetch)}"
            if self.interpolates:
                remedy = f"It has not two ends to draw a line between: {_lower(self.refetch)}"
        raise DataGapError(
            f"{label}: {_count(missing)} of {_count(expected)} {unit} missing"
            f"{' in ' + where if where else ''}, "
            f"first {_iso(holes[0].start)}. {remedy}."
        )


def dropped(times: TimeArray, gaps_seen: BoolArray, kept: slice) -> dict[str, Any]:
    """Return the decision to keep the longest stretch without a hole, as a market records it.

    Parameters
    ----------
    times : ndarray of datetime64, shape (n_bars,)
        The whole grid.
    gaps_seen : ndarray of bool, shape (n_bars,)
        Bars in which a series has a hole; one at least.
    """
    return {
        "series": "all series",
        "missing": int(gaps_seen.sum()),
        "unit": "bars",
        "first": f"{times[np.argmax(gaps_seen)].astype('datetime64[m]')}Z",
        "dropped": len(times) - (kept.stop - kept.start),
        "filled_with": "longest stretch without a hole, and nothing else kept",
    }


def longest_stretch(has_gap: BoolArray) -> slice:
    """Return the longest run of bars without a gap, the latest of several.

    Parameters
    ----------
    has_gap : ndarray of bool, shape (n_bars,)

    Returns
    -------
    slice
        Empty where every bar has one.

    Examples
    --------
    >>> longest_stretch(np.array([False, True, False, False]))
    slice(2, 4, None)
    """
    padded = np.concatenate(([True], has_gap, [True])).astype(np.int8)
    edges = np.flatnonzero(np.diff(padded)).reshape(-1, 2)
    if not len(edges):
        return slice(0, 0)
    lengths = (edges[:, 1] - edges[:, 0])[::-1]
    start, stop = edges[::-1][int(np.argmax(lengths))].tolist()
    return slice(start, stop)


def _fill(
    stamps: IntArray, rates: FloatArray, holes: list[Hole]
) -> tuple[IntArray, FloatArray, IntArray]:
    """Return settlements with the holes filled by the rate before them, and the filled times."""
    filled = np.concatenate([hole.start + hole.step * np.arange(hole.missing) for hole in holes])
    held = rates[np.searchsorted(stamps, filled) - 1]
    order = np.argsort(times := np.concatenate([stamps, filled]), kind="stable")
    return times[order], np.concatenate([rates, held])[order], filled


def _iso(seconds: int) -> str:
    return f"{np.datetime64(seconds, 's').astype('datetime64[m]')}Z"


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _span(seconds: int) -> str:
    short = _short(seconds)
    return f"{short[:-1]} {short[-1]}"


def _short(seconds: int) -> str:
    if seconds % SECONDS_PER_DAY == 0:
        return f"{seconds // SECONDS_PER_DAY}d"
    if seconds % SECONDS_PER_HOUR == 0:
        return f"{seconds // SECONDS_PER_HOUR}h"
    return f"{math.ceil(seconds / 60)}m"


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
