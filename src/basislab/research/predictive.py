"""What a bootstrap of one history leaves out: how little that history says about the level.

A bootstrapped path has the history's own mean, and its blocks cut the memory of what moves slowly.
Predictive draws add to each driver (funding; supply less borrow) a shift that is constant along a
path. With n bars of history and H bars ahead

``shift = t_nu sqrt(max(V_H - v_b, 0) / H + V_n / n)``,

V_H being the variance per bar of the driver's sum over H bars, v_b what a bootstrapped path has of
it already, and nu the independent observations behind them. V_H is the larger of two estimates: one
of a driver that is itself an AR(1), and one of an AR(1) under noise, as slow regimes are.

References
----------
Andrews, Monahan (1992), "An improved heteroskedasticity and autocorrelation consistent covariance
matrix estimator", Econometrica 60, 953-966. Kendall (1954), "Note on bias in the estimation of
autocorrelation", Biometrika 41, 403-404. Politis, Romano (1994), "The stationary bootstrap", J.
Amer. Statist. Assoc. 89, 1303-1313.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from basislab.kernels.bootstrap import Rows
from basislab.types.market import FloatArray

MAX_PHI = 0.98
"""Largest memory that is believed: half of a shock is left after 34 bars."""

PHIS = np.concatenate([np.arange(0.0, 0.9, 0.05), np.linspace(0.9, MAX_PHI, 9)])
MAX_LAGS = 60
CORRECTIONS = 3
MIN_FREEDOM = 4.0
DRAWS = 1_024
"""Paths whose shifts are drawn together, so that a path's do not depend on its chunk."""


def memory(values: FloatArray) -> float:
    """Return the first autocorrelation, corrected for its bias in a short history.

    ``min(phi + (1 + 3 phi) / n, 0.98)`` (Kendall 1954).

    Parameters
    ----------
    values : ndarray of shape (n,)

    Returns
    -------
    float
        In [-0.98, 0.98]; 0 for a constant series.
    """
    if values.min() == values.max():
        return 0.0
    centred = values - values.mean()
    total = float(centred[:-1] @ centred[:-1])
    phi = float(centred[1:] @ centred[:-1]) / total
    return float(np.clip(phi + (1.0 + 3.0 * phi) / len(values), -MAX_PHI, MAX_PHI))


def sum_variance(values: FloatArray, horizon: int) -> float:
    """Return the variance per bar of a sum over some bars: the larger of both estimates.

    Parameters
    ----------
    values : ndarray of shape (n,)

    Returns
    -------
    float
        In the square of the values' unit; 0 for a constant series.
    """
    if values.min() == values.max():
        return 0.0
    return max(prewhitened_variance(values, horizon), decaying_variance(values, horizon))


def prewhitened_variance(values: FloatArray, horizon: int) -> float:
    """Return the variance per bar of a sum of an AR(1), by prewhitening.

    ``V_H = V (1 - 2 phi (1 - phi^H) / (H (1 - phi^2)))`` with the long-run variance V: a Bartlett
    window on the residuals, over ``(1 - phi)^2`` (Andrews and Monahan 1992).
    """
    phi = memory(values)
    centred = values - values.mean()
    rest = centred[1:] - phi * centred[:-1]
    n, lags = len(rest), int(4.0 * (len(rest) / 100.0) ** (2.0 / 9.0))
    variance = float(rest @ rest) / n
    for lag in range(1, lags + 1):
        weight = 1.0 - lag / (lags + 1.0)
        variance += 2.0 * weight * float(rest[lag:] @ rest[:-lag]) / n
    long_run = max(variance, 0.0) / (1.0 - phi) ** 2
    return long_run * (1.0 - 2.0 * phi * (1.0 - phi**horizon) / (horizon * (1.0 - phi**2)))


