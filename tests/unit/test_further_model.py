"""A model is one file and one line, a lending preset one file: both then work everywhere."""

from __future__ import annotations

import importlib.util
import json
import sys

import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.presets.terms import load_lending
from basislab.report.chapters.engine.positions import positions
from basislab.report.report import study_runs
from basislab.report.spec import EngineSpec, StudySpec
from basislab.scenarios import json_schema, parse_file, parse_scenario, run_file
from basislab.simulate import MODELS, StudyModel
from tests.builders import free_venue, make_market

MODEL = '''
"""Half-hearted: a share of the capital is hedged, the rest lies idle; funding is all it earns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bar, Bars, bar_at
from basislab.kernels.events import OPEN, new_log, record
from basislab.kernels.ledger import Accounts, book, empty_accounts
from basislab.kernels.outcome import Outcome
from basislab.types.checks import check_integer, check_number
from basislab.types.configs import TradeConfig


@dataclass(frozen=True, kw_only=True)
class HalfConfig(TradeConfig):
    model: ClassVar[str] = "half"
    share: float = 0.5
    wait_bars: int = 0

    def __post_init__(self):
        super().__post_init__()
        check_number(self, "share", 0, 1, "fraction of capital")
        check_integer(self, "wait_bars", 0, 100, "bars")

    def parameters(self):
        return super().parameters() | {"share": self.share, "wait_bars": self.wait_bars}

    def decisions(self):
        return super().decisions() | {"share": self.share}


class Params(NamedTuple):
    capital: float
    leverage: float
    share: float
    wait_bars: int


class State(NamedTuple):
    equity: float
    notional: float
    accounts: Accounts


def open_position(params: Params) -> State:
    notional = params.capital / 2 * params.leverage * params.share
    return State(params.capital, notional, empty_accounts())


def step(state: State, bar: Bar) -> State:
    earned = bar.funding * state.notional
    return State(state.equity + earned, state.notional, book(state.accounts, funding=earned))


def run(params: Params, bars: Bars) -> Outcome:
    log = new_log(len(bars.close))
    state = open_position(params)
    record(log, 0, OPEN, equity=state.equity)
    equity = np.empty(len(bars.close))
    for index in range(len(equity)):
        if index >= params.wait_bars:
            state = step(state, bar_at(bars, index))
        equity[index] = state.equity
    return Outcome(equity, state.equity, state.accounts, log, 0.0)


compile_module(globals())
'''

LENDING = """
name = "toy"
kind = "lending"
title = "A lender of the tests, who lends against 60 % and liquidates at 65 %"

[constants]
protocol = {value = "kamino", unit = "series", source = "test", status = "verified"}
max_ltv = {value = 0.60, unit = "fraction", source = "test", status = "verified"}
liquidation_ltv = {value = 0.65, unit = "fraction", source = "test", status = "verified"}
procedure = {value = "kamino", unit = "procedure", source = "test", status = "verified"}
"""


