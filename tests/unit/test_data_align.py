"""One place decides about gaps: nothing missing becomes zero, nothing is filled unasked."""

import math

import numpy as np
import pytest

from basislab.data.build.align import Aligner, Hole, find_holes, parse_max_gap, sum_per_bar
from basislab.errors import ConfigError, DataGapError

HOUR, DAY = 3_600, 86_400
T0 = 1_735_689_600  # 2025-01-01


def aligner(days: int = 4, max_gap: str = "0") -> Aligner:
    times = np.datetime64("2025-01-01", "s") + np.arange(days) * np.timedelta64(1, "D")
    return Aligner(times, DAY, parse_max_gap(max_gap))


def hours(count: int, *missing: int, start: int = T0, step: int = HOUR) -> np.ndarray:
    return np.array([start + step * k for k in range(count) if k not in missing])


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, 0), ("0", 0), ("90m", 5_400), ("3h", 10_800), (" 2 d ", 172_800)]
)
def test_a_duration_is_minutes_hours_or_days(text: str | None, seconds: int) -> None:
    assert parse_max_gap(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "h", "-3h", "3.5h", "3s", "1e3h", "9999999d"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^max_gap: got .*such as 90m, 3h or 1d\.$"):
        parse_max_gap(text)


def test_a_missing_settlement_is_found() -> None:
    assert find_holes(hours(50, 20)) == [Hole(T0 + 20 * HOUR, HOUR, 1)]


def test_holes_side_by_side_and_at_the_ends_are_found() -> None:
    found = find_holes(hours(60, 1, 30, 32, 33, 58))
    assert [((hole.start - T0) // HOUR, hole.missing) for hole in found] == [
        (1, 1),
        (30, 1),
        (32, 2),
        (58, 1),
    ]


@pytest.mark.parametrize(("before", "after"), [(8, 1), (1, 8), (8, 4), (2, 1)])
def test_a_change_of_schedule_is_no_hole(before: int, after: int) -> None:
    """Hyperliquid settled 8-hourly until 2023-06-08 08:00, hourly from then on."""
    early = hours(40, step=before * HOUR)
    late = hours(60, start=int(early[-1]) + after * HOUR, step=after * HOUR)
    assert find_holes(np.concatenate([early, late])) == []


def test_a_hole_beside_a_change_of_schedule_is_still_found() -> None:
    early = hours(40, 38, step=8 * HOUR)
    late = hours(60, 5, start=int(early[-1]) + HOUR)
    found = find_holes(np.concatenate([early, late]))
    assert [(hole.start - T0) // HOUR for hole in found] == [38 * 8, 39 * 8 + 6]


def test_short_histories_have_no_schedule_to_break() -> None:
    assert find_holes(np.array([], dtype=np.int64)) == []
    assert find_holes(np.array([T0])) == []
    assert find_holes(np.array([T0, T0 + 5 * HOUR])) == []


def test_a_hole_is_cut_to_the_grid() -> None:
    hole = Hole(start=0, step=10, missing=5)
    assert hole.within(15, 35) == Hole(20, 10, 2)
    assert hole.within(0, 100) == hole
    assert hole.within(60, 100).missing == 0


def test_settlements_are_summed_by_bar_and_counted() -> None:
    sums, counts, observed = aligner(2).settle("f", hours(48), np.arange(48.0))
    assert sums.tolist() == [sum(range(24)), sum(range(24, 48))]
    assert counts.tolist() == [24, 24]
    assert observed.all()


def test_an_empty_bar_sums_to_nan_and_never_to_zero() -> None:
    sums, counts = sum_per_bar(np.array([1, 1]), np.array([1.0, 2.0]), 3)
    assert np.isnan(sums[[0, 2]]).all()
    assert counts.tolist() == [0, 2, 0]
    nothing, _ = sum_per_bar(np.array([], dtype=np.int64), np.array([]), 2)
    assert np.isnan(nothing).all()


def test_partial_days_at_the_ends_of_a_history_are_allowed() -> None:
    stamps = hours(4 * 24, *range(20), *range(83, 96))
    _, counts, observed = aligner().settle("f", stamps, np.ones(len(stamps)))
    assert counts.tolist() == [4, 24, 24, 11]
    assert observed.all()


def test_a_missing_hour_is_an_error_that_says_how_to_allow_it() -> None:
    stamps = hours(96, 30, 50, 51, 52)
    with pytest.raises(DataGapError) as caught:
        aligner().settle("hyperliquid/SOL funding", stamps, np.ones(len(stamps)))
    assert str(caught.value) == (
        "hyperliquid/SOL funding: 4 of 96 hours missing, first 2025-01-02T06:00Z. Refetch the "
        "missing time and import again, or allow up to 3 h with --max-gap 3h."
    )


def test_large_numbers_are_grouped() -> None:
    stamps = hours(24 * 500, 30)
    with pytest.raises(DataGapError, match="1 of 12 000 hours missing"):
        aligner(500).settle("f", stamps, np.ones(len(stamps)))


def test_an_allowed_hole_holds_the_rate_before_it_and_is_recorded() -> None:
    """Hour 30 takes the rate of hour 29: the second day is 29 + sum(24..47) - 30."""
    grid = aligner(max_gap="1h")
    stamps = hours(96, 30)
    sums, counts, observed = grid.settle("f", stamps, ((stamps - T0) // HOUR).astype(float))
    assert sums[1] == sum(range(24, 48)) - 30 + 29
    assert counts.tolist() == [24] * 4
    assert observed.tolist() == [True, False, True, True]
    assert grid.decisions == [
        {
            "series": "f",
            "missing": 1,
            "unit": "hours",
            "first": "2025-01-02T06:00Z",
            "longest_s": 3_600,
            "filled_with": "previous value",
        }
    ]


def test_a_hole_longer_than_allowed_is_an_error() -> None:
    stamps = hours(96, 50, 51)
    with pytest.raises(DataGapError, match=r"allow up to 2 h with --max-gap 2h"):
        aligner(max_gap="1h").settle("f", stamps, np.ones(len(stamps)))


def test_a_history_that_begins_too_late_cannot_be_filled() -> None:
    stamps = hours(96, *range(30))
    with pytest.raises(DataGapError) as caught:
        aligner(max_gap="30d").settle("f", stamps, np.ones(len(stamps)))
    assert str(caught.value) == (
        "f: 30 of 96 hours missing, first 2025-01-01T00:00Z. Nothing stands before it that could "
        "be held: refetch the missing time and import again."
    )


def test_a_history_that_ends_too_early_is_an_error_or_held() -> None:
    stamps = hours(60)
    with pytest.raises(DataGapError, match="36 of 96 hours missing, first 2025-01-03T12:00Z"):
        aligner().settle("f", stamps, np.ones(60))
    sums, _, observed = aligner(max_gap="2d").settle("f", stamps, np.ones(60))
    assert sums.tolist() == [24.0] * 4
    assert observed.tolist() == [True, True, False, False]


def test_what_lies_outside_the_grid_is_dropped() -> None:
    stamps = hours(240, start=T0 - 3 * DAY)
    sums, _, _ = aligner().settle("f", stamps, np.ones(240))
    assert sums.tolist() == [24.0] * 4


def test_a_hole_outside_the_grid_does_not_matter() -> None:
    stamps = hours(240, 10, 230, start=T0 - 3 * DAY)
    sums, _, observed = aligner().settle("f", stamps, np.ones(238))
    assert sums.tolist() == [24.0] * 4
    assert observed.all()


def test_a_hole_into_the_first_day_is_a_hole_when_there_is_earlier_history() -> None:
    stamps = hours(168, *range(70, 80), start=T0 - 3 * DAY)
    with pytest.raises(DataGapError, match="8 of 96 hours missing, first 2025-01-01T00:00Z"):
        aligner().settle("f", stamps, np.ones(len(stamps)))


@pytest.mark.parametrize("start", [T0 - 30 * DAY, T0 + 30 * DAY])
def test_a_history_of_another_time_covers_nothing(start: int) -> None:
    stamps = hours(48, start=start)
    with pytest.raises(DataGapError, match="96 of 96 hours missing, first 2025-01-01T00:00Z"):
        aligner().settle("f", stamps, np.ones(48))


def test_a_single_settlement_counts_as_one_a_bar() -> None:
    sums, _, _ = aligner(1).settle("f", np.array([T0]), np.array([0.5]))
    assert sums.tolist() == [0.5]


def test_other_schedules_are_counted_in_settlements() -> None:
    stamps = hours(12, 5, step=8 * HOUR)
    with pytest.raises(DataGapError, match="1 of 12 settlements missing"):
        aligner().settle("f", stamps, np.ones(11))


def test_the_last_value_of_a_day_counts_and_null_does_not() -> None:
    stamps = np.array([T0 - 1, T0, T0 + HOUR, T0 + DAY, T0 + DAY + 1, T0 + 4 * DAY])
    placed = aligner().place(stamps, np.array([9.0, 1.0, 2.0, 3.0, math.nan, 8.0]))
    assert placed[:2].tolist() == [2.0, 3.0]
    assert np.isnan(placed[2:]).all()


def test_a_complete_series_is_returned_as_it_is() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0])
    held, observed = aligner().hold("x", values)
    assert held is values
    assert observed.all()


def test_a_missing_day_is_an_error_that_says_how_to_allow_it() -> None:
    values = np.array([1.0, np.nan, np.nan, 4.0])
    with pytest.raises(DataGapError) as caught:
        aligner().hold("kamino/USDC borrow_apy", values)
    assert str(caught.value) == (
        "kamino/USDC borrow_apy: 2 of 4 days missing, first 2025-01-02T00:00Z. Refetch the "
        "missing time and import again, or allow up to 2 d with --max-gap 2d."
    )


def test_an_allowed_missing_day_holds_the_day_before() -> None:
    held, observed = aligner(max_gap="2d").hold("x", np.array([1.0, np.nan, np.nan, 4.0]))
    assert held.tolist() == [1.0, 1.0, 1.0, 4.0]
    assert observed.tolist() == [True, False, False, True]


def test_a_first_day_that_is_missing_cannot_be_held() -> None:
    with pytest.raises(DataGapError, match="Nothing stands before it that could be held"):
        aligner(max_gap="9d").hold("x", np.array([np.nan, 1.0, 1.0, 1.0]))


def test_another_command_is_named_where_this_one_has_no_option() -> None:
    grid = aligner()
    grid.command = "basislab data import t.csv"
    with pytest.raises(DataGapError, match=r"with 'basislab data import t\.csv --max-gap 1d'"):
        grid.hold("x", np.array([1.0, np.nan, 1.0, 1.0]))


def test_a_hole_of_odd_length_is_given_in_minutes() -> None:
    stamps = hours(40, 20, step=1_800)
    with pytest.raises(DataGapError, match="allow up to 30 m with --max-gap 30m"):
        aligner(1).settle("f", stamps, np.ones(39))
