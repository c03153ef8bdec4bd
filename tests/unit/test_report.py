"""The study's facts, words, tables and verdict."""

import json
import math
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

import basislab as bl
from basislab.report import words
from basislab.report.fields import numbers
from basislab.report.render.terminal import screen_text
from basislab.report.report import study_report, study_runs
from basislab.report.spec import StudySpec, load_spec
from basislab.report.study.results import model_rows, waterfall_rows
from basislab.report.study.verdict import verdict_reasons, verdict_word


@pytest.fixture
def facts(study):
    return study.facts


def report_of(market, spec):
    return study_report(study_runs(market, spec))


def rising_eth_market():
    """Sixty days of a coin that rises, on other venues and another protocol, without Drift."""
    days = 60
    close = 2_000 * 1.004 ** np.arange(days)
    price = bl.PriceSeries(close * 0.999, close * 1.01, close * 0.99, close)
    rate = bl.RateSeries(np.full(days, 0.05))
    return bl.Market(
        "eth-test",
        "ETH",
        np.datetime64("2026-01-01") + np.arange(days),
        {("hyperliquid", "perp"): price},
        {"hyperliquid": bl.FundingSeries(np.full(days, 2e-4))},
        {("aave", "ETH"): rate, ("aave", "USDC"): bl.RateSeries(np.full(days, 0.04))},
        {("aave", "USDC"): rate},
    )


def test_every_number_in_the_facts_has_a_unit(study):
    found = [
        each
        for part in (*study.parts.values(), study.market, study.hurdle)
        for each in numbers(part)
    ]
    assert len(found) > 500
    assert [path for path, unit in found if unit is None] == []


def test_a_number_whose_field_says_no_unit_is_found():
    @dataclass(frozen=True)
    class Row:
        leverage: float

    assert list(numbers(Row(2.0))) == [(".leverage", None)]


def test_facts_are_json_without_nan_and_repeat_exactly(study):
    text = json.dumps(study.facts, allow_nan=False)
    again = report_of(bl.load_market(), study.runs.spec)
    assert text == json.dumps(again.facts, allow_nan=False)


def test_study_prints_the_published_figures(study):
    """The rows of study-models.md, as the tables write them."""
    text = screen_text(study.screen(), width=160)
    for row in (
        "10,000   3x   +7.1%      -3.5%    -14.9%        -8.1      8.4%      7     1",
        "1,000   2x   +5.7%      -8.5%",
        "100,000   4x   +8.3%     -19.3%",
        "5x      +4.0%        -0.6      3.8%      5             0  best",
        "never     -42.4%",
        "3x    6x   +205   +566   -62   -4   -21     -830   -244",
        "2x    5x   +238   +532   -20   -2   -15        0   -282      0    +451",
        "2025-01-18  short liquidated  262.20",
        "2025-10-10  long liquidated",
        "drift-study         4x   +2.3%    -2.4     5  1,569  -11.7%",
        "374 of 410 starts",
        "30     381  56.4%",
    ):
        assert row in text


@pytest.mark.parametrize("width", [80, 100, 160])
def test_nothing_is_cut_or_wider_than_the_terminal(study, width):
    lines = screen_text(study.screen(), width=width).splitlines()
    assert max(len(line) for line in lines) <= width
    assert not [line for line in lines if "…" in line]


def test_seven_sections_are_numbered_in_order(study):
    assert [table.number for table in study.screen().tables] == [
        *("1", "2a", "2b", "2c", "3", "4a", "4b", "5", "6", "7"),
        *("A", "B", "C", "D", "E", "F", "G"),
    ]


def test_fees_split_adds_up_to_the_ledger(facts):
    for row in facts["fees"]:
        parts = ("opening_usd", "reopening_usd", "transfers_usd", "closing_usd")
        assert math.isclose(sum(row[part] for part in parts), row["fees_usd"], abs_tol=1e-7)


def test_waterfall_shows_the_best_trigger_only_where_it_is_another_one(facts):
    rows = [(row["leverage"], row["trigger"]) for row in facts["waterfall"]]
    assert rows == [(2, 4), (2, 5), (3, 6), (4, 8)]


def test_another_market_gives_a_study_that_speaks_of_it_only():
    spec = StudySpec(lending="aave", holding_days=[7, 90], name="eth", title="A rising coin")
    report = report_of(rising_eth_market(), spec)
    facts, text = report.facts, screen_text(report.screen())
    assert "ETH, 2026-01-01 to 2026-03-01, 60 days" in text
    assert [word for word in ("SOL", "kamino", "410", "drift") if word in text] == []
    assert facts["market"]["funding_correlation"] is None
    assert facts["entry"]["rows"][1]["win_rate"] is None  # no start can be held for 90 days
    assert facts["verdict"]["word"] == "beats"


def test_a_window_is_computed_from_its_own_days_only():
    spec = StudySpec(start=date(2025, 3, 1), end=date(2025, 5, 31), leverages=[2.0])
    facts = report_of(bl.load_market(), spec).facts
    assert facts["market"]["bars_count"] == 92
    run = bl.backtest(
        bl.load_market(), bl.RebalanceConfig(leverage=2), start="2025-03-01", end="2025-05-31"
    )
    assert facts["matrix"][1]["final_usd"] == pytest.approx(run.final_usd, rel=1e-11)


