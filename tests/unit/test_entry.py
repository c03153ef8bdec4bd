"""Entry statistics by hand: a P&L of a few days, every start."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basislab.errors import ConfigError
from basislab.research.entry import (
    days_after_positive,
    days_to_profit,
    entry_statistics,
    positive_streaks,
    round_trip_cost,
    static_pnl,
)
from basislab.simulate import simulate
from basislab.types import StaticConfig
from tests.builders import free_config, make_bars, make_market

PNL = np.array([1.0, -3.0, 2.0, 2.0])


def test_the_daily_pnl_is_that_of_the_static_model():
    """10 000 * (1 % + 0.5 %) - 5 000 * 0.4 % = 130; the model's equity grows by it."""
    bars = make_bars([1.0, 2.0], supply=0.01, borrow=0.004, funding=[0.005, -0.01])
    config = free_config(StaticConfig)
    assert static_pnl(bars, config).tolist() == pytest.approx([130.0, -20.0])
    market = make_market([1.0, 2.0], supply=0.01, borrow=0.004, funding=[0.005, -0.01])
    steps = np.diff(simulate(market, config).equity_usd, prepend=10_000.0)
    assert steps.tolist() == pytest.approx([130.0, -20.0])


def test_a_round_trip_costs_the_open_fee_both_perp_sides_and_gas():
    """1 500 * (15 + 7) bps + 2 = 5.30."""
    config = free_config(
        StaticConfig,
        leverage=3,
        capital_usd=1_000,
        open_fee_bps=15,
        venue={"taker_fee_bps": 3.5, "gas_usd": 2},
    )
    assert round_trip_cost(config, config.perp) == pytest.approx(5.3)


def test_every_start_whose_period_lies_within_the_data():
    """Two days: -2, -1, 4 less 0.5; one of three wins, the median is -1.5."""
    found = entry_statistics(PNL, 0.5, 2)
    assert (found.days, found.starts, found.wins, found.median_pnl_usd) == (2, 3, 1, -1.5)
    assert found.win_rate == pytest.approx(1 / 3)


def test_to_end_at_the_costs_is_no_win():
    """4 - 4 = 0 is not above zero."""
    assert entry_statistics(PNL, 4.0, 2).wins == 0


def test_only_the_allowed_starts_are_counted():
    """Start 2 wins 4 - 0.5; start 3 has no second day."""
    found = entry_statistics(PNL, 0.5, 2, [2, 3])
    assert (found.starts, found.wins) == (1, 1)


def test_without_a_start_there_is_no_rate():
    found = entry_statistics(PNL, 0.5, 5)
    assert (found.starts, found.wins) == (0, 0)
    assert math.isnan(found.win_rate)
    assert math.isnan(found.median_pnl_usd)


def test_a_holding_period_has_a_day():
    with pytest.raises(ConfigError, match="days: got 0; a holding period has at least one day"):
        entry_statistics(PNL, 0.5, 0)


def test_smart_entries_follow_a_day_above_zero():
    """Day 0, 2 and 3 are above zero; after day 3 there is no day; 0.0 is not above."""
    assert days_after_positive(PNL) == [1, 3]
    assert days_after_positive(np.array([0.0, 1.0])) == []


def test_days_to_profit_by_hand():
    """From day 1: -3.5, -1.5, 0.5: the third day. From day 0: 0.5, the first."""
    assert days_to_profit(PNL, 0.5).tolist() == [1.0, 3.0, 1.0, 1.0]


def test_zero_is_no_profit_yet():
    days = days_to_profit(np.array([1.0, 1.0]), 1.0)
    assert days[0] == 2.0
    assert math.isnan(days[1])


@pytest.mark.parametrize(
    ("pnl", "streaks"),
    [
        ([], []),
        ([-1.0, 0.0], []),
        ([1.0], [1]),
        ([1.0, 1.0, -1.0, 2.0, 0.0, 3.0, 3.0, 3.0], [2, 1, 3]),
    ],
)
def test_streaks_are_runs_of_days_above_zero(pnl, streaks):
    assert streaks == positive_streaks(np.array(pnl))


@given(st.lists(st.floats(-1, 1), max_size=30))
@settings(deadline=None)
def test_streaks_hold_every_day_above_zero(pnl):
    assert sum(positive_streaks(np.array(pnl))) == sum(value > 0 for value in pnl)
