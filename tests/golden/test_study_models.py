"""Every figure that the study's page prints for its models, to the printed digit.

The printed text is what is compared, so that a figure cannot be nearly right.
"""

from __future__ import annotations

import pytest

from basislab import backtest
from basislab.types import (
    Market,
    RebalanceConfig,
    Result,
    RotationConfig,
    StaticConfig,
)

NEVER = None


def percent(fraction: float) -> str:
    return f"{100 * fraction:+.1f}"


def usd(amount: float) -> str:
    return f"{amount:+.2f}"


def rebalance(market: Market, leverage: float, **decisions) -> Result:
    return backtest(market, RebalanceConfig(leverage=leverage, **decisions))


def days_of(result: Result, kind: str) -> list[str]:
    return [event.time for event in result.event_list if event.kind == kind]


@pytest.mark.parametrize(("leverage", "printed"), [(2, "+5.8"), (3, "+7.1"), (4, "+8.3")])
def test_static_with_book_slippage_annualised(market, leverage, printed):
    result = backtest(market, StaticConfig(leverage=leverage, slippage="book"))
    assert printed == percent(result.annualized_return)


@pytest.mark.parametrize(("leverage", "net"), [(2, "+63.69"), (3, "+77.69"), (4, "+91.69")])
def test_static_net_of_a_thousand_dollars(market, leverage, net):
    result = backtest(market, StaticConfig(leverage=leverage, capital_usd=1_000))
    assert net == usd(result.ledger.total)
    assert net == usd(result.final_usd - 1_000)


@pytest.mark.parametrize(("leverage", "printed"), [(2, "-4.8"), (3, "-3.5"), (4, "-19.6")])
def test_rebalance_at_the_default_trigger_annualised(market, leverage, printed):
    assert printed == percent(rebalance(market, leverage).annualized_return)


GRID = {
    2: {
        3: ("+3.3", 19, 0),
        4: ("-4.8", 6, 1),
        5: ("+4.0", 5, 0),
        6: ("-9.6", 3, 2),
        NEVER: ("-10.5", 0, 4),
    },
    3: {
        4: ("-13.2", 19, 2),
        5: ("-8.4", 11, 2),
        6: ("-3.5", 7, 1),
        8: ("-5.2", 14, 5),
        NEVER: ("-33.6", 0, 10),
    },
    4: {6: ("-25.4", 88, 7), 8: ("-19.6", 12, 5), NEVER: ("-42.4", 0, 19)},
}
CELLS = [
    (leverage, trigger, *cell)
    for leverage, triggers in GRID.items()
    for trigger, cell in triggers.items()
]


@pytest.mark.parametrize(("leverage", "trigger", "printed", "rebalances", "liquidations"), CELLS)
def test_the_trigger_grid(market, leverage, trigger, printed, rebalances, liquidations):
    result = rebalance(market, leverage, trigger=trigger)
    assert printed == percent(result.annualized_return)
    assert {
        "rebalances": rebalances,
        "rotations": liquidations,
        "liquidations": liquidations,
    } == result.counts


@pytest.mark.parametrize(
    ("leverage", "best", "printed"), [(2, 5, "+4.0"), (3, 6, "-3.5"), (4, 8, "-19.6")]
)
def test_the_best_trigger_of_the_grid(market, leverage, best, printed):
    """Among 3, 4, 5, 6, 8, 10 and never, those below 1.3 L skipped."""
    triggers = [
        trigger for trigger in (3, 4, 5, 6, 8, 10, NEVER) if (trigger or 999) >= 1.3 * leverage
    ]
    returns = {
        trigger: rebalance(market, leverage, trigger=trigger).annualized_return
        for trigger in triggers
    }
    assert best == max(returns, key=returns.__getitem__)
    assert printed == percent(returns[best])


@pytest.mark.parametrize(
    ("leverage", "rebalances", "liquidations"), [(2, 6, 1), (3, 7, 1), (4, 12, 5)]
)
def test_rebalances_and_liquidations_at_the_default_trigger(
    market, leverage, rebalances, liquidations
):
    counts = rebalance(market, leverage).counts
    assert (rebalances, liquidations) == (counts["rebalances"], counts["liquidations"])


@pytest.mark.parametrize(
    ("leverage", "fees", "penalties"), [(2, 63, 1_196), (3, 87, 830), (4, 283, 3_244)]
)
def test_fees_and_penalties_at_the_default_trigger(market, leverage, fees, penalties):
    """All fees: trading, gas, transfers; whole USD as printed."""
    ledger = rebalance(market, leverage).ledger
    assert fees == round(-ledger.costs)
    assert penalties == round(-ledger.liquidation_penalty)


