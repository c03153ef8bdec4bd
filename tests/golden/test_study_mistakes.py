"""What the published study got wrong, computed: a report that computes cannot repeat it."""

from __future__ import annotations

import pytest

from basislab import backtest
from basislab.research.breakeven import (
    gross_apy,
    long_liquidation_distance,
    short_liquidation_distance,
)
from basislab.types import RebalanceConfig, StaticConfig


def test_static_2x_is_5_8_percent(market):
    """The study prints +5.9 %; its own script gives 5.83."""
    result = backtest(market, StaticConfig(leverage=2, slippage="book"))
    assert f"{100 * result.annualized_return:+.2f}" == "+5.83"


def test_the_highest_price_is_295_43(market):
    """The study prints 295.54."""
    assert market.reference_price.high.max() == 295.43


def test_the_waterfall_of_2x_at_trigger_5(market):
    """The study's "2x optimised" is another run's and does not add up; these do: 450.92."""
    result = backtest(market, RebalanceConfig(leverage=2, trigger=5))
    ledger = result.ledger
    assert {
        "carry": "238.13",
        "funding": "532.20",
        "fees": "-36.98",
        "penalty": "0.00",
        "revaluation": "-282.43",
        "shortfall": "0.00",
        "net": "450.92",
    } == {
        "carry": f"{ledger.carry:.2f}",
        "funding": f"{ledger.funding:.2f}",
        "fees": f"{ledger.costs:.2f}",
        "penalty": f"{ledger.liquidation_penalty:.2f}",
        "revaluation": f"{ledger.revaluation:.2f}",
        "shortfall": f"{ledger.shortfall:.2f}",
        "net": f"{result.final_usd - result.initial_usd:.2f}",
    }


def test_the_published_2x_waterfall_is_the_default_triggers(market):
    """214 / 534 / -37 / -28: trigger 4's carry, funding, revaluation; trigger 5's fees."""
    default = backtest(market, RebalanceConfig(leverage=2)).ledger
    assert (214, 534, -28) == (
        round(default.carry),
        round(default.funding),
        round(default.revaluation),
    )
    assert round(backtest(market, RebalanceConfig(leverage=2, trigger=5)).ledger.costs) == -37
    assert 214 + 534 - 37 - 28 != 451


def test_the_breakeven_formula_keeps_half_of_the_borrow_rate():
    """Right: ``2/2 (5 + 4) - 1/2 7 = 5.5``; the study's ``2/2 (5 + 4 - 7) = 2`` is 3.5 less."""
    right = gross_apy(2, 0.05, 0.07, 0.04)
    wrong = 2 / 2 * (0.05 + 0.04 - 0.07)
    assert right == pytest.approx(0.055)
    assert right - wrong == pytest.approx(0.07 / 2)


def test_the_long_distance_keeps_its_divisor():
    """2x at 5 %: right ``0.45 / 0.95 = 47.4 %``; the study's ``1/L - mm`` gives 45 %."""
    assert f"{long_liquidation_distance(2, 0.05):.1%}" == "47.4%"
    assert long_liquidation_distance(2, 0.05) > 1 / 2 - 0.05


def test_a_2x_short_survives_42_9_percent():
    """The study's ``(1 - mm)/(L - 1 + mm)`` lets it survive +90.5 %."""
    assert f"{short_liquidation_distance(2, 0.05):+.1%}" == "+42.9%"
    assert f"{(1 - 0.05) / (2 - 1 + 0.05):+.1%}" == "+90.5%"


@pytest.mark.parametrize("leverage", [2, 3, 4])
def test_the_short_leg_binds_first(leverage):
    """By the study's formulas the long leg always binds; by the right ones the short does."""
    assert short_liquidation_distance(leverage, 0.05) < long_liquidation_distance(leverage, 0.05)
    assert (1 - 0.05) / (leverage - 1 + 0.05) > 1 / leverage - 0.05


def test_negative_debt_at_low_leverage_is_named(market):
    """At 1.5x transfers to the long leg push its debt to -769 USD, and it earns the borrow rate."""
    result = backtest(market, RebalanceConfig(leverage=1.5))
    assert any("debt fell below zero" in text for text in result.warnings)
    assert not any(
        "debt" in text for text in backtest(market, RebalanceConfig(leverage=4)).warnings
    )
