"""How many trials are independent: correlated ones fall into one cluster."""

from __future__ import annotations

import numpy as np

from basislab.types.market import FloatArray, IntArray

SAME_CORRELATION = 0.5
"""Clusters whose mean correlation is at least this are one."""


def correlation_distance(returns: FloatArray) -> FloatArray:
    """Return ``1 - correlation`` of every pair of trials.

    Parameters
    ----------
    returns : ndarray of shape (n_bars, n_trials)

    Returns
    -------
    ndarray of shape (n_trials, n_trials), 0 to 2
        A trial that never moves is uncorrelated with all others.
    """
    centred = returns - returns.mean(axis=0)
    norm = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(norm > 0, norm, 1.0)
    distance = 1.0 - np.clip(scaled.T @ scaled, -1.0, 1.0)
    np.fill_diagonal(distance, 0.0)
    return np.asarray(distance)


def cluster_labels(distance: FloatArray, cut: float) -> IntArray:
    """Cluster by average linkage and cut where two clusters are further apart than `cut`.

    Parameters
    ----------
    distance : ndarray of shape (n, n)
        Symmetric, zero on the diagonal.
    cut : float
        Clusters merge while their mean distance is at most this.

    Returns
    -------
    ndarray of int, shape (n,)
        Labels from 0, in order of first appearance.

    Notes
    -----
    Nearest-neighbour chain: O(n^2), exact for average linkage because a merge never brings two
    clusters nearer to each other.

    References
    ----------
    F. Murtagh (1983), "A survey of recent advances in hierarchical clustering algorithms", The
    Computer Journal 26(4).

    Examples
    --------
    >>> cluster_labels(np.array([[0.0, 0.1, 1.0], [0.1, 0.0, 1.0], [1.0, 1.0, 0.0]]), 0.5)
    array([0, 0, 1])
    """
    gap = distance.astype(np.float64).copy()
    np.fill_diagonal(gap, np.inf)
    n = len(gap)
    size = np.ones(n)
    owner = np.arange(n)
    alive = np.ones(n, dtype=bool)
    chain: list[int] = []
    while alive.sum() > 1:
        if not chain:
            chain.append(int(np.flatnonzero(alive)[0]))
        here = chain[-1]
        near = int(gap[here].argmin())
        if len(chain) > 1 and gap[here, chain[-2]] <= gap[here, near]:
            near = chain[-2]
        if len(chain) < 2 or near != chain[-2]:
            chain.append(near)
            continue
        del chain[-2:]
        if gap[here, near] <= cut:
            owner[owner == near] = here
        merged = (size[here] * gap[here] + size[near] * gap[near]) / (size[here] + size[near])
        gap[here] = gap[:, here] = merged
        gap[here, here] = np.inf
        gap[near] = gap[:, near] = np.inf
        size[here] += size[near]
        alive[near] = False
    _, first, labels = np.unique(owner, return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.int64)
    order[np.argsort(first)] = np.arange(len(first))
    return np.asarray(order[labels])


def effective_trials(returns: FloatArray, same: float = SAME_CORRELATION) -> int:
    """Return the number of clusters of trials.

    Parameters
    ----------
    returns : ndarray of shape (n_bars, n_trials), excess per bar
    same : float
        Mean correlation from which two clusters are one.

    References
    ----------
    M. Lopez de Prado, M. Lewis (2019), "Detection of false investment strategies using
    unsupervised learning methods", Quantitative Finance 19(9), who cluster for the same purpose.
    """
    return int(cluster_labels(correlation_distance(returns), 1.0 - same).max()) + 1
