"""The study's table itself, its averages, and its entry statistics, to the printed digit."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import numpy as np
import pytest

from basislab.metrics import compound_return, correlation
from basislab.presets import load_venue
from basislab.research.entry import (
    days_after_positive,
    days_to_profit,
    entry_statistics,
    positive_streaks,
    round_trip_cost,
    static_pnl,
)
from basislab.simulate import lower_market
from basislab.types import StaticConfig

CONFIG = StaticConfig(leverage=3, capital_usd=1_000)


@pytest.fixture(scope="module")
def bars(market):
    return lower_market(market, "hyperliquid", "kamino")


@pytest.fixture(scope="module")
def pnl(bars):
    return static_pnl(bars, CONFIG)


@pytest.fixture(scope="module")
def cost():
    return round_trip_cost(CONFIG, load_venue("hyperliquid-study"))


def test_the_sample_is_the_studys_table():
    """Every figure of the study depends on it: changed bytes would change them all."""
    table = files("basislab.data").joinpath("sample/study_daily.csv").read_bytes()
    assert hashlib.sha256(table).hexdigest() == TABLE_SHA256


TABLE_SHA256 = "091b96f3845e06550c9f58c8615e6be7075e42c751f76bc1d362fb7839b2c8e5"


def test_the_market_is_410_days(market):
    assert len(market) == 410
    assert ("2024-12-31", "2026-02-13") == (f"{market.start:%Y-%m-%d}", f"{market.end:%Y-%m-%d}")


def test_the_first_and_last_days_have_4_and_11_hours_of_funding(market):
    settlements = market.funding["hyperliquid"].settlements
    assert (4, 11) == (settlements[0], settlements[-1])


def test_the_markets_rates_are_the_tables(market, study_rows):
    """APY as a fraction, prices and funding as they stand: every value of all 410 rows."""
    price = market.reference_price
    for index, row in enumerate(study_rows):
        assert [float(row[name]) for name in ("open", "high", "low", "close")] == [
            price.open[index],
            price.high[index],
            price.low[index],
            price.close[index],
        ]
        assert float(row["hyperliquid_funding"]) == market.funding["hyperliquid"].rate[index]
        assert float(row["drift_funding"]) == market.funding["drift"].rate[index]
        assert [
            float(row["kamino_sol_supply_apy_pct"]) / 100,
            float(row["kamino_usdc_supply_apy_pct"]) / 100,
            float(row["kamino_usdc_borrow_apy_pct"]) / 100,
        ] == [
            market.supply["kamino", "SOL"].apy[index],
            market.supply["kamino", "USDC"].apy[index],
            market.borrow["kamino", "USDC"].apy[index],
        ]


def test_average_rates(market):
    """SOL lending 5.24 %, USDC borrowing 6.71 %, funding +4.16 % and -5.41 % a year."""
    assert f"{100 * market.supply['kamino', 'SOL'].apy.mean():.2f}" == "5.24"
    assert f"{100 * market.borrow['kamino', 'USDC'].apy.mean():.2f}" == "6.71"
    assert f"{36_500 * market.funding['hyperliquid'].rate.mean():+.2f}" == "+4.16"
    assert f"{36_500 * market.funding['drift'].rate.mean():+.2f}" == "-5.41"


def test_correlation_of_daily_funding(market):
    found = correlation(market.funding["hyperliquid"].rate, market.funding["drift"].rate)
    assert f"{found:.3f}" == "0.626"


def test_the_hurdle(market):
    """USDC supplied to the same reserve: 4.60 % APY on average, 5.18 % over the 410 days."""
    apy = market.supply["kamino", "USDC"].apy
    assert f"{100 * apy.mean():.2f}" == "4.60"
    assert f"{100 * compound_return(apy):.2f}" == "5.18"


@pytest.mark.parametrize(
    ("days", "printed"), [(7, "7.4"), (14, "32.0"), (30, "56.4"), (60, "67.8"), (90, "69.2")]
)
def test_win_rates(pnl, cost, days, printed):
    found = entry_statistics(pnl, cost, days)
    assert printed == f"{100 * found.win_rate:.1f}"
    assert found.starts == 410 - days + 1


def test_smart_entry(bars, pnl, cost):
    """Start days whose previous day's funding is above zero, held 30 days: 63.1 % of 287 win."""
    found = entry_statistics(pnl, cost, 30, days_after_positive(bars.funding))
    assert f"{100 * found.win_rate:.1f}" == "63.1"
    assert found.starts == 287


def test_days_to_profit(pnl, cost):
    """374 of 410 starts are above zero within the data, the median of these after 20 days."""
    days = days_to_profit(pnl, cost)
    reached = days[~np.isnan(days)]
    assert (410, 374, 20.0) == (len(days), len(reached), np.median(reached))


def test_positive_streaks(pnl):
    streaks = positive_streaks(pnl)
    assert (33, 83) == (len(streaks), max(streaks))
