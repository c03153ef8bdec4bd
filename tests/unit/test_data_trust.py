"""What one venue alone says, and funding that cannot be right, is flagged; true data are not."""

from dataclasses import replace

import duckdb
import numpy as np
import pytest

from basislab.data import check, load_market
from basislab.data.judge.trust import check_formula
from basislab.data.sources.hyperliquid import expected_rate
from basislab.errors import SourceError
from basislab.types import FundingSeries, Market, PriceSeries
from tests.data_fixtures import SHARED, clean_market

NEW = {
    "lone-wick",
    "divergence",
    "stale-bar",
    "funding-scale",
    "funding-sign",
    "funding-interval",
    "funding-hour",
}


def found(market: Market) -> list[tuple[str, str, str]]:
    return [
        (f"{f.when:%Y-%m-%d}" if f.when else "-", f.rule, f.series)
        for f in check(market).findings
        if f.rule in NEW
    ]


def with_spot(**changes: tuple[int, float]) -> Market:
    """Return a clean market with a spot price beside the perpetual's that differs in one place."""
    market = clean_market()
    perp = market.prices["hyperliquid", "perp"]
    columns = {n: getattr(perp, n).copy() for n in ("open", "high", "low", "close", "volume")}
    for name, (bar, factor) in changes.items():
        columns[name][bar] *= factor
    return replace(market, prices={**market.prices, ("binance", "spot"): PriceSeries(**columns)})


def test_the_sample_and_a_clean_market_have_none() -> None:
    assert found(load_market()) == found(clean_market()) == found(with_spot()) == []


@pytest.mark.parametrize(("side", "factor"), [("low", 1 / 1.2), ("high", 1.2)])
def test_an_extreme_that_one_venue_has_alone_is_a_lone_wick(side: str, factor: float) -> None:
    market = with_spot(**{side: (7, factor)})
    assert found(market) == [("2025-01-08", "lone-wick", "price binance spot")]
    (finding,) = (f for f in check(market).findings if f.rule == "lone-wick")
    assert finding.message.startswith(side)
    assert finding.message.endswith("a wick of this venue alone")
    assert finding.value == pytest.approx(abs(factor - 1))


def test_the_tenth_of_october_2025_is_a_lone_wick_of_the_perpetual() -> None:
    """Highs, lows and closes of that day as both venues printed them: 137.51 against 168.79."""
    perp = PriceSeries([221.6, 188.3], [224.57, 190.0], [137.51, 180.0], [188.3, 185.0])
    spot = PriceSeries([221.5, 188.2], [224.5, 190.1], [168.79, 180.1], [188.2, 185.1])
    market = Market(
        name="october",
        asset="SOL",
        times=np.array(["2025-10-10", "2025-10-11"], dtype="datetime64[s]"),
        prices={("hyperliquid", "perp"): perp, ("binance", "spot"): spot},
    )
    assert found(market) == [("2025-10-10", "lone-wick", "price hyperliquid perp")]


@pytest.mark.skipif(not SHARED.is_dir(), reason="recorded series are not here")
def test_recorded_hours_of_two_venues_agree_but_for_true_wicks() -> None:
    """Two months of recorded hours of two perpetuals."""
    one, two = (
        duckdb.read_parquet(str(SHARED / "series" / f"{venue}_perp_sol_1h.parquet"))
        .filter("time >= '2024-10-01 00:00:00+00' AND time < '2024-12-01 00:00:00+00'")
        .order("time")
        .select("epoch(time::TIMESTAMPTZ)::BIGINT AS time, open, high, low, close, volume")
        .fetchnumpy()
        for venue in ("hyperliquid", "binance")
    )
    assert np.array_equal(one["time"], two["time"])
    names = ("open", "high", "low", "close", "volume")
    prices = {
        (venue, "perp"): PriceSeries(*(frame[name] for name in names))
        for venue, frame in (("hyperliquid", one), ("binance", two))
    }
    times = one["time"].astype("datetime64[s]")
    market = Market(name="recorded", asset="SOL", times=times, prices=prices)
    assert [f for f in found(market) if f[1] != "lone-wick"] == []
    assert len(found(market)) < 5


