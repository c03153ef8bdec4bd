"""Outcomes as Parquet files: all of them, while the job runs, and no others."""

import threading
from collections import Counter

import duckdb
import numpy as np
import pandas as pd
import pytest

import basislab as bl
from basislab.errors import ConfigError
from basislab.jobs import DirectoryStore, run_chunks
from basislab.jobs.outcomes import OutcomeStore, path_rows
from basislab.research.montecarlo import Chunk
from basislab.research.search import Piece
from tests.venue_builders import free_venue_config, hourly_market

GRID = {"leverage": [2, 3], "trigger": [5, None, "auto"]}


def montecarlo(market, folder=None, **more):
    given = {"paths": 400, "days": 90, "seed": 3, "horizons": (30, 90)} | more
    return bl.montecarlo(
        market, bl.RebalanceConfig(leverage=2), block_check=False, history_error=False,
        outcomes=folder, **GRID, **given,
    )  # fmt: skip


def rows_of(folder, order="configuration, path"):
    return duckdb.read_parquet(f"{folder}/*.parquet").order(order).df()


def test_the_files_give_the_statistics(market, tmp_path):
    """Means and shares of the rows are the summary's: each configuration has 400 rows."""
    found = montecarlo(market, tmp_path / "rows")
    rows = rows_of(tmp_path / "rows")
    assert len(rows) == 6 * 400
    groups = rows.groupby("configuration")
    summary = found.summary
    expected = {
        "return_mean": groups["return"].mean(),
        "excess_p50": groups["excess_return"].median(),
        "drawdown_p95": groups["max_drawdown"].quantile(0.95),
        "beats_hurdle_probability": groups["excess_return"].apply(lambda one: (one > 0).mean()),
        "liquidation_30d": groups["liquidation_day"].apply(lambda day: (day <= 30).mean()),
        "liquidation_90d": groups["liquidation_day"].count() / 400,
    }
    for name, values in expected.items():
        assert values.to_numpy() == pytest.approx(summary[name].to_numpy(), abs=1e-12), name
    assert rows["trigger"].unique().tolist() == ["5.0", "never", "auto"]
    assert rows["path"].tolist() == [*range(400)] * 6


def test_the_files_of_a_sweep_are_its_table(market, tmp_path, monkeypatch):
    """In pieces of 8 rows: words and numbers mix in some pieces and not in others."""
    monkeypatch.setattr(
        "basislab.research.search.Window.pieces",
        lambda window: [
            Piece(number, first, min(8, len(group.positions) - first))
            for number, group in enumerate(window.groups)
            for first in range(0, len(group.positions), 8)
        ],
    )
    grid = GRID | {"leverage": np.linspace(2, 4, 40).tolist()}
    found = bl.sweep(market, bl.RebalanceConfig(leverage=2), outcomes=tmp_path, **grid)
    assert len(list(tmp_path.glob("*.parquet"))) > 1
    rows = rows_of(tmp_path, "leverage, trigger")
    trigger = found["trigger"].map(lambda value: "never" if value is None else str(value))
    table = pd.DataFrame(found.assign(trigger=trigger)).sort_values(["leverage", "trigger"])
    pd.testing.assert_frame_equal(table.reset_index(drop=True), rows, check_dtype=False)


def test_what_venues_refuse_has_no_row(tmp_path):
    market = hourly_market([100.0] * 48)
    found = bl.sweep(market, free_venue_config(), leverage=[2, 6], outcomes=tmp_path)
    assert found["infeasible"].ne("").tolist() == [False, True]
    assert rows_of(tmp_path, "leverage")["leverage"].tolist() == [2.0]


def test_a_stopped_job_has_the_files_of_what_is_finished(tmp_path):
    """Five chunks, stopped in the third: the files are those of the chunks that are kept."""
    asked = []

    def task(chunk):
        asked.append(chunk)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return {"x": np.array([chunk])}

    def store():
        kept = DirectoryStore(tmp_path / "job")
        return OutcomeStore(kept, tmp_path, lambda _, arrays: pd.DataFrame(arrays))

    def values():
        return rows_of(tmp_path, "x")["x"].tolist()

    chunks = [10, 11, 12, 13, 14]
    with pytest.raises(KeyboardInterrupt):
        run_chunks(task, chunks, store(), workers=1)
    kept = [chunks[number] for number in range(5) if store().has(number)]
    assert values() == kept
    assert 2 <= len(kept) < 5
    for file in tmp_path.glob("*.parquet"):
        file.unlink()
    run_chunks(task, chunks, store(), workers=1)
    assert values() == chunks, "what was finished without a file has got one"
    assert max(Counter(asked[3:]).values()) == 1
    assert not set(asked[3:]) & set(kept)


def test_a_folder_of_another_job_or_of_other_things_is_refused(market, tmp_path):
    montecarlo(market, tmp_path / "rows")
    with pytest.raises(ConfigError, match="it holds a job already"):
        montecarlo(market, tmp_path / "rows")
    with pytest.raises(ConfigError, match=r"it is another job \(seed differ\)"):
        montecarlo(market, tmp_path / "rows", seed=4, job=tmp_path / "job", resume=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    with pytest.raises(ConfigError, match="not empty and holds no job"):
        montecarlo(market, tmp_path / "mine")


def test_headers_are_parsed_once_and_in_turn(tmp_path, monkeypatch):
    """numpy parses them by `ast`, which now and then fails in threads of CPython 3.11."""
    store = DirectoryStore(tmp_path)
    for number in range(5):
        store.put(number, {"x": np.full(3, number)})
    inside, most, calls, load = [0], [0], [0], np.load

    def watched(*given, **choices):
        inside[0] += 1
        calls[0] += 1
        most[0] = max(most[0], inside[0])
        try:
            return load(*given, **choices)
        finally:
            inside[0] -= 1

    monkeypatch.setattr("basislab.jobs.store.np.load", watched)
    begin = threading.Barrier(8)

    def read():
        begin.wait()
        for number in range(5):
            assert store.get(number)["x"].tolist() == [number] * 3

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == [5]
    assert most == [1]


def test_rows_of_the_engine_have_its_days_and_counts():
    """30 hours are 1.25 days: the second day. The short never dies, no fault is planned."""
    further = [1.25, np.inf, np.nan, 3.0, 12.5, 0.5, 10.0]
    arrays = {
        "final": np.array([[11_000.0]]),
        "drawdown": np.array([[0.2]]),
        "liquidation": np.array([[1.25]]),
        "hurdle": np.array([[0.04]]),
        "further": np.array(further).reshape(7, 1, 1),
    }
    [row] = path_rows([Chunk(7, 1)], np.array([10_000.0]), {"leverage": [2.0]}, 0, arrays).to_dict(
        "records"
    )
    expected = {
        "leverage": 2.0, "configuration": 0, "path": 7, "final_usd": 11_000.0, "return": 0.1,
        "hurdle_return": 0.04, "excess_return": 0.06, "max_drawdown": 0.2, "liquidation_day": 2.0,
        "liquidation_long_day": 2.0, "liquidation_short_day": np.nan, "adl_day": np.nan,
        "resizes": 3.0, "resize_cost_usd": 12.5, "naked_days": 0.5, "under_water_days": 10.0,
    }  # fmt: skip
    assert list(row) == list(expected)
    assert row == pytest.approx(expected, nan_ok=True)
