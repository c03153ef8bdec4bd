"""Entry statistics of the static position: every start day, every holding period.

Works on the daily P&L of a constant notional, so that a start day differs from the next one by its
days only (docs/models.md, section "Entry statistics").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels.bars import Bars, FloatArray
from basislab.types.configs import TradeConfig
from basislab.types.venue import StudyVenue
from basislab.units import from_bps


@dataclass(frozen=True, kw_only=True)
class EntryStatistics:
    """Outcome of holding for `days` from every possible start day.

    Parameters
    ----------
    days : int
        Holding period; the start day is the first of them.
    starts, wins : int
        Start days whose period lies within the data, and those that end above zero.
    median_pnl_usd : float
        After costs; NaN where there is no start.
    """

    days: int
    starts: int
    wins: int
    median_pnl_usd: float

    @property
    def win_rate(self) -> float:
        """Share of starts that win; NaN where there is no start."""
        return self.wins / self.starts if self.starts else float("nan")


def static_pnl(bars: Bars, config: TradeConfig) -> FloatArray:
    """Return the P&L of every bar on the constant notional of `config`.

    ``N * supply - (N - C/2) * borrow + N * funding`` with ``N = C/2 * L``.

    Returns
    -------
    ndarray of shape (n_bars,), USD
    """
    notional = config.notional_usd
    borrowed = notional - config.capital_usd / 2
    return np.asarray(notional * (bars.supply + bars.funding) - borrowed * bars.borrow)


def round_trip_cost(config: TradeConfig, venue: StudyVenue) -> float:
    """Return what opening and closing costs: open fee, both perp sides, gas.

    Returns
    -------
    float, USD

    Examples
    --------
    >>> from basislab.presets import load_venue
    >>> from basislab.types import StaticConfig
    >>> config = StaticConfig(leverage=3, capital_usd=1_000)
    >>> round(round_trip_cost(config, load_venue("hyperliquid-study")), 2)
    5.3
    """
    fees = from_bps(config.open_fee_bps) + 2 * from_bps(venue.taker_fee_bps)
    return config.notional_usd * fees + venue.gas_usd


def entry_statistics(
    pnl: FloatArray, cost: float, days: int, start_days: Sequence[int] | None = None
) -> EntryStatistics:
    """Return how often a position held for `days` ends above zero.

    Parameters
    ----------
    pnl : ndarray of shape (n_bars,), USD
        Daily, before costs.
    cost : float, USD
        Of the round trip.
    days : int
        Holding period, >= 1.
    start_days : sequence of int, optional
        Indices of the days allowed as starts; all by default.

    Raises
    ------
    ConfigError
        `days` below 1.

    Examples
    --------
    >>> entry_statistics(np.array([1.0, -3.0, 2.0]), 0.5, 1).win_rate
    0.6666666666666666
    """
    if days < 1:
        raise ConfigError(f"days: got {days}; a holding period has at least one day.")
    allowed = np.arange(len(pnl)) if start_days is None else np.asarray(start_days, np.int64)
    allowed = allowed[allowed + days <= len(pnl)]
    outcomes = np.array([pnl[start : start + days].sum() - cost for start in allowed])
    median = float(np.median(outcomes)) if len(outcomes) else float("nan")
    return EntryStatistics(
        days=days, starts=len(outcomes), wins=int((outcomes > 0).sum()), median_pnl_usd=median
    )


def days_after_positive(values: FloatArray) -> list[int]:
    """Return the days whose previous day's value is above zero (the study's smart entry).

    Parameters
    ----------
    values : ndarray of shape (n_bars,)

    Examples
    --------
    >>> days_after_positive(np.array([1.0, -1.0, 2.0]))
    [1]
    """
    return [int(day) + 1 for day in np.flatnonzero(values[:-1] > 0)]


def days_to_profit(pnl: FloatArray, cost: float) -> FloatArray:
    """Return after how many days each start is first above zero.

    Parameters
    ----------
    pnl : ndarray of shape (n_bars,), USD
    cost : float, USD
        Of the round trip.

    Returns
    -------
    ndarray of shape (n_bars,), days
        1 for a start that is above zero on its own day; NaN where it never is within the data.

    Examples
    --------
    >>> days_to_profit(np.array([1.0, 1.0, 1.0]), 1.5)
    array([ 2.,  2., nan])
    """
    days = np.full(len(pnl), np.nan)
    for start in range(len(pnl)):
        ahead = np.flatnonzero(np.cumsum(pnl[start:]) - cost > 0)
        if len(ahead):
            days[start] = ahead[0] + 1
    return days


def positive_streaks(pnl: FloatArray) -> list[int]:
    """Return the lengths of the runs of days with a P&L above zero, in order.

    Parameters
    ----------
    pnl : ndarray of shape (n_bars,), USD

    Examples
    --------
    >>> positive_streaks(np.array([1.0, 1.0, -1.0, 2.0]))
    [2, 1]
    """
    edges = np.diff(np.concatenate(([0], (pnl > 0).astype(np.int64), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [int(length) for length in ends - starts]
