"""Data with errors give no result, by whatever way one asks, unless one accepts them by name."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

import basislab as bl
from basislab import api
from basislab.cli import main
from basislab.cli.app import app
from basislab.data import check, checked, load_market, save_market
from basislab.data.judge import acceptance
from basislab.data.read.mapping import load_mapping
from basislab.errors import DataError
from basislab.report.certificate.facts import certificate_facts
from basislab.report.report import study_report, study_runs
from basislab.report.spec import StudySpec
from basislab.scenarios import parse_file, run_file
from tests.data_fixtures import SHARED, clean_market

CASES = SHARED.parent / "cases"
CONFIG = bl.RebalanceConfig(leverage=2, trigger=5)
WICK = r"1 error: wick \(price hyperliquid perp, 2025-01-10\): high 192.98 and low 0.0001 lie far"
ACCEPTED = "accepted with --accept-quality: the data have 1 error: wick (price hyperliquid perp"
WARNED = "the data have 3 warnings: incomplete-funding (funding hyperliquid, 2024-12-31); partial-"


def with_wick(market: bl.Market) -> bl.Market:
    """The market with one low of a ten-thousandth of a dollar, where no venue ever traded."""
    key, prices = next(iter(market.prices.items()))
    low = prices.low.copy()
    low[10] = 0.0001
    return replace(market, name="wicked", prices={**market.prices, key: replace(prices, low=low)})


@pytest.fixture(scope="module")
def wicked() -> bl.Market:
    return with_wick(load_market())


def ran_file(market: bl.Market, **accept: bool) -> tuple[str, ...]:
    scenario = {"model": "static", "leverage": 2, "capital_usd": 1_000, "market": market.name}
    text = json.dumps({"version": 1, "scenarios": [scenario]})
    [result] = list(run_file(parse_file(text), **accept))
    if "error" in result:
        assert result["error"]["type"] == "DataError"
        raise DataError(result["error"]["message"])
    return tuple(result["warnings"])


def studied(market: bl.Market, **accept: bool) -> tuple[str, ...]:
    study_runs(market, StudySpec(), **accept)
    return checked(market, **accept)


STATIC = bl.Scenario(model="static", leverage=2, capital_usd=1_000)
SEARCH = {"trigger": [4, 5]}
ENGINE = bl.VenueConfig(leverage=2, monitor_seconds=86_400)
WAYS: dict[str, Callable[..., Any]] = {
    "backtest": lambda m, **a: bl.backtest(m, CONFIG, **a).warnings,
    "sweep": lambda m, **a: bl.sweep(m, CONFIG, **SEARCH, **a).attrs["warnings"],
    "montecarlo": lambda m, **a: bl.montecarlo(m, CONFIG, paths=2, block_days=9, **a).warnings,
    "certify": lambda m, **a: bl.certify(m, CONFIG, **SEARCH, **a).notes,
    "ladder": lambda m, **a: api.ladder(m, CONFIG, ENGINE, **a).venue.warnings,
    "run": lambda m, **a: bl.run([STATIC], market=m, **a)[0].warnings,
    "a scenario file": ran_file,
    "a study": studied,
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wicked: bl.Market) -> None:
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path))
    save_market(wicked, name="wicked")


@pytest.mark.parametrize("way", WAYS)
def test_data_with_an_error_give_no_result(way: str, wicked: bl.Market) -> None:
    with pytest.raises(DataError, match=WICK) as caught:
        WAYS[way](wicked)
    message = str(caught.value)
    assert "market 'wicked'" in message
    assert "--accept-quality (accept_quality=True)" in message
    assert "'basislab data check wicked'" in message
    assert "\n" not in message


@pytest.mark.parametrize("way", WAYS)
def test_who_accepts_the_error_gets_a_result_that_says_so(way: str, wicked: bl.Market) -> None:
    told = " | ".join(WAYS[way](wicked, accept_quality=True))
    assert ACCEPTED in told
    assert WARNED in told


@pytest.mark.parametrize("way", WAYS)
def test_warnings_stand_in_every_result(way: str) -> None:
    """The sample has no error: nothing is to be accepted, and its three warnings are told."""
    told = " | ".join(WAYS[way](load_market()))
    assert WARNED in told
    assert "accepted" not in told


def test_a_result_tells_of_its_data_wherever_it_is_shown(wicked: bl.Market) -> None:
    result = bl.backtest(wicked, CONFIG, accept_quality=True)
    for shown in (result.summary(), result._repr_html_(), json.dumps(result.to_dict())):
        assert ACCEPTED in shown
        assert WARNED in shown
    risk = bl.montecarlo(wicked, CONFIG, paths=2, block_days=9, accept_quality=True)
    assert any(ACCEPTED in note for note in risk.summary.attrs["warnings"])
    assert risk.tidy.attrs == risk.summary.attrs
    certified = bl.certify(wicked, CONFIG, **SEARCH, accept_quality=True)  # type: ignore[arg-type]
    assert any(ACCEPTED in note for note in certificate_facts(certified).notes)


def test_data_about_which_there_is_nothing_to_say_say_nothing() -> None:
    assert checked(clean_market()) == ()


def test_a_market_made_in_memory_is_judged_alike() -> None:
    with pytest.raises(DataError, match="wick"):
        checked(with_wick(clean_market()))


def test_a_run_of_better_days_is_refused_too(wicked: bl.Market) -> None:
    """The market is judged whole: whoever made the wick may have made other days too."""
    with pytest.raises(DataError, match=WICK):
        bl.backtest(wicked, CONFIG, start="2025-03-01")


def test_many_findings_are_counted_and_the_worst_of_each_kind_is_named() -> None:
    market = clean_market()
    key, prices = next(iter(market.prices.items()))
    low = prices.low.copy()
    low[[10, 20, 30]] = 0.01, 0.0001, 0.01
    broken = replace(market, prices={key: replace(prices, low=low)})
    with pytest.raises(DataError, match=r"3 errors: wick .*, 2025-01-21, 3 times\)"):
        checked(broken)


def test_a_content_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second backtest of the same content, from wherever it was loaded, asks no rule again."""
    asked: list[str] = []
    monkeypatch.setattr(acceptance, "_known", {})
    monkeypatch.setattr(acceptance, "check", lambda m: asked.append(m.name) or check(m))
    for name in ("one", "two"):
        bl.backtest(replace(load_market(), name=name), CONFIG)
    assert asked == ["one"]


