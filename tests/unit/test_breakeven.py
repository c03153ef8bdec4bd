"""The break-even chapter: each formula by hand and against the model that it summarises."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from basislab.kernels.legs import (
    hedged,
    long_liquidation_price,
    short_liquidation_price,
)
from basislab.research.breakeven import (
    breakeven_funding,
    breakeven_spread,
    days_to_breakeven,
    gross_apy,
    long_liquidation_distance,
    short_liquidation_distance,
)
from basislab.types import StaticConfig
from tests.builders import simulate_free

apys = st.floats(0.0, 0.5)
leverages = st.floats(1.0, 10.0)


def test_gross_apy_by_hand():
    """3/2 * (5 % + 4 %) - 2/2 * 7 % = 6.5 %."""
    assert gross_apy(3, 0.05, 0.07, 0.04) == pytest.approx(0.065)


@given(leverages, apys, apys, st.floats(-0.5, 0.5))
@settings(deadline=None, max_examples=50)
def test_gross_apy_is_what_the_static_model_earns(leverage, supply, borrow, funding):
    result = simulate_free(
        StaticConfig,
        [100.0],
        leverage=leverage,
        supply=supply / 365,
        borrow=borrow / 365,
        funding=funding / 365,
    )
    expected = gross_apy(leverage, supply, borrow, funding)
    assert result.annualized_return == pytest.approx(expected, abs=1e-9)


def test_the_spread_on_notional_is_smaller_than_the_cost_of_capital():
    """1 % of capital is 1 % * 2/4 of a notional of twice the capital."""
    assert breakeven_spread(4, 0.01) == 0.005


def test_breakeven_funding_by_hand():
    """2x: 2 f + 2 * 5 % = 7 %, f = -1.5 %; costs of 1 % in 73 days ask for 5 % a year more."""
    assert breakeven_funding(2, 0.05, 0.07) == pytest.approx(-0.015)
    assert breakeven_funding(2, 0.05, 0.07, 0.01, 73) == pytest.approx(0.035)
    assert breakeven_funding(2, 0.05, 0.07, required_apy=0.046) == pytest.approx(0.031)


@given(leverages, apys, apys, st.floats(0.0, 0.05), st.floats(1.0, 400.0), apys)
@settings(deadline=None)
def test_breakeven_funding_solves_its_equation(leverage, supply, borrow, cost, days, required):
    funding = breakeven_funding(leverage, supply, borrow, cost, days, required)
    expected = required + cost * 365 / days
    assert gross_apy(leverage, supply, borrow, funding) == pytest.approx(expected, abs=1e-9)


def test_days_to_break_even():
    """1 % at 5 % a year: a fifth of a year; never without a return."""
    assert days_to_breakeven(0.01, 0.05) == pytest.approx(73.0)
    assert [math.inf, math.inf] == [days_to_breakeven(0.01, 0.0), days_to_breakeven(0.01, -0.1)]


@pytest.mark.parametrize(
    ("leverage", "long", "short"),
    [(2, "47.4%", "42.9%"), (3, "29.8%", "27.0%"), (4, "21.1%", "19.0%")],
)
def test_liquidation_distances(leverage, long, short):
    """``(1/L - 5 %)`` over 95 % and over 105 %."""
    assert long == f"{long_liquidation_distance(leverage, 0.05):.1%}"
    assert short == f"{short_liquidation_distance(leverage, 0.05):.1%}"


@given(leverages, st.floats(0.0, 0.09), st.floats(0.01, 1e4))
@settings(deadline=None)
def test_the_distances_are_those_of_an_opened_position(leverage, maintenance, price):
    position = hedged(10_000.0, leverage, price)
    low = long_liquidation_price(position.long, maintenance)
    high = short_liquidation_price(position.short, maintenance)
    assert long_liquidation_distance(leverage, maintenance) == pytest.approx(
        1 - low / price, abs=1e-12
    )
    assert short_liquidation_distance(leverage, maintenance) == pytest.approx(
        high / price - 1, abs=1e-12
    )
