"""The engine on paths within the days: intervals, paired differences, what a user is told."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.types.ensemble import Ensemble


@pytest.fixture(scope="module")
def market():
    return bl.load_market()


@pytest.fixture(scope="module")
def both(market):
    """The kept size at 1.5 / 3, and 3 / 3 that is never resized; the same 8 paths."""
    kept = bl.VenueConfig(long_leverage=1.5, short_leverage=3, band=0.2)
    return bl.ensembles(market, [kept, bl.VenueConfig(leverage=3, band=None)], paths=8)


def made(returns, **changes):
    """An ensemble of given returns a year, one case a row."""
    rows = np.array(returns, float)
    values = {
        "config": bl.VenueConfig(leverage=2),
        "values": {
            "annualized_return": rows,
            "return": rows,
            "excess_return": rows - 0.05,
            "max_drawdown": np.abs(rows),
            "final_usd": 1e4 * (1 + rows),
            "liquidations": (rows < 0).astype(float),
        },
        "cases": tuple(f"case {number}" for number in range(len(rows))),
        "nearness": "far",
        "widening": 1.0,
        "hurdle_return": 0.05,
        "n_days": 365,
        "n_paths": rows.shape[1],
        "bar_seconds": 3_600,
        "seed": 0,
        "market_name": "made",
        "market_fingerprint": "f",
    }
    return Ensemble(**(values | changes))


def test_the_interval_is_the_widest_of_the_cases():
    """0 to 100 in ones and 20 to 120: quantiles 5 to 95 and 25 to 115; medians 50, 70, both 60."""
    found = made([np.arange(101), np.arange(20, 121)])
    assert found.interval() == (5.0, 115.0)
    assert found.interval(case=1) == (25.0, 115.0)
    assert found.interval(level=0.5) == (25.0, 95.0)
    assert (found.median(), found.median(case=0)) == (60.0, 50.0)


def test_only_the_lower_half_of_a_return_is_widened():
    """50 less 2 x 45 is -40; a drawdown is as it is."""
    found = made([np.arange(101)], widening=2.0)
    assert found.interval() == pytest.approx((-40.0, 95.0))
    assert found.interval("max_drawdown") == pytest.approx((5.0, 95.0))


def test_choices_are_compared_path_by_path():
    """Two choices that vary by 100 and differ by 1 to 2 on every path are ranked."""
    luck = 100 * np.random.default_rng(0).standard_normal(200)
    more = np.linspace(1, 2, 200)
    difference = made([luck + more]).versus(made([luck]))
    assert difference.is_ranked
    assert difference.low == pytest.approx(1.05, abs=0.01)
    assert difference.median == pytest.approx(1.5, abs=0.01)
    assert not made([luck]).versus(made([-luck])).is_ranked


@pytest.mark.parametrize(
    ("changes", "what"),
    [({"seed": 1}, "seed"), ({"market_fingerprint": "g"}, "market_fingerprint"),
     ({"bar_seconds": 900}, "bar_seconds")],
)  # fmt: skip
def test_other_paths_are_not_compared(changes, what):
    with pytest.raises(ConfigError, match=f"versus: {what} differs"):
        made([[0.1, 0.2]]).versus(made([[0.1, 0.2]], **changes))


def test_unknown_columns_and_levels_are_named():
    with pytest.raises(ConfigError, match="no 'x'; it has: annualized_return"):
        made([[0.1]]).column("x")
    with pytest.raises(ConfigError, match=r"level: got 1\.5"):
        made([[0.1]]).interval(level=1.5)


def test_the_trade_that_keeps_away_from_liquidation_is_told_from_the_one_that_does_not(both):
    kept, risky = both
    assert kept.interval()[0] > risky.interval()[0]
    assert kept.probability()[1] < risky.probability()[1]
    assert risky.nearness == "near"
    assert kept.n_paths == 8
    assert kept.column("return").shape == (2, 8)


def test_the_ledger_explains_every_path(both):
    """The study's accounts of a path add up to its change of equity."""
    from basislab.types.venue_result import PARENTS

    for found in both:
        change = found.column("final_usd") - found.config.capital_usd
        parents = sum(found.column(f"{name}_usd") for name in PARENTS)
        assert parents == pytest.approx(change, abs=1e-6)


def test_an_ensemble_is_the_engine_on_the_bridges_markets(market):
    """Path 1 of the first case, run alone through `backtest`."""
    config = bl.VenueConfig(leverage=2, band=0.2)
    found = bl.ensemble(market, config, paths=2, seed=3)
    path = bl.bridge(market, paths=2, seed=3)[1]
    alone = bl.backtest(path, config, accept_quality=True)
    assert found.column("final_usd")[0, 1] == pytest.approx(alone.final_usd, rel=1e-11)
    assert found.column("max_drawdown")[0, 1] == pytest.approx(alone.max_drawdown, rel=1e-9)
    hits = alone.counts["liquidations_long"] + alone.counts["liquidations_short"]
    assert found.column("liquidations")[0, 1] == hits


def test_what_is_said_holds_the_interval_and_is_json(both):
    kept, risky = both
    text = risky.summary()
    assert "90 % of paths" in text
    assert "days do not say whether it is met" in text
    low, high = kept.interval()
    facts = json.loads(json.dumps(kept.to_dict()))
    assert facts["values"]["annualized_return"]["low"] == low
    assert facts["values"]["annualized_return"]["high"] == high
    assert f"{low:+.1%} to {high:+.1%}" in repr(kept)


def test_only_the_engine_and_only_days_have_an_ensemble(market):
    with pytest.raises(ConfigError, match="the study's models are defined on days"):
        bl.ensemble(market, bl.RebalanceConfig(leverage=2))
    with pytest.raises(ConfigError, match="a bridge leads through daily bars"):
        bl.ensemble(bl.bridge(market, paths=1)[0], bl.VenueConfig(leverage=2), accept_quality=True)


def test_it_draws_itself(both):
    chart = both[0].plot()
    assert chart.to_dict()["title"]["text"].endswith("on 8 paths within the days")
    assert replace(both[0], seed=9).seed == 9


def test_the_command_line_gives_an_interval_on_days(tmp_path):
    words = ["backtest", "--model", "venue", "--paths", "2"]
    legs = ["--long-leverage", "1.5", "--short-leverage", "3"]
    picture = tmp_path / "paths.svg"
    run = CliRunner().invoke(app, [*words, *legs, "--figure", str(picture)])
    assert run.exit_code == 0, run.output
    assert "90 % of paths" in run.stdout
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    facts = CliRunner().invoke(app, [*words, "--leverage", "2", "--json"])
    assert json.loads(facts.stdout)["paths"] == 2
