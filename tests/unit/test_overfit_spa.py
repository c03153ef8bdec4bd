"""Superior predictive ability: by hand, and against arch on the same resamples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from arch.bootstrap import SPA, StationaryBootstrap

from basislab.errors import ConfigError
from basislab.research.overfit.spa import (
    default_block,
    long_run_variance,
    stationary_rows,
    superior_ability,
)


def sample(rows: int = 200, trials: int = 4, seed: int = 5, edge: float = 0.0) -> np.ndarray:
    """Return autocorrelated returns with different risks, the last one clearly bad."""
    shocks = np.random.default_rng(seed).normal(0.0, 0.01, (rows, trials))
    returns = shocks + 0.4 * np.vstack([shocks[:1], shocks[:-1]])
    returns *= 1.0 + np.arange(trials)
    returns -= returns.mean(axis=0)
    returns[:, 0] += edge
    returns[:, -1] -= 0.02
    return returns


def rows_of_arch(n_bars: int, block: int, resamples: int) -> np.ndarray:
    """Return the rows that arch resamples with the same seed."""
    bootstrap = StationaryBootstrap(block, np.arange(n_bars), seed=7)
    return np.array([data[0][0] for data in bootstrap.bootstrap(resamples)])


@pytest.mark.parametrize("edge", [0.0005, 0.0015, 0.003])
def test_p_values_are_arch_s_on_the_same_resamples(edge):
    """arch takes losses and does not studentise: handed returns over their deviation it does."""
    returns, block, resamples = sample(edge=edge), 6, 400
    deviation = np.sqrt(long_run_variance(returns, block))
    rows = rows_of_arch(len(returns), block, resamples)
    mine = superior_ability(returns, block_bars=block, rows=rows)
    zeros = np.zeros(len(returns))
    theirs = SPA(zeros, -returns / deviation, block_size=block, reps=resamples, seed=7)
    theirs.compute()
    expected = theirs.pvalues
    assert mine.lower == expected["lower"]
    assert mine.consistent == expected["consistent"]
    assert mine.upper == expected["upper"]
    plain = SPA(zeros, -returns, block_size=block, reps=resamples, seed=7)
    plain.compute()
    assert mine.reality_check == plain.pvalues["upper"]


def test_the_long_run_variance_is_arch_s():
    returns = sample()
    oracle = SPA(np.zeros(len(returns)), -returns, block_size=6, reps=2, seed=1)
    oracle.compute()
    assert long_run_variance(returns, 6).tolist() == pytest.approx(oracle._loss_diff_var.tolist())


def test_the_long_run_variance_by_hand():
    """[1, 1, -1, -1], blocks of 2: covariances 4/4, 1/4, -2/4, -1/4; kappa_k = (1 - k/4) 2^-k +
    k/4 2^(k-4): 0.40625, 0.25, 0.40625 at 1, 2, 3. 1 + 2 (0.1015625 - 0.125 - 0.1015625) = 0.75."""
    variance = long_run_variance(np.array([[1.0], [1.0], [-1.0], [-1.0]]), 2.0)
    assert variance.tolist() == pytest.approx([0.75])


def test_the_p_value_by_hand():
    """One trial of mean 1: the resamples below have means 1 and 3, recentred 0 and 2: one of two
    exceeds 1."""
    returns = np.array([[3.0]] * 4 + [[-1.0]] * 4 + [[1.0]] * 4)
    rows = np.array([np.arange(12), np.repeat([0, 1, 2, 3], 3)])
    found = superior_ability(returns, rows=rows)
    assert (found.upper, found.consistent, found.reality_check) == (0.5, 0.5, 0.5)


def test_blocks_follow_each_other_and_wrap():
    """Blocks of mean 5: about 1 row in 5 begins a block, the others follow their predecessor."""
    rows = stationary_rows(50, 400, 5.0, np.random.default_rng(0))
    follows = (rows[:, 1:] == (rows[:, :-1] + 1) % 50).mean()
    assert follows == pytest.approx(1 - 0.2 * 49 / 50, abs=0.01)
    assert np.bincount(rows.ravel(), minlength=50) == pytest.approx(400, rel=0.25)


def test_without_an_edge_the_test_rejects_at_its_size():
    """300 samples of noise: about 5 % are below 0.05, and never more than three errors above."""
    rng = np.random.default_rng(11)
    values = [
        superior_ability(rng.normal(size=(300, 5)), resamples=200, seed=seed).consistent
        for seed in range(300)
    ]
    share = np.mean(np.array(values) <= 0.05)
    assert share < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


def test_a_clear_edge_is_found():
    returns = np.random.default_rng(2).normal(0.0, 1.0, (200, 5))
    returns[:, 3] += 0.5
    found = superior_ability(returns)
    assert found.consistent < 0.01
    assert found.lower <= found.consistent <= found.upper


def test_trials_that_never_move_or_only_lose_prove_nothing():
    assert superior_ability(np.zeros((20, 3))).consistent == 1.0
    losing = -np.abs(np.random.default_rng(0).normal(size=(50, 2)))
    assert superior_ability(losing).consistent == 1.0
    with pytest.raises(ConfigError, match="ten"):
        superior_ability(np.zeros((9, 3)))


def test_the_block_length_grows_with_the_cube_root():
    assert default_block(27) == 3.0
