"""Measures by hand and against an independent library."""

from __future__ import annotations

import math

import empyrical
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from basislab.errors import ConfigError
from basislab.metrics import (
    annualized_return,
    compound_return,
    correlation,
    drawdown,
    max_drawdown,
)


def test_the_annual_return_is_simple():
    """-3.9 % in 410 days: -3.9 * 365 / 410 = -3.472 %."""
    assert annualized_return(-0.039, 410) == pytest.approx(-0.034719512)
    assert annualized_return(0.01, 365) == 0.01


@pytest.mark.parametrize("days", [0, -1])
def test_a_run_has_a_length(days):
    with pytest.raises(ConfigError, match=f"days: got {days}; it must be above 0"):
        annualized_return(0.1, days)


def test_a_deposit_compounds_by_day():
    """5 % for 73 days, then 10 % for 292: 1.05^0.2 * 1.1^0.8."""
    apy = np.array([0.05] * 73 + [0.10] * 292)
    assert compound_return(apy) == pytest.approx(1.05**0.2 * 1.1**0.8 - 1)


def test_a_deposit_of_hours_compounds_by_hour():
    assert compound_return(np.full(24, 0.05), 1 / 24) == pytest.approx(1.05 ** (1 / 365) - 1)


def test_an_unknown_rate_is_no_return():
    assert math.isnan(compound_return(np.array([0.05, np.nan])))


def test_drawdown_starts_at_the_initial_capital():
    """90 of 100, 120 is a new peak, 60 of 120, 150 of 150."""
    equity = np.array([90.0, 120.0, 60.0, 150.0])
    assert drawdown(equity, 100.0).tolist() == pytest.approx([0.1, 0.0, 0.5, 0.0])
    assert max_drawdown(equity, 100.0) == 0.5


def test_an_equity_below_zero_is_more_than_all():
    assert max_drawdown(np.array([-50.0]), 100.0) == 1.5


def test_a_rising_curve_has_no_drawdown():
    assert max_drawdown(np.array([100.0, 101.0]), 100.0) == 0.0


def test_nan_spreads_in_a_drawdown():
    found = drawdown(np.array([90.0, np.nan, 80.0]), 100.0)
    assert np.isnan(found).tolist() == [False, True, True]


@given(
    st.lists(st.floats(-0.9, 2.0), min_size=1, max_size=30),
)
@settings(deadline=None)
def test_max_drawdown_is_empyricals(returns):
    """Whose curve starts at the capital too, and whose drawdown is negative."""
    equity = 100.0 * np.cumprod(1.0 + np.array(returns))
    series = pd.Series(equity).pct_change()
    series.iloc[0] = equity[0] / 100.0 - 1.0
    assert max_drawdown(equity, 100.0) == pytest.approx(-empyrical.max_drawdown(series), abs=1e-9)


@given(
    st.lists(
        st.tuples(st.floats(-10, 10).map(lambda x: round(x, 3)), st.integers(-10, 10)),
        min_size=2,
        max_size=30,
    )
)
@settings(deadline=None)
def test_correlation_is_numpys(pairs):
    left, right = (np.array(values, float) for values in zip(*pairs, strict=True))
    found = correlation(left, right)
    if left.std() == 0 or right.std() == 0:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(np.corrcoef(left, right)[0, 1], abs=1e-12)
        assert -1.0 <= found <= 1.0


def test_opposite_series_have_a_correlation_of_minus_one():
    left = np.array([1.0, 2.0, 4.0])
    assert correlation(left, -left) == -1.0


def test_one_value_has_no_correlation():
    assert math.isnan(correlation(np.array([1.0]), np.array([2.0])))
