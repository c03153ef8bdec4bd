"""Sharpe ratios that know how they came about: probabilistic, deflated, and how long is enough.

All ratios are per bar and of excess returns over the hurdle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from basislab.errors import ConfigError
from basislab.types.market import FloatArray

EULER_MASCHERONI = 0.5772156649015329

_NORMAL = NormalDist()


@dataclass(frozen=True, kw_only=True)
class Moments:
    """What the Sharpe ratio's own error depends on.

    Parameters
    ----------
    sharpe : float, per bar
        Mean over the standard deviation (n - 1); 0 where nothing moves.
    skewness, kurtosis : float
        Of the population; 0 and 3 for a normal distribution, and where nothing moves.
    effective_bars : float
        Independent bars that carry as much information about the mean, at most `bars`.
    """

    sharpe: float
    skewness: float
    kurtosis: float
    bars: int
    effective_bars: float

    @property
    def variance_factor(self) -> float:
        """``1 - skew * SR + (kurt - 1) / 4 * SR^2``: variance of the estimate times its bars."""
        sharpe = self.sharpe
        return 1.0 - self.skewness * sharpe + (self.kurtosis - 1.0) / 4.0 * sharpe * sharpe


def sharpe_ratios(returns: FloatArray) -> FloatArray:
    """Return the Sharpe ratio of every trial.

    Parameters
    ----------
    returns : ndarray of shape (n_bars, n_trials), excess per bar

    Returns
    -------
    ndarray of shape (n_trials,), per bar
        0 where a trial never moves.

    Examples
    --------
    >>> sharpe_ratios(np.array([[1.0, 0.5], [2.0, 0.5], [3.0, 0.5]]))
    array([2., 0.])
    """
    deviation = returns.std(axis=0, ddof=1)
    is_moving = deviation > 1e-15
    return np.where(is_moving, returns.mean(axis=0) / np.where(is_moving, deviation, 1.0), 0.0)


def moments(returns: FloatArray) -> Moments:
    """Return a trial's Sharpe ratio and what its error depends on.

    Parameters
    ----------
    returns : ndarray of shape (n_bars,), excess per bar

    Raises
    ------
    ConfigError
        Fewer than two bars.
    """
    if len(returns) < 2:
        raise ConfigError(f"returns: got {len(returns)} bars; a Sharpe ratio needs at least two.")
    sharpe = float(sharpe_ratios(returns[:, None])[0])
    centred = returns - returns.mean()
    variance = float((centred**2).mean())
    is_moving = variance > 1e-30
    return Moments(
        sharpe=sharpe,
        skewness=float((centred**3).mean()) / variance**1.5 if is_moving else 0.0,
        kurtosis=float((centred**4).mean()) / variance**2 if is_moving else 3.0,
        bars=len(returns),
        effective_bars=effective_bars(returns),
    )


def effective_bars(returns: FloatArray, lags: int | None = None) -> float:
    """Return how many independent bars would tell as much about the mean.

    ``n / (1 + 2 sum_k (1 - k / (K + 1)) rho_k)``, at most n: negative autocorrelation is not
    allowed to make a record look longer than it is.

    Parameters
    ----------
    returns : ndarray of shape (n_bars,)
    lags : int, optional
        K; ``floor(4 (n / 100)^(2/9))`` by default.

    References
    ----------
    A. Lo (2002), "The statistics of Sharpe ratios", Financial Analysts Journal 58(4).
    W. Newey, K. West (1994), Review of Economic Studies 61(4), for the number of lags.
    """
    n_bars = len(returns)
    count = int(4 * (n_bars / 100) ** (2 / 9)) if lags is None else lags
    centred = returns - returns.mean()
    square = float(centred @ centred)
    if square <= 0:
        return float(n_bars)
    inflation = 1.0
    for lag in range(1, min(count, n_bars - 1) + 1):
        rho = float(centred[lag:] @ centred[:-lag]) / square
        inflation += 2.0 * (1.0 - lag / (count + 1)) * rho
    return n_bars / max(inflation, 1.0)


def probabilistic_sharpe(found: Moments, benchmark: float = 0.0) -> float:
    """Return the probability that the true Sharpe ratio exceeds `benchmark`.

    ``Phi((SR - SR*) sqrt(n - 1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2))`` with n the effective
    bars.

    References
    ----------
    D. Bailey, M. Lopez de Prado (2012), "The Sharpe ratio efficient frontier", Journal of Risk
    15(2).

    Examples
    --------
    >>> flat = Moments(sharpe=0.0, skewness=0.0, kurtosis=3.0, bars=100, effective_bars=100)
    >>> probabilistic_sharpe(flat)
    0.5
    """
    factor = max(found.variance_factor, 1e-12)
    length = max(found.effective_bars - 1.0, 0.0)
    return _NORMAL.cdf((found.sharpe - benchmark) * math.sqrt(length / factor))


def expected_maximum(variance: float, trials: float) -> float:
    """Return the Sharpe ratio that the luckiest of `trials` without any edge is expected to show.

    ``sqrt(V) ((1 - g) Phi^-1(1 - 1/N) + g Phi^-1(1 - 1/(N e)))`` with g the Euler-Mascheroni
    constant.

    Parameters
    ----------
    variance : float
        Of the Sharpe ratios across trials.
    trials : float
        At least 1; one trial has nothing to be lucky among: 0.

    Returns
    -------
    float, per bar

    Raises
    ------
    ConfigError
        Fewer than one trial.

    References
    ----------
    D. Bailey, M. Lopez de Prado (2014), "The deflated Sharpe ratio", Journal of Portfolio
    Management 40(5).
    """
    if not trials >= 1:
        raise ConfigError(f"trials: got {trials}; at least one was made.")
    if trials == 1:
        return 0.0
    quantile = (1.0 - EULER_MASCHERONI) * _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    quantile += EULER_MASCHERONI * _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * max(quantile, 0.0)


@dataclass(frozen=True, kw_only=True)
class DeflatedSharpe:
    """A Sharpe ratio beside the one that luck alone was expected to reach.

    Parameters
    ----------
    probability : float
        That the true ratio exceeds `luck`.
    luck : float, per bar
        Expected largest ratio among `trials` without an edge.
    required_bars : float
        Length of the same record at which `probability` reaches the confidence; inf where the
        ratio does not exceed `luck`.
    """

    probability: float
    luck: float
    trials: float
    required_bars: float


def deflated_sharpe(
    found: Moments, sharpes: FloatArray, trials: float, confidence: float = 0.95
) -> DeflatedSharpe:
    """Deflate a Sharpe ratio by the number of trials it was chosen from.

    Parameters
    ----------
    found : Moments
        Of the chosen trial.
    sharpes : ndarray of shape (n_trials,), per bar
        Of all trials; their variance is the spread that luck has.
    trials : float
        How many trials count: all of them, or the independent ones.
    confidence : float
        For `required_bars`.

    References
    ----------
    Bailey and Lopez de Prado (2014); the required length is the minimum track record length of
    Bailey and Lopez de Prado (2012), stretched by the autocorrelation.
    """
    variance = float(sharpes.var(ddof=1)) if len(sharpes) > 1 else 0.0
    luck = expected_maximum(variance, trials)
    required = math.inf
    if found.sharpe > luck:
        ratio = _NORMAL.inv_cdf(confidence) / (found.sharpe - luck)
        stretch = found.bars / found.effective_bars
        required = (1.0 + found.variance_factor * ratio * ratio) * stretch
    return DeflatedSharpe(
        probability=probabilistic_sharpe(found, luck),
        luck=luck,
        trials=trials,
        required_bars=required,
    )
