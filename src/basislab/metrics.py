"""Measures as pure functions of arrays and numbers (docs/models.md, section "Measures")."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.units import DAYS_PER_YEAR

FloatArray = NDArray[np.float64]


def annualized_return(total_return: float, days: float) -> float:
    """Return the simple (not compounded) annual rate: ``return * 365 / days``.

    Parameters
    ----------
    total_return : float, fraction
    days : float, days
        Length of the run, > 0.

    Returns
    -------
    float, fraction per year

    Raises
    ------
    ConfigError
        `days` is not above 0.

    Examples
    --------
    >>> annualized_return(0.082, 410)
    0.073
    """
    if days <= 0:
        raise ConfigError(f"days: got {days}; it must be above 0.")
    return total_return * DAYS_PER_YEAR / days


def compound_return(apy: FloatArray, bar_days: float = 1.0) -> float:
    """Return what a deposit earns: ``prod((1 + apy)^(bar_days / 365)) - 1``.

    Parameters
    ----------
    apy : ndarray of shape (n_bars,), fraction per year, compound
        NaN gives NaN.
    bar_days : float, days
        Width of a bar.

    Returns
    -------
    float, fraction

    Examples
    --------
    >>> round(compound_return(np.full(365, 0.05)), 12)
    0.05
    """
    return float(np.prod((1.0 + apy) ** (bar_days / DAYS_PER_YEAR))) - 1.0


def drawdown(equity: FloatArray, initial: float) -> FloatArray:
    """Return the loss from the running peak, which starts at `initial`.

    Parameters
    ----------
    equity : ndarray of shape (n_bars,), USD
        NaN spreads to all later bars.
    initial : float, USD
        Capital before the first bar, > 0.

    Returns
    -------
    ndarray of shape (n_bars,), fraction of the peak, >= 0

    Examples
    --------
    >>> drawdown(np.array([90.0, 120.0, 60.0]), 100.0)
    array([0.1, 0. , 0.5])
    """
    peak = np.maximum.accumulate(np.maximum(equity, initial))
    return np.asarray(1.0 - equity / peak)


def max_drawdown(equity: FloatArray, initial: float) -> float:
    """Return the largest `drawdown`; 0 where the curve never falls below its peak.

    Parameters
    ----------
    equity : ndarray of shape (n_bars,), USD
    initial : float, USD

    Returns
    -------
    float, fraction of the peak

    Examples
    --------
    >>> max_drawdown(np.array([90.0, 120.0, 60.0]), 100.0)
    0.5
    """
    return float(drawdown(equity, initial).max())


def correlation(left: FloatArray, right: FloatArray) -> float:
    """Return Pearson's correlation; NaN where a series is constant or shorter than two.

    Parameters
    ----------
    left, right : ndarray of shape (n,)

    Returns
    -------
    float, in [-1, 1] or NaN

    Examples
    --------
    >>> correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
    1.0
    """
    if len(left) < 2 or left.std() == 0.0 or right.std() == 0.0:
        return float("nan")
    return float(np.clip(np.corrcoef(left, right)[0, 1], -1.0, 1.0))
