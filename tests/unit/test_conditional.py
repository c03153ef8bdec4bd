"""The later dashboard's model, by hand: 10 000 USD at 2x from 100.

At 2x a day's gross APY is ``365 * (supply + funding) - 365/2 * borrow``; funding of 2^-10 alone
makes 365/1024. Without maintenance the liquidation prices of 100 are 50 and 150.
"""

from __future__ import annotations

import pytest

from basislab.types import ConditionalConfig
from tests.builders import kinds, simulate_free

COSTS = {"taker_fee_bps": 3.5, "gas_usd": 2}
EXACT = {"maintenance_margin": 0}
TICK = 2.0**-10
APY = 365 / 1024


def deploy(close, **given):
    given.setdefault("entry_apy", 0.1)
    return simulate_free(ConditionalConfig, close, **given)


def test_cash_stays_idle_below_the_threshold():
    result = deploy([100.0, 200.0, 10.0])
    assert (kinds(result), result.equity_usd.tolist()) == ([], [10_000.0] * 3)
    assert result.counts == {"opens": 0, "closes": 0}


@pytest.mark.parametrize(("threshold", "is_open"), [(APY - 1e-9, True), (APY, False)])
def test_it_opens_above_the_threshold(threshold, is_open):
    result = deploy([100.0], funding=TICK, entry_apy=threshold)
    assert ([(0, "open", None)] if is_open else []) == kinds(result)


@pytest.mark.parametrize(("threshold", "is_open"), [(0.67524, True), (0.67526, False)])
def test_the_mean_is_of_carry_on_capital(threshold, is_open):
    """3x: 3/2 * (0.1 % + 0.05 %) - 2/2 * 0.04 % = 0.185 % a day, 67.525 % a year."""
    rates = {"supply": 0.001, "funding": 0.0005, "borrow": 0.0004}
    assert deploy([100.0], leverage=3, entry_apy=threshold, **rates).counts["opens"] == is_open


def test_the_opening_day_does_not_accrue():
    """Opening costs of 18.5 + 2 alone; the next day earns 1 % of 10 000 of funding."""
    result = deploy([100.0] * 2, funding=0.01, open_fee_bps=15, venue=COSTS)
    assert result.equity_usd.tolist() == pytest.approx([9_979.5, 10_079.5])
    assert (result.ledger.trading_fees, result.ledger.gas) == pytest.approx((-22.0, -2.0))


def test_while_open_it_accrues_like_the_rebalance_model():
    """1 coin earned, worth 110; interest 0.4 % of 5 000 is 20; funding 0.5 % of 100 * 110 is 55."""
    result = deploy([100.0, 110.0], supply=0.01, borrow=0.004, funding=0.005)
    ledger = result.ledger
    assert (ledger.carry, ledger.funding) == pytest.approx((90.0, 55.0))
    assert ledger.revaluation == 0.0
    assert result.equity_usd[-1] == pytest.approx(10_145.0)


def test_net_coins_are_marked():
    """The coin earned on day 1 gains 1 on the rise from 100 to 101."""
    result = deploy([100.0, 100.0, 101.0], supply=[0.01, 0.01, 0.0])
    assert result.ledger.revaluation == pytest.approx(1.0)


def test_the_mean_is_over_the_days_so_far_at_first():
    """TICK on day 0 alone: APY, APY/2, APY/3; below APY/2 it closes."""
    result = deploy([100.0] * 3, funding=[TICK, 0.0, 0.0], entry_apy=APY / 2)
    assert kinds(result) == [(0, "open", None), (2, "close", "apy")]


def test_the_mean_is_over_the_lookback_then():
    """Seven days of lookback: day 0 leaves the window on day 7."""
    result = deploy([100.0] * 9, funding=[TICK] + [0.0] * 8, entry_apy=APY / 7.5)
    assert kinds(result) == [(0, "open", None), (7, "close", "apy")]


def test_the_lookback_can_be_chosen():
    result = deploy([100.0] * 9, funding=[TICK] + [0.0] * 8, entry_apy=APY / 7.5, lookback_days=3)
    assert kinds(result) == [(0, "open", None), (3, "close", "apy")]


def test_it_closes_below_the_threshold_and_not_at_it():
    """The mean is the threshold on day 1 (it stays) and below it on day 2."""
    assert deploy([100.0] * 2, funding=[TICK, 0.0], entry_apy=APY / 2).counts["closes"] == 0


@pytest.mark.parametrize(
    ("close", "buffer", "is_near"),
    [
        (100.0, 0.5, True),  # (100 - 50)/100 and (150 - 100)/100
        (100.0, 0.499, False),
        (120.0, 0.25, True),  # (150 - 120)/120
        (120.0, 0.249, False),
        (80.0, 0.375, True),  # (80 - 50)/80
        (80.0, 0.374, False),
        (160.0, 0.0, True),  # beyond the price
        (40.0, 0.0, True),
    ],
)
def test_it_closes_at_the_buffer(close, buffer, is_near):
    result = deploy([100.0, close], buffer=buffer, venue=EXACT, entry_apy=-1)
    assert ([(1, "close", "liquidation_proximity")] if is_near else []) == kinds(result)[1:]


