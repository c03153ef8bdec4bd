"""The ceiling, by hand: 10 000 USD at 2x are a notional of 10 000 and a debt of 5 000."""

from __future__ import annotations

import pytest

from basislab.types import StaticConfig
from tests.builders import simulate_free

COSTS = {"taker_fee_bps": 3.5, "gas_usd": 2}


def test_every_day_earns_carry_and_funding_on_the_constant_notional():
    """Carry 10 000 * 1 % - 5 000 * 0.4 % = 80, funding 10 000 * 0.5 % = 50; three days: 390."""
    result = simulate_free(StaticConfig, [100.0] * 3, supply=0.01, borrow=0.004, funding=0.005)
    assert (result.ledger.carry, result.ledger.funding) == pytest.approx((240.0, 150.0))
    assert result.equity_usd.tolist() == pytest.approx([10_130.0, 10_260.0, 10_390.0])
    assert result.final_usd == result.equity_usd[-1]


def test_fees_are_paid_once_for_both_ways():
    """10 000 * 15 bps + 2 * 10 000 * 3.5 bps = 22; gas 2."""
    result = simulate_free(StaticConfig, [100.0] * 3, open_fee_bps=15, venue=COSTS)
    assert (result.ledger.trading_fees, result.ledger.gas) == pytest.approx((-22.0, -2.0))
    assert result.equity_usd.tolist() == pytest.approx([9_976.0] * 3)


@pytest.mark.parametrize(
    ("capital", "slippage"),
    [
        (10_000, 0.2),  # 2 * 10 000 * 0.1 bps
        (20_000, 0.4),  # 2 * 20 000 * 0.1 bps: the last dollar without a step
        (30_000, 1.14),  # 2 * 30 000 * (0.1 + 0.09) bps
        (45_000, 2.925),  # 2 * 45 000 * (0.1 + 0.09 * 2.5) bps
    ],
)
def test_book_slippage_grows_with_the_notional(capital, slippage):
    result = simulate_free(StaticConfig, [100.0], capital_usd=capital, slippage="book")
    assert result.ledger.slippage == pytest.approx(-slippage)
    assert result.final_usd == pytest.approx(capital - slippage)


def test_without_book_there_is_no_slippage():
    assert simulate_free(StaticConfig, [100.0], slippage="none").ledger.slippage == 0.0


def test_prices_do_not_matter():
    wild = simulate_free(StaticConfig, [100.0, 900.0, 1.0], supply=0.01)
    calm = simulate_free(StaticConfig, [100.0, 100.0, 100.0], supply=0.01)
    assert wild.equity_usd.tolist() == calm.equity_usd.tolist()


def test_there_is_no_margin_call_and_no_event():
    """Funding of -60 % a day: 10 000 less 6 000 a day; the curve goes on below zero."""
    result = simulate_free(StaticConfig, [100.0] * 3, funding=-0.6)
    assert result.equity_usd.tolist() == pytest.approx([4_000.0, -2_000.0, -8_000.0])
    assert (result.event_list, result.counts) == ((), {})
    assert "the equity fell below zero: this model has no margin call" in result.warnings


def test_its_ledger_has_five_accounts():
    ledger = simulate_free(StaticConfig, [100.0]).ledger
    assert list(ledger.to_dict()) == ["carry", "funding", "trading_fees", "gas", "slippage"]
