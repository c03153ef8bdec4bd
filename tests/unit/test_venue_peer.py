"""A basis trade without a loan, as another library does it.

fractal-defi 1.3.1 (PyPI), `HyperliquidBasis` on the path below: 100 000 USD, of which 6 / 7 buy
coin and 1 / 7 is the margin of a short at 6x; 2.5 bps for each leg; funding on the mark. It trades
back to 6x where the short's leverage leaves [3.375, 16.5]: with r of the size that the equity
carries that is r 6/7 / (1 - r 6/7) at r of 0.9 and 1.1, a band of 10 % here. It trades at the
close that it sees, this engine at the next open, which is the same price.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from basislab.simulate import simulate
from basislab.types.constants import DatedFee, MarginTier
from basislab.types.venue_terms import LendingMarket, Route
from tests.venue_builders import PERP, free_venue_config, hourly_market

CAPITAL = 100_000.0
PEER = {
    0: 99_957.13749732, 1: 99_957.84884703, 24: 99_994.39538544, 77: 100_174.96051332,
    300: 100_254.34434175, 600: 100_542.61570575, 900: 100_820.98377409, 1_079: 101_089.43614419,
}  # fmt: skip
"""Its balance at the close of an hour, USD."""

RESIZES = [78, 291, 387, 549, 625, 860, 975]
"""The closes at which it trades."""

COINS = 2.0413267858419006, 1.8512594774685607
"""What it holds at first, and after its first trade."""


def rows(close):
    begin = np.concatenate(([close[0]], close[:-1]))
    bars = np.stack([begin, np.maximum(begin, close), np.minimum(begin, close), close], axis=1)
    return [tuple(bar) for bar in bars.tolist()]


@pytest.fixture(scope="module")
def result():
    """45 days of hours, 12 % up and down, the spot up to 5 bps beside the mark."""
    hour = np.arange(1_080)
    mark = 42_000 * np.exp(0.12 * np.sin(hour / 90) + 0.01 * np.sin(hour / 3))
    spot = mark * (1 - 0.0005 * np.cos(hour / 40))
    funding = 1e-5 * (1 + 2 * np.sin(hour / 50))
    market = hourly_market(rows(mark), spot=rows(spot), funding=funding)
    perp = replace(
        PERP, taker_fees=(DatedFee(date(2020, 1, 1), 2.5),), funding_price="mark",
        margin_tiers=(MarginTier(0.0, 0.01, 50.0),), withdrawal_floor=0.02,
    )  # fmt: skip
    lending = LendingMarket(
        name="none", protocol="none", max_ltv=0.0, liquidation_ltv=1.0, procedure="none"
    )
    config = free_venue_config(
        leverage=None, long_leverage=1.0, short_leverage=6.0, lending=lending, perp=perp,
        capital_usd=CAPITAL, policy="never", band=0.1,
        swap=Route(name="swap", kind="swap", cost_bps=2.5),
    )  # fmt: skip
    return simulate(market, config)


def test_the_opening_costs_what_it_costs_the_peer(result):
    """85 714.29 USD less 2.5 bps are 85 692.86 of coin; as many contracts are sold for a fee of
    2.5 bps at the mark, 21.43: 99 957.14. Here the coin's fee is paid by both legs in their shares:
    36 millionths more coin."""
    event = result.event_list[0]
    notional = CAPITAL * 6 / 7 / (1 + 2.5e-4 * 6 / 7)
    assert event.cost_usd == pytest.approx(notional * 5e-4, rel=1e-3)
    assert result.equity_usd[0] == pytest.approx(PEER[0], abs=0.01)


def test_before_its_first_trade_the_peer_has_the_same_to_a_millionth(result):
    """A thousandth of the capital would do; funding of 77 hours and the basis are in it."""
    for hour in (0, 1, 24, 77):
        assert result.equity_usd[hour] == pytest.approx(PEER[hour], abs=1e-6 * CAPITAL)


def test_the_first_trade_is_the_peers_a_bar_later(result):
    """At 110 % of the size both go back to it: 0.19 coins are sold and bought back."""
    resizes = [event for event in result.event_list if event.kind == "resize"]
    assert resizes[0].bar == RESIZES[0] + 1
    assert resizes[0].coins == pytest.approx(COINS[1] - COINS[0], rel=1e-3)


def test_both_trade_as_often_and_end_with_the_same_to_a_ten_thousandth(result):
    """Shrinking is done the bar after; growing here lets the margin leave first and takes two bars
    or, where the price has come back meanwhile, more."""
    resizes = [event for event in result.event_list if event.kind == "resize"]
    assert len(RESIZES) == len(resizes)
    for hour, balance in PEER.items():
        assert result.equity_usd[hour] == pytest.approx(balance, abs=1e-4 * CAPITAL)
