"""What a Monte-Carlo says of each configuration, and how far it can be trusted.

Two errors are kept apart. The Monte-Carlo error comes from drawing finitely many paths; more paths
make it as small as one likes. The history error comes from having one history to draw from; no
number of paths touches it. It is estimated by a block jackknife.

References
----------
Kunsch (1989), "The jackknife and the bootstrap for general stationary observations", Annals of
Statistics 17, 1217-1241. Acerbi, Tasche (2002), "On the coherence of expected shortfall", J.
Banking & Finance 26, 1487-1503.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.research.bootstrap import IntArray
from basislab.research.montecarlo import FIRST_DAYS, FURTHER, Outcomes
from basislab.types.market import FloatArray

QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
TAIL = 0.05
"""VaR and CVaR are those of the worst 5 %."""

RETURN_NAMES = tuple(f"return_p{round(100 * level):02d}" for level in QUANTILES)


class Statistics(NamedTuple):
    """Statistics of every configuration with their Monte-Carlo standard errors.

    ``names`` of length n_stats; ``values`` and ``errors`` of shape (n_configs, n_stats).
    """

    names: tuple[str, ...]
    values: FloatArray
    errors: FloatArray


def names_of(horizons: Sequence[int], *, is_engine: bool = False) -> tuple[str, ...]:
    """Return the names of the statistics, in order.

    Parameters
    ----------
    horizons : sequence of int, days
    is_engine : bool
        Whether they are the venue engine's, which knows of more.
    """
    names = (
        "return_mean",
        *RETURN_NAMES,
        "excess_mean",
        "excess_p50",
        "loss_probability",
        "beats_hurdle_probability",
        "var_95",
        "cvar_95",
        "drawdown_p50",
        "drawdown_p95",
        *(f"liquidation_{days}d" for days in horizons),
    )
    if not is_engine:
        return names
    return (
        *names,
        *(f"{what}_{days}d" for what in FIRST_DAYS for days in horizons),
        "resizes_mean",
        "resize_cost_mean",
        "naked_days_mean",
        "under_water_days_p50",
        "under_water_days_p95",
    )


def statistics(outcomes: Outcomes, capital: FloatArray, horizons: Sequence[int]) -> Statistics:
    """Return the statistics of a slab of configurations.

    Parameters
    ----------
    outcomes : Outcomes
        Of n_configs configurations and all paths.
    capital : ndarray of shape (n_configs,), USD

    Returns
    -------
    Statistics
        Returns, VaR, CVaR and costs are fractions of capital over the whole path (VaR and CVaR as
        losses, > 0 where money is lost); probabilities are fractions; the rest counts and days.
    """
    total = outcomes.final / capital[:, None] - 1.0
    excess = total - outcomes.hurdle
    columns = [_mean(total)]
    ordered = np.sort(total, axis=1)
    columns += [_quantile(ordered, level) for level in QUANTILES]
    columns += [_mean(excess), _quantile(np.sort(excess, axis=1), 0.5)]
    columns += [_share(total < 0.0), _share(excess > 0.0), *_tail(ordered)]
    falls = np.sort(outcomes.drawdown, axis=1)
    columns += [_quantile(falls, 0.5), _quantile(falls, 0.95)]
    columns += [_share(outcomes.liquidation < days) for days in horizons]
    is_engine = len(outcomes.further) > 0
    if is_engine:
        columns += _further(outcomes.further, capital, horizons)
    values, errors = zip(*columns, strict=True)
    names = names_of(horizons, is_engine=is_engine)
    return Statistics(names, np.stack(values, axis=1), np.stack(errors, axis=1))


def _further(
    further: FloatArray, capital: FloatArray, horizons: Sequence[int]
) -> list[tuple[FloatArray, FloatArray]]:
    """Return what the venue engine knows besides, in the order of `names_of`."""
    found = dict(zip(FURTHER, further, strict=True))
    columns = [_reached(found[what], days) for what in FIRST_DAYS for days in horizons]
    columns += [_mean(found["resizes"]), _mean(found["resize_cost"] / capital[:, None])]
    columns += [_mean(found["naked_days"])]
    under = np.sort(found["under_water_days"], axis=1)
    return [*columns, _quantile(under, 0.5), _quantile(under, 0.95)]


def _reached(first: FloatArray, days: int) -> tuple[FloatArray, FloatArray]:
    """Return the share of paths on which something came within some days; NaN where not known."""
    share, error = _share(first < days)
    is_known = ~np.isnan(first[:, 0])
    return np.where(is_known, share, np.nan), np.where(is_known, error, np.nan)


def _mean(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    return values.mean(axis=1), _standard_error(values)


def _standard_error(values: FloatArray) -> FloatArray:
    n = values.shape[1]
    if n < 2:
        return np.full(len(values), np.nan)
    return np.asarray(values.std(axis=1, ddof=1) / np.sqrt(n))


def _share(is_so: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> tuple[FloatArray, FloatArray]:
    n = is_so.shape[1]
    share = is_so.mean(axis=1)
    return share, np.sqrt(share * (1.0 - share) / n)


def _quantile(ordered: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Return a quantile of sorted values, and half the distance of the ranks one deviation off."""
    n = ordered.shape[1]
    rank = level * (n - 1)
    spread = np.sqrt(n * level * (1.0 - level))
    low, high = np.clip(np.rint([rank - spread, rank + spread]), 0, n - 1).astype(np.int64)
    return _at(ordered, rank), (ordered[:, high] - ordered[:, low]) / 2


