"""Where a path begins that starts from now: on days before which it was much like today."""

from __future__ import annotations

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels.bootstrap import Rows
from basislab.types.market import FloatArray

RATE_DAYS, PRICE_DAYS = 7, 30
"""Days before a day that funding and carry, and the price's moves, are looked at."""


def conditions(rows: Rows) -> FloatArray:
    """Return what was known at every day's open: 7-day funding, 30-day volatility, 7-day carry.

    Parameters
    ----------
    rows : Rows
        Days.

    Returns
    -------
    ndarray of shape (n_rows + 1, 3)
        Per day; NaN where too few days lie before. The last is known after the last day.
    """
    found = np.full((len(rows.close) + 1, 3), np.nan)
    returns = np.log(rows.close)
    for column, (values, width) in enumerate(
        (
            (rows.funding, RATE_DAYS),
            (returns, PRICE_DAYS),
            (rows.supply - rows.borrow, RATE_DAYS),
        )
    ):
        if len(values) >= width:
            windows = np.lib.stride_tricks.sliding_window_view(values, width)
            spread = windows.std(axis=1) if values is returns else windows.mean(axis=1)
            found[width:, column] = spread
    return found


def today_of(rows: Rows) -> FloatArray:
    """Return the conditions after the last day, shape (3,).

    Raises
    ------
    ConfigError
        The history is too short to compare them with.
    """
    if len(rows.close) < 2 * PRICE_DAYS:
        raise ConfigError(
            f"from: {len(rows.close)} whole days of history; at least {2 * PRICE_DAYS} are needed "
            "to know days that were like today. Take a longer window, or no start from now."
        )
    return np.asarray(conditions(rows)[-1])


def first_chances(rows: Rows, today: FloatArray) -> FloatArray:
    """Return the sums of the days' chances to be a path's first one.

    Each is ``exp(-d^2 / 2)`` over their sum, d the distance from today of the conditions before the
    day, each over its standard deviation; 0 where too little lies before the day.

    Parameters
    ----------
    today : ndarray of shape (3,)
        From `today_of`.

    Returns
    -------
    ndarray of shape (n_rows,)
        Rising to 1.
    """
    known = conditions(rows)[:-1]
    size = np.nanstd(known, axis=0)
    size[size == 0.0] = np.inf
    distance = (((known - today) / size) ** 2).sum(axis=1)
    # only differences count; the nearest day never rounds to nothing
    weights = np.exp(-0.5 * (distance - np.nanmin(distance)))
    weights[np.isnan(weights)] = 0.0
    return np.asarray(np.cumsum(weights) / weights.sum())
