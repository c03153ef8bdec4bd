"""Every rule fires on its planted fault, names its bar, and is silent on clean data."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from basislab.data import check, load_market, partial_bars
from basislab.data.judge.findings import Finding
from basislab.data.judge.partial import find_partial, incomplete_funding, usual_settlements
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries
from tests.data_fixtures import clean_market

Series = PriceSeries | FundingSeries | RateSeries
PRICE, HYPERLIQUID, DRIFT = "price hyperliquid perp", "funding hyperliquid", "funding drift"
SUPPLY, BORROW = "supply kamino USDC", "borrow kamino USDC"
DAY = 20


def changed(series: Any, **arrays: Any) -> Any:
    """A series with some arrays replaced, or some bars of them: ``close={3: 0.1}``."""
    content = {f.name: getattr(series, f.name) for f in fields(series)}
    for name, value in arrays.items():
        content[name] = value
        if isinstance(value, dict):
            content[name] = np.array(getattr(series, name))
            for bar, number in value.items():
                content[name][bar] = number
    return type(series)(**content)


def planted(label: str, market: Market | None = None, **arrays: Any) -> Market:
    """A clean market with one series changed."""
    market = clean_market() if market is None else market
    groups: dict[str, dict[Any, Any]] = {}
    for group, prefix in (
        ("prices", "price"),
        ("funding", "funding"),
        ("supply", "supply"),
        ("borrow", "borrow"),
    ):
        groups[group] = {
            key: changed(series, **arrays)
            if label == " ".join([prefix, *([key] if isinstance(key, str) else key)])
            else series
            for key, series in getattr(market, group).items()
        }
    return replace(market, **groups)


def found(market: Market) -> list[tuple[str, str, str, int | None]]:
    """Findings as (severity, rule, series, bar)."""

    def bar(finding: Finding) -> int | None:
        if finding.when is None:
            return None
        return (finding.when - market.start).days

    return [(f.severity, f.rule, f.series, bar(f)) for f in check(market).findings]


def test_a_clean_market_has_no_findings() -> None:
    for seed in range(20):
        market = clean_market(seed=seed)
        assert check(market).findings == ()
        assert not partial_bars(market).any()


def test_the_bad_days_of_the_study_are_found_by_rule() -> None:
    """2025-04-20 opens 1.17 % off the close before; 2026-02-13 has 11 of 24 settlements."""
    sample = load_market()
    report = check(sample)
    assert report.errors == ()
    assert [(f"{f.when:%Y-%m-%d}", f.rule, f.series) for f in report.findings] == [
        ("2024-12-31", "incomplete-funding", HYPERLIQUID),
        ("2025-04-20", "partial-bar", PRICE),
        ("2026-02-13", "bar-in-progress", PRICE),
    ]
    assert report.findings[0].value == 4.0
    assert report.findings[1].value == pytest.approx(0.0117, abs=1e-4)
    days = sample.times[partial_bars(sample)].astype("datetime64[D]").astype(str)
    assert days.tolist() == ["2025-04-20", "2026-02-13"]


def test_no_rule_knows_a_date() -> None:
    """Shifted by a year and scaled by ten, the same bars are found."""
    sample = load_market()
    price = sample.reference_price
    scaled = PriceSeries(
        *(10 * getattr(price, name) for name in ("open", "high", "low", "close", "volume"))
    )
    moved = replace(
        sample,
        times=sample.times + np.timedelta64(365, "D"),
        prices={("binance", "perp"): scaled},
    )
    assert partial_bars(moved).tolist() == partial_bars(sample).tolist()


def test_a_break_marks_the_thinner_of_its_two_bars() -> None:
    close = clean_market().reference_price.close
    shifted = close.copy()
    shifted[DAY - 1] *= 0.99
    for thin, bar in ((DAY - 1, DAY - 1), (DAY, DAY)):
        volume = np.full(60, 1e4)
        volume[thin] = 3e3
        market = planted(PRICE, close=shifted, low=0.9 * close, volume=volume)
        assert ("warning", "partial-bar", PRICE, bar) in found(market)
        assert np.flatnonzero(partial_bars(market)).tolist() == [bar]


def test_without_volume_both_bars_of_a_break_are_marked() -> None:
    close = clean_market().reference_price.close
    shifted = close.copy()
    shifted[DAY - 1] *= 0.99
    market = planted(PRICE, close=shifted, low=0.9 * close, volume=None)
    assert np.flatnonzero(partial_bars(market)).tolist() == [DAY - 1, DAY]


def test_bars_without_volume_around_them_still_have_a_verdict() -> None:
    price = clean_market().reference_price
    quiet = changed(price, close={DAY - 1: price.close[DAY - 1] * 0.99}, volume=np.zeros(60))
    assert [f.bar for f in find_partial(quiet)] == [DAY - 1]


def test_a_market_that_always_breaks_has_no_partial_bars() -> None:
    """Opens half a percent off every close, as where trading pauses: 20 medians are 10 %."""
    price = clean_market().reference_price
    gapped = planted(PRICE, open=price.open * 1.005, high=price.high * 1.02, low=price.low * 0.98)
    assert not partial_bars(gapped).any()


def test_a_break_after_a_filled_bar_is_no_partial_bar() -> None:
    price = clean_market().reference_price
    seen = np.ones(60, dtype=np.bool_)
    seen[DAY] = False
    arrays = {name: {DAY: price.close[DAY - 1] * 0.97} for name in ("open", "high", "low", "close")}
    market = planted(PRICE, **arrays, observed=seen)
    assert not partial_bars(market).any()
    assert find_partial(changed(price, observed=np.zeros(60, dtype=np.bool_))) == []


def test_an_oracle_may_break() -> None:
    market = clean_market()
    price = market.reference_price
    oracle = changed(price, open=price.open * 1.05, high=price.high * 1.1)
    assert not partial_bars(replace(market, prices={("pyth", "oracle"): oracle})).any()


def test_the_last_bar_is_in_progress_while_settlements_are_missing() -> None:
    market = planted(HYPERLIQUID, settlements={59: 11})
    assert found(market) == [("warning", "bar-in-progress", PRICE, 59)]
    assert np.flatnonzero(partial_bars(market)).tolist() == [59]


def test_one_venue_with_all_settlements_shows_that_the_day_is_over() -> None:
    market = planted(HYPERLIQUID, settlements={59: 11})
    market = planted(DRIFT, market, settlements=np.full(60, 24))
    assert not partial_bars(market).any()
    assert found(market) == [("warning", "incomplete-funding", HYPERLIQUID, 59)]


def test_a_first_day_with_few_settlements_is_whole() -> None:
    market = planted(HYPERLIQUID, settlements={0: 4})
    assert found(market) == [("warning", "incomplete-funding", HYPERLIQUID, 0)]
    assert not partial_bars(market).any()


def test_a_change_of_schedule_is_no_incomplete_funding() -> None:
    counts = np.where(np.arange(60) < 30, 3, 24)
    counts[30] = 17  # the day of the change
    assert found(planted(HYPERLIQUID, settlements=counts)) == []


def test_settlements_that_nobody_counted_are_not_judged() -> None:
    assert not incomplete_funding(clean_market().funding["drift"]).any()
    assert np.isnan(usual_settlements(np.array([24]))).all()
    assert usual_settlements(np.array([4, 24])).tolist() == [24.0, 4.0]


def jump(price: PriceSeries, factor: float) -> dict[str, Any]:
    """Prices from DAY on, times `factor`, with an open that follows."""
    scale = np.where(np.arange(60) < DAY, 1.0, factor)
    arrays = {name: getattr(price, name) * scale for name in ("high", "low", "close")}
    opens = price.open * scale
    opens[DAY] = price.close[DAY - 1]
    arrays["high"][DAY] = max(arrays["high"][DAY], opens[DAY])
    arrays["low"][DAY] = min(arrays["low"][DAY], opens[DAY])
    return arrays | {"open": opens}


P = clean_market().reference_price
FAULTS: list[tuple[str, str, str, dict[str, Any], int]] = [
    ("error", "ohlc", PRICE, {"high": {DAY: P.open[DAY] * 0.5}}, DAY),
    ("error", "ohlc", PRICE, {"low": {DAY: P.open[DAY] * 1.02}}, DAY),
    ("warning", "price-jump", PRICE, jump(P, 1.8), DAY),
    ("error", "price-jump", PRICE, jump(P, 4.0), DAY),
    ("warning", "wick", PRICE, {"high": {DAY: P.high[DAY] * 3}}, DAY),
    ("error", "wick", PRICE, {"low": {DAY: P.low[DAY] / 20}}, DAY),
    ("warning", "no-trades", PRICE, {"volume": {DAY: 0.0, DAY + 1: 0.0}}, DAY),
    ("warning", "absurd-rate", HYPERLIQUID, {"rate": {DAY: -0.04}}, DAY),
    ("error", "absurd-rate", HYPERLIQUID, {"rate": {DAY: 0.4}}, DAY),
    ("warning", "absurd-rate", BORROW, {"apy": {DAY: 3.0}}, DAY),
    ("error", "absurd-rate", BORROW, {"apy": {DAY: 11.0}}, DAY),
    ("warning", "zero-rate", DRIFT, {"rate": {DAY: 0.0, DAY + 1: 0.0}}, DAY),
    ("warning", "supply-above-borrow", SUPPLY, {"apy": {DAY: 0.07}}, DAY),
    ("warning", "frozen-rate", SUPPLY, {"apy": dict.fromkeys(range(DAY, DAY + 5), 0.03)}, DAY),
    ("warning", "frozen-rate", DRIFT, {"rate": dict.fromkeys(range(DAY, DAY + 14), 3e-4)}, DAY),
]


@pytest.mark.parametrize(("severity", "rule", "label", "arrays", "bar"), FAULTS)
def test_a_planted_fault_is_found_by_its_rule_alone(
    severity: str, rule: str, label: str, arrays: dict[str, Any], bar: int
) -> None:
    market = planted(label, **arrays)
    assert (severity, rule, label, bar) in found(market)
    related = {rule, "wick"} if rule == "price-jump" else {rule}
    assert {entry[1] for entry in found(market)} <= related


@pytest.mark.parametrize(
    ("label", "arrays"),
    [
        (DRIFT, {"rate": {DAY: 0.0}}),
        (SUPPLY, {"apy": dict.fromkeys(range(DAY, DAY + 4), 0.03)}),
        (DRIFT, {"rate": dict.fromkeys(range(DAY, DAY + 13), 3e-4)}),
        (HYPERLIQUID, {"rate": {DAY: -0.0207}}),
        (PRICE, {"low": {DAY: P.low[DAY] * 0.6}}),
        (PRICE, jump(P, 0.7)),
    ],
)
def test_what_is_merely_unusual_is_not_flagged(label: str, arrays: dict[str, Any]) -> None:
    assert found(planted(label, **arrays)) == []


def test_prices_beyond_all_ratios_are_errors_and_no_overflow() -> None:
    market = planted(PRICE, high={DAY: 1.7e308}, low={DAY: 5e-324}, open={DAY: 1e300})
    assert {entry[:2] for entry in found(market)} >= {("error", "wick")}
    assert partial_bars(market).any()


def test_a_zero_borrow_rate_is_flagged_on_its_first_day() -> None:
    market = planted(BORROW, apy={DAY: 0.0})
    assert ("warning", "zero-rate", BORROW, DAY) in found(market)


def test_a_price_that_stands_still_is_frozen() -> None:
    price = clean_market().reference_price
    held = price.close[DAY - 1]
    arrays = {name: {DAY: held, DAY + 1: held} for name in ("open", "high", "low", "close")}
    arrays["open"][DAY + 2] = held
    arrays["high"][DAY + 2] = price.high[DAY + 2] * 1.1
    arrays["low"][DAY + 2] = price.low[DAY + 2] * 0.9
    report = check(planted(PRICE, **arrays))
    assert [(f.rule, f.bars) for f in report.findings] == [("frozen-price", 2)]


def test_filled_bars_are_reported_and_neither_frozen_nor_dead() -> None:
    market = clean_market()
    seen = np.ones(60, dtype=np.bool_)
    seen[DAY : DAY + 6] = False
    rates = dict.fromkeys(range(DAY, DAY + 6), 0.03)
    market = planted(SUPPLY, market, apy=rates, observed=seen)
    held = dict.fromkeys(range(DAY, DAY + 6), P.close[DAY - 1])
    market = planted(
        PRICE,
        market,
        **dict.fromkeys(("open", "high", "low", "close"), held),
        volume=dict.fromkeys(range(DAY, DAY + 6), 0.0),
        observed=seen,
    )
    filled = [("warning", "filled", PRICE, DAY), ("warning", "filled", SUPPLY, DAY)]
    assert found(market) == filled
    coverage = {row.series: row.observed for row in check(market).coverage}
    assert coverage[PRICE] == coverage[SUPPLY] == 54
    assert coverage[BORROW] == 60


def test_a_series_that_was_never_observed_has_no_first_day() -> None:
    market = planted(SUPPLY, observed=np.zeros(60, dtype=np.bool_))
    row = next(row for row in check(market).coverage if row.series == SUPPLY)
    assert (row.observed, row.first, row.last) == (0, None, None)


@pytest.mark.parametrize(
    ("label", "arrays"),
    [
        (DRIFT, {"rate": clean_market().funding["drift"].rate * 100}),
        (BORROW, {"apy": clean_market().borrow["kamino", "USDC"].apy / 100}),
    ],
)
def test_a_series_in_another_unit_is_in_doubt(label: str, arrays: dict[str, Any]) -> None:
    assert ("warning", "unit", label, None) in found(planted(label, **arrays))


@pytest.mark.parametrize(
    ("count", "rule"),
    [
        ({"duplicates": 3}, "duplicates"),
        ({"out_of_order": 2}, "out-of-order"),
        ({"several_a_day": 1}, "several-a-day"),
        ({"max_jitter_s": 887.6}, "jitter"),
    ],
)
def test_what_the_import_dealt_with_is_mentioned(count: dict[str, float], rule: str) -> None:
    market = replace(clean_market(), provenance={"statistics": {"x/ETH funding": count}})
    assert found(market) == [("info", rule, "x/ETH funding", None)]
    assert check(market).findings[0].value == next(iter(count.values()))


def test_a_few_milliseconds_of_jitter_are_not_mentioned() -> None:
    counts = {"max_jitter_s": 0.176, "duplicates": 0}
    assert found(replace(clean_market(), provenance={"statistics": {"x": counts}})) == []


def test_errors_come_first_then_time() -> None:
    market = planted(PRICE, high={40: P.open[40] * 0.5})
    market = planted(BORROW, market, apy={3: 3.0, 30: 3.0})
    assert [entry[0] for entry in found(market)] == ["error", "warning", "warning"]
    assert [entry[3] for entry in found(market)] == [40, 3, 30]


def test_a_report_is_plain_json() -> None:
    report = check(planted(PRICE, high={40: P.open[40] * 0.5})).to_dict()
    assert report["counts"] == {"error": 1, "warning": 0, "info": 0}
    assert report["findings"][0]["when"] == "2025-02-10T00:00:00Z"
    assert report["coverage"][0]["first"] == "2025-01-01T00:00:00Z"


@pytest.mark.parametrize("days", [1, 2, 3])
def test_short_markets_are_checked_too(days: int) -> None:
    market = clean_market(days)
    assert [f.rule for f in check(market).findings] == []
    assert partial_bars(market).tolist() == [False] * days


def test_a_window_is_checked_on_its_own() -> None:
    sample = load_market()
    window = sample.window(start=sample.start.date().replace(year=2025, month=4, day=1))
    assert int(partial_bars(window).sum()) == 2


@pytest.mark.parametrize("n_bars", [1, 2, 3, 10, 30, 31, 32, 33, 200])
def test_the_usual_settlements_are_those_of_their_definition(n_bars: int) -> None:
    """The smaller of the medians of the 15 bars before and the 15 after, bar by bar."""
    counts = np.random.default_rng(n_bars).integers(0, 25, n_bars)
    expected = np.full(n_bars, np.nan)
    for bar in range(n_bars):
        sides = [counts[max(0, bar - 15) : bar], counts[bar + 1 : bar + 16]]
        known = [s for s in sides if len(s) >= 3] or [s for s in sides if len(s)]
        expected[bar] = min((np.median(side) for side in known), default=np.nan)
    np.testing.assert_array_equal(expected, usual_settlements(counts))