def test_a_short_window_is_said_to_be_extrapolated():
    """Sixty days: a return a year is 365 / 60 = 6.1 times what was earned."""
    spec = StudySpec(lending="aave", leverages=[2.0])
    verdict = report_of(rising_eth_market(), spec).verdict
    assert any("60 days" in limit and "6.1 times" in limit for limit in verdict.limits)


def test_the_sample_is_not_said_to_be_short(facts):
    assert not any("extrapolates" in limit for limit in facts["verdict"]["limits"])


def test_the_verdict_names_what_the_certificates_say(facts):
    """A reader of the first page learns that no optimum survives before trying one."""
    reasons = " ".join(facts["verdict"]["reasons"])
    for certificate in facts["certificates"]:
        assert f"{certificate['label']}: {certificate['word']}" in reasons


def word_of(study, default, tuned):
    """Judge a study whose only default and tuned runs earn the given excess and return."""
    row = study.runs.once(waterfall_rows)[0]
    return verdict_word(
        [
            replace(
                row,
                is_default=is_default,
                unforgiven_excess_annualized=excess,
                unforgiven_annualized=annualized,
            )
            for is_default, (excess, annualized) in ((True, default), (False, tuned))
        ]
    )


def test_verdict_is_measured_against_the_hurdle(study):
    assert word_of(study, (0.01, 0.06), (0.02, 0.07)) == "beats"
    assert word_of(study, (-0.01, 0.04), (0.02, 0.07)) == "hindsight"
    assert word_of(study, (-0.08, -0.03), (-0.01, 0.04)) == "below"
    assert word_of(study, (-0.08, -0.03), (-0.07, -0.02)) == "loses"


def test_a_return_that_forgiven_losses_made_beats_nothing(study):
    """+12 % against a hurdle of 5 %, of which 20 points were forgiven: a loss, and said so."""
    row = study.runs.once(waterfall_rows)[0]
    row = replace(
        row,
        is_default=True,
        ledger=replace(row.ledger, shortfall_usd=2_000.0),
        outcome=replace(row.outcome, annualized=0.12, excess_annualized=0.07),
        unforgiven_annualized=-0.08,
        unforgiven_excess_annualized=-0.13,
    )
    assert verdict_word([row]) == "loses"
    said = "2x with trigger 4x shows +12.0% only because 2,000 USD of losses are forgiven"
    reasons = verdict_reasons([row], study.runs.once(model_rows))
    assert any(reason.startswith(said) for reason in reasons)


def test_the_waterfall_knows_its_returns_without_what_is_forgiven(facts):
    """Net less forgiven, over capital, times 365 over the window's days."""
    days = facts["market"]["bars_count"]
    for row in facts["waterfall"]:
        strict = (row["net_usd"] - row["shortfall_usd"]) / 10_000 * 365 / days
        assert row["unforgiven_annualized"] == pytest.approx(strict)
    assert any(row["shortfall_usd"] > 0 for row in facts["waterfall"])


def test_verdict_of_the_sample_names_the_forgiven_losses(facts):
    reasons = " ".join(facts["verdict"]["reasons"])
    assert facts["verdict"]["word"] == "below"
    assert "drift-study at 4x shows +2.3% only because 1,569 USD of losses are forgiven" in reasons
    assert "hyperliquid-study" not in reasons  # its 4x loses either way


def test_words_write_no_signed_zero_and_no_missing_number_as_zero():
    assert words.percent(-0.0004) == "0.0%"
    assert words.signed_usd(-0.3) == "0"
    assert [words.usd(None), words.percent(None), words.points(None), words.share(None)] == [
        "-"
    ] * 4
    assert words.decimal(None) == words.signed_usd(None) == "-"


def test_a_study_file_is_read_and_its_market_is_found_beside_it(tmp_path):
    (tmp_path / "my.csv").write_text("x")
    path = tmp_path / "study.toml"
    path.write_text('market = "my.csv"\nleverages = [5]\ntriggers = ["never", 6]\n')
    spec = load_spec(path)
    assert spec.market == str(tmp_path / "my.csv")
    assert spec.leverages == [5.0]
    assert spec.triggers == ["never", 6.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("levrages = [2]", "unknown key levrages (did you mean 'leverages'?)"),
        ("leverages = []", "leverages"),
        ("capital_usd = -1", "capital_usd"),
        ("capital_usd = nan", "capital_usd"),
        ("a = = 1", "not valid TOML"),
    ],
)
def test_a_bad_study_file_names_the_key(tmp_path, text, message):
    path = tmp_path / "study.toml"
    path.write_text(text)
    with pytest.raises(bl.ConfigError, match="study file") as error:
        load_spec(path)
    assert message in str(error.value)


def test_a_missing_study_file_is_a_config_error(tmp_path):
    with pytest.raises(bl.ConfigError, match="cannot be read"):
        load_spec(tmp_path / "none.toml")
