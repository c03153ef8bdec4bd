"""Probability of backtest overfitting by combinatorially symmetric cross-validation (CSCV)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from basislab.errors import ConfigError
from basislab.types.market import FloatArray, IntArray

Measure = Literal["mean", "sharpe"]
MEASURES: tuple[Measure, ...] = ("mean", "sharpe")

MAX_BLOCKS = 20
"""More would be more than 184 756 splits."""

TIE_DECIMALS = 14
"""Measures that agree to here are equal: trials that lived the same days must tie, whatever the
order in which a machine adds them up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cscv:
    """Every split of the sample in two halves: choose in one, look at the other.

    Parameters
    ----------
    pbo : float, probability
        Share of splits in which the trial chosen inside ranks below the median outside; a rank at
        the median counts half. NaN for fewer than two trials.
    chosen : ndarray of int, shape (n_splits,)
        Trial with the best measure inside.
    inside, outside : ndarray of shape (n_splits,)
        The chosen trial's measure, per bar.
    logits : ndarray of shape (n_splits,)
        ``ln(w / (1 - w))`` of its relative rank outside, ``w = rank / (n_trials + 1)``.
    blocks, rows : int
        Blocks that the sample was cut into, and rows used.
    """

    pbo: float
    chosen: IntArray
    inside: FloatArray
    outside: FloatArray
    logits: FloatArray
    blocks: int
    rows: int
    measure: Measure

    @property
    def loss_share(self) -> float:
        """Share of splits in which the chosen trial fails the hurdle outside (measure <= 0)."""
        return float((self.outside <= 0).mean())

    @property
    def harm(self) -> float:
        """The smaller of `pbo` and `loss_share`: a bad choice among trials that all pay is no harm.

        NaN for one trial alone.
        """
        return min(self.pbo, self.loss_share) if self.pbo == self.pbo else self.pbo

    @property
    def slope(self) -> float:
        """Least-squares slope of outside on inside; NaN where inside is constant."""
        spread = self.inside - self.inside.mean()
        square = float(spread @ spread)
        return float(spread @ self.outside) / square if square > 0 else float("nan")


def cscv(
    returns: FloatArray, *, blocks: int = 16, embargo: int = 0, measure: Measure = "mean"
) -> Cscv:
    """Estimate the probability that the best trial in-sample is below the median out-of-sample.

    The rows are cut into `blocks` consecutive blocks as equal as possible. Each of the
    ``C(blocks, blocks/2)`` choices of half of them is a training sample, the rest its test sample.

    Parameters
    ----------
    returns : ndarray of shape (n_bars, n_trials), excess over the hurdle per bar
        Finite.
    blocks : int
        Even, from 2 to 20.
    embargo : int, bars
        Rows left out at the beginning of every block but the first, so that no two blocks touch.
    measure : {"mean", "sharpe"}
        By which a trial is chosen and ranked; "sharpe" is the mean over the standard deviation,
        0 where a trial never moves.

    Raises
    ------
    ConfigError
        An odd number of blocks, or blocks of fewer than two rows.

    Notes
    -----
    The paper counts a logit of exactly 0 as overfit. With an odd number of trials that makes the
    average over pure noise exceed one half by ``1 / (2 n_trials)``; here such a rank counts half.

    References
    ----------
    D. Bailey, J. Borwein, M. Lopez de Prado, Q. Zhu (2017), "The probability of backtest
    overfitting", Journal of Computational Finance 20(4).

    Examples
    --------
    >>> rising = np.column_stack([np.full(8, 0.02), np.full(8, 0.01)])
    >>> cscv(rising, blocks=4).pbo
    0.0
    """
    sums, squares, counts = _block_sums(returns, blocks, embargo)
    n_trials = returns.shape[1]
    halves = _halves(blocks)
    inside = _measures(halves, sums, squares, counts, measure)
    outside = _measures(1.0 - halves, sums, squares, counts, measure)
    chosen = inside.argmax(axis=1)
    row = np.arange(len(halves))
    picked = outside[row, chosen]
    below = (outside < picked[:, None]).sum(axis=1)
    equal = (outside == picked[:, None]).sum(axis=1)
    rank = below + (equal + 1) / 2
    share = rank / (n_trials + 1)
    logits = np.log(share / (1.0 - share))
    overfit = np.where(2 * rank == n_trials + 1, 0.5, (2 * rank < n_trials + 1).astype(float))
    return Cscv(
        pbo=float(overfit.mean()) if n_trials > 1 else float("nan"),
        chosen=chosen.astype(np.int64),
        inside=inside[row, chosen],
        outside=picked,
        logits=logits,
        blocks=blocks,
        rows=int(counts.sum()),
        measure=measure,
    )


def block_of_rows(n_rows: int, blocks: int, embargo: int) -> IntArray:
    """Return in which block every row is, counted from one; 0 for a row that is left out.

    Parameters
    ----------
    embargo : int, bars
        Rows left out at the beginning of every block but the first.

    Returns
    -------
    ndarray of int, shape (n_rows,)

    Examples
    --------
    >>> block_of_rows(8, 2, 1)
    array([1, 1, 1, 1, 0, 2, 2, 2])
    """
    found = np.empty(n_rows, dtype=np.int64)
    for number, rows in enumerate(np.array_split(np.arange(n_rows), blocks)):
        found[rows] = number + 1
        if number:
            found[rows[:embargo]] = 0
    return found


def _block_sums(
    returns: FloatArray, blocks: int, embargo: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if blocks % 2 or not 2 <= blocks <= MAX_BLOCKS:
        raise ConfigError(f"blocks: got {blocks}; it must be even, from 2 to {MAX_BLOCKS}.")
    at = block_of_rows(len(returns), blocks, embargo)
    parts = [returns[at == number] for number in range(1, blocks + 1)]
    if min(len(part) for part in parts) < 2:
        raise ConfigError(
            f"blocks: {len(returns)} rows in {blocks} blocks less an embargo of {embargo} leave "
            "fewer than two rows a block. Use a longer sample or fewer blocks."
        )
    sums = np.array([part.sum(axis=0) for part in parts])
    squares = np.array([(part * part).sum(axis=0) for part in parts])
    return sums, squares, np.array([float(len(part)) for part in parts])


def _halves(blocks: int) -> FloatArray:
    """Return one row a split: 1 for the blocks inside, 0 for those outside."""
    picks = np.array(list(combinations(range(blocks), blocks // 2)))
    rows = np.zeros((len(picks), blocks))
    rows[np.arange(len(picks))[:, None], picks] = 1.0
    return rows


def _measures(
    weights: FloatArray, sums: FloatArray, squares: FloatArray, counts: FloatArray, measure: Measure
) -> FloatArray:
    rows = (weights @ counts)[:, None]
    mean = (weights @ sums) / rows
    if measure == "mean":
        return np.asarray(mean.round(TIE_DECIMALS))
    variance = np.maximum((weights @ squares) / rows - mean * mean, 0.0) * rows / (rows - 1)
    is_moving = variance > 0
    ratio = np.where(is_moving, mean / np.sqrt(np.where(is_moving, variance, 1.0)), 0.0)
    return np.asarray(ratio.round(TIE_DECIMALS))
