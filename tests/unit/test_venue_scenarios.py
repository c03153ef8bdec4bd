"""The venue engine's scenarios: keys of the page, defaults, overrides, errors, the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.scenarios import VenueScenario, parse_any, run_file
from basislab.scenarios.files import parse_file

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
    assert 0.8 == parse_any(raw).to_config().lending.liquidation_ltv


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
        parse_any({"model": "venue", "leverage": 2} | keys).to_config()


def test_a_trigger_of_null_is_never():
    raw = {"model": "venue", "leverage": 2}
    assert "never" == parse_any(raw | {"trigger": None}).to_config().policy
    assert 8**0.5 == pytest.approx(parse_any(raw).to_config().trigger_leverage)


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


def test_the_command_says_in_plain_words_what_the_run_means():
    arguments = ["backtest", "--model", "venue", "--leverage", "2", "--monitor", "1d"]
    done = CliRunner().invoke(app, [*arguments, "--no-sensitivity"])
    assert 0 == done.exit_code, done.output
    for words in ("In plain words", "first the loan is liquidated", "the hurdle", "can be fired"):
        assert words in done.output
