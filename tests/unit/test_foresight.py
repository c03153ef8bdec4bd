"""The bound with foresight: equal to trying everything, and above what any policy makes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from basislab.research.foresight import best_sequence, choice_of, foresight, switching
from basislab.research.overfit.runner import Runner
from basislab.types.venue_terms import Route
from tests.venue_builders import free_venue_config, wild_market

COSTS = {
    "opening": Route(name="opening", kind="opening", cost_bps=15.0),
    "swap": Route(name="swap", kind="swap", cost_bps=3.0),
}


@pytest.fixture(scope="module")
def market():
    return wild_market()


def levered(long, short, **changes):
    return free_venue_config(
        leverage=None, long_leverage=long, short_leverage=short, **(COSTS | changes)
    )


def by_hand(growth, left, may_change):
    """Try every sequence of states: what each leaves of a dollar, out at the beginning and end."""
    n_bars, n_states = growth.shape
    best = 0.0
    for states in product(range(n_states), repeat=n_bars):
        worth, before = growth[0, 0], 0
        for bar, state in enumerate(states):
            if bar:
                worth *= growth[bar, before]
                if state != before and not may_change[bar]:
                    worth = 0.0
            worth *= left[bar, before, state]
            before = state
        best = max(best, worth * left[-1, before, 0])
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_programme_finds_what_trying_every_sequence_finds(seed):
    rng = np.random.default_rng(seed)
    growth = 1.0 + rng.normal(0.001, 0.02, (7, 3))
    left = 1.0 - rng.uniform(0.0, 0.02, (7, 3, 3))
    for state in range(3):
        left[:, state, state] = 1.0
    may_change = rng.random(7) < 0.7
    found = best_sequence(growth, left, may_change)
    assert found.curve[-1] == pytest.approx(by_hand(growth, left, may_change), rel=1e-12)


def test_it_stays_out_of_a_gain_smaller_than_the_way_in_and_out():
    """One bar pays 1 %; in and out cost 0.4 % each: 0.996 * 1.01 * 0.996 = 1.00194 is worth it.

    At 0.6 % each 0.994 * 1.01 * 0.994 = 0.99792 is not, and the dollar stays a dollar.
    """
    growth = np.array([[1.0, 1.0], [1.0, 1.01]])
    left = np.ones((2, 2, 2))
    left[:, 0, 1] = left[:, 1, 0] = 0.996
    always = np.ones(2, bool)
    assert best_sequence(growth, left, always).curve[-1] == pytest.approx(0.996 * 1.01 * 0.996)
    left[:, 0, 1] = left[:, 1, 0] = 0.994
    assert best_sequence(growth, left, always).curve[-1] == 1.0


def test_nothing_changes_where_nobody_looks():
    """Without a look after the opening the position is in from the first close or never."""
    growth = np.array([[1.0, 1.0], [1.0, 0.9], [1.0, 1.2]])
    left = np.ones((3, 2, 2))
    blind = np.zeros(3, bool)
    assert best_sequence(growth, left, blind).curve[-1] == pytest.approx(0.9 * 1.2)
    assert best_sequence(growth, left, ~blind).curve[-1] == pytest.approx(1.2)


def test_changing_pairs_pays_for_the_difference_only(market):
    """From 1.5x / 3x (a dollar of each leg a dollar of equity) to 2x / 2x, as much: nothing."""
    runner = Runner(market, 1)
    choices = [
        choice_of(*runner.lowered(levered(*pair), 0, len(market))[:2])
        for pair in ((1.5, 3.0), (2.0, 2.0), (1.0, 3.0))
    ]
    left = switching(choices)
    assert choices[0].size == pytest.approx(1.0)
    assert left[:, 1, 2] == pytest.approx(1.0)
    shrunk = 1.0 - 0.25 * choices[2].closing
    assert left[:, 1, 3] == pytest.approx(shrunk)
    assert (left[:, 0, 1] < shrunk).all()


@pytest.mark.parametrize("pair", [(1.5, 3.0), (2.0, 2.0), (1.0, 3.0)])
def test_what_a_pair_earns_in_a_bar_is_what_the_engine_earns_in_it(market, pair):
    """Opened at a close without costs, the engine's equity an hour later over the one before."""
    runner = Runner(market, 1)
    config = free_venue_config(leverage=None, long_leverage=pair[0], short_leverage=pair[1])
    choice = choice_of(*runner.lowered(config, 0, len(market))[:2])
    for first in (0, 7, 400):
        curve = runner.outcome(config, first, first + 2).equity
        assert choice.growth[first + 1] == pytest.approx(curve[1] / curve[0], rel=1e-12)


def test_the_bound_is_never_below_lending_and_never_below_holding(market):
    """Held 1.5x / 3x, never touched, pays fixed costs that the bound leaves out."""
    runner = Runner(market, 1)
    config = levered(1.5, 3.0, policy="never", band=None)
    params, bars, _ = runner.lowered(config, 0, len(market))
    hurdle = np.full(len(market), 1.000002)
    bound = foresight([choice_of(params, bars)], hurdle, bars.is_look)
    held = runner.run(config).curve[-1]
    assert bound.curve[-1] >= max(held, float(np.prod(hurdle[1:])))
