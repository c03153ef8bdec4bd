"""Paired differences: the same days drawn for every policy, or whole histories drawn anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from basislab.errors import ConfigError
from basislab.research.blocks import MIN_ROWS, optimal_block
from basislab.research.bootstrap import draw_path, resample
from basislab.research.overfit.runner import day_starts
from basislab.research.overfit.spa import stationary_rows
from basislab.types.market import BoolArray, FloatArray, Market
from basislab.units import SECONDS_PER_DAY

DRAWS = 1_000
"""Resamples of the days, over all cases."""

NO_RUIN = 1e-12
"""What a dollar becomes in a day, at the least: a ruin has a logarithm too."""


def daily_returns(curves: FloatArray) -> FloatArray:
    """Return the return of every day along the last axis, from a curve that begins at 1."""
    before = np.concatenate((np.ones_like(curves[..., :1]), curves[..., :-1]), axis=-1)
    is_alive = before > 0.0
    return np.asarray(np.where(is_alive, curves / np.where(is_alive, before, 1.0) - 1.0, 0.0))


def block_length(returns: FloatArray, reference: int) -> float:
    """Return the longest block that the daily differences from one column ask for, in days.

    Of returns of shape (n_paths, n_columns, n_days) the mean over the paths counts.

    Raises
    ------
    ConfigError
        Fewer days than a bootstrap needs.
    """
    mean = returns.mean(axis=0)
    others = [row for number, row in enumerate(mean) if number != reference]
    return max(optimal_block(row - mean[reference]) for row in others)


def resampled(returns: FloatArray, block_days: float, seed: int) -> FloatArray:
    """Return total returns of resampled histories, shape (DRAWS, n_columns).

    A draw takes one path and blocks of its days, the same for every column, so that the difference
    of two columns is that of two policies on the same days. Paths follow each other in order.
    """
    n_paths, n_columns, n_days = returns.shape
    rows = stationary_rows(n_days, DRAWS, block_days, np.random.default_rng(seed))
    logs = np.log(np.maximum(1.0 + returns, NO_RUIN))
    found = np.empty((DRAWS, n_columns))
    for draw, row in enumerate(rows):
        found[draw] = logs[draw * n_paths // DRAWS] @ np.bincount(row, minlength=n_days)
    return np.asarray(np.expm1(found))


def redrawn(
    market: Market, partial: BoolArray, block_days: float, seed: int, number: int
) -> Market:
    """Return a history of whole days drawn in blocks from a market's, on its own calendar.

    Hours keep their place in the day, and every price its ratio to the reference price of its bar.

    Parameters
    ----------
    market : Market
        Bars that divide a day.
    partial : ndarray of bool, shape (n_bars,)
        Bars that hold a part of their time; their days are not drawn.
    number : int
        Of the history; the same one for all policies.

    Raises
    ------
    ConfigError
        Too few whole days.
    """
    starts, count = day_starts(market.times), SECONDS_PER_DAY // market.bar_seconds
    is_whole = (np.diff(starts) == count) & (np.add.reduceat(partial, starts[:-1]) == 0)
    is_whole[0] = False  # its first bar has no close before it
    begins = starts[:-1][is_whole]
    if len(begins) < MIN_ROWS:
        raise ConfigError(
            f"market {market.name!r}: {len(begins)} whole days to draw from; at least {MIN_ROWS} "
            "are needed. Take a longer window."
        )
    rows = draw_path(len(begins), len(begins), block_days, seed, number)
    bars = (begins[rows][:, None] + np.arange(count)).ravel()
    step = np.timedelta64(market.bar_seconds, "s")
    times = market.times[begins[0]] + step * np.arange(len(bars))
    return replace(resample(market, bars), times=times)