def test_what_is_known_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptance, "_known", {})
    for seed in range(acceptance._MOST_KNOWN + 1):
        checked(clean_market(30, seed=seed))
    assert len(acceptance._known) == 1


def test_a_study_of_accepted_data_says_first_that_it_cannot_be_relied_on(
    wicked: bl.Market,
) -> None:
    spec = StudySpec(leverages=(2,))
    facts = study_report(study_runs(wicked, spec, accept_quality=True)).facts
    assert facts["verdict"]["limits"][0].startswith("The data have 1 error, accepted with --accept")
    assert facts["quality"]["errors_count"] == 1


COMMANDS: dict[str, list[str]] = {
    "backtest": ["--market", "wicked"],
    "sweep": ["--trigger", "4,5", "--market", "wicked"],
    "certify": ["--trigger", "4,5", "--market", "wicked"],
    "montecarlo": ["--paths", "2", "--block-days", "9", "--market", "wicked"],
}


def command(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})


def test_whoever_takes_a_market_can_be_told_to_accept_it() -> None:
    """A new function or command that forgets to ask shows here."""
    takers = [getattr(api, name) for name in api.__all__] + [bl.run]
    asked = [inspect.signature(taker).parameters for taker in takers]
    assert [names for names in asked if "market" in names and "accept_quality" not in names] == []
    commands = get_command(app).commands.values()  # type: ignore[attr-defined]
    options = {each.name: {option.name for option in each.params} for each in commands}
    taking = {name for name, own in options.items() if "market" in own} | {"run", "study"}
    assert taking == {name for name, own in options.items() if "accept_quality" in own}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_refuses_such_data(name: str) -> None:
    done = command(name, *COMMANDS[name])
    assert isinstance(done.exception, DataError)
    assert done.stdout == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_goes_on_where_it_is_told_to(name: str) -> None:
    done = command(name, *COMMANDS[name], "--accept-quality")
    assert done.exit_code == 0, done.output or done.exception
    told = " ".join(done.stdout.split())
    assert ACCEPTED in told
    assert WARNED in told


def test_the_status_is_2_and_the_message_ours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["basislab", "backtest", "--market", "wicked"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("error: market 'wicked': the data have 1 error: wick")


def test_the_command_for_a_study_refuses_alike(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text('market = "wicked"\n')
    assert isinstance(command("study", str(study)).exception, DataError)


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize(
    ("name", "said"), [("prices-wick", "wick"), ("prices-redenominated", "price-jump")]
)
def test_the_cases_of_users_are_refused(name: str, said: str, tmp_path: Path) -> None:
    text = f"""
        name = "case"

        asset = "SOL"
        start = "2025-01-01T00:00"
        end = "2025-01-08T00:00"
        [[price]]
        venue = "hyperliquid"
        kind = "perp"
        file = "{name}.csv"
        [[funding]]
        venue = "hyperliquid"
        file = "funding.csv"
        [[lending]]
        protocol = "kamino"

        asset = "SOL"
        file = "lending.csv"
        """
    path = tmp_path / "market.toml"
    path.write_text(text)
    market = load_mapping(path, folder=CASES)
    assert len(check(market).errors) == 1
    with pytest.raises(DataError, match=rf"1 error: {said} \(price hyperliquid perp"):
        checked(market)
