"""The venue engine's scenarios: keys of the page, defaults, overrides, errors, the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.report.venue_words import deciding, plain_words
from basislab.research.venue import End, Sensitivity
from basislab.scenarios import (
    VenueScenario,
    parse_scenario,
    run_file,
)
from basislab.scenarios.files import parse_file
from basislab.types.ensemble import Difference

PAGE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")


def rows():
    section = PAGE.split("## Venue engine\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE))


def test_the_page_names_every_key_in_order_with_its_default():
    found = rows()
    assert list(VenueScenario.model_fields) == list(found)
    for name, field in VenueScenario.model_fields.items():
        text = found[name].strip("`")
        if isinstance(field.default, str):
            assert field.default == text
        elif isinstance(field.default, bool):
            assert json.dumps(field.default) == text
        elif isinstance(field.default, int | float):
            assert f"{field.default:g}" == text


def test_overrides_replace_numbers_of_the_presets():
    raw = {"model": "venue", "leverage": 2, "overrides": {"lending": {"liquidation_ltv": 0.8}}}
    assert 0.8 == parse_scenario(raw).to_config().lending.liquidation_ltv


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"overrides": {"lending": {"liquidation_lvt": 0.8}}}, "did you mean 'liquidation_ltv'"),
        ({"overrides": {"lending": {"liquidation_ltv": 0.7}}}, "is not above max_ltv"),
        ({"overrides": {"loan": {}}}, "overrides"),
        ({"monitr": "1h"}, "unknown key monitr .did you mean 'monitor'"),
        ({"monitor": "soon"}, "got 'soon'"),
        ({"perp": "hyperliquide"}, "did you mean 'hyperliquid'"),
        ({"policy": "sometimes"}, "policy"),
        ({"conventions": ["none"]}, "known: one_price"),
    ],
)
def test_what_is_wrong_is_said(keys, message):
    with pytest.raises(ConfigError, match=message):
        parse_scenario({"model": "venue", "leverage": 2} | keys).to_config()


def test_a_trigger_of_null_is_never():
    raw = {"model": "venue", "leverage": 2}
    assert "never" == parse_scenario(raw | {"trigger": None}).to_config().policy
    assert 8**0.5 == pytest.approx(parse_scenario(raw).to_config().trigger_leverage)


def test_a_file_may_hold_both_kinds():
    """On the daily sample the venue engine looks once a day; an hourly look is refused."""
    text = json.dumps(
        {
            "version": 1,
            "scenarios": [
                {"model": "rebalance", "leverage": 2},
                {"model": "venue", "leverage": 2, "monitor": "1d"},
                {"model": "venue", "leverage": 2},
            ],
        }
    )
    first, second, third = run_file(parse_file(text))
    assert "shortfall" in first["ledger"]
    assert 14 == len(second["ledger"])
    change = second["final_usd"] - second["initial_usd"]
    assert change == pytest.approx(sum(second["ledger"].values()), abs=1e-6)
    assert "no multiple of the bars" in third["error"]["message"]


def test_a_run_is_told_in_plain_words():
    """A loan with a liquidation LTV of 75 % dies at leverage 4, so 5 is the short's trigger."""
    market = bl.load_market()
    config = bl.VenueConfig(leverage=2, trigger=5, monitor_seconds=86_400, band=None)
    said = " ".join(plain_words(market, bl.backtest(market, config)))
    for words in (
        "first the loan is liquidated: at 126.75 USD of the oracle price, 33.1% below the opening",
        "then the short is liquidated",
        "the loan was liquidated in 7 bars, first in that of 2025-02-18 at",
        "the short was liquidated in 1 bar, first",
        "a leg was naked for 216 hours in all",
        "venues and lenders bore no loss",
        "trigger 5x can be fired only by the short: the loan is liquidated at leverage 4.0 and the",
        "does not beat the hurdle of +4.61%: excess -19.9 points a year",
    ):
        assert words in said
    assert "of what is assumed" not in said  # bars of a day do not say


def test_a_run_on_hours_says_what_is_assumed():
    market = bl.bridge(bl.load_market(), paths=1)[0].window(end="2025-03-31")
    result = bl.backtest(market, bl.VenueConfig(leverage=2), accept_quality=True)
    said = " ".join(plain_words(market, result))
    assert "of what is assumed, the result hangs most on " in said
    assert "of what is assumed" not in " ".join(plain_words(market, result, with_sensitivity=False))


