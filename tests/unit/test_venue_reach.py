"""Where a block of bars is said to be quiet: every bound by hand, from both sides.

A bound that comes too early changes no result, it only asks `step` in vain: no run would show it.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from tests import plain
from tests.venue_builders import held, kernel_params, perp_terms

reach, totals = plain.venue()["reach"], plain.venue()["totals"]

HELD = reach.Held(8.0, 400.0, 10.0, 1_480.0, 40.0)
"""In units of the sums: 10 coins and 500 USD of debt in the bar below; 10 contracts."""

BAR = {
    "coins": 1.25, "debt": 1.25, "paid": 2.0, "least": -1.0, "spot": 96.0, "mark": 100.0,
    "asked": 100.0, "worst_oracle": 80.0, "worst_mark": 140.0, "sigma": 0.1, "carry": 0.0,
    "is_look": True,
}  # fmt: skip
"""Coin of 960 USD less 500; a short of 1 480 + 10 * 2 - 1 000 = 500; with idle cash 1 000."""

QUIET = reach.Limits(
    liquidation_ltv=9.0, rate=-9.0, deduction=0.0, floor=0.0, ceiling=math.inf, loan=math.inf,
    loan_sigma=0.0, by_oracle=True, short=-math.inf, short_sigma=0.0, extra=0.0,
    exit_apy=-math.inf, above=math.inf, below=-math.inf, apart=math.inf,
)  # fmt: skip
"""Limits that nothing reaches."""


def is_seen(limits, bar=None, position=HELD):
    """Whether a bar that is told by its changes is one on which something might happen."""
    given = {name: np.array([value]) for name, value in (BAR | (bar or {})).items()}
    lines, due = reach.Lines(**given), np.zeros(1, bool)
    return reach.first_event(position, limits, lines, 0, 1, due) == 0


DUE = [
    ("liquidation_ltv", 500 / 800, -1, {}, {}),  # of 10 coins at an oracle of 80
    ("rate", 70 / 1_400, 1, {}, {}),  # 1 480 - 10 of funding at worst, 1 400 at the worst mark
    ("rate", 84 / 1_400, 1, {"deduction": 14.0}, {}),
    ("ceiling", 1_400.0, -1, {}, {}),
]
ASKED = [
    ("loan", 0.3, -1, {"loan_sigma": 2.0}, {}),  # 0.3 + 2 * 0.1 of 10 coins at 100: 500
    ("short", 1.33, 1, {"short_sigma": 2.0, "extra": 30.0}, {}),  # 1.53 * 1 000: 1 500 + 30
    ("above", 1.0, -1, {}, {}),  # contracts of 1 000
    ("above", 1_040 / 1_080, -1, {}, {"spot": 104.0}),  # coins of 1 040
    ("below", 1.0, 1, {}, {}),
    ("below", 1_040 / 1_080, 1, {}, {"spot": 104.0}),
    ("apart", 48 / 1_048, -1, {}, {"coins": 10.5 / 8}),  # half a coin more or less than contracts
    ("apart", 48 / 952, -1, {}, {"coins": 9.5 / 8}),
]


@pytest.mark.parametrize(("name", "bound", "sign", "limits", "bar"), DUE + ASKED)
def test_something_happens_from_the_bound_itself_on(name, bound, sign, limits, bar):
    """A millionth before it nothing, at it and beyond it `step` is asked."""
    quiet = QUIET._replace(**limits)
    for share, wanted in ((-1e-6, False), (0.0, True), (1e-6, True)):
        assert is_seen(quiet._replace(**{name: bound * (1 + sign * share)}), bar) is wanted


@pytest.mark.parametrize(("name", "bound", "sign", "limits", "bar"), DUE + ASKED)
def test_the_trader_is_asked_where_he_looks_and_the_venues_always(name, bound, sign, limits, bar):
    beyond = QUIET._replace(**limits, **{name: bound * (1 + sign * 1e-6)})
    is_due = (name, bound, sign, limits, bar) in DUE
    assert is_seen(beyond, bar | {"is_look": False}) is is_due


@pytest.mark.parametrize(("floor", "wanted"), [(1_399.9, False), (1_400.1, True)])
def test_a_short_that_shrinks_into_a_lower_tier_is_seen(floor, wanted):
    """1 400 at the worst mark: the tier's rate and deduction hold above its floor only."""
    assert is_seen(QUIET._replace(floor=floor)) is wanted


