"""The venue engine's sweeps and certificates on the command line."""

from __future__ import annotations

import inspect
import json

import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli import certify, montecarlo, sweep
from basislab.cli.app import app


def test_three_commands_take_the_same_decisions():
    """One list of options; Monte-Carlo has none of the engine's own."""
    names = {
        command.__name__: list(inspect.signature(command).parameters)
        for command in (sweep.sweep, certify.certify, montecarlo.montecarlo)
    }
    assert names["sweep"][:22] == names["certify"][:22]
    assert names["montecarlo"][:12] == names["sweep"][:12]
    assert "policy" not in names["montecarlo"]


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
    facts = json.loads(done.output)
    assert (facts["family_count"], len(facts["infeasible"])) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["montecarlo", "--model", "venue"], "history only"),
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