def _at(ordered: FloatArray, rank: float) -> FloatArray:
    below = int(rank)
    above = min(below + 1, ordered.shape[1] - 1)
    part = rank - below
    return np.asarray(ordered[:, below] * (1.0 - part) + ordered[:, above] * part)


def _tail(ordered: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return VaR and CVaR of the worst `TAIL`, as losses.

    ``CVaR = VaR + mean(max(-r - VaR, 0)) / TAIL``, whose standard error is that of the mean.
    """
    value, error = _quantile(ordered, TAIL)
    beyond = np.maximum(value[:, None] - ordered, 0.0)
    mean, mean_error = _mean(beyond)
    return [(-value, error), (-value + mean / TAIL, mean_error / TAIL)]


def jackknife_bars(bars: IntArray, n_blocks: int) -> list[IntArray]:
    """Return the history without each of its contiguous blocks in turn.

    Parameters
    ----------
    bars : ndarray of int64, shape (n_rows,)

    Returns
    -------
    list of ndarray of int64
        `n_blocks` of them.

    Examples
    --------
    >>> [part.tolist() for part in jackknife_bars(np.array([1, 2, 3, 4]), 2)]
    [[3, 4], [1, 2]]
    """
    edges = np.linspace(0, len(bars), n_blocks + 1).round().astype(np.int64)
    return [np.concatenate((bars[:low], bars[high:])) for low, high in pairwise(edges)]


def history_error(parts: Sequence[Statistics]) -> FloatArray:
    """Return the standard error that comes from having one history.

    ``var = (J - 1)/J sum (t_j - mean t)^2 - (J - 1)^2/J mean e_j^2``: the delete-a-block jackknife
    less what the Monte-Carlo errors e_j of its parts add to it.

    Parameters
    ----------
    parts : sequence of Statistics
        One for each left-out block, from independently drawn paths.

    Returns
    -------
    ndarray of shape (n_configs, n_stats)
        0 where the Monte-Carlo noise of the parts hides it.
    """
    values = np.stack([part.values for part in parts])
    noise = np.stack([part.errors for part in parts])
    n_blocks = len(parts)
    spread = ((values - values.mean(axis=0)) ** 2).sum(axis=0) * (n_blocks - 1) / n_blocks
    added = (noise**2).mean(axis=0) * (n_blocks - 1) ** 2 / n_blocks
    return np.asarray(np.sqrt(np.maximum(spread - added, 0.0)))


def fan_quantiles(fan: NDArray[np.float32]) -> FloatArray:
    """Return the quantiles of the equity at every mark.

    Parameters
    ----------
    fan : ndarray of shape (n_marks, n_configs, n_paths), USD

    Returns
    -------
    ndarray of shape (n_marks, n_configs, len(QUANTILES)), USD
    """
    ordered = np.sort(fan, axis=2)
    rank = np.array(QUANTILES) * (fan.shape[2] - 1)
    below = rank.astype(np.int64)
    above = np.minimum(below + 1, fan.shape[2] - 1)
    part = rank - below
    return np.asarray(ordered[:, :, below] * (1.0 - part) + ordered[:, :, above] * part, np.float64)
