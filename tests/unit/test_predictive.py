"""What one history leaves open about its levels: planted memory, planted coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basislab.kernels.bootstrap import ALIKE, Rows, draw_rows
from basislab.research.predictive import (
    LevelTilt,
    block_correlation,
    bootstrap_variance,
    level_scale,
    level_tilt,
    memory,
    prewhitened_variance,
    sum_variance,
    volatility_error,
)


def ar1(n: int, phi: float, seed: int, size: float = 1.0) -> np.ndarray:
    """Stationary AR(1) of standard deviation `size`."""
    random = np.random.default_rng(seed)
    shocks = size * np.sqrt(1 - phi**2) * random.standard_normal(n)
    made = np.empty(n)
    made[0] = size * random.standard_normal()
    for i in range(1, n):
        made[i] = phi * made[i - 1] + shocks[i]
    return made


def regimes(random: np.random.Generator, n: int) -> np.ndarray:
    """Two levels, 2 apart, under noise of size 1."""
    level = (np.cumsum(random.random(n) < 1 / 60) + random.integers(2)) % 2
    return 2.0 * level + random.standard_normal(n)


def rows_of(funding: np.ndarray, seed: int = 0) -> Rows:
    random = np.random.default_rng(seed)
    n = len(funding)
    close = np.exp(0.03 * random.standard_normal(n))
    supply, borrow = 1e-4 + 1e-5 * random.random((2, n))
    return Rows(close * 1.02, close * 0.98, close, supply, borrow, funding, np.full(n, 1.0002))


def test_memory_by_hand():
    """1, -1, 1, -1: mean 0, products -1 -1 -1 over 1 + 1 + 1 give phi = -1; corrected
    -1 + (1 - 3) / 4 = -1.5, held at -0.98.
    """
    assert memory(np.array([1.0, -1.0, 1.0, -1.0])) == -0.98
    assert memory(np.full(30, 3e-4)) == 0.0


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_planted_memory_is_found_without_bias(phi):
    """Mean over 400 histories of 200 bars, within three standard errors and order n^-2."""
    found = np.array([memory(ar1(200, phi, seed)) for seed in range(400)])
    assert found.mean() == pytest.approx(phi, abs=3 * found.std() / 20 + 0.004)


@pytest.mark.parametrize(("phi", "horizon"), [(0.0, 90), (0.5, 90), (0.9, 30), (0.9, 365)])
def test_the_variance_of_a_sum_is_the_planted_one(phi, horizon):
    """V_H = (1 + phi) / (1 - phi) - 2 phi (1 - phi^H) / (H (1 - phi)^2), by summing covariances."""
    exact = 1 + 2 * sum((1 - k / horizon) * phi**k for k in range(1, horizon))
    long_run = (1 + phi) / (1 - phi)
    assert exact == pytest.approx(
        long_run - 2 * phi * (1 - phi**horizon) / (horizon * (1 - phi) ** 2)
    )
    assert sum_variance(ar1(60_000, phi, 3), horizon) == pytest.approx(exact, rel=0.15)


def test_slow_regimes_under_noise_are_seen():
    """Two levels 2 apart, each left with 1/60 a day: autocovariances (1 - 2/60)^k beside noise of
    1, so that the variance per bar of a quarter's sum is 42; an AR(1) fitted to the first
    autocovariance alone says a third of it.
    """
    values = regimes(np.random.default_rng(1), 40_000)
    exact = 2 + 2 * sum((1 - k / 90) * (1 - 2 / 60) ** k for k in range(1, 90))
    assert sum_variance(values, 90) == pytest.approx(exact, rel=0.15)
    assert prewhitened_variance(values, 90) < 0.4 * exact


@pytest.mark.parametrize("block", [1.0, 7.0, 40.0])
def test_a_bootstrapped_sum_varies_as_said(block):
    """Against 4 000 drawn paths; the standard error of a variance is sqrt(2 / 4 000), 2.2 %."""
    values, horizon = ar1(300, 0.8, 5), 60
    rows, sums = np.empty(horizon, np.int64), np.empty(4_000)
    for path in range(len(sums)):
        draw_rows(rows, len(values), block, 9, path, ALIKE)
        sums[path] = values[rows].sum()
    assert sums.var() / horizon == pytest.approx(
        bootstrap_variance(values, block, horizon), rel=0.08
    )


def test_a_path_longer_than_the_history_wraps_around_it():
    values = ar1(50, 0.5, 1)
    assert np.isfinite(bootstrap_variance(values, 10.0, 200))
    assert bootstrap_variance(np.full(50, 0.1), 10.0, 200) == pytest.approx(0.0, abs=1e-30)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.7, 0.97]), st.floats(1e-6, 1e3))
def test_the_shift_has_the_unit_of_its_driver(seed, phi, size):
    values = ar1(200, phi, seed)
    scale, freedom = level_scale(values, 20.0, 90)
    larger, same = level_scale(size * values + 5.0, 20.0, 90)
    assert larger == pytest.approx(size * scale, rel=1e-6)
    assert same == pytest.approx(freedom, rel=1e-6)
    assert scale > 0
    assert 4.0 <= freedom <= 110.0


def test_a_rate_that_never_moved_is_not_shifted():
    assert level_scale(np.full(100, 3e-4), 10.0, 90)[0] == 0.0


def test_drivers_that_move_together_are_shifted_together():
    """Funding is twice the carry: correlation 0.999 by construction, and of the shifts."""
    base = ar1(400, 0.9, 2, 1e-4)
    found = block_correlation([base, 2 * base, np.full(400, 1.0)], 20.0)
    assert found[0, 1] == pytest.approx(0.999)
    assert found[0, 2] == 0.0
    tilt = LevelTilt(
        scales=np.array([1.0, 2.0, 0.0]),
        freedom=30.0,
        root=np.linalg.cholesky(found),
        volatility=0.1,
        drift=0.0,
    )
    drawn = tilt.draw(0, 0, 20_000)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] == pytest.approx(0.999, abs=2e-3)
    assert not drawn[:, 2].any()
    assert np.log(drawn[:, 3]).std() == pytest.approx(0.1, rel=0.03)
    assert drawn[:, 0].std() == pytest.approx(np.sqrt(30 / 28), rel=0.05)


def test_the_shifts_of_a_path_do_not_depend_on_its_chunk():
    tilt = level_tilt(rows_of(ar1(300, 0.9, 4, 1e-4)), 20.0, 90)
    whole = tilt.draw(7, 0, 3_000)
    for first, count in ((0, 1), (1_000, 100), (1_023, 2), (2_047, 953)):
        assert np.array_equal(tilt.draw(7, first, count), whole[first : first + count])
    assert not np.array_equal(tilt.draw(8, 0, 10), whole[:10])


def test_the_volatilitys_error_is_that_of_many_histories():
    """For iid normal returns the logarithm's standard error is 1 / sqrt(2 n) = 0.05 at n = 200."""
    random = np.random.default_rng(0)
    found = [volatility_error(0.03 * random.standard_normal(200)) for _ in range(200)]
    assert np.mean(found) == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize("kind", [0.0, 0.95, "regimes"])
def test_intervals_of_the_next_quarter_cover_where_plain_ones_do_not(kind):
    """Nominal 90 % for the mean of the next 90 bars after 410; 150 histories, error 2.4 points."""
    block, horizon, hits, plain_hits = 30.0, 90, 0, 0
    for seed in range(150):
        if kind == "regimes":
            series = 1e-4 * regimes(np.random.default_rng(seed), 410 + horizon)
        else:
            series = ar1(410 + horizon, kind, 1_000 + seed, 1e-4)
        past, coming = series[:410], series[410:].mean()
        tilt = level_tilt(rows_of(past, seed), block, horizon)
        rows, plain = np.empty(horizon, np.int64), np.empty(400)
        for path in range(len(plain)):
            draw_rows(rows, len(past), block, seed, path, ALIKE)
            plain[path] = past[rows].mean()
        drawn = plain + tilt.draw(seed, 0, len(plain))[:, 0]
        low, high = np.quantile(drawn, [0.05, 0.95])
        hits += low <= coming <= high
        low, high = np.quantile(plain, [0.05, 0.95])
        plain_hits += low <= coming <= high
    assert 0.82 <= hits / 150 <= 0.98
    assert plain_hits <= hits