@pytest.mark.parametrize(
    ("leverage", "capital", "printed"),
    [
        (2, 1e3, "-8.5"),
        (3, 1e3, "-5.3"),
        (4, 1e3, "-22.1"),
        (2, 1e5, "-4.7"),
        (3, 1e5, "-3.3"),
        (4, 1e5, "-19.3"),
    ],
)
def test_rebalance_by_size(market, leverage, capital, printed):
    result = rebalance(market, leverage, capital_usd=capital)
    assert printed == percent(result.annualized_return)


@pytest.mark.parametrize(
    ("leverage", "printed", "liquidations"), [(2, "-4.8", 1), (3, "-8.9", 1), (4, "+2.3", 5)]
)
def test_rebalance_on_drift(market, leverage, printed, liquidations):
    result = rebalance(market, leverage, perp="drift-study")
    assert printed == percent(result.annualized_return)
    assert liquidations == result.counts["liquidations"]


def test_drift_at_four_times_lives_on_forgiven_losses(market):
    """1 569 USD of equity below zero are set to zero; without them the run has lost money."""
    result = rebalance(market, 4, perp="drift-study")
    assert round(result.ledger.shortfall) == 1_569
    assert result.ledger.total > 0
    assert result.ledger.total - result.ledger.shortfall < 0
    assert any("forgiven" in text for text in result.warnings)


def test_the_waterfall_of_3x(market):
    result = rebalance(market, 3)
    ledger = result.ledger
    assert {
        "carry": "+205.45",
        "funding": "+565.87",
        "fees": "-87.13",
        "penalty": "-830.08",
        "revaluation": "-244.42",
        "shortfall": "+0.00",
    } == {
        "carry": usd(ledger.carry),
        "funding": usd(ledger.funding),
        "fees": usd(ledger.costs),
        "penalty": usd(ledger.liquidation_penalty),
        "revaluation": usd(ledger.revaluation),
        "shortfall": usd(ledger.shortfall),
    }
    assert usd(result.final_usd) == "+9609.68"
    assert abs(ledger.total - (result.final_usd - 10_000)) <= 1e-9 * 10_000


def test_the_coin_fell_further_than_the_equity(market):
    """SOL -57.8 %; the equity of 3x, first recorded day to last, -3.6 %."""
    result = rebalance(market, 3)
    assert percent(result.closes[-1] / result.closes[0] - 1) == "-57.8"
    assert percent(result.equity_usd[-1] / result.equity_usd[0] - 1) == "-3.6"


@pytest.mark.parametrize(
    ("fee_bps", "printed"), [(15, "-3.5"), (10, "-3.4"), (5, "-3.2"), (0, "-3.1")]
)
def test_sensitivity_to_the_open_fee(market, fee_bps, printed):
    result = rebalance(market, 3, open_fee_bps=fee_bps)
    assert printed == percent(result.annualized_return)


def test_revaluation_and_shortfall_of_4x(market):
    ledger = rebalance(market, 4).ledger
    assert usd(ledger.revaluation) == "+5.35"
    assert usd(ledger.shortfall) == "+439.70"


@pytest.mark.parametrize(("leverage", "printed"), [(2, "+4.8"), (3, "-14.9"), (4, "-14.1")])
def test_full_rotation_annualised(market, leverage, printed):
    result = backtest(market, RotationConfig(leverage=leverage))
    assert printed == percent(result.annualized_return)


def test_the_rotations_of_3x(market):
    """18 rotations, 574 USD of fees."""
    result = backtest(market, RotationConfig(leverage=3))
    assert result.counts["rotations"] == 18
    assert round(-result.ledger.costs) == 574


def test_the_liquidation_of_3x(market):
    """2025-01-18: the short leg, close 262.20, high 271.18; reopened at that close."""
    result = rebalance(market, 3)
    liquidation, reopening = (
        event for event in result.event_list if event.kind in ("liquidation", "reopen")
    )
    assert ("2025-01-18", "short") == (liquidation.time, liquidation.leg)
    assert ("2025-01-18", None) == (reopening.time, reopening.leg)
    assert f"{liquidation.price_usd:.2f}" == "262.20"
    assert f"{market.reference_price.high[liquidation.bar]:.2f}" == "271.18"


def test_the_liquidation_of_2x(market):
    liquidations = [e for e in rebalance(market, 2).event_list if e.kind == "liquidation"]
    assert [("2025-10-10", "long")] == [(event.time, event.leg) for event in liquidations]


def test_the_rebalances_of_3x(market):
    assert [
        "2025-01-03",
        "2025-01-09",
        "2025-01-17",
        "2025-02-02",
        "2025-02-26",
        "2025-07-21",
        "2025-11-21",
    ] == days_of(rebalance(market, 3), "rebalance")
