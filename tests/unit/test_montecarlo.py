"""What a Monte-Carlo reports: the measures by hand, the errors against known processes."""

from dataclasses import replace

import numpy as np
import pytest

import basislab as bl
from basislab.errors import ConfigError
from basislab.research.bootstrap import drawable_bars
from basislab.research.montecarlo import Outcomes, make_plan
from basislab.research.risk import (
    Statistics,
    fan_quantiles,
    history_error,
    jackknife_bars,
    statistics,
)
from basislab.types import RebalanceConfig, RotationConfig, StaticConfig


def outcomes(final, hurdle=0.0, drawdown=0.0, liquidation=np.inf):
    final = np.atleast_2d(np.asarray(final, float))

    def like(value):
        return np.broadcast_to(np.asarray(value, float), final.shape).copy()

    fan = np.empty((0, *final.shape), np.float32)
    further = np.empty((0, *final.shape))
    return Outcomes(final, like(drawdown), like(liquidation), fan, like(hurdle), further)


def values_of(found):
    return dict(zip(found.names, found.values[0], strict=True))


def test_measures_by_hand():
    """Capital 100, finals 90, 100, 110, 120, 130: returns -10 to +30 %; hurdle 5 %.

    Mean 10 %, median 10 %, 5 % quantile: rank 0.2, so -10 + 0.2 x 10 = -8 %. VaR 8 %; beyond it
    lies only -10 %: CVaR = 8 + mean(2, 0, 0, 0, 0) / 0.05 = 8 + 0.4 / 0.05 = 16 %. Loss in 1 of 5;
    beats 5 % in 3 of 5. Liquidated on bars 3 and 40: within 30 days once, within 90 twice.
    """
    found = statistics(
        outcomes(
            [90, 100, 110, 120, 130],
            hurdle=0.05,
            drawdown=[0.3, 0.1, 0.2, 0.0, 0.4],
            liquidation=[3, np.inf, 40, np.inf, np.inf],
        ),
        np.array([100.0]),
        (30, 90),
    )
    expected = {
        "return_mean": 0.10,
        "return_p05": -0.08,
        "return_p25": 0.0,
        "return_p50": 0.10,
        "return_p75": 0.20,
        "return_p95": 0.28,
        "excess_mean": 0.05,
        "excess_p50": 0.05,
        "loss_probability": 0.2,
        "beats_hurdle_probability": 0.6,
        "var_95": 0.08,
        "cvar_95": 0.16,
        "drawdown_p50": 0.2,
        "drawdown_p95": 0.38,
        "liquidation_30d": 0.2,
        "liquidation_90d": 0.4,
    }
    assert values_of(found) == pytest.approx(expected)


def test_montecarlo_errors_are_those_of_independent_repetitions():
    """400 repetitions of 1000 normal draws: their spread is the error that each one states."""
    random = np.random.default_rng(4)
    final = 100 * (1 + 0.1 * random.standard_normal((400, 1000)))
    found = statistics(outcomes(final), np.full(400, 100.0), (30,))
    stated, actual = found.errors.mean(axis=0), found.values.std(axis=0, ddof=1)
    for name, one, other in zip(found.names, stated, actual, strict=True):
        if name.startswith(("return", "var", "cvar", "loss")):
            assert one == pytest.approx(other, rel=0.15), name


def test_history_error_of_a_mean_is_its_standard_error():
    """Without Monte-Carlo noise the jackknife of means of iid values is s / sqrt(n)."""
    random = np.random.default_rng(6)
    ratios = []
    for _ in range(300):
        values = random.standard_normal(200)
        parts = [
            Statistics(("m",), np.array([[values[rows].mean()]]), np.zeros((1, 1)))
            for rows in jackknife_bars(np.arange(200), 10)
        ]
        ratios.append(history_error(parts)[0, 0])
    # each is chi-distributed with 9 degrees of freedom: mean 0.973 of the truth
    assert np.mean(ratios) == pytest.approx(0.973 / np.sqrt(200), rel=0.05)


def test_history_error_takes_out_the_noise_of_its_parts():
    """Parts that differ by Monte-Carlo noise only say nothing of the history."""
    random = np.random.default_rng(7)
    squares = []
    for _ in range(400):
        parts = [
            Statistics(("m",), np.array([[0.01 * random.standard_normal()]]), np.full((1, 1), 0.01))
            for _ in range(10)
        ]
        squares.append(history_error(parts)[0, 0] ** 2)
    # cut off at 0: about half are 0, and the mean is well below the uncorrected 9 x 1e-4
    assert np.mean(np.array(squares) == 0) > 0.4
    assert np.mean(squares) < 0.3 * 8.1e-4


def test_jackknife_leaves_each_block_out_once():
    bars = np.arange(5, 105)
    parts = jackknife_bars(bars, 10)
    left_out = [sorted(set(bars.tolist()) - set(part.tolist())) for part in parts]
    assert [bar for part in left_out for bar in part] == bars.tolist()
    assert {len(part) for part in parts} == {90}


def test_fan_quantiles_by_hand():
    """0 to 100 in ones: the quantiles are themselves."""
    fan = np.arange(101, dtype=np.float32)[::-1].reshape(1, 1, 101)
    assert fan_quantiles(fan).ravel().tolist() == [5, 25, 50, 75, 95]


@pytest.fixture(scope="module")
def found(market):
    return bl.montecarlo(market, RebalanceConfig(leverage=2), leverage=[2, 3], paths=400, seed=1)


