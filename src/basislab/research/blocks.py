"""How long the blocks of a bootstrap must be to keep what depends on the days before.

References
----------
Politis, White (2004), "Automatic block-length selection for the dependent bootstrap", Econometric
Reviews 23, 53-70; corrected by Patton, Politis, White (2009), Econometric Reviews 28, 372-375.
Politis, Romano (1995), "Bias-corrected nonparametric spectral estimation", J. Time Series Analysis
16, 67-103, for the flat-top window.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from basislab.errors import ConfigError
from basislab.types.market import FloatArray

MIN_ROWS = 30
"""Fewer days than this hold no dependence that could be measured."""


def optimal_block(values: FloatArray) -> float:
    """Return the mean block length that is best for the stationary bootstrap's variance.

    Solves ``b = (2 g^2 / d)^(1/3) n^(1/3)`` with ``d = 2 s^2``, where ``s = sum lambda(k/m) R(k)``
    estimates the long-run variance and ``g = sum lambda(k/m) |k| R(k)``, R the autocovariances
    and lambda the flat-top window; m is twice the lag after which they are noise.

    Parameters
    ----------
    values : ndarray of shape (n,)
        At least `MIN_ROWS`.

    Returns
    -------
    float, bars
        In [1, min(3 sqrt(n), n / 3)]; 1 for a constant series.

    Raises
    ------
    ConfigError
        Too few values.

    Examples
    --------
    >>> optimal_block(np.ones(50))
    1.0
    """
    n = len(values)
    if n < MIN_ROWS:
        raise ConfigError(
            f"block length: {n} days of history; at least {MIN_ROWS} are needed. "
            "Take a longer window, or give the block length."
        )
    centred = values - values.mean()
    if float(centred @ centred) <= 1e-24 * n * max(float(values @ values) / n, 1e-300):
        return 1.0
    covariances, last = _covariances(centred)
    lags = np.arange(1, last + 1)
    window = np.where(lags / last <= 0.5, 1.0, 2.0 * (1.0 - lags / last))
    weighted = window * covariances[1 : last + 1]
    long_run = float(covariances[0] + 2.0 * weighted.sum())
    slope = float(2.0 * (lags * weighted).sum())
    longest = float(np.ceil(min(3.0 * np.sqrt(n), n / 3.0)))
    if long_run == 0.0:
        return longest
    best = (slope**2 / long_run**2) ** (1 / 3) * n ** (1 / 3)
    return float(min(max(best, 1.0), longest))


def _covariances(centred: FloatArray) -> tuple[FloatArray, int]:
    """Return autocovariances and the lag up to which the window reaches.

    The lag is twice the first one that is followed by `quiet` autocorrelations within
    ``2 sqrt(log10(n) / n)``.
    """
    n = len(centred)
    quiet = max(5, int(np.log10(n)))
    most = int(np.ceil(np.sqrt(n))) + quiet
    covariances, correlations = np.zeros(most + 1), np.zeros(most + 1)
    for lag in range(most + 1):
        product = float(centred[lag:] @ centred[: n - lag])
        ahead, behind = centred[lag + 1 :], centred[: n - lag - 1]
        scale = np.sqrt(float(ahead @ ahead) * float(behind @ behind))
        covariances[lag] = product / n
        correlations[lag] = abs(product) / scale if scale > 0.0 else 0.0
    limit = 2.0 * np.sqrt(np.log10(n) / n)
    for lag in range(quiet, most + 1):
        if (correlations[lag - quiet : lag] < limit).all():
            return covariances, min(2 * max(lag - quiet, 1), most)
    return covariances, most


def block_lengths(series: Mapping[str, FloatArray]) -> dict[str, float]:
    """Return the best block length of every series; the largest one keeps them all.

    Parameters
    ----------
    series : mapping of str to ndarray of shape (n,)

    Raises
    ------
    ConfigError
        Too few values.
    """
    return {name: optimal_block(values) for name, values in series.items()}
