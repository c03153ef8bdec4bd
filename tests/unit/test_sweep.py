"""Grids of configurations and the tidy table that a sweep gives."""

import numpy as np
import pandas as pd
import pytest

import basislab as bl
from basislab.cli.lists import parse_values
from basislab.errors import ConfigError
from basislab.research.grid import make_grid
from basislab.types import ConditionalConfig, RebalanceConfig, RotationConfig, StaticConfig


def test_a_sweep_of_the_sample_is_its_single_runs(market):
    """Both venues, triggers typed three ways; every number of the single run, by its name."""
    frame = bl.sweep(
        market,
        RebalanceConfig(leverage=2),
        leverage=[2, 3, 4],
        trigger=[5, "auto", None],
        perp=["hyperliquid-study", "drift-study"],
    )
    assert len(frame) == 18
    for row in frame.to_dict("records"):
        trigger = None if pd.isna(row["trigger"]) else row["trigger"]
        result = bl.backtest(
            market, RebalanceConfig(leverage=row["leverage"], trigger=trigger, perp=row["perp"])
        )
        assert row["return"] == pytest.approx(result.total_return, abs=1e-12)
        assert row["annualized_return"] == pytest.approx(result.annualized_return, abs=1e-12)
        assert row["hurdle_return"] == result.hurdle_return
        assert row["excess_return"] == pytest.approx(result.excess_return, abs=1e-12)
        assert row["max_drawdown"] == pytest.approx(result.max_drawdown, abs=1e-12)
        for name, amount in result.ledger.to_dict().items():
            assert row[f"{name}_usd"] == pytest.approx(amount, abs=1e-8), name
        assert {name: row[name] for name in result.counts} == dict(result.counts)


@pytest.mark.parametrize(
    ("config", "field", "values"),
    [
        (StaticConfig(leverage=2), "slippage", ["none", "book"]),
        (RotationConfig(leverage=3), "buffer", [0.0, 0.1]),
        (RotationConfig(leverage=3), "min_apy", [None, 0.05]),
        (ConditionalConfig(leverage=3), "lookback_days", [3, 7]),
        (ConditionalConfig(leverage=3), "entry_apy", [0.05, 0.1]),
    ],
)
def test_every_model_sweeps_its_own_fields(market, config, field, values):
    frame = bl.sweep(market, config, start="2025-03-01", end="2025-09-30", **{field: values})
    for value, row in zip(values, frame.to_dict("records"), strict=True):
        single = bl.backtest(
            market,
            type(config)(leverage=config.leverage, **{field: value}),
            start="2025-03-01",
            end="2025-09-30",
        )
        assert row["return"] == pytest.approx(single.total_return, abs=1e-12)
        assert {name: row[name] for name in single.counts} == dict(single.counts)


def test_workers_and_pools_change_no_number(market):
    """20 000 configurations are several pieces."""
    config = RebalanceConfig(leverage=2)
    given = {"samples": 20_000, "leverage": (1.5, 6.0), "trigger": (2.0, 20.0)}
    one = bl.sweep(market, config, workers=1, end="2025-02-28", **given)
    two = bl.sweep(market, config, workers=2, end="2025-02-28", **given)
    assert one.equals(two)


def test_a_sweep_without_fields_is_one_run(market):
    frame = bl.sweep(market, RebalanceConfig(leverage=3))
    assert len(frame) == 1
    assert frame["final_usd"][0] == pytest.approx(9609.68, abs=0.005)


def test_samples_are_seeded_and_lie_in_their_ranges():
    config = RebalanceConfig(leverage=2)
    given = {"leverage": (2.0, 5.0), "trigger": [4, None]}
    first = make_grid(config, given, samples=500, seed=7)
    assert first.configs == make_grid(config, given, samples=500, seed=7).configs
    assert first.configs != make_grid(config, given, samples=500, seed=8).configs
    drawn = np.array([one.leverage for one in first.configs])
    assert drawn.min() >= 2
    assert drawn.max() <= 5
    # uniform on [2, 5]: standard error 0.866 / sqrt(500) = 0.039
    assert abs(drawn.mean() - 3.5) < 4 * 0.039
    assert {one.trigger for one in first.configs} == {4.0, None}


def test_adding_a_field_leaves_the_other_samples():
    config = RebalanceConfig(leverage=2)
    one = make_grid(config, {"leverage": (2.0, 5.0)}, samples=20)
    two = make_grid(config, {"open_fee_bps": (0, 20), "leverage": (2.0, 5.0)}, samples=20)
    assert [c.leverage for c in one.configs] == [c.leverage for c in two.configs]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"levrage": [2]}, r"RebalanceConfig has no field 'levrage' \(did you mean 'leverage'\?\)"),
        ({"buffer": [0.1]}, "RebalanceConfig has no field 'buffer'"),
        ({"leverage": []}, "leverage: the list of values is empty"),
        ({"leverage": [2, 0.5]}, r"leverage: got 0.5; it must be a number in \[1, 100\]"),
        ({"perp": ["hyperliquid"]}, "hyperliquid"),
        ({"leverage": np.linspace(2, 3, 3000), "trigger": np.linspace(3, 9, 3000)}, "9000000 conf"),
    ],
)
def test_bad_fields_are_named(market, given, message):
    with pytest.raises(ConfigError, match=message):
        bl.sweep(market, RebalanceConfig(leverage=2), **given)


@pytest.mark.parametrize("samples", [0, -1, 1.5, True])
def test_bad_samples_are_refused(market, samples):
    with pytest.raises(
        ConfigError, match=r"samples: got .*; it must be a whole number of at least"
    ):
        bl.sweep(market, RebalanceConfig(leverage=2), samples=samples, leverage=(2, 3))


def test_a_range_that_ends_before_it_begins_is_refused(market):
    with pytest.raises(ConfigError, match=r"leverage: the range \(3, 2\) ends before it begins"):
        bl.sweep(market, RebalanceConfig(leverage=2), samples=2, leverage=(3, 2))


def test_ranges_include_their_end_and_count_in_decimals():
    """0.1 + 0.1 + 0.1 is 0.3 and not 0.30000000000000004."""
    assert parse_values("--x", "x", "0.1:0.5:0.1") == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert parse_values("--x", "x", "3:4.1:0.5") == [3.0, 3.5, 4.0]
    assert len(parse_values("--x", "x", "3:12:0.25")) == 37
    assert parse_values("--x", "lookback_days", "3:7:2,30") == [3, 5, 7, 30]
    assert parse_values("--x", "trigger", "4,auto,never") == [4.0, "auto", None]
    assert parse_values("--x", "perp", "a,b/c.toml") == ["a", "b/c.toml"]
    assert parse_values("--x", "leverage", "2:5", sampled=True) == (2.0, 5.0)


@pytest.mark.parametrize(
    "text", ["", "2,,3", "a", "1:2", "2:1:0.5", "1:2:0", "1:2:3:4", "nan", "1:inf:1", "1:9e9:1"]
)
def test_bad_lists_name_the_option(text):
    with pytest.raises(ConfigError, match="--leverage"):
        parse_values("--leverage", "leverage", text)
