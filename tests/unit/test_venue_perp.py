"""The short's state machine by hand: tiers, liquidation steps, backstop, Drift, withdrawals."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from basislab.kernels.legs import ShortLeg, short_equity
from basislab.kernels.venue.params import PARTIAL
from tests import plain
from tests.venue_builders import perp_terms

perp = plain.venue()["perp"]

TWO_TIERS = perp_terms((0.025, 0.05), (0.0, 70e6), (20.0, 10.0))
DRIFT = perp_terms(
    (0.03,), procedure=PARTIAL, buffer=0.02, liquidator_fee=0.0075, insurance_fee=0.0075
)


def test_maintenance_with_a_deduction_in_the_second_tier():
    """80 M: 0.05 * 80 M - 70 M * (0.05 - 0.025) = 4 M - 1.75 M = 2.25 M."""
    assert 2.25e6 == pytest.approx(perp.maintenance_margin(TWO_TIERS, 80e6))
    assert 1.25e6 == pytest.approx(perp.maintenance_margin(TWO_TIERS, 50e6))


def test_maintenance_is_continuous_at_the_bound():
    """70 M: 1.75 M from both sides; the bound itself is the first tier's."""
    assert 0 == perp.tier_of(TWO_TIERS, 70e6)
    assert 1 == perp.tier_of(TWO_TIERS, 70e6 + 1)
    assert 1.75e6 == pytest.approx(perp.maintenance_margin(TWO_TIERS, 70e6))
    assert 1.75e6 == pytest.approx(perp.maintenance_margin(TWO_TIERS, 70e6 + 1e-3))


def test_three_tiers_deduct_step_by_step():
    """Binance's first three: d1 = 0, d2 = 20k * 0.0015 = 30, d3 = 30 + 100k * 0.0035 = 380."""
    terms = perp_terms((0.005, 0.0065, 0.01), (0.0, 20e3, 100e3), (100.0, 75.0, 50.0))
    assert [0.0, 30.0, 380.0] == pytest.approx(terms.deductions.tolist())
    assert 620.0 == pytest.approx(perp.maintenance_margin(terms, 100e3))


def test_a_3x_short_dies_at_plus_30_percent():
    """m + c e = 100 + 300 = 400 over 3 * 1.025: 130.08."""
    leg = ShortLeg(3.0, 100.0, 100.0)
    assert 400 / 3.075 == pytest.approx(perp.liquidation_price(perp_terms(), leg))


def test_liquidation_price_in_the_second_tier():
    """1 M coins from 60 with 20 M margin: (80 M + 1.75 M) / (1 M * 1.05) = 77.857; first tier's
    78.05 would be too high."""
    leg = ShortLeg(1e6, 60.0, 20e6)
    assert 81.75e6 / 1.05e6 == pytest.approx(perp.liquidation_price(TWO_TIERS, leg))


def test_a_flat_short_is_never_liquidated():
    flat = ShortLeg(0.0, 0.0, 50.0)
    assert perp.liquidation_price(perp_terms(), flat) == float("inf")
    assert not perp.is_liquidatable(perp_terms(), flat, 1e9)


def test_an_empty_short_without_margin_is_not_liquidatable():
    """0 <= 0 is no liquidation of nothing."""
    assert not perp.is_liquidatable(perp_terms(), ShortLeg(0.0, 0.0, 0.0), 100.0)


def test_half_a_contract_dies_where_a_whole_one_does():
    """m + c e = 17.5 + 50 over 0.5 * 1.025: 131.7."""
    leg = ShortLeg(0.5, 100.0, 17.5)
    assert 67.5 / 0.5125 == pytest.approx(perp.liquidation_price(perp_terms(), leg))


@pytest.mark.parametrize(("mark", "is_hit"), [(99.9, False), (100.0, True), (100.1, True)])
def test_liquidation_starts_at_maintenance(mark, is_hit):
    """1 contract from 80, margin 22.5: at 100 equity 2.5 = 2.5 % of 100."""
    assert bool(perp.is_liquidatable(perp_terms(), ShortLeg(1.0, 80.0, 22.5), mark)) is is_hit


def test_up_to_100_000_everything_is_closed_and_the_rest_is_kept():
    """10 contracts at 100, equity 25 = maintenance; fee 10 * 100 * 0.1 % = 1: 24 are kept."""
    leg = ShortLeg(10.0, 80.0, 225.0)
    done = perp.liquidated(perp_terms(), leg, 100.0, 100.0, 0.001, False)
    assert ShortLeg(0.0, 0.0, pytest.approx(24.0)) == done.leg
    assert (10.0, pytest.approx(1.0), 0.0) == (done.closed, done.cost, done.borne)


def test_a_liquidation_order_fills_worse_than_the_mark():
    """Fill at 100.5 (1 % slippage on a perp price of 99.505): cost 10 * 0.5 + fee 1.005."""
    terms = perp_terms(liquidation_slippage=0.01, liquidation_fee=0.0005)
    leg = ShortLeg(10.0, 80.0, 225.0)
    done = perp.liquidated(terms, leg, 100.0, 100.5 / 1.01, 0.0005, False)
    assert 5.0 + 1.005 == pytest.approx(done.cost)
    assert 25.0 - 6.005 == pytest.approx(done.leg.margin)


