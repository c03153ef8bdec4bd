"""Fan, neighbours, walk-forward, sensitivity, episodes: by hand on a few numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basislab.errors import ConfigError
from basislab.research.overfit.episodes import episodes
from basislab.research.overfit.fan import Fan, fan_of_returns
from basislab.research.overfit.neighbourhood import Neighbourhood, map_axis, next_to
from basislab.research.overfit.sensitivity import (
    ALL_CONSTANTS,
    EVERY_CORNER,
    Range,
    corners,
    holding_share,
    sensitivities,
)
from basislab.research.overfit.walkforward import Run, plan_windows, walk_forward


def test_short_starts_are_shown_and_not_counted():
    """Four starts of 4, 3, 2, 1 days; at least two days count: two of three are positive, one of
    three is above its hurdle; of all four, one."""
    fan = Fan(
        returns=np.array([0.04, 0.02, -0.01, -0.02]),
        hurdles=np.array([0.03, 0.03, 0.02, 0.01]),
        days=np.array([4.0, 3.0, 2.0, 1.0]),
        min_days=2.0,
    )
    assert fan.positive_share == pytest.approx(2 / 3)
    assert fan.above_share == pytest.approx(1 / 3)
    assert fan.all_above_share == 0.25
    assert fan.annual_excess().tolist() == pytest.approx(
        [0.01 * 365 / 4, -0.01 * 365 / 3, -0.03 * 365 / 2]
    )
    assert fan.quantiles()[0.5] == pytest.approx(-0.01 * 365 / 3)


def test_a_fan_without_a_counted_start_says_nothing():
    fan = Fan(returns=np.ones(2), hurdles=np.zeros(2), days=np.array([2.0, 1.0]), min_days=90)
    assert math.isnan(fan.above_share)
    assert fan.quantiles() == {}


def test_the_fan_of_bare_returns_compounds_to_the_end():
    """Starts at 10 %, then 20 %: 1.1 * 1.2 - 1 = 0.32, then 0.2."""
    fan = fan_of_returns(np.array([0.1, 0.2]), 1.0)
    assert fan.returns.tolist() == pytest.approx([0.32, 0.2])
    assert fan.days.tolist() == [2.0, 1.0]


def test_neighbours_are_one_step_away_on_every_axis():
    """Grid of leverage 2, 3 and trigger 3, 4, 5, 6: next to (2, 5) are 4 and 6 at 2x and 4, 5, 6
    at 3x; a combination that was not tried is no neighbour."""
    points = [(2, 3), (2, 4), (2, 5), (2, 6), (3, 4), (3, 5), (3, 6), (4, 6)]
    assert next_to(points, 2) == [1, 3, 4, 5, 6]
    assert next_to([(2, 5)], 0) == []


def test_the_map_is_centred_on_the_optimum_and_bounded():
    assert map_axis(5.0, 0.0)[10] == 5.0
    assert map_axis(1.1, 1.0, 0.2, 3).tolist() == pytest.approx([1.0, 1.1, 1.32])


def test_shares_of_the_map():
    map_ = Neighbourhood(
        axes={"trigger": np.arange(4.0)},
        excess=np.array([-0.02, 0.01, 0.03, -0.01]),
        grid_excess=np.array([]),
    )
    assert (map_.above_share, map_.median, map_.spread) == (0.5, 0.0, (-0.02, 0.03))


def test_windows_leave_out_the_purge_and_keep_a_long_last_test():
    """10 bars, 4 to choose in, purge 1, tests of 2: tests begin at 5, 7, 9; the last has one bar,
    half of two, and is kept."""
    windows = plan_windows(10, train=4, test=2, purge=1)
    assert [tuple(w) for w in windows] == [(0, 4, 5, 7), (2, 6, 7, 9), (4, 8, 9, 10)]
    assert plan_windows(5, train=4, test=2, purge=1) == []
    with pytest.raises(ConfigError, match="walk-forward"):
        plan_windows(10, train=0, test=2, purge=1)


@settings(deadline=None, max_examples=100)
@given(
    n=st.integers(1, 300),
    train=st.integers(1, 90),
    test=st.integers(1, 60),
    purge=st.integers(0, 20),
)
def test_no_window_sees_what_it_is_judged_by(n, train, test, purge):
    windows = plan_windows(n, train, test, purge)
    for window in windows:
        assert window.train >= 0
        assert window.train_end - window.train == train
        assert window.test - window.train_end == purge
        assert window.test < window.test_end <= n
    tests = [bar for window in windows for bar in range(window.test, window.test_end)]
    assert tests == sorted(set(tests))


def test_each_window_is_chosen_inside_and_paid_for_outside():
    """Daily returns: trial A 10 % on bars 0-3, then -10 %; B nothing. Opening costs 1 %, hurdle 0.
    Window 1 chooses A in (0, 1) and lives (2, 3): 1.1^2 - 0.01 = +20 %; window 2 chooses A in
    (2, 3) and loses in (4, 5): 0.81 - 0.01 - 1 = -20 %, where B lost its 1 % only.
    1.2 * 0.8 - 1 = -4 %."""
    daily = np.array([[0.1, 0.1, 0.1, 0.1, -0.1, -0.1], [0.0] * 6])

    def run(trial: int, first: int, end: int) -> Run:
        return Run(np.cumprod(1 + daily[trial, first:end]) - 0.01, 0.0)

    def finals(first: int, end: int):
        return np.array([run(trial, first, end).curve[-1] for trial in (0, 1)])

    found = walk_forward(run, finals, plan_windows(6, 2, 2, 0), 0)
    assert [step.chosen for step in found.steps] == [0, 0]
    assert [step.outside for step in found.steps] == pytest.approx([0.2, -0.2])
    assert [step.best_outside for step in found.steps] == pytest.approx([0.2, -0.01])
    assert found.excess == pytest.approx(-0.04)
    assert found.annual_excess == pytest.approx(-0.04 * 365 / 4)
    assert found.beaten_count == 1
    assert found.equity().tolist() == pytest.approx([1.09, 1.2, 1.2 * 0.89, 0.96])


def test_a_constant_is_moved_over_its_range_and_its_sign_change_is_seen():
    """Excess 0.02 - cost over costs 0, 0.02, 0.04: above at one of three values."""
    cost = Range(name="cost", value=0.01, low=0.0, high=0.04, unit="fraction")
    flat = Range(name="flat", value=1.0, low=1.0, high=1.0, unit="USD")
    found = sensitivities([cost, flat], lambda c: (0.02 - c.get("cost", 0.01), "flat" in c), 3)
    assert found[0].excess.tolist() == pytest.approx([0.02, 0.0, -0.02])
    assert (found[0].above_share, found[0].is_flipped) == (pytest.approx(1 / 3), True)
    assert (found[1].above_share, found[1].is_flipped, found[1].best_share) == (1.0, False, 1.0)
    assert holding_share(found[:2]) == pytest.approx(2 / 3)
    assert math.isnan(holding_share([]))
    with pytest.raises(ConfigError, match="above"):
        Range(name="cost", value=1.0, low=2.0, high=1.0, unit="USD")


def test_joint_moves_begin_where_every_constant_is_worse():
    """Excess gain - cost, both in [0, 1], as assumed 0.5 each: all low to all high would stay at 0
    throughout. From the worse ends (gain 0, cost 1) to the better ones it walks -1, 0, 1; of the
    four corners -1, 0, 0, 1 one is above the hurdle."""
    ranges = [Range(name=name, value=0.5, low=0.0, high=1.0, unit="") for name in ("gain", "cost")]
    found = sensitivities(ranges, lambda c: (c.get("gain", 0.5) - c.get("cost", 0.5), True), 3)
    walk, corner = found[2:]
    assert (walk.constant.name, walk.excess.tolist()) == (ALL_CONSTANTS, [-1.0, 0.0, 1.0])
    assert corner.constant.name == EVERY_CORNER
    assert sorted(corner.excess.tolist()) == [-1.0, 0.0, 0.0, 1.0]
    assert (corner.excess[0], corner.above_share) == (-1.0, 0.25)


def test_a_single_constant_has_no_joint_move():
    one = Range(name="cost", value=0.5, low=0.0, high=1.0, unit="")
    assert len(sensitivities([one], lambda c: (c["cost"], True), 3)) == 1


def test_a_value_at_which_nothing_can_be_opened_is_the_worse_end_and_not_above():
    """Excess 1 up to half of the range, impossible beyond: two of three values are above, and the
    joint walk begins at the end that cannot be opened."""
    ranges = [Range(name=name, value=0.0, low=0.0, high=1.0, unit="") for name in ("ltv", "fee")]

    def excess_at(constants):
        return (math.nan if constants.get("ltv", 0.0) > 0.5 else 1.0), True

    found = sensitivities(ranges, excess_at, 3)
    assert (found[0].above_share, found[0].spread) == (pytest.approx(2 / 3), (1.0, 1.0))
    assert np.isnan(found[2].excess).tolist() == [True, False, False]


def test_too_many_corners_are_drawn_with_the_first_and_the_last_among_them():
    """2^12 = 4096 corners, 256 drawn: distinct, the same for the same seed."""
    drawn = corners(12, seed=1)
    assert len(set(drawn)) == len(drawn) == 256
    assert {(0,) * 12, (1,) * 12} <= set(drawn)
    assert drawn == corners(12, seed=1) != corners(12, seed=2)


def test_neighbours_that_cannot_be_opened_are_left_out_of_the_share():
    map_ = Neighbourhood(
        axes={"leverage": np.arange(4.0)},
        excess=np.array([-0.02, 0.01, 0.03, math.nan]),
        grid_excess=np.array([]),
    )
    assert (map_.above_share, map_.median, map_.spread) == (
        pytest.approx(2 / 3),
        0.01,
        (-0.02, 0.03),
    )


def test_liquidations_near_each_other_are_one_episode():
    """Days 5 and 17 lie within 14 of day 3; 18 is 15 after it and begins the next."""
    assert episodes([34, 5, 3, 17, 18, 5]) == [(3, 17), (18, 18), (34, 34)]
    assert episodes([]) == []


def test_a_run_that_is_liquidated_all_the_time_has_many_episodes_not_one():
    """Every third day of 90: 15 days (0 to 14, 15 to 29, ...) hold one storm, so six episodes."""
    assert len(episodes(range(0, 90, 3))) == 6