def test_the_tables_are_tidy(found):
    assert len(found.summary) == 2
    assert len(found.tidy) == 2 * len(found.names) * 3
    first = found.tidy[found.tidy.block_days == found.block_days]
    assert first.history_error.notna().all()
    assert (first.history_error >= 0).all()
    assert found.tidy.montecarlo_error.notna().all()
    assert len(found.fan_frame) == 2 * 13
    assert found.fan_frame.day.iloc[-1] == 365
    columns = [name for name in found.fan_frame if name.startswith("equity")]
    assert (np.diff(found.fan_frame[columns].to_numpy(), axis=1) >= 0).all()


def test_the_block_is_the_longest_and_is_halved_and_doubled(found):
    blocks = [run.block_days for run in found.runs]
    assert blocks[0] == max(found.block_by_series.values())
    assert blocks[1:] == [blocks[0] / 2, blocks[0] * 2]


def test_workers_change_no_bit(market, found):
    again = bl.montecarlo(
        market, RebalanceConfig(leverage=2), leverage=[2, 3], paths=400, seed=1, workers=3
    )
    for one, other in zip(found.runs, again.runs, strict=True):
        assert one.estimates.tobytes() == other.estimates.tobytes()
    assert found.history_errors.tobytes() == again.history_errors.tobytes()
    assert found.fan.tobytes() == again.fan.tobytes()


def test_another_seed_is_another_sample_of_the_same(market, found):
    again = bl.montecarlo(
        market, RebalanceConfig(leverage=2), leverage=[2, 3], paths=400, seed=2,
        block_check=False, history_error=False,
    )  # fmt: skip
    one, other = found.runs[0], again.runs[0]
    assert one.estimates.tobytes() != other.estimates.tobytes()
    spread = np.hypot(one.errors, other.errors)
    assert (np.abs(one.estimates - other.estimates) <= 5 * spread + 1e-3).all()


def test_predictive_draws_widen_what_is_not_known(market):
    """The same paths, with and without a shift of their levels: wider by far, hardly moved."""

    def run(predictive):
        return bl.montecarlo(
            market, StaticConfig(leverage=2), paths=2_000, block_check=False,
            history_error=False, predictive=predictive,
        )  # fmt: skip

    shifted, plain = run(predictive=True), run(predictive=False)
    assert (shifted.is_predictive, plain.is_predictive) == (True, False)

    def width(found):
        return found.value("return_p95") - found.value("return_p05")

    assert width(shifted) > 1.3 * width(plain)
    assert abs(shifted.value("return_p50") - plain.value("return_p50")) < 0.1 * width(plain)


def test_the_shift_is_of_the_history_and_the_block_that_are_drawn(market):
    bars = drawable_bars(market)
    config = RebalanceConfig(leverage=2, perp=bl.load_venue("hyperliquid-study"))
    plan = make_plan(market, [config], bars, n_bars=90, block=20.0, seed=1, is_predictive=True)
    [tilt], [other] = plan.tilts, replace(plan, block=40.0).tilts
    assert tilt.scales[0] != other.scales[0]
    assert make_plan(market, [config], bars, n_bars=90, block=20.0, seed=1).tilts == (None,)


def test_scenarios_push_the_way_they_say(market):
    """Dearer loans and lower funding cost return; wilder prices cost liquidations."""

    def run(**shift):
        return bl.montecarlo(
            market, RebalanceConfig(leverage=3), paths=300, block_check=False,
            history_error=False, **shift,
        )  # fmt: skip

    plain = run()
    assert run(funding_shift_apy=-0.1).value("return_mean") < plain.value("return_mean")
    assert run(borrow_shift_apy=0.1).value("return_mean") < plain.value("return_mean")
    wild = run(volatility=2)
    assert wild.value("liquidation_365d") > plain.value("liquidation_365d")
    assert wild.shift["volatility"] == 2


def test_models_without_liquidation_say_zero(market):
    found = bl.montecarlo(
        market, StaticConfig(leverage=3), paths=50, block_check=False, history_error=False
    )
    assert found.value("liquidation_365d") == 0.0
    unmanaged = bl.montecarlo(
        market, RotationConfig(leverage=4, buffer=0.0), paths=50, block_check=False,
        history_error=False,
    )  # fmt: skip
    assert unmanaged.value("liquidation_365d") > 0.5


def test_horizons_beyond_the_path_are_left_out(market):
    found = bl.montecarlo(
        market, RebalanceConfig(leverage=3), paths=20, days=60, block_check=False,
        history_error=False,
    )  # fmt: skip
    assert [name for name in found.names if "liquidation" in name] == ["liquidation_30d"]
    assert found.fan_days[-1] == 60


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"paths": 1}, "Design.paths: got 1; it must be a whole number from 2"),
        ({"days": 0}, "Design.days: got 0"),
        ({"seed": -1}, "Design.seed: got -1"),
        ({"seed": 2**32}, "Design.seed"),
        ({"block_days": 0.5}, "Design.block_days: got 0.5"),
        ({"horizons": (0,)}, "Design.horizons: got 0"),
        ({"volatility": 99}, "Shift.volatility: got 99"),
        ({"paths": 100_000_000, "days": 36_500}, "at most 1e"),
        ({"end": "2025-01-15"}, "whole days to draw from; at least 30"),
    ],
)
def test_bad_input_is_named(market, given, message):
    with pytest.raises(ConfigError, match=message):
        bl.montecarlo(market, RebalanceConfig(leverage=2), **given)