def test_100_000_itself_is_closed_whole():
    """1 000 at 100; equity 2 500 = 2.5 %: all, although a fifth would do."""
    leg = ShortLeg(1_000.0, 80.0, 22_500.0)
    done = perp.market_liquidated(perp_terms(), leg, 100.0, 100.0, 0.0, False)
    assert 1_000.0 == done.closed


def test_a_small_margin_that_is_left_is_kept():
    """1 contract from 80 with 20.5, bought back at 100: 0.5 is left and ours."""
    done = perp.bought_back(perp_terms(), ShortLeg(1.0, 80.0, 20.5), 1.0, 100.0, 100.0, 0.0)
    assert (ShortLeg(0.0, 0.0, 0.5), 1.0, 0.0, 0.0) == done


@pytest.mark.parametrize(("contracts", "margin"), [(10.0, -150.0), (1.0, -15.0)])
def test_a_negative_margin_with_contracts_in_profit_is_no_loss(contracts, margin):
    """From 120, at 100: a fifth realises 4 % of 1 000 (40), margin -110; 160 of profit remain."""
    leg = ShortLeg(contracts, 120.0, margin)
    done = perp.bought_back(perp_terms(), leg, 0.2 * contracts, 100.0, 100.0, 0.0)
    left = ShortLeg(0.8 * contracts, 120.0, pytest.approx(margin + 4 * contracts))
    assert (left, 0.2 * contracts, 0.0, 0.0) == done


def test_two_thirds_itself_is_an_order():
    """Half of 4 % of 1 000 is 20: a margin of 20 is left after buying back 10 at 100."""
    terms = perp_terms((0.04,), backstop_ratio=0.5)
    leg = ShortLeg(10.0, 80.0, 220.0)
    done = perp.market_liquidated(terms, leg, 100.0, 100.0, 0.0, False)
    assert (ShortLeg(0.0, 0.0, 20.0), 10.0, 0.0, 0.0) == done


def test_a_remainder_at_the_backstops_bound_itself_is_an_order():
    """4 %, backstop at half: equity 8 000 on 200 000; a fifth at a fee of 12 % (4 800) leaves
    3 200 = half of 4 % of 160 000. An order for the rest: fee 19 200, 16 000 lack."""
    terms = perp_terms((0.04,), backstop_ratio=0.5)
    leg = ShortLeg(2_000.0, 80.0, 48_000.0)
    done = perp.market_liquidated(terms, leg, 100.0, 100.0, 0.12, False)
    assert (ShortLeg(0.0, 0.0, 0.0), 2_000.0) == done[:2]
    assert (24_000.0, 16_000.0) == pytest.approx(done[2:])


def test_above_100_000_a_fifth_is_closed_and_a_healthy_remainder_survives():
    """2 000 at 100 (200 000): 400 closed at a fee of 4; equity 4 996 > 2.5 % of 160 000 = 4 000."""
    leg = ShortLeg(2_000.0, 80.0, 45_000.0)
    done = perp.liquidated(perp_terms(), leg, 100.0, 100.0, 0.0001, False)
    assert (400.0, pytest.approx(4.0), 0.0) == (done.closed, done.cost, done.borne)
    assert 1_600.0 == done.leg.contracts
    assert 4_996.0 == pytest.approx(short_equity(done.leg, 100.0))


def test_an_unhealthy_remainder_follows_whole():
    """Fees of 3 % eat 1 200 of 5 000: 3 800 <= 4 000, so the other 1 600 go for 4 800: -1 000."""
    leg = ShortLeg(2_000.0, 80.0, 45_000.0)
    done = perp.liquidated(perp_terms(), leg, 100.0, 100.0, 0.03, False)
    assert ShortLeg(0.0, 0.0, 0.0) == done.leg
    assert (2_000.0, pytest.approx(6_000.0), pytest.approx(1_000.0)) == (
        done.closed,
        done.cost,
        done.borne,
    )


def test_a_remainder_below_two_thirds_goes_to_the_backstop():
    """Fees of 6 %: 5 000 - 2 400 = 2 600 < 2/3 * 4 000 = 2 667: all 2 600 are lost, none borne."""
    leg = ShortLeg(2_000.0, 80.0, 45_000.0)
    done = perp.liquidated(perp_terms(), leg, 100.0, 100.0, 0.06, False)
    assert (ShortLeg(0.0, 0.0, 0.0), 0.0) == (done.leg, done.borne)
    assert 5_000.0 == pytest.approx(done.cost)


def test_within_the_cooldown_the_next_order_is_full_size():
    leg = ShortLeg(2_000.0, 80.0, 45_000.0)
    done = perp.liquidated(perp_terms(), leg, 100.0, 100.0, 0.0, True)
    assert (2_000.0, 5_000.0) == (done.closed, pytest.approx(done.leg.margin))


