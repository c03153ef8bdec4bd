"""CSCV, deflated Sharpe and clusters: by hand, by brute force, and against the papers."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from basislab.errors import ConfigError
from basislab.research.overfit.clusters import (
    cluster_labels,
    correlation_distance,
    effective_trials,
)
from basislab.research.overfit.cscv import cscv
from basislab.research.overfit.sharpe import (
    Moments,
    deflated_sharpe,
    effective_bars,
    expected_maximum,
    moments,
    probabilistic_sharpe,
    sharpe_ratios,
)


def noise(rows: int, trials: int, seed: int = 0) -> np.ndarray:
    """Return returns without any edge."""
    return np.random.default_rng(seed).normal(0.0, 0.01, (rows, trials))


def test_two_blocks_by_hand():
    """A earns 1 a row, then loses 1; B nothing. Inside the first block A is chosen and is last of
    two outside (w = 1/3, logit ln 1/2); inside the second B is chosen, and A beats it outside."""
    returns = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    found = cscv(returns, blocks=2)
    assert found.pbo == 1.0
    assert found.chosen.tolist() == [0, 1]
    assert found.inside.tolist() == [1.0, 0.0]
    assert found.outside.tolist() == [-1.0, 0.0]
    assert found.logits.tolist() == pytest.approx([math.log(0.5)] * 2)
    assert found.loss_share == 1.0
    assert found.slope == pytest.approx(-1.0)


def test_a_trial_that_is_better_everywhere_is_never_overfit():
    """The winner inside is the winner outside in all C(6, 3) = 20 splits."""
    returns = noise(60, 4)
    returns[:, 2] = returns.max(axis=1) + 0.001
    found = cscv(returns, blocks=6)
    assert (found.pbo, len(found.logits)) == (0.0, 20)
    assert set(found.chosen.tolist()) == {2}


def test_a_rank_at_the_median_counts_half():
    """Three equal trials: rank 2 of 3 in every split, logit 0."""
    found = cscv(np.repeat(noise(8, 1), 3, axis=1), blocks=4)
    assert found.pbo == 0.5
    assert found.logits.tolist() == [0.0] * 6


@pytest.mark.parametrize("measure", ["mean", "sharpe"])
def test_block_sums_give_what_going_through_all_rows_gives(measure):
    """Every split done the long way: cut, join, choose, rank."""
    returns = noise(47, 5, seed=3)
    found = cscv(returns, blocks=6, embargo=1, measure=measure)
    parts = [p if i == 0 else p[1:] for i, p in enumerate(np.array_split(returns, 6))]
    logits = []
    for pick in combinations(range(6), 3):
        inside = np.concatenate([parts[i] for i in pick])
        outside = np.concatenate([parts[i] for i in range(6) if i not in pick])
        score = [
            part.mean(axis=0) / (part.std(axis=0, ddof=1) if measure == "sharpe" else 1.0)
            for part in (inside, outside)
        ]
        share = stats.rankdata(score[1])[score[0].argmax()] / 6
        logits.append(math.log(share / (1 - share)))
    assert logits == pytest.approx(found.logits.tolist())
    assert found.rows == 42


def test_on_noise_the_probability_averages_one_half():
    """200 samples without an edge: 0.5 within three standard errors of the average."""
    values = [cscv(noise(64, 7, seed), blocks=8).pbo for seed in range(200)]
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    assert abs(np.mean(values) - 0.5) < 3 * error


@pytest.mark.parametrize(("blocks", "rows"), [(3, 60), (0, 60), (22, 600), (8, 15)])
def test_impossible_blocks_are_refused(blocks, rows):
    with pytest.raises(ConfigError, match="blocks"):
        cscv(noise(rows, 3), blocks=blocks)


def test_one_trial_alone_has_no_probability():
    assert math.isnan(cscv(noise(40, 1), blocks=4).pbo)


def test_the_paper_s_deflated_sharpe_ratio():
    """Bailey and Lopez de Prado (2014), numerical example: SR 2.5 a year of 250 days, five years,
    skew -3, kurtosis 10, variance of the trials' ratios 1/2 a year. 100 trials: luck reaches 0.1132
    a day and DSR is 0.9004; 46 trials: 0.9505."""
    found = Moments(
        sharpe=2.5 / math.sqrt(250), skewness=-3, kurtosis=10, bars=1250, effective_bars=1250
    )
    spread = math.sqrt(0.5 / 250)
    sharpes = np.array([-spread, spread]) / math.sqrt(2)
    assert sharpes.var(ddof=1) == pytest.approx(0.5 / 250)
    hundred = deflated_sharpe(found, sharpes, 100)
    assert hundred.luck == pytest.approx(0.1132, abs=5e-5)
    assert hundred.probability == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(found, sharpes, 46).probability == pytest.approx(0.9505, abs=5e-5)


def test_the_required_length_reaches_the_confidence():
    """At `required_bars` the same record has a deflated ratio of exactly 95 %."""
    found = Moments(sharpe=0.1, skewness=-1.0, kurtosis=8.0, bars=400, effective_bars=400)
    sharpes = np.array([0.02, 0.05, 0.1])
    needed = deflated_sharpe(found, sharpes, 3).required_bars
    longer = Moments(sharpe=0.1, skewness=-1.0, kurtosis=8.0, bars=9_999, effective_bars=needed)
    assert deflated_sharpe(longer, sharpes, 3).probability == pytest.approx(0.95)


def test_a_ratio_below_luck_is_never_long_enough():
    found = Moments(sharpe=0.01, skewness=0.0, kurtosis=3.0, bars=400, effective_bars=400)
    assert deflated_sharpe(found, np.array([-0.3, 0.01]), 2).required_bars == math.inf


def test_the_expected_maximum_is_that_of_drawn_maxima():
    """The largest of 50 standard normals averages 2.249; the approximation is 1.2 % above."""
    drawn = np.random.default_rng(1).normal(size=(20_000, 50)).max(axis=1).mean()
    assert expected_maximum(1.0, 50) == pytest.approx(drawn, rel=0.02)
    assert expected_maximum(1.0, 1) == 0.0
    with pytest.raises(ConfigError, match="trials"):
        expected_maximum(1.0, 0)


def test_moments_are_scipy_s():
    returns = stats.skewnorm.rvs(5, size=300, random_state=2)
    found = moments(returns)
    assert found.skewness == pytest.approx(stats.skew(returns))
    assert found.kurtosis == pytest.approx(stats.kurtosis(returns, fisher=False))
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1))


def test_without_an_edge_over_the_benchmark_the_odds_are_even():
    found = moments(noise(200, 1)[:, 0])
    assert probabilistic_sharpe(found, found.sharpe) == 0.5


def test_autocorrelation_shortens_the_record_by_hand():
    """[1, 1, -1, -1]: rho_1 = (1 - 1 + 1) / 4 = 1/4; 4 / (1 + 2 * 1/2 * 1/4) = 3.2."""
    assert effective_bars(np.array([1.0, 1.0, -1.0, -1.0]), lags=1) == pytest.approx(3.2)


def test_negative_autocorrelation_lengthens_nothing():
    assert effective_bars(np.array([1.0, -1.0] * 50)) == 100.0


def test_a_trial_that_never_moves_has_no_ratio():
    assert sharpe_ratios(np.full((5, 2), 0.1)).tolist() == [0.0, 0.0]
    still = moments(np.full(5, 0.1))
    assert (still.skewness, still.kurtosis, still.effective_bars) == (0.0, 3.0, 5.0)
    with pytest.raises(ConfigError, match="two"):
        moments(np.array([0.1]))


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), trials=st.integers(2, 12), cut=st.floats(0.2, 1.2))
def test_clusters_are_scipy_s_average_linkage(seed, trials, cut):
    rng = np.random.default_rng(seed)
    returns = rng.normal(size=(30, 3)) @ rng.normal(size=(3, trials))
    returns += 0.3 * rng.normal(size=returns.shape)
    distance = correlation_distance(returns)
    expected = fcluster(
        linkage(squareform(distance, checks=False), "average"), cut, criterion="distance"
    )
    labels = cluster_labels(distance, cut)
    assert len(set(expected)) == len(set(labels.tolist()))
    assert len(set(zip(expected.tolist(), labels.tolist(), strict=True))) == len(set(expected))


def test_copies_of_a_trial_are_one_trial():
    """Three independent trials, five noisy copies of each: three clusters."""
    base = noise(500, 3)
    copies = np.repeat(base, 5, axis=1) + 0.1 * noise(500, 15, seed=9)
    assert effective_trials(copies) == 3
    assert effective_trials(base) == 3
    assert effective_trials(base[:, :1]) == 1
