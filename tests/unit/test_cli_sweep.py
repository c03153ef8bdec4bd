"""``basislab sweep`` and ``basislab montecarlo`` as a new user meets them."""

import csv
import json
import sys
from typing import NamedTuple

import duckdb
import pytest

from basislab.cli import main

CHEAP = ["--paths", 50, "--days", 60, "--no-block-check", "--no-history-error"]


class Run(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def basislab(monkeypatch, capsys):
    """Run the command line in this process: what it imports is imported once."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["basislab", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Run(ended.value.code or 0, said.out, said.err)

    return run


@pytest.mark.parametrize("command", ["sweep", "montecarlo"])
def test_help_says_how_to_write_values(basislab, command):
    run = basislab(command, "--help")
    assert run.returncode == 0
    assert "2:5:0.5" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_a_sweep_reads_at_80_columns(basislab):
    run = basislab("sweep", "--leverage", "2:4", "--trigger", "4,6,never", "--samples", 20)
    assert run.returncode == 0, run.stderr
    run = basislab("sweep", "--leverage", "2:4:0.5", "--trigger", "4:8:0.5,never")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("50 configurations; ")
    assert max(map(len, lines)) <= 80
    assert "never" in run.stdout
    assert "\x1b" not in run.stdout
    assert "\x1b" not in run.stderr


def test_a_map_that_is_too_wide_becomes_shades(basislab):
    run = basislab("sweep", "--leverage", "2,3", "--trigger", "4:12:0.1", "--top", 0)
    assert run.returncode == 0, run.stderr
    assert "shades ' .:-=+*#%@'" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_a_sweep_writes_every_row(basislab, tmp_path):
    run = basislab(
        "sweep", "--leverage", "2,3", "--trigger", "5,never", "--out", tmp_path / "a.parquet"
    )
    assert run.returncode == 0, run.stderr
    table = duckdb.read_parquet(str(tmp_path / "a.parquet"))
    assert table.shape[0] == 4
    assert {"leverage", "trigger", "excess_return", "carry_usd", "liquidations"} <= set(
        table.columns
    )
    run = basislab("sweep", "--leverage", "2,3", "--out", tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["leverage"] for row in rows] == ["2.0", "3.0"]


@pytest.mark.parametrize("ending", ["svg", "png", "html"])
def test_a_map_is_drawn(basislab, tmp_path, ending):
    path = tmp_path / f"map.{ending}"
    run = basislab("sweep", "--leverage", "2,3", "--trigger", "5,6", "--figure", path)
    assert run.returncode == 0, run.stderr
    assert path.stat().st_size > 1_000


def test_montecarlo_shows_both_errors_and_the_hurdle(basislab):
    run = basislab("montecarlo", "--leverage", "2", "--paths", 60, "--days", 90)
    assert run.returncode == 0, run.stderr
    for words in ("MC error", "history error", "P(beats hurdle)", "CVaR", "P(liq. in 30 days)"):
        assert words in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80
    assert "\x1b" not in run.stdout


def test_montecarlo_names_how_it_drew(basislab):
    given = ("montecarlo", "--leverage", "2", *CHEAP)
    assert "predictive draws: each path's levels" in basislab(*given).stdout
    plain = basislab(*given, "--no-predictive").stdout
    assert "plain bootstrap: levels as in this history" in plain


def test_montecarlo_of_many_configurations_is_a_ranking(basislab):
    run = basislab("montecarlo", "--leverage", "2:4:0.25", *CHEAP)
    assert run.returncode == 0, run.stderr
    assert "the 20 with the highest mean excess" in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= 80


def test_montecarlo_writes_tidy_statistics(basislab, tmp_path):
    run = basislab("montecarlo", "--leverage", "2,3", *CHEAP, "--out", tmp_path / "m.parquet")
    assert run.returncode == 0, run.stderr
    table = duckdb.read_parquet(str(tmp_path / "m.parquet"))
    expected = ["leverage", "block_days", "statistic", "value", "montecarlo_error", "history_error"]
    assert table.columns == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "--leverage", "two"], "--leverage: got 'two'; it must be a number"),
        (["sweep", "--leverage", "2:5"], "--leverage: got '2:5'; a range is first:last:step"),
        (["sweep", "--leverage", "0.5,2"], "got 0.5; it must be a number in [1, 100]"),
        (["sweep", "--buffer", "0.1"], "--buffer: model 'rebalance' has no such decision"),
        (["sweep", "--perp", "hyperliquid"], "did you mean 'hyperliquid-study'?"),
        (["sweep", "--sort", "excess"], "--sort: got 'excess' (did you mean 'excess_return'?)"),
        (["sweep", "--workers", "0"], "workers: got 0; it must be a whole number from 1 to 1024"),
        (["sweep", "--resume"], "resume: there is no job folder"),
        (["sweep", "--start", "tomorrow"], "2025-01-18"),
        (["sweep", "--out", "x.txt"], "output x.txt: it must end in .parquet or .csv"),
        (["sweep", "--figure", "x.svg"], "--figure: nothing is swept"),
        (["sweep", "--market", "nowhere"], "nowhere"),
        (["montecarlo", "--paths", "1"], "paths: got 1; it must be a whole number from 2"),
        (["montecarlo", "--horizons", "30,x"], "--horizons: got 'x'"),
        (["montecarlo", "--volatility", "-1"], "volatility: got -1.0; it must be a number in"),
        (["montecarlo", "--seed", "-1"], "seed: got -1"),
        (["montecarlo", "--end", "2025-01-10", *CHEAP], "at least 30 are needed"),
    ],
)
def test_bad_input_is_one_line_and_status_2(basislab, arguments, message):
    run = basislab(*arguments)
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("error: ")
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_calibration_is_kept_beside_the_benchmarks(pytestconfig):
    kept = json.loads((pytestconfig.rootpath / "benchmarks" / "calibration.json").read_text())
    assert set(kept["processes"]) == {"iid", "AR(1) funding", "jumps", "regimes"}
    for name, found in kept["processes"].items():
        assert min(found["prediction 90 %"]) > 0.8, name
        for row in found["liquidations"]:
            assert row["from"] <= row["said"] <= row["to"]
