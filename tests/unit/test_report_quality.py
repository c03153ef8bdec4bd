"""Every study carries its market's quality page: what was checked, found, filled and seen."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from basislab.data import check, import_directory, load_market
from basislab.data.judge.findings import CHECKS
from basislab.report.chapters.quality.facts import quality_facts
from basislab.report.chapters.quality.sentences import sentences
from basislab.report.fields import numbers, plain
from basislab.report.render.markdown import markdown_text
from basislab.report.render.page import html_page
from basislab.report.render.terminal import screen_text
from basislab.report.report import Report, study_report, study_runs
from basislab.report.spec import StudySpec
from basislab.report.venue_terms import checks_of
from basislab.types import Market, PriceSeries, RateSeries
from tests.data_fixtures import FUNDING, clean_market, spoilt
from tests.unit.test_data_resample import hours

SPEC = StudySpec(market="x", holding_days=[7], chapters=["method"])


def quality(market: Any) -> Any:
    return plain(quality_facts(study_runs(market, SPEC)))["quality"]


def said_of(market: Any) -> list[str]:
    """The chapter's sentences."""
    runs = study_runs(market, SPEC)
    return sentences(runs, quality_facts(runs))


def studied(market: Any) -> tuple[Report, str]:
    """A study that has chosen one other chapter, and its Markdown."""
    report = study_report(study_runs(market, SPEC))
    document = report.document()
    assert '<section id="quality"' in html_page(document, bundle="")
    return report, markdown_text(document)


def test_a_filled_gap_is_shown_in_every_study(tmp_path: Path) -> None:
    """Hour 100, 2025-01-05T04:00, was missing and filled: 1 of 7 series of 40 days, 1 value."""
    raw = spoilt(tmp_path, FUNDING, lambda rows: rows.pop(100), days=40)
    report, text = studied(import_directory(raw, max_gap="1h"))
    facts = report.facts
    (gap,) = facts["quality"]["gaps"]
    assert (gap["series"], gap["missing_count"], gap["unit"]) == (
        "hyperliquid/ETH funding",
        1,
        "hours",
    )
    assert (gap["first"], gap["longest_hours"]) == ("2025-01-05 04:00", 1.0)
    assert facts["quality"]["filled_count"] == 1
    assert "1 of 240 values (0.42%) were not seen but filled." in text
    assert "| hyperliquid/ETH funding | 1 | hours | 2025-01-05 04:00 | 1 | 0 | previous" in text
    (example,) = next(r for r in facts["quality"]["checks"] if r["check"] == "filled")["examples"]
    assert example["series"] == "funding hyperliquid"
    assert "1 of 240 values (0.42%) were not seen but" in screen_text(report.screen())


def test_a_market_without_findings_says_what_was_checked() -> None:
    report, text = studied(clean_market())
    assert {row["findings_count"] for row in report.facts["quality"]["checks"]} == {0}
    assert (
        f"{len(checks_of(clean_market()))} checks were made over 6 series of 60 bars each, of a day"
        in text
    )
    assert "Nothing was found" in text
    assert "Every value was seen, none was filled." in text
    assert "There was no gap to decide about." in text
    assert "What the checks found" not in text  # a table of nothing


def test_the_sample_shows_its_bad_days() -> None:
    """The three warnings of `basislab data check`, in the order of the checks."""
    found = [row for row in quality(load_market())["checks"] if row["findings_count"]]
    assert [(row["check"], row["examples"][0]["first"]) for row in found] == [
        ("partial-bar", "2025-04-20"),
        ("bar-in-progress", "2026-02-13"),
        ("incomplete-funding", "2024-12-31"),
    ]


def test_counts_are_those_of_the_check() -> None:
    seen = np.ones(60, np.bool_)
    seen[7:9] = False
    market = clean_market()
    borrow = {key: RateSeries(rate.apy, seen) for key, rate in market.borrow.items()}
    supply = {key: RateSeries(rate.apy, seen) for key, rate in market.supply.items()}
    market = replace(market, borrow=borrow, supply=supply)
    facts = quality(market)
    assert facts["warnings_count"] == len(check(market).warnings) == 3
    assert facts["filled_count"] == 6
    assert facts["filled_share"] == pytest.approx(6 / 360)


def test_few_examples_are_kept_and_all_are_counted() -> None:
    """Five series are filled: three are named, and the table says that there are more."""
    seen = np.ones(60, np.bool_)
    seen[7] = False
    market = clean_market()
    more = {(f"p{i}", "ETH"): RateSeries(np.linspace(0.03, 0.04, 60), seen) for i in range(5)}
    report, text = studied(replace(market, supply={**market.supply, **more}))
    facts = report.facts
    row = next(row for row in facts["quality"]["checks"] if row["check"] == "filled")
    assert (row["places_count"], len(row["examples"])) == (5, 3)
    assert "More series than are named here: filled." in text
    assert len(json.dumps(facts["quality"])) < 10_000


def test_hourly_bars_become_days_and_the_report_says_so() -> None:
    """50 hours from 22:00: two left out ahead, two days."""
    market = hours("2024-12-31T22:00", 50)
    facts = quality(market)
    assert (facts["bars_count"], facts["bar_hours"]) == (50, 1.0)
    assert facts["resampled"] == {"bars_a_day_count": 24, "left_out_count": 2}
    told = said_of(market)
    assert any("each is made of the 24 bars of a day" in text for text in told)
    assert "of 1 hour:" in told[0]


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ("error", "A hole would have been refused."),
        ("drop", "The longest stretch without a hole is kept"),
        ("ffill", "holds the value before it"),
        ("interpolate", "a line to its next value"),
    ],
)
def test_the_recipes_decision_is_said(gaps: str, said: str) -> None:
    market = replace(clean_market(), provenance={"recipe": {"gaps": gaps}, "corrections": [{}, {}]})
    told = said_of(market)
    assert any(said in text for text in told)
    assert any("have corrected 2 values" in text for text in told)


def test_provenance_from_elsewhere_does_no_harm() -> None:
    market = replace(clean_market(), provenance={"gaps": "none", "corrections": 3, "recipe": []})
    assert (quality(market)["gaps"], quality(market)["policy"]) == ([], None)


def test_every_number_has_a_unit() -> None:
    found = numbers(quality_facts(study_runs(load_market(), SPEC)))
    assert {unit for _, unit in found} == {"number", "fraction", "hours"}


def test_a_check_without_anything_to_look_at_is_not_said_to_have_found_nothing() -> None:
    """One price, no counts of an import, no terms; funding of two venues can be compared."""
    facts = quality(clean_market())
    made = {row["check"] for row in facts["checks"]}
    assert {"lone-wick", "stand-in", "duplicates", "venue-terms"} <= set(facts["not_made"])
    assert {"funding-scale", "ohlc", "supply-above-borrow"} <= made
    assert made | set(facts["not_made"]) == set(CHECKS)
    assert not made & set(facts["not_made"])
    told = said_of(clean_market())
    assert "lone-wick" in told[-1]
    assert "lone-wick" not in told[-2]


def test_no_rule_that_is_left_out_can_fire() -> None:
    """A market of one bare price: whatever is found is of a check that was made."""
    price = PriceSeries(np.ones(90), np.full(90, 9.0), np.full(90, 0.1), np.ones(90))
    times = np.datetime64("2025-01-01", "s") + np.arange(90) * np.timedelta64(1, "D")
    market = Market(name="bare", asset="SOL", times=times, prices={("x", "perp"): price})
    found = {finding.rule for finding in check(market).findings}
    assert found
    assert found <= set(checks_of(market))
