"""Lanes side by side give what the scalar kernels give, on every market and configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from basislab.kernels import lanes, rebalance
from basislab.kernels.lanes import run_undecided
from basislab.kernels.summary import (
    CARRY,
    DRAWDOWN,
    FINAL,
    FIRST_LIQUIDATION,
    LOWEST_DEBT,
    N_ACCOUNTS,
    N_COLUMNS,
)
from basislab.research.search import group_configs, open_window, run_piece
from basislab.simulate import simulate
from basislab.types import RebalanceConfig
from tests.builders import STUDY_MODELS, free_config, make_bars, make_market
from tests.strategies import configs, markets

every_model = pytest.mark.parametrize("kind", list(STUDY_MODELS), ids=lambda kind: kind.model)
TOLERANCE = 1e-12


def table_of(market, many):
    window = open_window(market, many)
    table = None
    for piece in window.pieces():
        part = run_piece(window, piece)
        if table is None:
            table = np.full((len(many), part["table"].shape[1]), np.nan)
        table[part["positions"]] = part["table"]
    return table


def counts_of(row, kind):
    model = STUDY_MODELS[kind]
    return {name: int(row[model.columns.index(at)]) for name, at in model.counts.items()}


def ledger_of(result):
    return [value for name, value in vars(result.ledger).items() if name != "names"]


def assert_same(row, result):
    """Amounts to 1e-12 of what went through the books, counts exactly."""
    ledger = ledger_of(result)
    scale = max(result.initial_usd, sum(map(abs, ledger)), result.equity_usd.max())
    assert np.abs(row[CARRY : CARRY + N_ACCOUNTS] - ledger).max() <= TOLERANCE * scale
    assert abs(row[FINAL] - result.final_usd) <= TOLERANCE * scale
    assert abs(row[DRAWDOWN] - result.max_drawdown) <= TOLERANCE
    counts = counts_of(row, type(result.config))
    assert counts == dict(result.counts)
    ruins = sum(event.kind == "ruined" for event in result.event_list)
    assert int(row[-2]) == ruins
    bars = [event.bar for event in result.event_list if event.kind == "liquidation"]
    if result.model == "rebalance":
        assert row[FIRST_LIQUIDATION] == min(bars, default=np.inf)


@every_model
@given(data=st.data())
@settings(deadline=None, max_examples=80)
def test_a_sweep_is_its_single_runs(kind, data):
    """Random markets with jumps, wicks and ruinous funding; configurations of many venues."""
    market = data.draw(markets())
    many = data.draw(st.lists(configs(kind), min_size=1, max_size=5))
    for row, config in zip(table_of(market, many), many, strict=True):
        assert_same(row, simulate(market, config))


def long_market(seed, n_bars=400):
    """A wild year: 6 % a day, jumps, wicks; debt, funding and interest all of size."""
    random = np.random.default_rng(seed)
    moves = 0.06 * random.standard_normal(n_bars) - 0.002
    moves[random.integers(0, n_bars, 6)] += random.choice([-0.7, 0.6], 6)
    close = 100 * np.exp(np.cumsum(moves))
    return make_market(
        close.tolist(),
        high=(close * (1 + 0.05 * np.abs(random.standard_normal(n_bars)))).tolist(),
        low=(close * np.exp(-0.05 * np.abs(random.standard_normal(n_bars)))).tolist(),
        supply=random.uniform(0, 0.001, n_bars).tolist(),
        borrow=random.uniform(0, 0.002, n_bars).tolist(),
        funding=(0.001 * random.standard_normal(n_bars)).tolist(),
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_lanes_on_a_wild_year(seed):
    """More than one block, the last one not full; every kind of event happens many times."""
    random = np.random.default_rng(100 + seed)
    venue = {
        "taker_fee_bps": 3.5,
        "gas_usd": 2,
        "transfer_cost_usd": 3,
        "penalty": ("notional", 0.02),
    }
    many = [
        free_config(
            RebalanceConfig,
            leverage=float(random.uniform(1, 9)),
            trigger=None if random.random() < 0.1 else float(random.uniform(2, 30)),
            capital_usd=float(10 ** random.uniform(2.5, 7)),
            open_fee_bps=15,
            venue=venue,
        )
        for _ in range(100)
    ]
    market = long_market(seed)
    table = table_of(market, many)
    for row, config in zip(table, many, strict=True):
        assert_same(row, simulate(market, config))
    totals = counts_of(table.sum(axis=0), RebalanceConfig)
    assert min(totals.values()) > 100


def test_shortfall_ruin_and_negative_debt_are_met():
    """A jump past both equities leaves a shortfall; 1x after a fall owes less than nothing."""
    crash = make_market([100.0, 45.0, 45.0], supply=0.001, borrow=0.0005)
    config = free_config(RebalanceConfig, leverage=2)
    [row] = table_of(crash, [config])
    result = simulate(crash, config)
    assert result.ledger.shortfall > 0
    assert_same(row, result)
    ruin = make_market([100.0, 100.0, 100.0], high=[100, 10, 100], funding=[0, -1.2, 0])
    config = free_config(RebalanceConfig, leverage=2, trigger=None)
    [row] = table_of(ruin, [config])
    assert row[FINAL] == 0.0
    assert_same(row, simulate(ruin, config))
    fall = make_market([100.0, 60.0, 62.0, 64.0], borrow=0.01)
    config = free_config(RebalanceConfig, leverage=1, trigger=0.9)
    [row] = table_of(fall, [config])
    result = simulate(fall, config)
    assert row[LOWEST_DEBT] < 0
    assert any("debt fell below zero" in warning for warning in result.warnings)
    assert_same(row, result)


@pytest.mark.parametrize("cost", ["gas_usd", "transfer_cost_usd"])
def test_costs_that_take_everything_ruin_a_lane_too(cost):
    """1 000 USD: gas of 2 000 at the opening; or 2 000 for the transfer that 125 asks for (the
    short has 250 on 1 250, 5x). Lanes leave both to the scalar kernel."""
    market = make_market([100.0, 125.0, 125.0])
    config = free_config(
        RebalanceConfig, leverage=2, capital_usd=1_000, trigger=3, venue={cost: 2_000}
    )
    [row] = table_of(market, [config])
    assert row[FINAL] == 0.0
    assert_same(row, simulate(market, config))


def test_what_lanes_leave_undecided_has_its_equity_at_the_marks():
    """2x of 1 000 at 100: both legs gain and lose the same, 1 000 at 102 and 99; a decided row is
    left alone."""
    bars = make_bars([100.0, 102.0, 99.0], supply=0.01)
    row = [1_000.0, 2.0, 1e9, 0.0, 0.0, 0.0, 0.0, 0.05, 0.0, 0.5]
    rows, marks = np.array([row, row]), np.array([1, 2])
    out, fan = np.full((2, N_COLUMNS), np.nan), np.zeros((2, 2))
    out[1, FINAL] = 7.0
    run_undecided(rows, bars, marks, out, fan)
    curve = rebalance.run(lanes.params_of(rows, 0), bars).equity
    assert curve[1:].tolist() == fan[0].tolist()
    assert (curve[-1], 7.0) == (out[0, FINAL], out[1, FINAL])
    assert [0.0, 0.0] == fan[1].tolist()


def test_a_tie_is_decided_as_the_scalar_kernel_does():
    """1.5x at 100, flat: both legs have leverage 1.5 exactly; a trigger of 1.5 is not exceeded."""
    market = make_market([100.0] * 4)
    config = free_config(RebalanceConfig, leverage=1.5, trigger=1.5)
    [row] = table_of(market, [config])
    assert_same(row, simulate(market, config))
    # liquidated at exactly 70: equity 66.5 debt at 70 is 5 % of 70
    touch = make_market([100.0, 100.0], low=[100, 70], high=[100, 100])
    config = free_config(RebalanceConfig, leverage=2.985074626865672, trigger=None)
    [row] = table_of(touch, [config])
    assert_same(row, simulate(touch, config))


def test_configurations_come_back_in_their_order():
    market = make_market([100.0, 101.0, 102.0])
    many = [free_config(RebalanceConfig, leverage=leverage) for leverage in (5, 2, 4, 3, 2)]
    groups = group_configs(many)
    assert groups[0].positions.tolist() == [1, 4, 3, 2, 0]
    for row, config in zip(table_of(market, many), many, strict=True):
        assert_same(row, simulate(market, config))


def test_models_and_venues_may_be_mixed():
    market = make_market([100.0, 101.0, 140.0, 90.0])
    base = free_config(RebalanceConfig, leverage=3)
    many = [replace(base, leverage=leverage) for leverage in (2, 3)]
    many += [free_config(kind, leverage=2) for kind in STUDY_MODELS if kind is not RebalanceConfig]
    for row, config in zip(table_of(market, many), many, strict=True):
        assert_same(row, simulate(market, config))


TWIN = """
import numpy as np
from basislab.kernels.paths import Kept, Task, run_rebalance
from basislab.kernels.bars import Bars
from basislab.kernels.bootstrap import Rows
from basislab.kernels.summary import N_COLUMNS
random = np.random.default_rng(5)
close = np.exp(0.08 * random.standard_normal(50))
rows = Rows(close * 1.04, close * 0.96, close, *(0.001 * random.random((2, 50))),
            0.001 * random.standard_normal(50), 1 + 0.0001 * random.random(50))
params = np.array([[1e4, 1 + 0.1 * i, 3 + 0.1 * i, .0015, .00035, 2, 3, .05, i % 2, .1]
                   for i in range(40)])
marks = np.array([0, 7])
kept = Kept(np.empty((40, N_COLUMNS)), np.empty((3, 40, 3)), np.empty((2, 40, 3), np.float32),
            np.empty(3), marks)
given = Bars(*np.zeros((6, 60)))
tilts = np.array([[0., 0., 0., 1.], [1e-4, -2e-4, 3e-5, 1.2], [-1e-4, 2e-4, 0., .8]])
run_rebalance(params, given, rows, Task(3, 11, 3, 9.0, 100.0, False, tilts, 0.001), kept)
import hashlib
print(hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in kept)).hexdigest())
"""


def test_compiled_lanes_equal_plain_python_bit_for_bit():
    """Random numbers, bootstrap, lanes and fan, with and without numba."""
    digests = [
        subprocess.run(
            [sys.executable, "-c", TWIN],
            env=os.environ | more,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for more in ({}, {"NUMBA_DISABLE_JIT": "1"})
    ]
    assert len(digests[0].strip()) == 64
    assert digests[0] == digests[1]
