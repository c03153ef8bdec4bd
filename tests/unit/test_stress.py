"""Stresses: by hand on flat hours; the library's shapes beside the facts that they name."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.presets.stresses import FOLDER, load_stress, stress_names
from basislab.presets.terms import resolve
from basislab.report.stress_words import stress_words
from basislab.research.stress import lay, run_stresses, stressed
from basislab.types.constants import DatedFee
from basislab.types.stress import FaultShape, Stress
from tests.venue_builders import free_venue_config, hourly_market

DAYS = 40
"""Of the flat markets: two weeks before, a stress, a day to settle, and some after."""


def flat(funding=0.0, **changes):
    """Hours at 100 USD, without carry; 10 000 USD at 2x are 100 coins and contracts."""
    market = hourly_market([100.0] * (24 * DAYS), funding=funding)
    return replace(market, **changes)


def made(price=(1.0,), **changes):
    given = {"name": "made", "title": "t", "what": "w", "source": "s", "fact": "f", "assumed": "a"}
    return Stress(**given | {"price": tuple(price)} | changes)


def lived(stress, starts=1, market=None, after_days=2, **changes):
    """One policy, never moved, unless it is said otherwise."""
    config = free_venue_config(**({"policy": "never"} | changes))
    market = market or flat()
    return run_stresses(market, {"held": config}, [stress], starts=starts, after_days=after_days)


def only(found, name):
    return found.column(name)[0, 0, 0]


# What a stress costs, by hand


def test_funding_at_one_per_cent_an_hour_costs_what_the_contracts_pay():
    """100 contracts at 100 USD pay 100 USD an hour, twice: 2 % of 10 000, never earned back."""
    found = lived(made((1.0, 1.0), funding_hour=(-0.01, -0.01)))
    assert only(found, "loss") == pytest.approx(0.02)
    assert only(found, "worst") == pytest.approx(0.02)
    assert np.isnan(only(found, "recovery_days"))
    assert (only(found, "long_leverage"), only(found, "short_leverage")) == pytest.approx((2, 2))


def test_a_venue_that_is_gone_takes_the_margin_and_leaves_a_naked_long():
    """5 000 USD of margin are lost; the trader sells 100 coins at 100, and 5 000 USD are left."""
    found = lived(made(faults=(FaultShape(kind="gone"),)))
    assert only(found, "loss") == pytest.approx(0.5)
    assert only(found, "naked_hours") >= 1.0


def test_the_margin_that_is_lost_with_a_venue_holds_its_gains():
    """At 80 the short of 100 has won 2 000: 7 000 of 10 000 are lost, the coins bring 3 000."""
    stress = made((0.8, 0.8), faults=(FaultShape(kind="gone", from_step=1),))
    assert only(lived(stress), "loss") == pytest.approx(0.7)


@pytest.mark.parametrize("response", ["reopen", "rehedge", "exit"])
def test_nothing_is_opened_at_a_venue_that_is_gone(response):
    """Whatever a trader does after liquidations; the 5 000 USD that are left stay as they are."""
    stress = made((1.0, 1.0, 1.0, 0.5), faults=(FaultShape(kind="gone"),))
    found = lived(stress, response=response, entry_apy=-1.0, exit_apy=-2.0)
    assert only(found, "loss") == pytest.approx(0.5)


@pytest.mark.parametrize(("low", "hits"), [(0.67, 0), (0.66, 1)])
def test_the_loan_dies_where_its_own_rule_says(low, hits):
    """5 000 USD of debt on 100 coins at a threshold of 75 %: 66.67 USD."""
    found = lived(made((0.9,), low=(low,)))
    assert hits == min(only(found, "liquidations_long"), 1)
    assert 0 == only(found, "liquidations_short")
    assert (None if not hits else pytest.approx(2.0)) == found.hurts_from(0, 0)


@pytest.mark.parametrize(("high", "hits"), [(1.46, 0), (1.47, 1)])
def test_the_short_dies_where_its_own_rule_says(high, hits):
    """15 000 / (100 x 1.025) = 146.34 USD."""
    assert hits == only(lived(made((1.1,), high=(high,))), "liquidations_short")


def test_an_oracle_of_its_own_kills_the_loan_where_spot_does_not():
    """Spot and the perpetual stay at 100; the lender sees 60 for an hour."""
    stress = made((1.0, 1.0), oracle=(0.6, 1.0))
    found = lived(stress)
    assert only(found, "liquidations_long") >= 1
    assert 0 == only(lived(made((0.99, 1.0))), "liquidations_long")


def test_a_return_is_timed_from_the_beginning_to_the_first_close_that_is_as_high():
    """100 USD paid in the first hour, 200 received in the second: back after one hour."""
    found = lived(made((1.0, 1.0), funding_hour=(-0.01, 0.02)))
    assert only(found, "recovery_days") == pytest.approx(1 / 24)
    assert only(found, "loss") == pytest.approx(-0.01)


def test_every_policy_starts_from_its_own_state():
    """At 130 the never moved short is at 13 000 / 2 000 = 6.5x, the kept one at 2x again."""
    rows = [100.0] * (24 * 15) + [130.0] * (24 * 30)
    config = free_venue_config(policy="never")
    ways = {"held": config, "kept": replace(config, band=0.2)}
    stress = made((1.0,), funding_hour=(-0.001,))
    found = run_stresses(hourly_market(rows), ways, [stress], starts=5, after_days=2)
    short = found.column("short_leverage")[:, 0, -1]
    assert short == pytest.approx([6.5, 2.0])


# How a shape is laid over a market


@st.composite
def shapes(draw):
    n_steps = draw(st.integers(1, 6))
    moves = st.lists(st.floats(0.5, 1.6), min_size=n_steps, max_size=n_steps).map(tuple)
    price = draw(moves)
    gap = draw(st.one_of(st.none(), moves.map(lambda values: (*values[:-1], 1.0))))
    minutes = draw(st.sampled_from([10, 60, 90, 300]))
    return made((0.9, *price[1:]), perp=gap, step_minutes=minutes, low=draw(moves))


@settings(deadline=None, max_examples=40)
@given(stress=shapes(), seed=st.integers(0, 1_000))
def test_a_laid_market_is_the_old_one_before_and_moves_like_it_after(stress, seed):
    """Bars hold their own open and close; returns after the stress are the market's."""
    rng = np.random.default_rng(seed)
    path = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 24 * DAYS)))
    market = hourly_market(list(path))
    bar = 24 * 15
    laid = lay(market, bar, stress, 3)
    n_bars = -(-stress.seconds // 3_600)
    for series in laid.prices.values():
        assert np.array_equal(series.close[:bar], market.reference_price.close[:bar])
        assert (series.low <= np.minimum(series.open, series.close)).all()
        assert (series.high >= np.maximum(series.open, series.close)).all()
        after = np.diff(np.log(series.close[bar + n_bars - 1 :]))
        was = np.diff(np.log(path))[bar + n_bars - 1 :][: len(after)]
        assert after == pytest.approx(was, abs=1e-9)
    spot = laid.prices.get(("stress", "spot"), laid.reference_price)
    assert spot.close[bar + n_bars - 1] / path[bar - 1] == pytest.approx(stress.price[-1])


def test_a_step_of_many_bars_is_crossed_evenly_and_its_rate_holds_in_each():
    """Six hours to a half: every hour the sixth root; a low of 0.4 in the last of them."""
    stress = made((0.5,), step_minutes=360, low=(0.4,), funding_hour=(0.001,))
    laid = lay(flat(), 24 * 15, stress, 2)
    bars = slice(24 * 15, 24 * 15 + 6)
    close, low = laid.reference_price.close[bars], laid.reference_price.low[bars]
    assert close == pytest.approx(100 * 0.5 ** (np.arange(1, 7) / 6))
    assert low[:-1] == pytest.approx(close[:-1])
    assert low[-1] == pytest.approx(40.0)
    assert laid.funding["perp"].rate[bars] == pytest.approx([0.001] * 6)


def test_a_bar_of_many_steps_holds_their_extremes_and_their_mean_rate():
    """Six steps of ten minutes in an hour."""
    rates = (0.0, 0.0, 0.0, 0.06, 0.0, 0.0)
    stress = made((0.9, 0.8, 0.9, 1.0, 1.1, 1.0), step_minutes=10, funding_hour=rates)
    laid = lay(flat(), 24 * 15, stress, 2)
    assert laid.funding["perp"].rate[24 * 15] == pytest.approx(0.01)
    dipped = lay(flat(), 24 * 15, replace(stress, low=(0.9, 0.7, 0.9, 1.0, 1.0, 1.0)), 2)
    assert dipped.reference_price.low[24 * 15] == pytest.approx(70.0)


def test_only_the_quote_coin_is_borrowed_dearer():
    laid = lay(flat(), 24 * 15, made((1.0,), borrow_apy=(0.5,)), 2)
    assert laid.borrow["kamino", "USDC"].apy[24 * 15] == 0.5
    assert laid.borrow["kamino", "USDC"].apy[24 * 15 - 1] != 0.5


def test_terms_and_fees_change_from_their_days_on():
    config = bl.VenueConfig(leverage=2)
    begins = datetime(2025, 3, 1, 12, tzinfo=UTC)
    cut = stressed(resolve(config), load_stress("ltv-cut"), begins)
    late, soon = begins.date().replace(day=8), begins.date().replace(day=7)
    assert cut.lending.at(late).liquidation_ltv == pytest.approx(0.70)
    assert cut.lending.at(late).max_ltv == pytest.approx(0.69)
    assert cut.lending.at(soon).liquidation_ltv == pytest.approx(0.75)
    dear = stressed(resolve(config), load_stress("fees-doubled"), begins)
    fees = resolve(config).perp.taker_fees  # 2023-01-01 and 2025-05-05
    assert dear.perp.taker_fees == (
        fees[0],
        DatedFee(begins.date(), 2 * fees[0].bps),
        DatedFee(fees[1].since, 2 * fees[1].bps),
    )


# What is refused


def test_a_stress_that_changes_nothing_that_is_read_is_an_error():
    """Funding of zero where it is zero; a price that ends where it is."""
    with pytest.raises(ConfigError, match="changes nothing that policy 'held' reads"):
        lived(made((1.0,), funding_hour=(0.0,)))
    with pytest.raises(ConfigError, match="no change at all"):
        made((1.0, 1.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": (0.9, 0.9)}, "low: got 2 values; price has 1"),
        ({"price": ()}, "give 1 to 48"),
        ({"price": (-0.5,)}, "must be above 0"),
        ({"perp": (0.9,)}, "prices meet again"),
        ({"loan_field": "colour"}, "known: "),
        ({"step_minutes": 0}, "1 minute to 30 days"),
        ({"price": (float("nan"),)}, "not finite"),
    ],
)
def test_a_shape_that_means_nothing_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        made(**{"price": (0.9,)} | changes)


def test_a_market_too_short_for_the_time_after_is_refused():
    with pytest.raises(ConfigError, match="need 47 days"):
        lived(made((0.9,) * 48), after_days=30)


def test_what_needs_staking_is_named_and_left_out():
    staked = made((0.9,), needs="staking", name="lst")
    config = free_venue_config(policy="never")
    ways = {"held": config}
    found = run_stresses(flat(), ways, [staked, made((0.9,))], starts=1, after_days=2)
    assert {"lst": "its collateral earns no staking"} == dict(found.skipped)
    with pytest.raises(ConfigError, match="means anything"):
        run_stresses(flat(), ways, [staked], starts=1, after_days=2)


def test_an_unknown_stress_is_an_error_with_the_nearest_name():
    with pytest.raises(ConfigError, match="did you mean 'usdc-depeg'"):
        load_stress("usdc-depegg")


def test_a_file_with_a_fault_in_it_is_refused_in_a_sentence(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\nprice = [0.9]\ncolour = 1\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.toml: \w+: "):
        load_stress(path)
    path.write_text("price = [", encoding="utf-8")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_stress(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_stress(tmp_path / "none.toml")


# The library


@pytest.mark.parametrize("name", stress_names())
def test_a_stress_of_the_library_says_what_is_known_and_what_is_made_up(name):
    one = load_stress(name)
    assert name == one.name == (FOLDER / f"{name}.toml").stem
    assert all((one.title, one.what, one.source, one.fact, one.assumed))


def worst_over(low, opens, n_steps):
    """The deepest fall from an open to a low within so many steps."""
    return min(min(low[at : at + n_steps]) / opens[at] - 1 for at in range(len(low) - n_steps + 1))


@pytest.mark.parametrize("name", [name for name in stress_names() if name.startswith("crash-")])
def test_a_crash_has_the_falls_that_it_names(name):
    """Of a day from its open, of the worst hour from its open, of the worst four: to a point."""
    one = load_stress(name)
    day, hour, four = (int(value) / 100 for value in re.findall(r"(\d+) %", one.fact))
    opens = (1.0, *one.price[:-1])
    assert one.worst_fall == pytest.approx(-day, abs=0.005)
    assert worst_over(one.low, opens, 1) == pytest.approx(-hour, abs=0.01)
    assert worst_over(one.low, opens, 4) == pytest.approx(-four, abs=0.02)


@pytest.mark.parametrize("name", [name for name in stress_names() if name.startswith("rise-")])
def test_a_rise_has_the_rises_that_it_names(name):
    one = load_stress(name)
    day, hour = (int(value) / 100 for value in re.findall(r"(\d+) %", one.fact))
    opens = np.array((1.0, *one.price[:-1]))
    assert one.worst_rise == pytest.approx(day, abs=0.005)
    assert (np.array(one.high) / opens - 1).max() == pytest.approx(hour, abs=0.01)


def test_the_perpetuals_own_low_of_october_is_that_of_its_prints():
    """137.51 of an open of 220.9: 0.6225."""
    one = load_stress("crash-2025-10-10")
    assert min(one.perp_low) == pytest.approx(137.51 / 220.9, abs=0.005)


# The command


def test_the_command_writes_a_stress_to_fill_in_that_runs(tmp_path):
    path = tmp_path / "mine.toml"
    run = CliRunner()
    done = run.invoke(app, ["stress", "--make", str(path)])
    assert 0 == done.exit_code, done.output
    assert -0.22 == pytest.approx(load_stress(path).worst_fall)
    again = run.invoke(app, ["stress", "--make", str(path)])
    assert isinstance(again.exception, ConfigError)
    done = run.invoke(app, ["stress", str(path), "--starts", "2"])
    assert 0 == done.exit_code, done.output
    said = " ".join(done.output.split())
    assert "never moved: the worst is mine" in said
    assert "size kept" in said


def test_the_command_lists_the_library():
    done = CliRunner().invoke(app, ["stress", "--list"])
    assert 0 == done.exit_code, done.output
    assert "usdc-depeg" in done.output


def test_words_come_from_the_numbers():
    found = lived(made((0.9,), low=(0.5,)), starts=2)
    said = " ".join(stress_words(found))
    assert "held: the worst is made" in said
    assert "1 liquidated a leg" in said
    assert "had a leverage of at least 2.0" in said
