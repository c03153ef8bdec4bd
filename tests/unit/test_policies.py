"""The policy lab: every policy is its own backtest, and a difference is that of the same days."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import basislab as bl
from basislab.errors import ConfigError, DataError
from basislab.presets.terms import load_role
from basislab.research.compare import _is_plateau
from basislab.research.overfit.runner import Runner
from basislab.research.paired import daily_returns, redrawn, resampled
from basislab.research.policies import (
    BANDS,
    ENTRY_APY,
    EXIT_APY,
    LEVERAGE_PAIRS,
    REFERENCE,
    config_of,
    policies,
)
from basislab.research.policy_runs import final_of, lived, widening_of, worst_stretch
from basislab.types.dates import as_day
from basislab.types.policies import PolicyComparison
from basislab.types.policy_parts import Cell, Starts
from basislab.types.policy_words import gate_sentence, sentences
from tests.venue_builders import free_venue_config, wild_market

DAYS = 60
NAMES = ("never", "bands", "resize 20%", "never + gate", "resize 20% + gate")


@pytest.fixture(scope="module")
def market():
    return wild_market(DAYS)


@pytest.fixture(scope="module")
def base():
    return free_venue_config(leverage=None, long_leverage=1.5, short_leverage=3.0)


@pytest.fixture(scope="module")
def found(market, base):
    return bl.compare_policies(market, base, policies=NAMES, horizon_days=20, histories=0)


def made(draws, **changes):
    """A comparison of drawn returns: "never", "resize 20%" and its gated twin; then the hurdle."""
    chosen = tuple(one for one in policies() if one.name in (NAMES[0], *NAMES[2::2]))
    draws = np.array(draws, float)
    n_cases, _, n_columns = draws.shape
    assert n_columns == len(chosen) + 1
    ones = np.ones((len(chosen), 1))
    values = {
        "annualized_return": np.array([[0.10], [0.08], [0.07]]),
        "excess_return": np.array([[0.06], [0.04], [0.03]]),
        "time_in_market": np.array([[1.0], [1.0], [0.6]]),
        "exposure": np.array([[0.9], [1.0], [0.6]]),
    }
    fields = {
        "policies": chosen,
        "configs": tuple(config_of(one, bl.VenueConfig(leverage=2)) for one in chosen),
        "refused": {},
        "reference": REFERENCE,
        "values": values,
        "draws": draws,
        "n_histories": 0,
        "block_days": 5.0,
        "widenings": np.ones(len(chosen)),
        "curves": ones,
        "days": ("2025-01-01",),
        "hurdle_return": 0.04,
        "bound_return": np.array([0.12]),
        "bound_in_market": 0.5,
        "pairs": LEVERAGE_PAIRS,
        "starts": Starts(30, (), np.empty((3, 1, 0)), np.empty((3, 1, 0))),
        "cells": (Cell(LEVERAGE_PAIRS[0], 0.1, 0.03, is_plateau=True),),
        "n_paths": n_cases,
        "seed": 0,
        "bar_seconds": 3_600,
        "is_bridged": False,
        "market_name": "made",
        "market_fingerprint": "f",
    }
    return PolicyComparison(**(fields | changes))


def test_the_grid_is_fixed_before_results_are_seen():
    """5 ways to move capital and 5 bands to two places, each with and without a gate: 30."""
    names = [policy.name for policy in policies()]
    assert len(names) == len(set(names)) == 2 * (5 + 2 * len(BANDS))
    assert BANDS == (0.1, 0.2, 0.3, 0.4, 0.5)
    assert REFERENCE in names


@pytest.mark.parametrize("name", ["never", "bands", "resize 20%"])
def test_a_policy_that_stays_in_the_market_is_its_backtest(market, base, found, name):
    config = found.configs[found.index(name)]
    result = bl.backtest(market, config)
    assert found.curves[found.index(name)][-1] == result.final_usd / config.capital_usd
    assert found.value(name, "max_drawdown") == pytest.approx(result.max_drawdown, abs=1e-12)
    legs = ("liquidations_long", "liquidations_short")
    assert found.value(name, "liquidations") == sum(result.counts[leg] for leg in legs)
    assert found.value(name, "naked_days") == result.naked_bars / 24
    assert found.value(name, "excess_return") == pytest.approx(
        result.annualized_return - result.hurdle_annualized
    )
    costs = -result.ledger.costs / config.capital_usd * 365 / DAYS
    assert found.value(name, "costs") == pytest.approx(costs)


def test_a_gate_that_never_opens_lends_the_cash_and_earns_the_hurdle(market, base):
    closed = replace(base, entry_apy=4.0, exit_apy=3.0)
    made = bl.compare_policies(
        market, closed, policies=["never + gate"], horizon_days=20, histories=0
    )
    assert made.value("never + gate", "time_in_market") == 0.0
    assert made.value("never + gate", "entries") == 0.0
    assert made.value("never + gate", "excess_return") == pytest.approx(0.0, abs=1e-12)
    assert "less exposure, not more return" not in made.summary()


def test_gates_are_the_labs_unless_the_config_has_its_own(base):
    gated = next(policy for policy in policies() if policy.is_gated)
    assert (config_of(gated, base).entry_apy, config_of(gated, base).exit_apy) == (
        ENTRY_APY,
        EXIT_APY,
    )
    own = config_of(gated, replace(base, entry_apy=0.2))
    assert (own.entry_apy, own.exit_apy) == (0.2, None)
    assert config_of(policies()[0], replace(base, entry_apy=0.2)).entry_apy is None


def test_a_start_day_is_a_backtest_over_its_horizon(market, found):
    """The second start is 7 days later; 20 days with the first one are the 8th to the 27th."""
    assert found.starts.days[1] == "2025-01-08"
    assert len(found.starts.days) == (DAYS - 20) // 7 + 1
    for number, config in enumerate(found.configs[:2]):
        result = bl.backtest(market, config, start="2025-01-08", end="2025-01-27")
        assert found.starts.excess[number, 0, 1] == pytest.approx(result.excess_return, abs=1e-12)


def test_an_interval_is_that_of_the_difference():
    """A policy always 1 point above the other is ranked, however far both swing together.

    Swings of -10 to +10 points: the excess of either holds zero, the difference is 1 point.
    """
    swing = np.linspace(-0.1, 0.1, 101)
    draws = np.stack([swing + 0.01, swing, swing, 0 * swing], axis=1)[None]
    one = made(draws)
    assert not one.interval("never").is_ranked
    found = one.versus("never")
    assert (found.low, found.median, found.high) == pytest.approx((0.01, 0.01, 0.01))
    assert [one.standing(name) for name in one.names] == ["better", "reference", "not told apart"]
    assert one.versus(REFERENCE, "never").high == pytest.approx(-0.01)


def test_intervals_are_the_widest_of_the_cases_and_widened_near_liquidation():
    """0 to 100 and 20 to 120 in ones: quantiles 5 to 95 and 25 to 115; widened by 1.25 around 50
    and 70 they are -6.25 to 106.25 and 13.75 to 126.25."""
    spread = np.arange(101.0)
    cases = [
        np.stack([values, 0 * values, 0 * values, 0 * values], axis=1)
        for values in (spread, spread + 20)
    ]
    assert (made(cases).versus("never").low, made(cases).versus("never").high) == (5.0, 115.0)
    near = made(cases, widenings=np.array([1.25, 1.0, 1.0])).versus("never")
    assert (near.low, near.high) == (-6.25, 126.25)


def test_regret_is_counted_against_what_could_have_been_had():
    """The bound makes 12 %, the hurdle 4: 8 points are there; never made 6 of them, so 75 %."""
    one = made(np.zeros((1, 3, 4)))
    assert one.kept("never") == pytest.approx(0.75)
    assert np.isnan(made(np.zeros((1, 3, 4)), bound_return=np.array([0.04])).kept("never"))


def test_a_gate_buys_more_return_only_where_the_difference_leaves_out_zero():
    """Gated 1 point below to 1 above: less exposure only; 1 to 3 points above: more return."""
    spread = np.linspace(-0.01, 0.01, 101)
    low = np.stack([0 * spread, 0 * spread, spread, 0 * spread], axis=1)[None]
    gates = made(low).gates
    assert gates is not None
    assert gates.exposure == (0.6, 1.0)
    assert gates.bought == "less exposure, not more return"
    assert "60% of the equity in place of 100%" in gate_sentence(gates)
    high = made(low + np.array([0.0, 0.0, 0.02, 0.0])).gates
    assert high is not None
    assert high.bought == "less exposure and more return"
    assert gates._replace(exposure=(1.0, 0.9)).bought == "neither less exposure nor more return"
    assert "never closed" in gate_sentence(gates._replace(in_market=(1.0, 1.0)))
    assert "No policy" in gate_sentence(None)


def test_a_market_without_a_hurdle_is_refused(market, base):
    supply = {key: one for key, one in market.supply.items() if key[1] != market.quote}
    bare = replace(market, supply=supply)
    held = replace(base, long_leverage=1.0, lending=load_role(base, "lending", "none"))
    with pytest.raises(DataError, match="no rate that USDC could have earned"):
        bl.compare_policies(bare, held)


def test_words_name_who_can_be_told_apart():
    swing = np.linspace(-0.1, 0.1, 101)
    draws = np.stack([swing - 0.01, swing, swing, 0 * swing], axis=1)[None]
    said = " ".join(sentences(made(draws, refused={"bands": "too high"})))
    assert "better: none; worse: never; 1 of 2 cannot be told apart" in said
    assert "Not run: bands." in said


def test_the_worst_stretch_begins_at_the_capital():
    """1, 0.9, 1.2, 0.6: over one day 0.6 / 1.2 - 1 is worst, over two 0.6 / 0.9 - 1."""
    curve = np.array([0.9, 1.2, 0.6])
    assert worst_stretch(curve, 1) == pytest.approx(-0.5)
    assert worst_stretch(curve, 2) == pytest.approx(0.6 / 0.9 - 1)
    assert np.isnan(worst_stretch(curve, 4))


def test_every_draw_takes_the_same_days_for_all():
    """Days of +1 % and -1 %, and the same less 0.1 %: drawn, the ratio is that of every day."""
    rng = np.random.default_rng(1)
    returns = rng.choice([-0.01, 0.01], 50)
    worse = (1 + returns) * 0.999 - 1
    found = resampled(np.stack([returns, worse])[None], 4.0, 0)
    assert (1 + found[:, 1]) / (1 + found[:, 0]) == pytest.approx(0.999**50)
    assert found[:, 0].std() > 0


def test_returns_after_a_ruin_are_zero():
    assert daily_returns(np.array([1.1, 0.0, 0.0])).tolist() == pytest.approx([0.1, -1.0, 0.0])


def test_a_plateau_needs_its_neighbours():
    """A row of three, the right one not sure: only the left one has sure neighbours alone."""
    sure = {(0, 0): True, (1, 0): True, (2, 0): False}
    assert [_is_plateau(sure, across, 0) for across in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    ("nearest", "widening"), [(0.0, 1.25), (0.1, 1.15), (0.2, 1.0), (np.inf, 1.0)]
)
def test_what_comes_near_a_liquidation_is_widened(nearest, widening):
    assert widening_of(nearest) == widening


def test_policies_that_cannot_be_opened_are_named(market):
    """At 2.2x a distance of 90 % can be asked for; a trigger of 50 no leg can fire."""
    base = free_venue_config(leverage=2.0, trigger=50.0)
    found = bl.compare_policies(
        market, base, policies=["never", "trigger"], reference="never", horizon_days=20, histories=0
    )
    assert found.names == ("never",)
    assert "no leg can fire" in found.refused["trigger"]
    with pytest.raises(ConfigError, match="cannot be run: trigger 50"):
        bl.compare_policies(market, base, policies=["never"], reference="trigger")
    with pytest.raises(ConfigError, match="no leg can fire"):
        found.index("trigger")


def test_unknown_policies_are_refused_with_the_nearest(market, base):
    with pytest.raises(ConfigError, match=r"got .nver. .did you mean .never"):
        bl.compare_policies(market, base, policies=["nver"])
    with pytest.raises(ConfigError, match="horizon_days: got 0"):
        bl.compare_policies(market, base, horizon_days=0)


def test_a_daily_market_is_led_through():
    market = bl.load_market()
    found = bl.compare_policies(
        market, policies=["never"], paths=1, end="2025-03-01", horizon_days=14, histories=2
    )
    assert found.is_bridged
    assert found.n_paths == 2  # two things that the oracle may have seen
    assert found.draws.shape[0] == 2
    assert "2 paths within the days" in found.summary()


def test_facts_are_json_and_the_table_has_a_row_a_policy(found):
    facts = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert [row["policy"] for row in facts["policies"]] == list(NAMES)
    assert facts["policies"][0]["worst_90d"] is None  # 60 days hold none
    assert list(found.table.index) == list(NAMES)
    assert found.table.loc["never", "excess_return"] == found.value("never", "excess_return")


def test_the_bound_lies_above_every_policy(found):
    assert (found.bound_return >= found.values["annualized_return"].max(axis=0)).all()


def test_the_same_seed_gives_the_same_numbers(market, base, found):
    again = bl.compare_policies(market, base, policies=NAMES, horizon_days=20, histories=0)
    assert again.to_dict() == found.to_dict()


def test_a_drawn_history_is_run_as_a_market_of_its_own(market, base):
    """Drawn, written down as a market and given to `backtest`: the numbers of the lab."""
    made = bl.compare_policies(market, base, policies=NAMES[:1], horizon_days=20, histories=3)
    assert made.draws.shape == (1, 3, 3)
    nothing = np.zeros(len(market), bool)
    for number in range(3):
        path = redrawn(market, nothing, made.block_days, 0, number)
        assert len(path) == (DAYS - 1) * 24
        for column, config in enumerate(made.configs):
            result = bl.backtest(path, config)
            assert made.draws[0, number, column] == pytest.approx(
                result.annualized_return, abs=1e-12
            )
        assert made.draws[0, number, 2] == pytest.approx(result.hurdle_annualized)


@pytest.mark.parametrize("response", ["reopen", "rehedge", "exit"])
@pytest.mark.parametrize("name", ["never", "resize 20%", "never + gate"])
def test_the_short_way_to_the_end_is_the_long_one(market, base, name, response):
    """Also where cash lies idle after a liquidation: then the short way is not taken."""
    policy = next(one for one in policies() if one.name == name)
    config = config_of(policy, replace(base, response=response))
    runner = Runner(market, 1.0)
    assert final_of(runner, config) == pytest.approx(lived(runner, config).curve[-1], rel=1e-11)


def test_a_drawn_history_keeps_hours_in_their_place_and_leaves_partial_days_out(market):
    """Funding that is the hour of the day stays so; a partial bar's day never comes."""
    hours = np.arange(len(market)) % 24
    days = np.arange(len(market)) // 24
    told = replace(market, funding={"perp": bl.FundingSeries(days + hours / 100.0)})
    partial = days == 7
    path = redrawn(told, partial & (hours == 5), 5.0, 0, 0)
    rate = path.funding["perp"].rate
    assert np.allclose(rate % 1.0 * 100, np.arange(len(path)) % 24)
    assert 7 not in np.floor(rate)
    assert 0 not in np.floor(rate)  # the first day has no close before it
    with pytest.raises(ConfigError, match="whole days to draw from"):
        redrawn(told.window(None, as_day("2025-01-20", "end")), partial[: 20 * 24], 5.0, 0, 0)


def test_histories_are_counted_from_two(market, base):
    with pytest.raises(ConfigError, match="histories: got 1"):
        bl.compare_policies(market, base, histories=1)
