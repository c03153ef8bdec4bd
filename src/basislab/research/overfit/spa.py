"""Superior predictive ability: could the best of all trials be luck? White's and Hansen's tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from basislab.errors import ConfigError
from basislab.types.market import BoolArray, FloatArray, IntArray

_TRIALS_AT_ONCE = 2_000_000
"""Floats of resampled means gathered in one piece."""


@dataclass(frozen=True, kw_only=True)
class Spa:
    """P-values of "no trial beats the hurdle", from one bootstrap.

    Parameters
    ----------
    lower, consistent, upper : float, probability
        Hansen's three: studentised, recentring the poor trials fully, where they are clearly poor,
        not at all. `consistent` is the one to use.
    reality_check : float, probability
        White's: not studentised, nothing recentred.
    statistic : float
        Largest ``sqrt(n) mean / deviation`` over the trials.
    block_bars : float
        Mean block length of the bootstrap.
    """

    lower: float
    consistent: float
    upper: float
    reality_check: float
    statistic: float
    block_bars: float
    resamples: int


def default_block(n_bars: int) -> float:
    """Return the block length used where none is given: ``n^(1/3)``, the rate of the optimum.

    Examples
    --------
    >>> default_block(1000)
    10.0
    """
    return float(max(1.0, round(n_bars ** (1 / 3), 6)))


def stationary_rows(
    n_bars: int, resamples: int, block_bars: float, rng: np.random.Generator
) -> IntArray:
    """Return rows of the stationary bootstrap: blocks of geometric length, wrapped around.

    Parameters
    ----------
    block_bars : float
        Mean block length, >= 1.

    Returns
    -------
    ndarray of int, shape (resamples, n_bars)

    References
    ----------
    D. Politis, J. Romano (1994), "The stationary bootstrap", JASA 89(428).
    """
    starts = rng.integers(n_bars, size=(resamples, n_bars))
    is_new = rng.random((resamples, n_bars)) < 1.0 / block_bars
    is_new[:, 0] = True
    column = np.arange(n_bars)
    since = column - np.maximum.accumulate(np.where(is_new, column, 0), axis=1)
    began = np.take_along_axis(starts, column - since, axis=1)
    return np.asarray((began + since) % n_bars, dtype=np.int64)


def long_run_variance(returns: FloatArray, block_bars: float) -> FloatArray:
    """Return the variance of ``sqrt(n) mean`` under the stationary bootstrap.

    Parameters
    ----------
    returns : ndarray of shape (n_bars, n_trials)

    Returns
    -------
    ndarray of shape (n_trials,)

    References
    ----------
    Politis and Romano (1994), lemma 1; Hansen (2005), appendix.
    """
    n_bars = len(returns)
    centred = returns - returns.mean(axis=0)
    stay = 1.0 - 1.0 / block_bars
    padded = 2 * n_bars  # else the transform would wrap the end onto the beginning
    spectrum = np.fft.rfft(centred, padded, axis=0)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2, padded, axis=0)[:n_bars] / n_bars
    lag = np.arange(n_bars)
    kappa = (1 - lag / n_bars) * stay**lag + lag / n_bars * stay ** (n_bars - lag)
    weights = 2.0 * kappa
    weights[0] = 1.0
    return np.maximum(weights @ covariance, 0.0)


def superior_ability(
    returns: FloatArray,
    *,
    resamples: int = 2_000,
    block_bars: float | None = None,
    seed: int = 0,
    rows: IntArray | None = None,
) -> Spa:
    """Test whether the best trial's mean excess over the hurdle is more than luck.

    Parameters
    ----------
    returns : ndarray of shape (n_bars, n_trials), excess over the hurdle per bar
    block_bars : float, optional
        `default_block` where left out.
    rows : ndarray of int, shape (resamples, n_bars), optional
        Resampled rows, instead of drawing them.

    Returns
    -------
    Spa
        All p-values 1 where no trial's mean is above 0: then there is nothing to explain by luck.

    Raises
    ------
    ConfigError
        Fewer than ten bars.

    Notes
    -----
    Over trials k, with d the mean, w^2 `long_run_variance` and d* a resampled mean, the p-value is
    the share of resamples with ``max_k (d*_k - g_k) / w_k > max_k d_k / w_k``. g_k is d_k
    (upper), ``max(d_k, 0)`` (lower), or d_k unless
    ``d_k < -w_k sqrt(2 ln ln n / n)`` and then 0 (consistent).

    References
    ----------
    H. White (2000), "A reality check for data snooping", Econometrica 68(5).
    P. Hansen (2005), "A test for superior predictive ability", Journal of Business & Economic
    Statistics 23(4).
    """
    n_bars = len(returns)
    if n_bars < 10:
        raise ConfigError(f"returns: got {n_bars} bars; the test needs at least ten.")
    block = default_block(n_bars) if block_bars is None else block_bars
    deviation = np.sqrt(long_run_variance(returns, block))
    is_moving = deviation > 1e-15
    if not (returns.mean(axis=0)[is_moving] > 0).any():
        return Spa(**dict.fromkeys(_P_VALUES, 1.0), statistic=0.0, block_bars=block, resamples=0)
    if rows is None:
        rows = stationary_rows(n_bars, resamples, block, np.random.default_rng(seed))
    moving, deviation = returns[:, is_moving], deviation[is_moving]
    mean = moving.mean(axis=0)
    means = _resampled_means(moving, rows)
    poor = mean < -deviation * math.sqrt(2 * math.log(math.log(n_bars)) / n_bars)
    best = float((mean / deviation).max())
    values = [
        _p_value(means, centre, deviation, best)
        for centre in (np.maximum(mean, 0.0), _unless(poor, mean), mean)
    ]
    ones = np.ones_like(deviation)
    check = _p_value(means, mean, ones, float(mean.max()))
    return Spa(
        **dict(zip(_P_VALUES, (*values, check), strict=True)),
        statistic=best * math.sqrt(n_bars),
        block_bars=block,
        resamples=len(rows),
    )


_P_VALUES = ("lower", "consistent", "upper", "reality_check")


def _unless(poor: BoolArray, mean: FloatArray) -> FloatArray:
    return np.where(poor, 0.0, mean)


def _p_value(means: FloatArray, centre: FloatArray, scale: FloatArray, best: float) -> float:
    return float((((means - centre) / scale).max(axis=1) > best).mean())


def _resampled_means(returns: FloatArray, rows: IntArray) -> FloatArray:
    """Return the mean of every resample: how often each row was drawn, times the rows."""
    n_bars = len(returns)
    step = max(1, _TRIALS_AT_ONCE // n_bars)
    parts = []
    for first in range(0, len(rows), step):
        part = rows[first : first + step]
        flat = part + n_bars * np.arange(len(part))[:, None]
        drawn = np.bincount(flat.ravel(), minlength=len(part) * n_bars)
        parts.append(drawn.reshape(len(part), n_bars) @ returns / n_bars)
    return np.concatenate(parts)