def decaying_variance(values: FloatArray, horizon: int) -> float:
    """Return the variance per bar of a sum whose autocovariances decay from the first on.

    ``V_H = R(0) + 2 sum_k (1 - k/H) a phi^(k-1)``, a and phi by least squares on the first
    autocovariances. Taking off the history's own mean made each of them too small by about V / n,
    which is added back.
    """
    n, centred = len(values), values - values.mean()
    n_lags = max(min(n // 4, MAX_LAGS), 1)
    measured = np.array([centred[k:] @ centred[:-k] / n for k in range(1, n_lags + 1)])
    shapes = PHIS[:, None] ** np.arange(n_lags)
    sizes = (shapes**2).sum(axis=1)
    variance = float(centred @ centred) / n
    long_run, height, phi = variance, 0.0, 0.0
    for _ in range(CORRECTIONS):
        fits = shapes @ (measured + long_run / n)
        best = int(np.argmax(fits**2 / sizes))
        height, phi = max(float(fits[best] / sizes[best]), 0.0), float(PHIS[best])
        long_run = variance + 2.0 * height / (1.0 - phi)
    lags = np.arange(1, horizon)
    return variance + 2.0 * height * float(((1.0 - lags / horizon) * phi ** (lags - 1)).sum())


def bootstrap_variance(values: FloatArray, block: float, horizon: int) -> float:
    """Return the variance per bar of a bootstrapped path's sum.

    ``R(0) + 2 sum_k (1 - k/H) (1 - 1/b)^k R(k)`` with the circular autocovariances R: the row
    k bars on is the one k rows after with probability ``(1 - 1/b)^k``, else independent.

    Parameters
    ----------
    values : ndarray of shape (n,)
    block : float, bars
        Mean length of a block.
    """
    n = len(values)
    spectrum = np.abs(np.fft.rfft(values - values.mean())) ** 2
    circular = np.fft.irfft(spectrum, n) / n
    lags = np.arange(1, horizon)
    kept = (1.0 - lags / horizon) * (1.0 - 1.0 / block) ** lags
    return float(circular[0] + 2.0 * (kept * circular[lags % n]).sum())


@dataclass(frozen=True, kw_only=True)
class LevelTilt:
    """How the levels of a history's drivers are shifted along each path.

    Parameters
    ----------
    scales : ndarray of shape (n_drivers,), the driver's unit per bar
    freedom : float
        Degrees of freedom of Student's t, the fewest of all drivers.
    root : ndarray of shape (n_drivers, n_drivers)
        Lower Cholesky factor of the correlation of their block means.
    volatility : float
        Standard deviation of the logarithm of the factor on a path's price moves.
    drift : float
        Mean log return, around which they are widened.
    """

    scales: FloatArray
    freedom: float
    root: FloatArray
    volatility: float
    drift: float

    def draw(self, seed: int, first: int, n_paths: int) -> FloatArray:
        """Return the shifts of paths ``first`` to ``first + n_paths - 1``.

        Returns
        -------
        ndarray of shape (n_paths, n_drivers + 1)
            A shift per bar of every driver, then the factor on the log price moves.
        """
        slabs = range(first // DRAWS, -(-(first + n_paths) // DRAWS))
        found = [self._slab(seed, number) for number in slabs]
        skip = first % DRAWS
        return np.concatenate(found)[skip : skip + n_paths]

    def _slab(self, seed: int, number: int) -> FloatArray:
        random = np.random.Generator(np.random.Philox(key=[seed, number]))
        normal = random.standard_normal((DRAWS, len(self.scales) + 1))
        stretch = np.sqrt(self.freedom / random.chisquare(self.freedom, (DRAWS, 1)))
        shifts = normal[:, :-1] @ self.root.T * stretch * self.scales
        return np.column_stack((shifts, np.exp(self.volatility * normal[:, -1])))


def level_scale(values: FloatArray, block: float, horizon: int) -> tuple[float, float]:
    """Return the scale of a driver's shift, and its degrees of freedom.

    Parameters
    ----------
    values : ndarray of shape (n,), per bar

    Returns
    -------
    freedom : float
        ``max(4, n R(0) / (2 V_n))``: half of the independent observations.
    """
    n = len(values)
    if values.min() == values.max():
        return 0.0, n / 2.0
    whole = sum_variance(values, n)
    missing = sum_variance(values, horizon) - bootstrap_variance(values, block, horizon)
    freedom = max(MIN_FREEDOM, n * float(values.var()) / (2.0 * whole))
    return float(np.sqrt(max(missing, 0.0) / horizon + whole / n)), freedom


def level_tilt(
    rows: Rows, block: float, horizon: int, further: Sequence[FloatArray] = ()
) -> LevelTilt:
    """Return the tilt of a history.

    Drivers are funding, the carry (supply less borrow) and the hurdle. The price's drift is never
    tilted, the trade being neutral; the size of its moves is.

    Parameters
    ----------
    further : sequence of ndarray of shape (n_rows,), per bar
        More drivers, such as staking.
    block : float, bars
        Mean length of a block.
    horizon : int, bars
        Length of a path.
    """
    drivers = [rows.funding, rows.supply - rows.borrow, rows.hurdle, *further]
    found = [level_scale(values, block, horizon) for values in drivers]
    returns = np.log(rows.close)
    return LevelTilt(
        scales=np.array([scale for scale, _ in found]),
        freedom=min(freedom for _, freedom in found),
        root=np.asarray(np.linalg.cholesky(block_correlation(drivers, block)), np.float64),
        volatility=volatility_error(returns),
        drift=float(returns.mean()),
    )


def block_correlation(values: list[FloatArray], block: float) -> FloatArray:
    """Return the correlation of the drivers' means over blocks; 0 where one of them never moves."""
    n_blocks = max(int(len(values[0]) // max(block, 1.0)), 8)
    means = np.array([[part.mean() for part in np.array_split(one, n_blocks)] for one in values])
    centred = means - means.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=1))
    size[size == 0.0] = np.inf
    made = (centred @ centred.T) / np.outer(size, size) * 0.999
    np.fill_diagonal(made, 1.0)
    return np.asarray(made)


def volatility_error(returns: FloatArray, n_blocks: int = 10) -> float:
    """Return the block jackknife's standard error of the logarithm of the volatility."""
    parts = np.array_split(returns, n_blocks)
    logs = np.array(
        [
            np.log(np.concatenate(parts[:left] + parts[left + 1 :]).std() + 1e-300)
            for left in range(n_blocks)
        ]
    )
    return float(np.sqrt((n_blocks - 1) * logs.var()))
