"""The kernels against a second, independent program: made markets and the study's own."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from basislab.api import resolve
from basislab.simulate import simulate
from basislab.types import ConditionalConfig, Market, RebalanceConfig, Result, RotationConfig
from tests.golden import oracle
from tests.strategies import configs, markets

ORACLES = {
    RebalanceConfig: oracle.rebalance,
    RotationConfig: oracle.rotation,
    ConditionalConfig: oracle.conditional,
}
every_oracle = pytest.mark.parametrize("kind", ORACLES, ids=lambda kind: kind.model)

TOO_CLOSE = 1e-9
"""A decision nearer than this may go either way by rounding."""


def table(market: Market, config) -> list[dict[str, float]]:
    """The market as the page's columns: simple daily rates, one dict a day."""
    price, venue = market.reference_price, config.perp
    return [
        {"high": high, "low": low, "close": close, "lend": lend, "borrow": borrow, "funding": rate}
        for high, low, close, lend, borrow, rate in zip(
            price.high.tolist(),
            price.low.tolist(),
            price.close.tolist(),
            (market.supply["kamino", market.asset].apy / 365).tolist(),
            (market.borrow["kamino", "USDC"].apy / 365).tolist(),
            market.funding[venue.funding].rate.tolist(),
            strict=True,
        )
    ]


def constants(config) -> dict:
    """What the page's formulas need, as fractions and USD."""
    venue = config.perp
    known = {
        "capital": config.capital_usd,
        "leverage": config.leverage,
        "open_fee": config.open_fee_bps / 10_000,
        "taker_fee": venue.taker_fee_bps / 10_000,
        "maintenance": venue.maintenance_margin,
        "penalty_kind": venue.liquidation_penalty.kind,
        "penalty_rate": venue.liquidation_penalty.rate,
        "transfer_cost": venue.transfer_cost_usd,
        "gas": venue.gas_usd,
        "rotation_penalty": venue.rotation_penalty,
    }
    for name in ("buffer", "min_apy", "entry_apy", "lookback_days"):
        known[name] = getattr(config, name, None)
    trigger = getattr(config, "trigger", None)
    known["trigger"] = 2 * config.leverage if trigger == "auto" else trigger or 999.0
    return known


def differences(result: Result, expected: dict) -> dict[str, float]:
    """Largest difference of every output, as a share of the capital."""
    ledger = result.ledger
    ours = {
        "carry": ledger.carry,
        "funding": ledger.funding,
        "fees": ledger.costs,
        "penalty": ledger.liquidation_penalty,
        "revaluation": ledger.revaluation,
        "shortfall": ledger.shortfall,
    }
    apart = {name: abs(ours[name] - expected["ledger"][name]) for name in ours}
    apart["final"] = abs(result.final_usd - expected["final"])
    apart["curve"] = max(
        abs(a - b) for a, b in zip(result.equity_usd.tolist(), expected["curve"], strict=True)
    )
    return {name: value / result.initial_usd for name, value in apart.items()}


def events_of(result: Result) -> list[tuple[int, str, str | None]]:
    """Events as the oracle writes them."""
    return [
        (
            event.bar,
            event.kind,
            event.reason or (event.leg if event.kind == "liquidation" else None),
        )
        for event in result.event_list
    ]


def assert_equal(result: Result, expected: dict) -> None:
    assert expected["events"] == events_of(result)
    apart = differences(result, expected)
    assert {} == {name: share for name, share in apart.items() if share > 1e-9}


@every_oracle
@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_kernel_and_oracle_agree_on_made_markets(kind, data):
    """Same events; ledger, curve and final equity to 1e-9 of capital."""
    market, config = data.draw(markets()), data.draw(configs(kind))
    expected = ORACLES[kind](table(market, config), constants(config))
    assume(expected["doubt"] > TOO_CLOSE)
    assert_equal(simulate(market, config), expected)


@every_oracle
@pytest.mark.parametrize("perp", ["hyperliquid-study", "drift-study"])
@pytest.mark.parametrize("leverage", [1, 2, 3, 4, 7, 10])
@pytest.mark.parametrize("capital", [150, 10_000, 1e8])
def test_kernel_and_oracle_agree_on_the_study(market, kind, perp, leverage, capital):
    config = resolve(kind(leverage=leverage, perp=perp, capital_usd=capital))
    expected = ORACLES[kind](table(market, config), constants(config))
    assert expected["doubt"] > 1e-12
    assert_equal(simulate(market, config), expected)
