"""Files of one series are merged if they agree; a contradiction names both rows."""

import numpy as np
import pytest

from basislab.data.build.merge import merge
from basislab.data.sources.rows import RawSeries
from basislab.errors import SourceError


def part(times: list[int], rates: list[float], where: str = "a.json") -> RawSeries:
    values = np.array([[rate, np.nan] for rate in rates])
    return RawSeries("funding", "v", "SOL", np.array(times), values, where)


def lending(times: list[int]) -> RawSeries:
    values = np.full((len(times), 2), 5.0)
    return RawSeries("lending", "kamino", "SOL", np.array(times), values, "l.json")


def test_rows_are_sorted_and_counted() -> None:
    merged = merge([part([7200, 0, 3600], [3.0, 1.0, 2.0])])
    assert merged.raw.times.tolist() == [0, 3600, 7200]
    assert merged.raw.values[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert (merged.rows, merged.out_of_order, merged.duplicates) == (3, 1, 0)


def test_identical_overlap_is_dropped() -> None:
    """An inclusive startTime repeats the last row of the page before."""
    merged = merge([part([0, 3600], [1.0, 2.0]), part([3600, 7200], [2.0, 3.0], "b.json")])
    assert merged.raw.values[:, 0].tolist() == [1.0, 2.0, 3.0]
    assert merged.duplicates == 1


def test_a_contradiction_names_both_files_and_rows() -> None:
    parts = [part([0, 3600], [1.0, 2.0]), part([7200, 3600], [3.0, 2.5], "b.json")]
    with pytest.raises(SourceError) as caught:
        merge(parts)
    assert str(caught.value) == (
        "v/SOL funding rate at 1970-01-01T01:00:00Z: two values, 2 (a.json: row 2) and "
        "2.5 (b.json: row 2). Remove the wrong row, or the older of the two files."
    )


def test_a_value_beside_a_null_is_a_contradiction() -> None:
    with pytest.raises(SourceError, match=r"nan \(a.json: row 1\)"):
        merge([part([0, 0], [np.nan, 1.0])])


def test_the_largest_jitter_is_kept() -> None:
    late = RawSeries(
        "funding", "v", "SOL", np.array([0]), np.array([[1.0, 0.0]]), "a", np.array([-887.6])
    )
    assert merge([late]).max_jitter_s == 887.6
    assert merge([part([0], [1.0])]).max_jitter_s == 0.0


def test_days_with_several_snapshots_are_counted_for_lending_only() -> None:
    assert merge([lending([0, 3600, 86_400])]).several_a_day == 1
    assert merge([part([0, 3600], [1.0, 2.0])]).several_a_day == 0


def test_statistics_are_plain_values() -> None:
    assert merge([lending([0])]).statistics() == {
        "rows": 1,
        "duplicates": 0,
        "out_of_order": 0,
        "max_jitter_s": 0.0,
        "several_a_day": 0,
    }