def test_maintenance_brings_the_prices_nearer():
    """25 %: 5 000/75 = 66.67 and 15 000/125 = 120; at 108 the short is 1/9 away."""
    result = deploy([100.0, 108.0], buffer=0.112, venue={"maintenance_margin": 0.25}, entry_apy=-1)
    assert kinds(result)[-1] == (1, "close", "liquidation_proximity")
    result = deploy([100.0, 108.0], buffer=0.11, venue={"maintenance_margin": 0.25}, entry_apy=-1)
    assert len(result.event_list) == 1


def test_proximity_comes_before_the_threshold():
    result = deploy([100.0, 149.0], funding=[TICK, -1e-4], entry_apy=APY / 2, venue=EXACT)
    assert kinds(result)[-1] == (1, "close", "liquidation_proximity")


def test_closing_costs_the_short_and_gas():
    """At 145: 100 * 145 * 3.5 bps = 5.075 and 2."""
    result = deploy([100.0, 145.0], entry_apy=-1, venue=COSTS)
    event = result.event_list[-1]
    assert event.cost_usd == pytest.approx(7.075)
    assert result.ledger.gas == pytest.approx(-4.0)
    assert result.final_usd == pytest.approx(10_000 - 5.5 - 7.075)
    assert result.equity_usd[-1] == result.final_usd


def test_at_the_end_it_is_closed_without_gas_outside_of_the_curve():
    """At 110: 3.85; opening 3.5 and 2."""
    result = deploy([100.0, 110.0], entry_apy=-1, venue=COSTS)
    assert result.equity_usd[-1] == pytest.approx(10_000 - 5.5)
    assert result.final_usd == pytest.approx(10_000 - 5.5 - 3.85)
    assert result.ledger.gas == -2.0
    assert kinds(result) == [(0, "open", None)]


def test_it_reopens_from_the_next_day_on_with_all_that_is_left():
    """Closed at 145 on day 1, opened there on day 2; day 3 earns on the new notional."""
    result = deploy([100.0, 145.0, 145.0, 145.0], entry_apy=-1, funding=[0, 0, 0, 0.01])
    assert [(event.bar, event.kind) for event in result.event_list] == [
        (0, "open"),
        (1, "close"),
        (2, "open"),
    ]
    assert result.equity_usd[-1] == pytest.approx(10_100.0)
    assert result.counts == {"opens": 2, "closes": 1}


def test_it_is_never_liquidated():
    """Extremes do not matter, and a leg below zero is set off against the other."""
    result = deploy([100.0, 160.0], low=[100, 1], high=[100, 900], entry_apy=-1)
    assert kinds(result)[-1] == (1, "close", "liquidation_proximity")
    assert result.final_usd == pytest.approx(10_000.0)
    assert (result.ledger.liquidation_penalty, result.ledger.shortfall) == (0.0, 0.0)


def test_the_equities_of_a_close_are_those_of_its_legs():
    """At 145: 14 500 - 5 000 and 5 000 - 4 500."""
    event = deploy([100.0, 145.0], entry_apy=-1).event_list[-1]
    assert (event.long_equity_usd, event.short_equity_usd) == (9_500.0, 500.0)


def test_debt_below_zero_is_told():
    """1x borrows nothing: the opening costs alone are debt, so there is no such warning."""
    assert not any("debt" in text for text in deploy([100.0], leverage=1, entry_apy=-1).warnings)


class TestRuin:
    """What falls to zero stays there."""

    def test_by_funding(self):
        """-120 % of 10 000 leave -2 000, which are forgiven."""
        result = deploy([100.0] * 4, funding=[0.0, -1.2, 0.5, 0.5], entry_apy=-1)
        assert kinds(result) == [(0, "open", None), (1, "ruined", None)]
        assert result.equity_usd.tolist() == [10_000.0, 0.0, 0.0, 0.0]
        assert result.ledger.shortfall == pytest.approx(2_000.0)

    def test_by_the_costs_of_opening(self):
        result = deploy([100.0] * 3, entry_apy=-1, venue={"gas_usd": 25_000})
        assert kinds(result) == [(0, "open", None), (0, "ruined", None)]
        assert (result.ledger.gas, result.final_usd) == (-10_000.0, 0.0)

    def test_by_the_costs_of_closing(self):
        """Gas of 6 000 twice: 4 000 are left for the second."""
        result = deploy([100.0, 145.0, 145.0], entry_apy=-1, venue={"gas_usd": 6_000})
        assert kinds(result)[1:] == [
            (1, "close", "liquidation_proximity"),
            (1, "ruined", None),
        ]
        assert result.ledger.gas == -10_000.0
        assert result.equity_usd.tolist() == [4_000.0, 0.0, 0.0]
