"""The two legs' formulas, each against a calculation on paper."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basislab.kernels.bars import Bar
from basislab.kernels.ledger import empty_accounts
from basislab.kernels.legs import (
    EQUITY_PENALTY,
    NOTIONAL_PENALTY,
    LongLeg,
    Position,
    Seizure,
    ShortLeg,
    accrued,
    charged,
    effective_leverage,
    flat,
    hedged,
    long_equity,
    long_is_liquidated,
    long_liquidation_price,
    marked,
    moved,
    seized,
    short_equity,
    short_is_liquidated,
    short_liquidation_price,
    total_equity,
)


def test_long_equity_is_collateral_less_debt():
    """3 coins at 90 are 270; less 200 of debt: 70."""
    assert long_equity(LongLeg(3.0, 200.0), 90.0) == 70.0


def test_short_equity_is_margin_plus_open_profit():
    """Margin 100; 3 contracts from 100 to 90 gained 30; from 100 to 140 lost 120."""
    leg = ShortLeg(3.0, 100.0, 100.0)
    assert (130.0, -20.0) == (short_equity(leg, 90.0), short_equity(leg, 140.0))


def test_total_equity_of_equal_legs_does_not_depend_on_the_price():
    """At 3x of 10 000 from 100: 150 coins each; what one leg gains the other loses."""
    position = hedged(10_000.0, 3.0, 100.0)
    assert [10_000.0] * 3 == [total_equity(position, price) for price in (50.0, 100.0, 200.0)]


def test_a_flat_position_holds_nothing():
    assert flat() == Position(LongLeg(0.0, 0.0), ShortLeg(0.0, 0.0, 0.0))


def test_hedged_opens_both_halves():
    """3x of 10 000 at 50: halves of 5 000, notional 15 000 = 300 coins, debt 10 000."""
    assert hedged(10_000.0, 3.0, 50.0) == Position(
        LongLeg(300.0, 10_000.0), ShortLeg(300.0, 50.0, 5_000.0)
    )


def test_without_leverage_nothing_is_borrowed():
    assert hedged(10_000.0, 1.0, 50.0).long == LongLeg(100.0, 0.0)


def test_a_cost_is_paid_half_by_each_leg():
    """30: debt 100 to 115, margin 50 to 35; quantities stay."""
    position = Position(LongLeg(1.0, 100.0), ShortLeg(2.0, 80.0, 50.0))
    assert charged(position, 30.0) == Position(LongLeg(1.0, 115.0), ShortLeg(2.0, 80.0, 35.0))


def test_capital_is_moved_by_borrowing_it():
    """20 to the short leg: debt 100 to 120, margin 50 to 70; back again with -20."""
    position = Position(LongLeg(1.0, 100.0), ShortLeg(2.0, 80.0, 50.0))
    there = moved(position, 20.0)
    assert there == Position(LongLeg(1.0, 120.0), ShortLeg(2.0, 80.0, 70.0))
    assert moved(there, -20.0) == position


def test_revaluation_marks_the_net_coins():
    """5 coins long, 3 short: a rise from 10 to 12 makes 2 * 2 = 4."""
    position = Position(LongLeg(5.0, 0.0), ShortLeg(3.0, 10.0, 0.0))
    assert marked(empty_accounts(), position, 10.0, 12.0).revaluation == 4.0


def test_a_day_accrues_interest_and_funding():
    """1 % of 10 coins at 100 is 10 USD, 2 % of 500 is 10; funding: 0.5 % of 8 * 100 is 4."""
    position = Position(LongLeg(10.0, 500.0), ShortLeg(8.0, 90.0, 60.0))
    bar = Bar(0, 120.0, 80.0, 100.0, 0.01, 0.02, 0.005)
    grown, accounts = accrued(position, empty_accounts(), bar)
    assert grown == Position(LongLeg(10.1, 510.0), ShortLeg(8.0, 90.0, 64.0))
    assert (0.0, 4.0) == (accounts.carry, accounts.funding)


def test_negative_funding_is_paid_out_of_the_margin():
    """-0.5 % of 8 * 100: margin 60 to 56."""
    position = Position(LongLeg(0.0, 0.0), ShortLeg(8.0, 90.0, 60.0))
    grown, accounts = accrued(
        position, empty_accounts(), Bar(0, 100.0, 100.0, 100.0, 0.0, 0.0, -0.005)
    )
    assert (56.0, -4.0) == (grown.short.margin, accounts.funding)


@pytest.mark.parametrize(("low", "is_hit"), [(70.01, False), (70.0, True), (69.99, True)])
def test_the_long_is_liquidated_at_its_maintenance(low, is_hit):
    """1 coin, debt 56, maintenance 20 %: at 70, 70 - 56 = 14 = 0.2 * 70; at or below is enough."""
    assert bool(long_is_liquidated(LongLeg(1.0, 56.0), low, 0.2)) is is_hit


@pytest.mark.parametrize(("high", "is_hit"), [(119.99, False), (120.0, True), (120.01, True)])
def test_the_short_is_liquidated_at_its_maintenance(high, is_hit):
    """1 contract from 100, margin 50, maintenance 25 %: at 120, 50 - 20 = 30 = 0.25 * 120."""
    assert bool(short_is_liquidated(ShortLeg(1.0, 100.0, 50.0), high, 0.25)) is is_hit


def test_liquidation_prices_by_hand():
    """Long ``66.5 / (1 * 0.95) = 70``; short ``(26 + 100) / 1.05 = 120``."""
    assert long_liquidation_price(LongLeg(1.0, 66.5), 0.05) == pytest.approx(70.0)
    assert short_liquidation_price(ShortLeg(1.0, 100.0, 26.0), 0.05) == pytest.approx(120.0)


@given(leverage=st.floats(1.05, 10.0), maintenance=st.floats(0.0, 0.09), price=st.floats(0.01, 1e4))
@settings(deadline=None)
def test_liquidation_prices_solve_the_check(leverage, maintenance, price):
    """A hair beyond either price is a liquidation, a hair before it is none."""
    position = hedged(10_000.0, leverage, price)
    low = long_liquidation_price(position.long, maintenance)
    high = short_liquidation_price(position.short, maintenance)
    assert low < price < high
    assert long_is_liquidated(position.long, low * (1 - 1e-9), maintenance)
    assert not long_is_liquidated(position.long, low * (1 + 1e-9), maintenance)
    assert short_is_liquidated(position.short, high * (1 + 1e-9), maintenance)
    assert not short_is_liquidated(position.short, high * (1 - 1e-9), maintenance)


@pytest.mark.parametrize(
    ("notional", "equity", "leverage"),
    [
        (300.0, 100.0, 3.0),
        (300.0, 1.0, 300.0),
        (300.0, 0.5, 300.0),  # at least one dollar is divided by
        (300.0, 0.0, 999.0),
        (300.0, -5.0, 999.0),
        (5_000.0, 1.0, 5_000.0),  # the 999 is no cap
    ],
)
def test_effective_leverage_with_the_studys_two_floors(notional, equity, leverage):
    assert leverage == effective_leverage(notional, equity)


@pytest.mark.parametrize(
    ("equity", "kind", "rate", "expected"),
    [
        (100.0, EQUITY_PENALTY, 0.5, Seizure(50.0, 50.0, 0.0)),
        (100.0, EQUITY_PENALTY, 0.25, Seizure(75.0, 25.0, 0.0)),
        (100.0, EQUITY_PENALTY, 1.0, Seizure(0.0, 100.0, 0.0)),
        (-30.0, EQUITY_PENALTY, 0.5, Seizure(0.0, 0.0, 30.0)),
        (100.0, NOTIONAL_PENALTY, 0.025, Seizure(75.0, 25.0, 0.0)),
        (10.0, NOTIONAL_PENALTY, 0.025, Seizure(0.0, 10.0, 0.0)),  # capped by the equity
        (-30.0, NOTIONAL_PENALTY, 0.025, Seizure(0.0, 0.0, 30.0)),
        (0.0, NOTIONAL_PENALTY, 0.025, Seizure(0.0, 0.0, 0.0)),
    ],
)
def test_penalties_of_a_liquidated_leg(equity, kind, rate, expected):
    """On a notional of 1 000: 2.5 % are 25."""
    assert expected == seized(equity, 1_000.0, kind, rate)


@given(
    equity=st.floats(-1e6, 1e6),
    notional=st.floats(0.0, 1e6),
    kind=st.sampled_from([EQUITY_PENALTY, NOTIONAL_PENALTY]),
    rate=st.floats(0.0, 1.0),
)
@settings(deadline=None)
def test_nothing_is_lost_in_a_seizure(equity, notional, kind, rate):
    """``kept - equity = shortfall - penalty``, and no part is negative."""
    found = seized(equity, notional, kind, rate)
    assert min(found) >= 0.0
    assert found.kept - equity == pytest.approx(found.shortfall - found.penalty, abs=1e-9)