@pytest.fixture
def half(tmp_path, monkeypatch):
    """Write the model's file and give it its line."""
    path = tmp_path / "half.py"
    path.write_text(MODEL, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("half", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "half", module)
    spec.loader.exec_module(module)
    line = StudyModel(kernel=module, accounts=("funding",), counts={"opens": "open"})
    monkeypatch.setitem(MODELS, module.HalfConfig, line)
    return module.HalfConfig


@pytest.fixture
def lending(tmp_path):
    path = tmp_path / "toy.toml"
    path.write_text(LENDING, encoding="utf-8")
    return str(path)


def said(*arguments):
    done = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_further_model_is_backtested_and_swept(half):
    """3 days of 1 % on 10 000 / 2 x 2 x share: 150 and 300 USD; a day less with one bar of wait."""
    market = make_market([100.0, 90.0, 120.0], funding=0.01)
    config = half(leverage=2, capital_usd=10_000, perp=free_venue())
    result = bl.backtest(market, config)
    assert (10_150.0, {"opens": 1}) == (pytest.approx(result.final_usd), dict(result.counts))
    assert {"funding": pytest.approx(150.0)} == result.ledger.to_dict()
    frame = bl.sweep(market, config, share=[0.5, 1.0], wait_bars=[0, 1])
    assert [150.0, 100.0, 300.0, 200.0] == pytest.approx(frame["funding_usd"])
    assert [1] * 4 == frame["opens"].tolist()
    assert "infeasible" not in frame


def test_a_further_model_is_certified_and_drawn(half, market):
    config = half(leverage=2)
    found = bl.certify(market, config, share=[0.2, 0.4, 0.6], start="2025-06-01")
    assert found.label in [f"2x, share {share}" for share in (0.2, 0.4, 0.6)]
    drawn = bl.montecarlo(market, config, paths=20, block_days=20, share=[0.0, 1.0])
    assert 0.0 == drawn.value("return_p95", 0) < drawn.value("return_p95", 1)


def test_a_further_model_has_scenarios(half, market):
    """Keys of its own, refused to others; a key of another model is refused to it."""
    raw = {"model": "half", "leverage": 2, "share": 0.25}
    [found] = run_file(parse_file(json.dumps({"version": 1, "scenarios": [raw]})))
    assert bl.backtest(market, half(leverage=2, share=0.25)).final_usd == found["final_usd"]
    with pytest.raises(bl.ConfigError, match="unknown key share"):
        parse_scenario(raw | {"model": "static"})
    with pytest.raises(bl.ConfigError, match="trigger belongs to model 'rebalance'"):
        parse_scenario(raw | {"trigger": 4})
    with pytest.raises(bl.ConfigError, match="it must be a number in"):
        parse_scenario(raw | {"share": 2}).to_config()
    own = json_schema()["$defs"]["HalfScenario"]["properties"]
    assert ("half", 0.5) == (own["model"]["const"], own["share"]["default"])


def test_a_further_model_is_on_the_command_line(half, market):
    expected = bl.backtest(market, half(leverage=2, share=0.25)).final_usd
    told = ["--model", "half", "--leverage", "2"]
    found = json.loads(said("backtest", *told, "--set", "share=0.25", "--json"))
    assert expected == found["final_usd"]
    swept = said("sweep", *told, "--set", "share=0.25,0.5", "--set", "wait_bars=0:2:1")
    assert swept.startswith("6 configurations; ")
    page = said("certify", *told, "--set", "share=0.2,0.4", "--start", "2025-06-01", "--json")
    assert 2 == json.loads(page)["family_count"]
    assert "venue, half." in " ".join(said("sweep", "--help").split())


def test_a_further_lending_preset_is_one_file(lending, market):
    """60 % lets leverage go to 2.5, 65 % liquidates at 1 / 0.35 = 2.86."""
    terms = load_lending(lending)
    assert (2.5, 1 / 0.35) == pytest.approx((terms.max_leverage, terms.liquidation_leverage))
    given = {"leverage": 2, "monitor_seconds": 86_400, "policy": "never"}
    result = bl.backtest(market, bl.VenueConfig(lending=lending, **given))
    frame = bl.sweep(
        market, bl.VenueConfig(**given), lending=[lending, "kamino"], leverage=[2, 2.6]
    )
    assert ["toy", "toy", "kamino", "kamino"] == frame["lending"].tolist()
    assert [False, True, False, False] == [reason != "" for reason in frame["infeasible"]]
    assert result.final_usd == pytest.approx(frame["final_usd"][0]) != frame["final_usd"][2]
    raw = {"model": "venue", "leverage": 2, "lending": lending, "policy": "never", "monitor": "1d"}
    [found] = run_file(parse_file(json.dumps({"version": 1, "scenarios": [raw]})))
    assert result.final_usd == found["final_usd"]
    told = ["--model", "venue", "--leverage", "2", "--lending", lending, "--policy", "never"]
    facts = json.loads(said("backtest", *told, "--paths", "2", "--json"))
    assert [facts["decisions"]["leverage"], facts["paths"]] == [2, 2]


def test_a_study_asks_a_further_lending_preset(lending, market):
    """Of the study's leverages 2, 3 and 4 only 2 opens where 2.5 is the end."""
    runs = study_runs(market, StudySpec(engine=EngineSpec(lending=lending)))
    found = positions(runs)
    assert "toy" == found.terms.lending.name
    assert {3.0, 4.0} <= {leverage for leverage, _ in found.refused}