@pytest.mark.parametrize(
    ("margin", "kept", "cost", "borne"),
    [(217.0, 17.0, 0.0, 0.0), (216.6, 0.0, 16.6, 0.0), (180.0, 0.0, 0.0, 20.0)],
)
def test_the_backstop_takes_all_below_two_thirds_of_maintenance(margin, kept, cost, borne):
    """10 at 100: maintenance 25, two thirds 16.67. 17: an order. 16.6: all lost. -20: borne."""
    done = perp.liquidated(perp_terms(), ShortLeg(10.0, 80.0, margin), 100.0, 100.0, 0.0, False)
    assert (pytest.approx(kept), pytest.approx(cost, abs=1e-9), pytest.approx(borne)) == (
        done.leg.margin,
        done.cost,
        done.borne,
    )


def test_drift_sells_just_enough_for_the_buffer():
    """Notional 1 000, equity 30 = 3 %, target 5 %: shortage 2 %; fees 1.5 %: slice
    0.02 / 0.035 = 57.14 %; after it equity 30 - 8.571 = 21.43 = 5 % of 428.6."""
    leg = ShortLeg(10.0, 80.0, 230.0)
    done = perp.liquidated(DRIFT, leg, 100.0, 100.0, 0.0, False)
    assert 10 * 0.02 / 0.035 == pytest.approx(done.closed)
    assert 1_000 * 0.02 / 0.035 * 0.015 == pytest.approx(done.cost)
    left = done.leg.contracts * 100.0
    assert 0.05 * left == pytest.approx(short_equity(done.leg, 100.0))


def test_drifts_insurance_takes_no_more_than_there_is_room_for():
    """Equity 1.2 %: shortage 3.8 %, room 0.95 * (5 - 0.75 - 3.8) = 0.4275 %: fees 1.1775 %."""
    leg = ShortLeg(10.0, 80.0, 212.0)
    done = perp.liquidated(DRIFT, leg, 100.0, 100.0, 0.0, False)
    share = 0.038 / (0.05 - 0.011775)
    assert 10 * share == pytest.approx(done.closed)
    assert 1_000 * share * 0.011775 == pytest.approx(done.cost)


def test_drift_closes_all_where_a_part_does_not_suffice():
    """Equity 0.5 %: no room for insurance; all, fee 7.5, margin 5 - 7.5: 2.5 borne."""
    done = perp.liquidated(DRIFT, ShortLeg(10.0, 80.0, 205.0), 100.0, 100.0, 0.0, False)
    assert ShortLeg(0.0, 0.0, 0.0) == done.leg
    assert (7.5, 2.5) == (pytest.approx(done.cost), pytest.approx(done.borne))


def test_withdrawable_leaves_a_tenth_of_the_notional():
    """Equity 500 on 3 000: initial margin 150, a tenth 300: 200 may go; under water nothing."""
    assert 200.0 == pytest.approx(
        perp.withdrawable(perp_terms(), ShortLeg(30.0, 100.0, 500.0), 100.0)
    )
    assert perp.withdrawable(perp_terms(), ShortLeg(30.0, 100.0, 200.0), 100.0) == 0.0


def test_withdrawable_leaves_the_initial_margin_where_that_is_more():
    terms = perp_terms(leverages=(5.0,))
    leg = ShortLeg(30.0, 100.0, 1_000.0)
    assert 400.0 == pytest.approx(perp.withdrawable(terms, leg, 100.0))


def test_slippage_grows_with_the_notional():
    """1 bp and 2 bps per 100 000: at 50 000 two bps."""
    terms = perp_terms(slippage=1e-4, impact=2e-4)
    assert 2e-4 == pytest.approx(perp.fill_slippage(terms, 50_000.0))


@given(
    contracts=st.floats(0.01, 1e6),
    entry=st.floats(1.0, 1_000.0),
    rise=st.floats(0.5, 2.0),
    ratio=st.floats(-0.5, 0.05),
    taker=st.floats(0.0, 0.01),
    slip=st.floats(0.0, 0.05),
    has_been=st.booleans(),
    terms=st.sampled_from([perp_terms(), TWO_TIERS, DRIFT]),
)
@settings(deadline=None)
def test_a_liquidated_short_is_healthy_or_gone_and_every_dollar_is_told(
    contracts, entry, rise, ratio, taker, slip, has_been, terms
):
    mark = entry * rise
    leg = ShortLeg(contracts, entry, ratio * contracts * mark - contracts * (entry - mark))
    if not perp.is_liquidatable(terms, leg, mark):
        return
    terms = terms._replace(liquidation_slippage=slip)
    done = perp.liquidated(terms, leg, mark, mark, taker, has_been)
    assert done.leg.contracts == 0.0 or not perp.is_liquidatable(terms, done.leg, mark)
    assert min(done.cost, done.borne, done.leg.contracts) >= 0.0
    assert short_equity(done.leg, mark) >= 0.0
    change = short_equity(done.leg, mark) - short_equity(leg, mark)
    scale = contracts * max(mark, entry)
    assert change == pytest.approx(done.borne - done.cost, abs=1e-11 * scale)
