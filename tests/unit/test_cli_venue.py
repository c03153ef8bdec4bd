"""The venue engine's sweeps and certificates on the command line."""

from __future__ import annotations

import inspect
import json

import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli import certify, montecarlo, sweep
from basislab.cli.app import app
from basislab.position.start import start_state_of


def test_three_commands_take_the_same_decisions():
    """One list of options, the engine's own among them."""
    names = {
        command.__name__: list(inspect.signature(command).parameters)
        for command in (sweep.sweep, certify.certify, montecarlo.montecarlo)
    }
    assert "policy" in names["sweep"][:22]
    assert names["sweep"][:22] == names["certify"][:22] == names["montecarlo"][:22]


def test_the_command_line_sweeps_and_certifies_the_engine_on_daily_bars(tmp_path):
    """The sample is daily: nobody said how often the trader looks, so once a bar."""
    run = CliRunner()
    given = ["--model", "venue", "--leverage", "2", "--trigger", "3,3.5,50"]
    table = tmp_path / "sweep.csv"
    done = run.invoke(app, ["sweep", *given, "--out", str(table)])
    assert done.exit_code == 0, done.output
    assert "3 configurations, 1 of them refused" in done.output
    assert "no leg can fire it" in done.output
    assert table.read_text().splitlines()[0].startswith("trigger,final_usd")
    done = run.invoke(app, ["certify", *given, "--start", "2025-10-01", "--json"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    assert (facts["family_count"], len(facts["infeasible"])) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["montecarlo", "--model", "venue", "--bar", "2h"], "bar: got '2h'"),
        (["sweep", "--model", "venue", "--buffer", "0.1"], "--buffer"),
        (["sweep", "--policy", "bands"], "--policy"),
        (["certify", "--model", "venue", "--monitor", "often"], "--monitor"),
        (["sweep", "--model", "venue", "--monitor", "1h"], "no multiple"),
    ],
)
def test_what_the_engine_does_not_take_is_refused_by_name(arguments, message):
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, bl.ConfigError)
    assert message in str(done.exception)


CHEAP = ("--paths", "8", "--days", "30", "--block-days", "10", "--no-block-check")


def test_the_engines_monte_carlo_on_daily_bars_says_what_it_rests_on(tmp_path):
    """Legs apart, resizes, and three errors; no deleveraging, which is not planned."""
    given = ["montecarlo", "--model", "venue", "--leverage", "2", *CHEAP]
    figure = tmp_path / "liquidation.svg"
    drawn = ["--figure", str(figure), "--figure-of", "liquidation"]
    done = CliRunner().invoke(app, [*given, *drawn])
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    for text in ("predictive draws:", "P(loan liq. in", "resizes, mean", "intraday error", "hours"):
        assert text in said
    assert "ADL" not in said
    assert "auto-deleveraging" not in figure.read_text()


def test_the_engines_monte_carlo_goes_on_with_a_position_file(tmp_path):
    """The example's equity of 17 300 USD is the capital, but for the price of the last close."""
    file = tmp_path / "my.toml"
    assert CliRunner().invoke(app, ["position", "new", "--out", str(file)]).exit_code == 0
    given = ["montecarlo", "--model", "venue", "--leverage", "2", *CHEAP, "--no-history-error"]
    done = CliRunner().invoke(app, [*given, "--from", "now", "--position", str(file), "--json"])
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    held = start_state_of(bl.load_position(file))
    price = float(bl.load_market().reference_price.close[-1])
    [one] = facts["configurations"]
    assert one["capital_usd"] == pytest.approx(held.equity_usd(spot=price, mark=price))
    assert (facts["from"], facts["draws"]) == ("2026-02-13", "predictive")
    assert set(one["unconditional"]) == set(one["statistics"])
    assert one["statistics"]["adl_30d"]["value"] is None
