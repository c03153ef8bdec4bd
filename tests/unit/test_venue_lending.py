"""The loan's state machines by hand: Kamino, Marginfi and Drift, Aave; limits."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from basislab.kernels.legs import LongLeg
from basislab.kernels.venue.params import AAVE, RESTORE
from tests import plain
from tests.venue_builders import loan_terms

lending = plain.venue()["lending"]

KAMINO = loan_terms()
MARGINFI = loan_terms(
    max_ltv=0.64, liquidation_ltv=0.9 / 1.1, procedure=RESTORE, bonus=0.05, full_below=10.0
)
AAVE_V3 = loan_terms(
    max_ltv=0.805,
    liquidation_ltv=0.83,
    procedure=AAVE,
    close_factor=0.5,
    bonus=0.05,
    full_ltv=0.83 / 0.95,
    full_below=2_000.0,
    min_leftover=1_000.0,
)


def test_a_3x_loan_dies_at_minus_11_percent():
    """Debt 2/3 of the collateral at 100: liquidated at 66.67 / 0.75 = 88.9."""
    leg = LongLeg(3.0, 200.0)
    assert 200 / (3 * 0.75) == pytest.approx(lending.liquidation_price(KAMINO, leg))
    assert 0.0 == lending.liquidation_price(KAMINO, LongLeg(3.0, 0.0))
    assert 0.0 == lending.liquidation_price(KAMINO, LongLeg(0.0, 5.0))


@pytest.mark.parametrize(("debt", "is_hit"), [(749.9, False), (750.0, True), (750.1, True)])
def test_liquidation_starts_at_the_liquidation_ltv(debt, is_hit):
    assert bool(lending.is_unhealthy(KAMINO, LongLeg(10.0, debt), 100.0)) is is_hit


def test_size_does_not_matter_to_health():
    """Half a cent of a coin: value 0.5, debt 0.38 is 76 %; dies at 0.38 / 0.00375 = 101.33."""
    leg = LongLeg(0.005, 0.38)
    assert lending.is_unhealthy(KAMINO, leg, 100.0)
    assert 0.38 / 0.00375 == pytest.approx(lending.liquidation_price(KAMINO, leg))
    assert not lending.is_unhealthy(KAMINO, LongLeg(0.005, 0.37), 100.0)


def test_a_negative_debt_is_never_liquidated():
    assert 0.0 == lending.liquidation_price(KAMINO, LongLeg(1.0, -5.0))


def test_no_debt_is_healthy_whatever_the_price():
    assert not lending.is_unhealthy(KAMINO, LongLeg(0.0, 0.0), 100.0)
    assert not lending.is_unhealthy(KAMINO, LongLeg(1.0, -5.0), 0.0)
    assert lending.loan_to_value(LongLeg(1.0, -5.0), 100.0) == 0.0
    assert lending.loan_to_value(LongLeg(0.0, 5.0), 100.0) == float("inf")


@pytest.mark.parametrize(
    ("ltv", "bonus"),
    [
        (0.7505, 0.001),  # the smallest
        (0.77, 0.02),  # grows with the LTV
        (0.90, 0.05),  # the largest
        (0.97, 0.03),  # no more than what is there, 1 - LTV
        (0.99, 0.01),  # from here at least the bad-debt bonus
        (0.995, 0.01),
        (1.0, 0.01),
        (1.2, 0.01),
    ],
)
def test_kaminos_bonus_grows_with_the_ltv(ltv, bonus):
    assert bonus == pytest.approx(lending.kamino_bonus(KAMINO, ltv))


def test_kamino_takes_the_rest_to_par_where_that_is_more_than_the_bad_debt_bonus():
    """Bad-debt bonus 0.5 %: at 0.992 the 0.8 % to par are more."""
    terms = loan_terms(bad_debt_bonus=0.005)
    assert 0.008 == pytest.approx(lending.kamino_bonus(terms, 0.992))


def test_the_bad_debt_bonus_begins_at_099_itself():
    """Bad-debt bonus 2 %: at 0.99 2 %, below it the 1.1 % to par."""
    terms = loan_terms(bad_debt_bonus=0.02)
    assert 0.02 == lending.kamino_bonus(terms, 0.99)
    assert 0.011 == pytest.approx(lending.kamino_bonus(terms, 0.989))


def test_the_bonus_that_just_takes_everything_leaves_bad_debt():
    """80 repaid at 25 % take exactly the 100 there are: of 200 the lenders bear 120."""
    done = lending.seized_for(LongLeg(1.0, 200.0), 80.0, 0.25, 100.0)
    assert (LongLeg(0.0, 0.0), 1.0, 80.0, 120.0) == done


@pytest.mark.parametrize(
    ("leg", "repaid"),
    [
        (LongLeg(10.0, 950.0), 95.0),  # 95 % itself: a tenth
        (LongLeg(10.0, 951.0), 951.0),
        (LongLeg(0.026, 2.0), 2.0),  # two dollars are tiny
        (LongLeg(0.026, 2.01), 0.201),
    ],
)
def test_kamino_repays_all_above_95_percent_or_up_to_two_dollars(leg, repaid):
    assert repaid == pytest.approx(lending.kamino_round(KAMINO, leg, 100.0).repaid)


def test_kamino_repays_a_tenth_and_stops_when_healthy():
    """Value 1 000, debt 760 (LTV 0.76, bonus 1 %): 76 repaid for 76.76: 684 / 923.24 = 0.741."""
    done = lending.liquidated(KAMINO, LongLeg(10.0, 760.0), 100.0)
    assert (76.0, 0.7676, 0.0) == pytest.approx((done.repaid, done.seized, done.bad_debt))
    assert (9.2324, 684.0) == pytest.approx(tuple(done.leg))


def test_kamino_repeats_while_unhealthy():
    """LTV 0.80, bonus 5 %: 80 for 84 of 1 000: 720 / 916 = 0.786; bonus 3.6 %: 72 for 74.59:
    648 / 841.4 = 0.770; bonus 2.02 %: 64.8 for 66.1: 583.2 / 775.3 = 0.7522; bonus 0.22 %:
    58.32 for 58.45: 524.88 / 716.84 = 0.732: four rounds."""
    debt, value = 800.0, 1_000.0
    for _ in range(4):
        bonus = min(max(0.001, debt / value - 0.75), 0.05)
        repaid = 0.1 * debt
        debt, value = debt - repaid, value - repaid * (1 + bonus)
    done = lending.liquidated(KAMINO, LongLeg(10.0, 800.0), 100.0)
    assert (debt, value / 100) == pytest.approx((done.leg.debt, done.leg.quantity))
    assert 524.88 == pytest.approx(done.leg.debt)


def test_the_rounds_of_one_liquidation_are_bounded(monkeypatch):
    """Two rounds of the four above: 800 to 720 to 648."""
    monkeypatch.setattr(lending, "MAX_ROUNDS", 2)
    done = lending.liquidated(KAMINO, LongLeg(10.0, 800.0), 100.0)
    assert 648.0 == pytest.approx(done.leg.debt)


def test_kamino_closes_all_above_the_insolvency_ltv():
    """LTV 0.96, bonus 4 %: 960 for 998.4 of 1 000."""
    done = lending.liquidated(KAMINO, LongLeg(10.0, 960.0), 100.0)
    assert (0.016, 0.0) == pytest.approx(tuple(done.leg))
    assert (960.0, 9.984, 0.0) == pytest.approx((done.repaid, done.seized, done.bad_debt))


def test_kaminos_bad_debt_is_the_lenders():
    """LTV 1.1, bonus 1 %: all 1 000 for 990.1; of 1 100 the lenders bear 109.9."""
    done = lending.liquidated(KAMINO, LongLeg(10.0, 1_100.0), 100.0)
    assert LongLeg(0.0, 0.0) == done.leg
    assert (1_000 / 1.01, 10.0, 1_100 - 1_000 / 1.01) == pytest.approx(
        (done.repaid, done.seized, done.bad_debt)
    )


def test_kamino_closes_a_tiny_rest_at_once():
    """Debt 2 on 2.6 (LTV 0.769, bonus 1.92 %): all of it; at 2.01 only a tenth."""
    whole = lending.liquidated(KAMINO, LongLeg(0.026, 2.0), 100.0)
    assert (2.0, 0.0) == pytest.approx((whole.repaid, whole.leg.debt))
    part = lending.liquidated(KAMINO, LongLeg(0.0265, 2.01), 100.0)
    assert 0.201 == pytest.approx(part.repaid)


def test_marginfi_restores_health_and_no_more():
    """l = 0.818, V = 1 000, d = 830: x = (830 - 818.18) / (0.95 - 0.81818) = 89.66; repaid 95 %."""
    worth = (830 - 1_000 * 0.9 / 1.1) / (0.95 - 0.9 / 1.1)
    done = lending.liquidated(MARGINFI, LongLeg(10.0, 830.0), 100.0)
    assert (worth / 100, 0.95 * worth) == pytest.approx((done.seized, done.repaid), rel=1e-6)
    assert 0.9 / 1.1 == pytest.approx(lending.loan_to_value(done.leg, 100.0))
    assert not lending.is_unhealthy(MARGINFI, done.leg, 100.0)


def test_one_round_of_marginfi_restores_health():
    """At once, not in many: x = 89.66 as above, from one call."""
    worth = (830 - 1_000 * 0.9 / 1.1) / (0.95 - 0.9 / 1.1)
    done = lending.restore_round(MARGINFI, LongLeg(10.0, 830.0), 100.0)
    assert worth == pytest.approx(done.seized * 100, rel=1e-6)


def test_marginfi_restores_a_net_worth_of_ten_dollars_itself():
    """Net 10: x = (90 - 81.82) / (0.95 - 0.8182) = 62.07, 58.97 repaid; not all 90."""
    done = lending.restore_round(MARGINFI, LongLeg(1.0, 90.0), 100.0)
    worth = (90 - 90 / 1.1) / (0.95 - 0.9 / 1.1)
    assert 0.95 * worth == pytest.approx(done.repaid, rel=1e-6)


def test_marginfi_closes_a_net_worth_below_ten_dollars():
    """Net 8: 92 repaid for 92 / 0.95 = 96.84 of 100."""
    done = lending.liquidated(MARGINFI, LongLeg(1.0, 92.0), 100.0)
    assert (92.0, 92 / 0.95 / 100, 0.0) == pytest.approx((done.repaid, done.seized, done.bad_debt))


def test_marginfis_bad_debt_is_the_lenders():
    """All of 100 for 95; of 120 the lenders bear 25."""
    done = lending.liquidated(MARGINFI, LongLeg(1.0, 120.0), 100.0)
    assert (95.0, 1.0, 25.0) == pytest.approx((done.repaid, done.seized, done.bad_debt))


def test_aave_repays_half():
    """V = 10 000, d = 8 400: 4 200 for 4 410: 4 200 / 5 590 = 0.751."""
    done = lending.liquidated(AAVE_V3, LongLeg(100.0, 8_400.0), 100.0)
    assert (4_200.0, 44.1, 0.0) == pytest.approx((done.repaid, done.seized, done.bad_debt))


def test_aave_repays_all_below_a_health_factor_of_095():
    """LTV 0.88 > 0.83 / 0.95 = 0.8737: 8 800 for 9 240."""
    done = lending.liquidated(AAVE_V3, LongLeg(100.0, 8_800.0), 100.0)
    assert (8_800.0, 92.4, 0.0) == pytest.approx((done.repaid, done.seized, done.leg.debt))


def test_aave_repays_half_at_the_bound_itself():
    """Full above an LTV of 0.875: at 0.875 half of 8 750."""
    terms = AAVE_V3._replace(full_ltv=0.875)
    assert 4_375.0 == lending.aave_round(terms, LongLeg(100.0, 8_750.0), 100.0).repaid


@pytest.mark.parametrize(
    ("leg", "repaid"),
    [
        (LongLeg(23.8, 1_999.0), 1_999.0),  # debt below 2 000
        (LongLeg(24.0, 2_000.0), 1_000.0),
        (LongLeg(19.9, 2_100.0), 1_990 / 1.05),  # collateral below 2 000
    ],
)
def test_aave_repays_all_where_debt_or_collateral_is_small(leg, repaid):
    """Whatever is left; LTV bound out of the way."""
    terms = AAVE_V3._replace(min_leftover=0.0, full_ltv=9.0)
    assert repaid == pytest.approx(lending.aave_round(terms, leg, 100.0).repaid)


def test_aave_counts_what_is_left_of_the_collateral_too():
    """Bonus 10 %: half of 2 300 leaves 1 150 of debt and 2 400 - 1 265 = 1 135 of collateral: less
    than 1 140, so all; 2 400 / 1.1 are repaid. At 1 135 itself half."""
    terms = AAVE_V3._replace(bonus=0.1, full_ltv=1.0, full_below=0.0, min_leftover=1_140.0)
    leg = LongLeg(24.0, 2_300.0)
    assert 2_400 / 1.1 == pytest.approx(lending.aave_round(terms, leg, 100.0).repaid)
    terms = terms._replace(min_leftover=1_134.9)
    assert 1_150.0 == lending.aave_round(terms, leg, 100.0).repaid


def test_aave_leaves_a_thousand_itself():
    """Half of 2 000 leaves 1 000, which may stay."""
    assert 1_000.0 == lending.aave_round(AAVE_V3, LongLeg(24.0, 2_000.0), 100.0).repaid


def test_aave_repays_all_of_a_small_position():
    """Debt 1 990 < 2 000."""
    done = lending.liquidated(AAVE_V3, LongLeg(23.8, 1_990.0), 100.0)
    assert (1_990.0, 0.0) == pytest.approx((done.repaid, done.leg.debt))


@pytest.mark.parametrize(("debt", "repaid"), [(2_010.0, 1_005.0), (2_001.0, 1_000.5)])
def test_aave_at_half_leaves_a_thousand(debt, repaid):
    """Half of 2 010 leaves 1 005 of debt and 2 400 - 1 055 of collateral."""
    done = lending.aave_round(AAVE_V3, LongLeg(24.0, debt), 100.0)
    assert repaid == pytest.approx(done.repaid)


def test_aave_repays_all_where_less_than_a_thousand_would_be_left():
    """Half of 2 400 would leave 1 200, but a larger minimum of 1 300 forbids it."""
    terms = AAVE_V3._replace(min_leftover=1_300.0)
    done = lending.aave_round(terms, LongLeg(28.5, 2_400.0), 100.0)
    assert 2_400.0 == pytest.approx(done.repaid)


def test_borrowable_up_to_the_maximum_ltv():
    """0.74 * 1 000 - 600 = 140; nothing beyond it."""
    assert 140.0 == pytest.approx(lending.borrowable(KAMINO, LongLeg(10.0, 600.0), 100.0))
    assert lending.borrowable(KAMINO, LongLeg(10.0, 745.0), 100.0) == 0.0


@given(
    quantity=st.floats(1e-3, 1e6),
    oracle=st.floats(0.01, 1e4),
    ltv=st.floats(0.7, 2.0),
    terms=st.sampled_from([KAMINO, MARGINFI, AAVE_V3]),
)
@settings(deadline=None, max_examples=300)
def test_a_liquidated_loan_is_healthy_or_gone_and_no_more_is_seized_than_there_is(
    quantity, oracle, ltv, terms
):
    leg = LongLeg(quantity, ltv * quantity * oracle)
    if not lending.is_unhealthy(terms, leg, oracle):
        return
    done = lending.liquidated(terms, leg, oracle)
    assert not lending.is_unhealthy(terms, done.leg, oracle)
    assert min(*done.leg, done.repaid, done.bad_debt) >= 0.0
    assert done.seized <= quantity * (1 + 1e-12)
    assert quantity == pytest.approx(done.leg.quantity + done.seized)
    assert leg.debt == pytest.approx(done.leg.debt + done.repaid + done.bad_debt)
    assert done.bad_debt == 0.0 or done.leg.quantity == 0.0
    cost = done.seized * oracle - done.repaid
    assert cost >= -1e-9 * leg.debt
