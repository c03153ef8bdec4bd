"""Findings that say the same are said once: holes by series, a day's funding, groups to read."""

import ast
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from basislab.cli.app import app
from basislab.data import check, judge, load_market, save_market
from basislab.data.judge.findings import CHECKS, VENUE_TERMS, Finding, grouped
from basislab.report import venue_terms
from basislab.report.venue_terms import checks_of
from basislab.types import FundingSeries, Market, PriceSeries
from tests.data_fixtures import clean_market
from tests.unit.test_data_quality import BORROW, PRICE, planted


def hourly(rates: Any, bars: int = 100) -> Market:
    """Hourly bars of a price that moves, with the funding given at some bars and 0 elsewhere."""
    close = 100 + np.arange(bars) % 7
    opens = np.concatenate(([100], close[:-1]))
    rate, settled = np.zeros(bars), np.zeros(bars, np.int64)
    for bar, value in rates.items():
        rate[bar], settled[bar] = value, 1
    return Market(
        name="hours",
        asset="SOL",
        times=np.datetime64("2025-01-01", "s") + np.arange(bars) * np.timedelta64(1, "h"),
        prices={
            ("binance", "perp"): PriceSeries(
                opens, np.maximum(opens, close) + 1, np.minimum(opens, close) - 1, close
            )
        },
        funding={"binance": FundingSeries(rate, settled)},
    )


def test_every_rule_that_can_fire_says_what_it_asserts() -> None:
    """The names in `Finding(severity, series, "rule", ...)` are the keys of `CHECKS`."""
    folder = Path(str(judge.__file__)).parent
    rules: set[str] = set()
    for path in (*folder.glob("*.py"), Path(venue_terms.__file__)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                rule = node.args[2]
                rules |= {rule.value} if isinstance(rule, ast.Constant) else {VENUE_TERMS}
    assert len(rules) > 20
    imported = {"duplicates", "out-of-order", "several-a-day"}  # by table
    assert rules | imported == set(CHECKS)


def test_holes_of_a_series_are_one_finding() -> None:
    """Bars 5, 6 and 20 are filled: 3 bars in 2 holes, the longest of 2."""
    seen = np.ones(60, np.bool_)
    seen[[5, 6, 20]] = False
    (finding,) = check(planted(BORROW, observed=seen)).findings
    assert (finding.rule, finding.bars, finding.value) == ("filled", 3, 2.0)
    assert finding.when == datetime(2025, 1, 6, tzinfo=UTC)
    assert finding.message == (
        "3 bars with missing values that hold the value before them, in 2 holes, the longest of "
        "2 bars"
    )


@pytest.mark.parametrize(
    ("filled_with", "rule", "said"),
    [
        ("previous value", "filled", "hold the value before them"),
        ("line between its neighbours", "filled", "lie on a line between their neighbours"),
        ("day's sum, spread evenly", "spread", "sums of days"),
    ],
)
def test_how_a_hole_was_filled_is_said(filled_with: str, rule: str, said: str) -> None:
    market = clean_market()
    drift = FundingSeries(market.funding["drift"].rate, observed=np.zeros(60, np.bool_))
    gaps = [{"series": "drift/ETH funding", "filled_with": filled_with}]
    funding = dict(market.funding) | {"drift": drift}
    (finding,) = check(replace(market, funding=funding, provenance={"gaps": gaps})).findings
    assert (finding.rule, finding.series) == (rule, "funding drift")
    assert said in finding.message


def test_one_settlement_is_no_days_funding() -> None:
    """-0.3 % for 8 hours is 0.9 % a day at most, not 24 times 0.3 %; ten in a day are 3.3 %."""
    lone = check(hourly({50: -0.003}))
    assert "absurd-rate" not in {finding.rule for finding in lone.findings}
    many = check(hourly(dict.fromkeys(range(50, 61), -0.003)))
    (finding,) = (f for f in many.findings if f.rule == "absurd-rate")
    assert finding.value == pytest.approx(-0.033)
    assert finding.message == "funding of -3.30% within a day"
    assert finding.severity == "warning"


def test_a_series_under_another_name_is_a_stand_in() -> None:
    market = hourly({})
    prices = dict(market.prices)
    prices["kamino", "oracle"] = prices["binance", "perp"]
    (finding,) = (f for f in check(replace(market, prices=prices)).findings if f.value is None)
    assert (finding.rule, finding.series) == ("stand-in", "price kamino oracle")
    assert "binance perp" in finding.message


def test_groups_count_and_name_the_worst() -> None:
    def at(day: int, value: float, severity: Any = "warning") -> Finding:
        return Finding(severity, "s", "wick", f"{value}", datetime(2025, 1, day, tzinfo=UTC), value)

    one, other = grouped([at(3, 2.0), at(1, -5.0), at(2, 4.0), at(9, 1.0, "error")])
    assert (one.severity, one.count) == ("error", 1)
    assert (other.count, other.bars, other.worst.value) == (3, 3, -5.0)
    assert other.first.when == datetime(2025, 1, 1, tzinfo=UTC)


def test_check_groups_and_lists_all_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three wicks are one line with their worst, 4 times the body; --all and --json have three."""
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path))
    price = clean_market().reference_price
    high = {bar: factor * price.close[bar] for bar, factor in ((3, 3.0), (9, 4.5), (30, 3.2))}
    save_market(planted(PRICE, high=high), name="x")
    run = CliRunner().invoke(app, ["data", "check", "x"])
    assert run.stdout.count(" wick ") == 1
    assert "3 findings, 3 bars; the worst 2025-01-10 00:00: high" in run.stdout
    assert f"{len(checks_of(load_market('x')))} checks were made; 1 found something" in run.stdout
    assert "each of the 3 findings: --all" in run.stdout
    assert CliRunner().invoke(app, ["data", "check", "x", "--all"]).stdout.count(" wick ") == 3
    report = json.loads(CliRunner().invoke(app, ["data", "check", "x", "--json"]).stdout)
    assert len(report["findings"]) == 3


def test_the_sample_is_read_as_before() -> None:
    """Grouping loses nothing: one group a finding, as each has its own rule."""
    report = check(load_market())
    assert [group.first for group in grouped(report.findings)] == list(report.findings)