def test_closes_of_another_coin_are_an_error_and_of_another_moment_a_warning() -> None:
    assert found(with_spot(close=(7, 1.04)))[0][:2] == ("2025-01-08", "divergence")
    spot = with_spot().prices["binance", "spot"]
    other = PriceSeries(spot.open * 2, spot.high * 2, spot.low * 2, spot.close * 2)
    market = clean_market()
    market = replace(market, prices={**market.prices, ("binance", "spot"): other})
    report = check(market)
    assert [f.rule for f in report.errors] == ["divergence"]
    assert "by 50.0% as a rule" in report.errors[0].message


def test_a_candle_that_repeats_is_stale() -> None:
    perp = clean_market().prices["hyperliquid", "perp"]
    columns = {n: getattr(perp, n).copy() for n in ("open", "high", "low", "close", "volume")}
    for values in columns.values():
        values[20] = values[19]
    market = replace(clean_market(), prices={("hyperliquid", "perp"): PriceSeries(**columns)})
    assert ("2025-01-21", "stale-bar", "price hyperliquid perp") in found(market)


def funded(change: object, bars: int = 120) -> Market:
    """Return a market whose two venues' funding moves together but for `change`."""
    market = clean_market(bars)
    random = np.random.default_rng(2)
    common = random.normal(2e-4, 2e-4, bars)
    one, two = common + random.normal(0, 1e-4, bars), common + random.normal(0, 1e-4, bars)
    counts = np.full(bars, 24, dtype=np.int64)
    funding = {
        "hyperliquid": FundingSeries(one, counts),
        "drift": change(two, counts),  # type: ignore[operator]
    }
    return replace(market, funding=funding)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (FundingSeries, None),
        (lambda rate, counts: FundingSeries(-rate, counts), "funding-sign"),
        (lambda rate, counts: FundingSeries(rate * 8, counts), "funding-scale"),
        (lambda rate, counts: FundingSeries(rate / 8, counts), "funding-scale"),
        (lambda rate, counts: FundingSeries(rate, counts // 8), None),
        (lambda rate, counts: FundingSeries(rate, counts + 3), "funding-interval"),
    ],
)
def test_funding_is_held_against_the_other_venue_and_the_schedule(
    change: object, rule: str | None
) -> None:
    assert {name for _, name, _ in found(funded(change))} == ({rule} if rule else set())


def test_a_settlement_in_the_bar_that_it_begins_is_at_the_wrong_hour() -> None:
    bars = 24 * 10
    hours = np.arange(bars)
    price = np.full(bars, 100.0) + hours % 7
    market = Market(
        name="hours",
        asset="SOL",
        times=np.datetime64("2025-01-01", "s") + hours * np.timedelta64(1, "h"),
        prices={("binance", "perp"): PriceSeries(price, price + 1, price - 1, price)},
    )
    for at, wrong in ((0, True), (7, False)):
        settles = (hours % 8 == at).astype(np.int64)
        funding = {"binance": FundingSeries(1e-4 * settles, settles)}
        rules = {rule for _, rule, _ in found(replace(market, funding=funding))}
        assert ("funding-hour" in rules) == wrong


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.0, ""),
        (-1.0, "the sign is reversed"),
        (8.0, "8-hour rates"),
        (24.0, "daily rates"),
        (100.0, "percent where fractions"),
        (8_760.0, "rates a year"),
    ],
)
def test_rates_are_held_against_the_venues_own_formula(factor: float, said: str) -> None:
    premiums = np.random.default_rng(1).normal(4e-4, 8e-4, 200)
    rates = factor * np.array([expected_rate(value) for value in premiums.tolist()])
    times = 1_735_689_600 + 3_600 * np.arange(200)
    if not said:
        check_formula("hyperliquid funding-SOL", times, rates, premiums)
        return
    with pytest.raises(SourceError, match=said):
        check_formula("hyperliquid funding-SOL", times, rates, premiums)


def test_without_a_premium_there_is_nothing_to_hold_rates_against() -> None:
    nothing = np.full(100, np.nan)
    check_formula("f", 3_600 * np.arange(100), np.ones(100), nothing)