def test_the_command_says_in_plain_words_what_paths_within_the_days_mean():
    """The same trade on days: an interval, what dies first, and how often it is met."""
    arguments = ["backtest", "--model", "venue", "--leverage", "2", "--trigger", "5"]
    done = CliRunner().invoke(app, [*arguments, "--band", "never", "--paths", "4"])
    assert 0 == done.exit_code, done.output
    said = " ".join(done.output.split())
    for words in (
        "In plain words",
        "first the loan is liquidated: at 126.75 USD of the oracle price, 33.1% below the opening",
        "on 90 % of them",
        "of the paths meet a liquidation",
        "of what is assumed, the result hangs most on ",
        "trigger 5x can be fired only by the short: the loan is liquidated at leverage 4.0 and the",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ("bands", "the policy (bands) watches both legs"),
        ("never", "no trigger: capital is never moved"),
    ],
)
def test_what_can_fire_is_said_for_other_policies(policy, words):
    arguments = ["backtest", "--model", "venue", "--leverage", "2", "--policy", policy]
    done = CliRunner().invoke(app, [*arguments, "--paths", "2"])
    assert words in " ".join(done.output.split())


def test_who_does_not_say_how_often_looks_at_every_hour_within_the_days():
    arguments = ["backtest", "--model", "venue", "--leverage", "2", "--paths", "2"]
    silent = CliRunner().invoke(app, arguments)
    hourly = CliRunner().invoke(app, [*arguments, "--monitor", "1h"])
    assert 0 == silent.exit_code
    assert silent.stdout == hourly.stdout
    daily = CliRunner().invoke(app, [*arguments, "--monitor", "1d"])
    assert 0 == daily.exit_code
    assert daily.stdout != hourly.stdout


def test_a_wrong_interval_is_named_as_the_user_wrote_it():
    with pytest.raises(ConfigError, match="monitor: got 'banana'"):
        VenueScenario(model="venue", leverage=2, monitor="banana").to_config()


def sensitivity(low=0.04, high=0.06, sign=-1, **changes):
    """An assumption at 5 % a year, below the hurdle as assumed; `sign` is said at its low end."""

    def end(annualized, sign):
        change = annualized - 0.05
        return End(annualized, Difference(name="", median=change, low=change, high=change), sign)

    at_low, at_high = None if low is None else end(low, sign), end(high, -1)
    base = Sensitivity("lending", "kamino", "max_bonus", 0.05, 0.01, 0.1, at_low, at_high, -1)
    return base._replace(**changes)


def test_the_assumption_that_decides_is_named_once_with_its_ends():
    """A span of 3 points outweighs one of 1; the verdict hangs on the smaller one alone."""
    wide = sensitivity(field="oracle_step", low=None, high=0.08)
    flips = sensitivity(sign=0)
    first, second = deciding([flips, wide])
    assert "hangs most on kamino's oracle_step (0.05, may be 0.01 to 0.1): no position" in first
    assert "+8.00% a year at its high" in first
    assert "it also hangs on kamino's max_bonus" in second
    assert second.endswith("whether it beats the hurdle depends on it")
    assert ["nothing in the presets is marked as assumed"] == deciding([])
    assert 1 == len(deciding([flips]))


def test_the_command_line_names_both_leverages_and_the_band():
    """The same run as the function's, and a band of never as None."""
    flags = ["--long-leverage", "1.5", "--short-leverage", "3", "--resize-to", "edge", "--json"]
    market = bl.load_market()
    for text, band in (("0.3", 0.3), ("never", None)):
        command = ["backtest", "--model", "venue", "--paths", "2", "--band", text, *flags]
        done = CliRunner().invoke(app, command)
        assert 0 == done.exit_code, done.output
        config = bl.VenueConfig(long_leverage=1.5, short_leverage=3, resize_to="edge", band=band)
        found = bl.ensemble(market, config, paths=2)
        assert found.to_dict()["values"] == json.loads(done.stdout)["values"]
        assert bool(found.column("resizes").max()) == (band is not None)
