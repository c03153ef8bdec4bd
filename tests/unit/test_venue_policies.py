"""What asks for capital, what it gets, and when nothing is decided: by hand, at four prices.

The state `held()` is a loan of 10 coins and 500 USD of debt (460 USD at a spot of 96, LTV 500 / 900
at an oracle of 90) and a short of 10 contracts (500 USD at a mark of 100).
"""

from __future__ import annotations

import math

import pytest

from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_bar, kernel_params, loan_terms, perp_terms

policies = plain.venue()["policies"]

WEAK_SHORT = (10.0, 110.0, 200.0)
NO_LOAN, NO_SHORT = (0.0, 0.0), (0.0, 0.0, 0.0)
NOTHING = vs.Order(vs.NO_ORDER, 0.0)


def policy(kind=vp.TRIGGER, **changes):
    values = {"kind": kind, "has_deleverage": True, "response": vp.REOPEN} | changes
    return kernel_params()._replace(policy=kernel_params().policy._replace(**values))


@pytest.mark.parametrize(
    ("long", "short", "trigger", "is_stretched"),
    [
        ((10.0, 500.0), (10.0, 110.0, 400.0), 960 / 460, False),  # the trigger itself
        ((10.0, 500.0), (10.0, 110.0, 400.0), 2.08, True),  # the loan: 960 / 460 = 2.087
        ((10.0, 500.0), WEAK_SHORT, 1_000 / 300, False),
        ((10.0, 500.0), WEAK_SHORT, 3.3, True),  # the short: 1 000 / 300
    ],
)
def test_the_trigger_is_the_leverage_of_either_leg(long, short, trigger, is_stretched):
    params = policy(trigger=trigger)
    assert bool(policies.is_stretched(params, held(long, short), kernel_bar())) is is_stretched


@pytest.mark.parametrize(("ratio", "is_stretched"), [(0.49, True), (0.5, False), (2.0, False)])
def test_the_shorts_trigger_stands_to_the_longs_as_their_leverages(ratio, is_stretched):
    """1 000 on 500: 2x. A trigger of 4 for the long is one of 1.96, 2, 8 for the short."""
    params = policy(trigger=4.0, short_ratio=ratio)
    assert bool(policies.is_stretched(params, held(), kernel_bar())) is is_stretched


@pytest.mark.parametrize(
    ("ltv_band", "margin_band", "is_stretched"),
    [
        (500 / 900, 0.5, False),  # both bands themselves: LTV 0.556, margin 500 of 1 000
        (0.55, 0.5, True),
        (0.56, 0.51, True),
    ],
)
def test_bands_are_of_oracle_and_mark(ltv_band, margin_band, is_stretched):
    params = policy(vp.BANDS, ltv_band=ltv_band, margin_band=margin_band)
    assert bool(policies.is_stretched(params, held(), kernel_bar())) is is_stretched


LONG_DISTANCE = 1 - 500 / 7.5 / 90
"""66.67 of an oracle of 90: 25.9 %."""

SHORT_DISTANCE = (200 + 1_100) / 10.25 / 100 - 1
"""126.8 of a mark of 100: 26.8 %."""


def test_distances_are_of_oracle_and_mark():
    found = policies.distances(kernel_params(), held(short=WEAK_SHORT), QUOTE)
    assert (LONG_DISTANCE, SHORT_DISTANCE) == pytest.approx(found)
    found = policies.distances(kernel_params(), held((10.0, 0.0), NO_SHORT), QUOTE)
    assert (math.inf, math.inf) == found


@pytest.mark.parametrize("size", [1.0, 0.001])
def test_distances_know_no_size(size):
    state = held((10 * size, 500 * size), (10 * size, 110.0, 200 * size))
    found = policies.distances(kernel_params(), state, QUOTE)
    assert (LONG_DISTANCE, SHORT_DISTANCE) == pytest.approx(found)