@pytest.mark.parametrize(("spot", "wanted"), [(50.001, False), (50.0, True), (49.9, True)])
def test_coins_worth_no_more_than_the_debt_are_seen(spot, wanted):
    assert is_seen(QUIET, {"spot": spot}) is wanted


def limits(notional=1_000.0, terms=None, **policy):
    made = kernel_params(perp=terms or perp_terms(deductions=np.array([3.0])))
    made = made._replace(policy=made.policy._replace(**({"kind": vp.NEVER} | policy)))
    return reach.limits_of(made, notional)


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ({}, (math.inf, 0.0, True, -math.inf, 0.0, 0.0)),
        (
            {"kind": vp.TRIGGER, "trigger": 4.0, "short_ratio": 0.5},  # equity of 1/4, and of 1/2
            (0.75, 0.0, False, 1.5, 0.0, 0.0),
        ),
        (
            {"kind": vp.BANDS, "ltv_band": 0.6, "margin_band": 0.2},
            (0.6, 0.0, True, 1.2, 0.0, 0.0),
        ),
        (
            {"kind": vp.DISTANCE, "distance": 0.1},  # of 0.75, and of a maintenance of 2.5 %
            (0.675, 0.0, True, 1.1 * 1.025, 0.0, 3.0),
        ),
        (
            {"kind": vp.VOLATILITY, "sigma_multiple": 2.0},
            (0.75, -1.5, True, 1.025, 2 * 1.025, 3.0),
        ),
    ],
)
def test_what_a_policy_asks_for_as_bounds(policy, wanted):
    """Loan, its share of sigma, by oracle, short, its share of sigma, the tier's deduction."""
    found = limits(**policy)
    assert wanted == pytest.approx(
        (found.loan, found.loan_sigma, found.by_oracle, found.short, found.short_sigma, found.extra)
    )


def test_a_band_is_of_what_the_equity_carries():
    """2x and 2x of four fifths: 80 cents of each leg a dollar, 20 % of them, and 5 % apart."""
    found = limits(band=0.2, reserve=0.2)
    assert (0.96, 0.64, 0.04) == pytest.approx((found.above, found.below, found.apart))
    assert (math.inf, -math.inf, math.inf) == limits()[-3:]


@pytest.mark.parametrize(
    ("notional", "floor", "ceiling", "rate"),
    [(500.0, 0.0, 1_000.0, 0.02), (1_500.0, 1_000.0, 2_000.0, 0.03), (3e3, 2e3, math.inf, 0.04)],
)
def test_a_tier_has_a_floor_and_a_ceiling(notional, floor, ceiling, rate):
    tiers = perp_terms((0.02, 0.03, 0.04), (0.0, 1_000.0, 2_000.0), (20.0, 10.0, 5.0))
    found = limits(notional, tiers)
    assert (floor, ceiling, rate) == (found.floor, found.ceiling, found.rate)


def test_a_position_is_told_in_the_units_of_the_sums():
    """Coins and debt at an index of 1.25; 400 + 10 * (110 - 2) of funding; cash here and there."""
    sums = dict.fromkeys(plain.venue()["ahead"].Ahead._fields, np.zeros(2))
    index = {"coins": np.array([1.0, 1.25]), "debt": np.array([1.0, 1.6])}
    ahead = plain.venue()["ahead"].Ahead(**(sums | index | {"paid": np.array([0.0, 2.0])}))
    state = held(idle=7.0, transit=vs.Transit(30.0, vs.TO_LONG, 9))
    assert (8.0, 312.5, 10.0, 1_480.0, 37.0) == reach.held_at(state, ahead, 1)


@pytest.mark.parametrize(
    ("state", "is_left"),
    [
        (held(), True),
        (held(short=(0.5, 110.0, 400.0)), True),
        (held(short=(0.0, 0.0, 400.0)), False),
    ],
)
def test_what_holds_contracts_and_waits_for_nothing_is_left_alone(state, is_left):
    assert totals.is_left_alone(kernel_params(), state) is is_left