@pytest.mark.parametrize(
    ("long", "short", "nearest"),
    [((10.0, 500.0), WEAK_SHORT, LONG_DISTANCE), (NO_LOAN, WEAK_SHORT, SHORT_DISTANCE)],
)
def test_the_nearer_leg_is_held_against_the_distance(long, short, nearest):
    """Stretched below the distance or `k` sigma, not at it: 2 sigma of 13 % are 26 %."""
    state, step = held(long, short), 1e-9
    for distance, is_near in ((nearest - step, False), (nearest + step, True)):
        fixed = policy(vp.DISTANCE, distance=distance)
        assert bool(policies.is_stretched(fixed, state, kernel_bar())) is is_near
        scaled = policy(vp.VOLATILITY, sigma_multiple=2.0)
        bar = kernel_bar(sigma=distance / 2)
        assert bool(policies.is_stretched(scaled, state, bar)) is is_near


def test_at_the_distance_itself_nothing_is_asked():
    exact = min(policies.distances(kernel_params(), held(), QUOTE))
    assert not policies.is_stretched(policy(vp.DISTANCE, distance=exact), held(), kernel_bar())
    scaled = policy(vp.VOLATILITY, sigma_multiple=1.0)
    assert not policies.is_stretched(scaled, held(), kernel_bar(sigma=exact))


def test_who_never_acts_is_never_stretched():
    params = policy(vp.NEVER, trigger=0.1, distance=9.0, sigma_multiple=9.0)
    assert not policies.is_stretched(params, held(), kernel_bar(sigma=9.0))


@pytest.mark.parametrize(
    ("debt", "idle", "order"),
    [
        (500.0, 0.0, (vs.MOVE, -20.0)),  # 460 and 500: 20 from the short
        (300.0, 0.0, (vs.MOVE, 80.0)),  # 660 and 500: 80 from the loan
        (500.0, 7.0, (vs.TOP_UP_LONG, 7.0)),  # idle cash first, as far as it goes
        (500.0, 90.0, (vs.TOP_UP_LONG, 20.0)),
        (300.0, 7.0, (vs.TOP_UP_SHORT, 7.0)),
        (300.0, 90.0, (vs.TOP_UP_SHORT, 80.0)),
        (500.0, 5.0, (vs.MOVE, -20.0)),  # five dollars are no help
        (500.0, 5.5, (vs.TOP_UP_LONG, 5.5)),
        (450.0, 0.0, NOTHING),  # 510 and 500: 5, no more than is ever moved
        (450.0, 90.0, NOTHING),
        (449.0, 0.0, (vs.MOVE, 5.5)),
        (470.0, 0.0, NOTHING),
        (471.0, 0.0, (vs.MOVE, -5.5)),
    ],
)
def test_a_stretched_leg_gets_idle_cash_else_the_others_until_both_are_equal(debt, idle, order):
    assert order == policies.relief(policy(), held((10.0, debt), idle=idle), QUOTE)


@pytest.mark.parametrize(
    ("margin", "idle", "order"),
    [
        (400.0, 50.0, (vs.TOP_UP_SHORT, 50.0)),
        (900.0, 50.0, NOTHING),  # 40 more in the short: a long without debt asks for nothing
        (900.0, 0.0, NOTHING),
        (400.0, 0.0, (vs.DELEVER, 0.0)),  # nothing is borrowed; the short of 2x is not cut
    ],
)
def test_a_long_without_debt_gets_nothing_and_lends_nothing(margin, idle, order):
    """960 of coin; 500 or 1 000 in the short."""
    params = policy()._replace(is_debtless=True)
    assert order == policies.relief(
        params, held((10.0, 0.0), (10.0, 110.0, margin), idle=idle), QUOTE
    )


@pytest.mark.parametrize("has_deleverage", [False, True])
@pytest.mark.parametrize(
    ("debt", "margin", "possible", "share"),
    [
        (600.0, 100.0, 66.0, 1 - 2 * 200 / 1_000),  # 80 wanted, 74 % of 900 less 600 lent
        (900.0, 100.0, -50.0, 1 - 2 * 60 / 960),  # 70 wanted, 200 less 15 % of 1 000 let go
        (1_000.0, 100.0, -50.0, 1.0),  # the loan is 40 under water: all is cut
        (600.0, -110.0, 66.0, 1.0),  # the short is 10 under water
        (660.0, -40.0, 6.0, 1 - 2 * 60 / 1_000),
        (660.5, -40.0, 5.5, 1 - 2 * 60 / 1_000),
        (661.0, -40.0, None, 1 - 2 * 60 / 1_000),  # five dollars are not moved
    ],
)
def test_where_not_enough_may_go_both_legs_are_cut_to_the_leverage(
    has_deleverage, debt, margin, possible, share
):
    """To 2x of what the weak leg is worth: notional at the mark, or coins at spot."""
    params = policy(has_deleverage=has_deleverage)
    params = params._replace(perp=perp_terms(withdrawal_floor=0.15))
    order = policies.relief(params, held((10.0, debt), (10.0, 110.0, margin)), QUOTE)
    if has_deleverage:
        assert (vs.DELEVER, pytest.approx(share)) == order
    else:
        assert (NOTHING if possible is None else (vs.MOVE, pytest.approx(possible))) == order


def test_what_just_suffices_is_moved_and_nothing_is_cut():
    """The loan lends 0.75 * 960 - 640 = 80 of 80 wanted (oracle at spot): 320 and 160."""
    params = policy()._replace(loan=loan_terms(max_ltv=0.75))
    quote = QUOTE._replace(oracle=96.0)
    order = policies.relief(params, held((10.0, 640.0), (10.0, 110.0, 60.0)), quote)
    assert (vs.MOVE, 80.0) == order


def test_a_position_below_its_leverage_is_not_cut():
    """800 and 600 on 1 000: 1.67x; 100 wanted, 0.2 * 900 - 160 = 20 lent."""
    params = policy()._replace(loan=loan_terms(max_ltv=0.2))
    order = policies.relief(params, held((10.0, 160.0), (10.0, 110.0, 500.0)), QUOTE)
    assert (vs.DELEVER, 0.0) == order


STRETCHED = policy(trigger=1.5, entry_apy=0.05, exit_apy=0.01)


@pytest.mark.parametrize(
    ("state", "bar", "order"),
    [
        (held(), {"carry": 0.02}, (vs.MOVE, -20.0)),
        (held(), {"carry": 0.02, "is_look": False}, NOTHING),
        (held(transit=vs.Transit(9.0, vs.TO_LONG, 8)), {"carry": 0.02}, NOTHING),
        (held(is_hurt=True), {"carry": 0.0}, (vs.RESPOND, 0.0)),  # before anything else
        (held(), {"carry": 0.009}, (vs.LEAVE, 0.0)),
        (held(), {"carry": 0.01}, (vs.MOVE, -20.0)),  # the bound itself stays
        (held(status=vs.WAITING, idle=9.0), {"carry": 0.06}, (vs.ENTER, 0.0)),
        (held(status=vs.WAITING, idle=9.0), {"carry": 0.05}, NOTHING),
        (held(status=vs.WAITING, idle=5.0), {"carry": 0.06}, NOTHING),
        (held(status=vs.WAITING, idle=5.5), {"carry": 0.06}, (vs.ENTER, 0.0)),
        (held(status=vs.CLOSED, idle=9.0), {"carry": 0.06}, NOTHING),
        (held(status=vs.ENDED, is_hurt=True), {"carry": 0.06}, NOTHING),
    ],
)
def test_what_is_decided_at_a_close(state, bar, order):
    """Enter above a carry of 5 %, leave below 1 %; nothing unseen, nothing while cash is away."""
    assert order == policies.decided(STRETCHED, state, kernel_bar(**bar))


def test_a_leg_that_is_not_stretched_gets_nothing():
    params = policy(trigger=9.0)
    assert NOTHING == policies.decided(params, held(), kernel_bar())


@pytest.mark.parametrize(
    ("debt", "max_ltv", "order"),
    [
        (210.0, 0.74, (vs.MOVE, 125.0)),  # 1 000 against 1 250: the band of 20 % itself
        (200.0, 0.74, (vs.RESIZE, 0.0)),
        (200.0, 0.2, (vs.DELEVER, 0.0)),  # neither coins nor capital can be had for it
    ],
)
def test_the_size_comes_before_a_stretched_leg_where_something_can_be_done(debt, max_ltv, order):
    """The short of 2x is beyond a trigger of 1.5 in any case; it is no more than it began with."""
    params = policy(trigger=1.5, band=0.2)._replace(loan=loan_terms(max_ltv=max_ltv))
    assert order == policies.decided(params, held((10.0, debt)), kernel_bar())
