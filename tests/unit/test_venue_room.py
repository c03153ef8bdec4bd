"""The size that is kept, and how far it can go: by hand, at four prices.

The state `held()` is a loan of 10 coins and 500 USD of debt (460 USD at a spot of 96) and a short
of 10 contracts from 110 (500 USD at a mark of 100): 960 USD, which 2x and 2x turn into 10 coins.
"""

from __future__ import annotations

import math

import pytest

from basislab.kernels.venue import params as vp
from basislab.kernels.venue.bars import Quote
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_params, loan_terms, perp_terms

room, size = plain.venue()["room"], plain.venue()["size"]

COSTS = vp.Costs(0.001, 0.002, 3.0, 0.003, 2.0, 0.0, 2)
"""Opening 10 bps, flash loan 20, gas 3 USD, swap 30, a transfer 2 USD and two bars."""


def made(policy=None, **changes):
    params = kernel_params()
    return params._replace(policy=params.policy._replace(**(policy or {})), **changes)


def unlimited():
    """By the study's convention the venues let everything through."""
    params = kernel_params()
    return params._replace(conventions=params.conventions._replace(instant=True))


@pytest.mark.parametrize(("total", "target"), [(1_000.0, 1_440.0), (-5.0, 0.0)])
def test_the_target_is_of_what_is_left_beside_the_reserve(total, target):
    """800 of 1 000; six tenths of it at 3x."""
    params = made({"reserve": 0.2}, share=0.6, leverage=3.0)
    assert target == pytest.approx(size.target_notional(params, total))


@pytest.mark.parametrize(
    ("spot", "band", "debt", "is_off"),
    [
        (96.0, 0.25, 660.0, False),  # contracts of 1 000 are 1.25 times 800, the band itself
        (96.0, 0.25, 661.0, True),
        (96.0, 0.2, 210.0, False),  # 0.8 times 1 250
        (96.0, 0.2, 209.0, True),
        (104.0, 0.3, 740.0, False),  # coins of 1 040 are the larger leg: 1.3 times 800
        (104.0, 0.3, 741.0, True),
        (104.0, 0.2, 240.0, False),  # 0.8 times 1 300
        (104.0, 0.2, 239.0, True),
        (104.0, math.inf, 1_000.0, False),  # the size is not kept
    ],
)
def test_the_larger_leg_leaves_the_band_beyond_its_edge(spot, band, debt, is_off):
    quote = QUOTE._replace(spot=spot)
    state = held((10.0, debt), quote=quote)
    assert bool(size.is_off_size(made({"band": band}), state, quote)) is is_off


def test_legs_that_lie_apart_are_nothing_to_who_keeps_no_size():
    assert not size.is_off_size(made(), held((5.0, 100.0)), QUOTE)


@pytest.mark.parametrize(
    ("coins", "debt", "is_off"),
    [(10.5, 548.0, False), (10.5, 549.0, True), (9.5, 452.0, False), (9.5, 453.0, True)],
)
def test_legs_more_than_a_twentieth_apart_are_off_in_any_band(coins, debt, is_off):
    """Half a coin is 48 USD: 5 % of an equity of 960, more of 959."""
    assert bool(size.is_off_size(made({"band": 0.5}), held((coins, debt)), QUOTE)) is is_off


@pytest.mark.parametrize(("reserve", "spare"), [(0.0, 50.0), (0.04, 9.6), (0.1, 0.0)])
def test_cash_beyond_the_reserve_is_spare(reserve, spare):
    """50 idle of 1 010: 40.40 are 4 %."""
    found = room.spare_cash(made({"reserve": reserve}), held(idle=50.0))
    assert spare == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize(
    ("debt", "idle", "changes", "wanted"),
    [
        (500.0, 0.0, {}, (0.0, -20.0)),  # half of 960 is 480
        (450.0, 0.0, {}, (0.0, 0.0)),  # five dollars are not moved
        (449.0, 0.0, {}, (0.0, 5.5)),
        (470.0, 0.0, {}, (0.0, 0.0)),
        (471.0, 0.0, {}, (0.0, -5.5)),
        (300.0, 100.0, {}, (100.0, 30.0)),  # half of 1 260 is 630: idle cash first
        (300.0, 300.0, {}, (230.0, 0.0)),
        (500.0, 0.0, {"share": 0.6}, (0.0, -116.0)),  # 40 % of 960
        (600.0, 0.0, {"share": 0.2}, (0.0, 66.0)),  # 188 wanted, 0.74 * 900 - 600 lent
        (300.0, 0.0, {"share": 0.9, "perp": perp_terms(withdrawal_floor=0.3)}, (0.0, -200.0)),
    ],
)
def test_what_restores_the_share_is_idle_first_and_no_more_than_the_venues_let_go(
    debt, idle, changes, wanted
):
    found = room.restoring(made(**changes), held((10.0, debt), idle=idle), QUOTE)
    assert wanted == pytest.approx(tuple(found))


def test_the_reserve_is_no_capital_of_the_legs():
    """A tenth of 1 360 stays: half of 1 224 is 612, 112 more than there is; 64 are spare."""
    state = held((10.0, 300.0), idle=200.0)
    assert (64.0, 48.0) == pytest.approx(
        tuple(room.restoring(made({"reserve": 0.1}), state, QUOTE))
    )


LIMIT = 0.98 * 0.74 * 90
"""What a coin more lets be borrowed; it costs 96 and 60 bps."""


@pytest.mark.parametrize(
    ("debt", "changes", "coins"),
    [
        (500.0, {}, (10 * LIMIT - 500 + 47) / (96.576 - LIMIT)),  # 50 idle less 3 of gas
        (900.0, {}, 0.0),
        (0.0, {"is_debtless": True}, 47 / 96.576),
    ],
)
def test_coins_can_be_bought_with_spare_cash_and_up_to_98_of_the_maximum_ltv(debt, changes, coins):
    params = made(costs=COSTS, **changes)
    assert coins == pytest.approx(
        room.room_of_long(params, held((10.0, debt), idle=50.0), QUOTE), abs=1e-12
    )


@pytest.mark.parametrize("above", [1.0, 0.5])
def test_coins_that_borrow_their_own_price_have_no_end(above):
    """An oracle so far above spot that a coin more pays for itself, or just so."""
    quote = QUOTE._replace(spot=above * 0.98 * 0.74 * 200.0, oracle=200.0)
    assert math.inf == room.room_of_long(made(), held(quote=quote), quote)


TIERS = perp_terms((0.02, 0.04), (0.0, 1_400.0), (20.0, 10.0), slippage=0.01, impact=1.0)
FILL = 102 * (1 - 0.01 - 510 / 100_000)
"""Of 5 contracts more."""


@pytest.mark.parametrize(
    ("margin", "contracts"),
    [
        (400.0, 5.0),
        (20.0, (0.98 * 120 - 100) / (10 + 0.98 * (100 - FILL + FILL * 0.0004))),
        (-10.0, 0.0),
    ],
)
def test_contracts_can_be_sold_up_to_98_of_the_initial_margin(margin, contracts):
    """15 contracts at 100 lie in the tier of 10x: a tenth of 1 000 is asked for those held."""
    state = held(short=(10.0, 110.0, margin))
    found = room.room_of_short(made(perp=TIERS), state, QUOTE, 0.0004, 5.0)
    assert contracts == pytest.approx(found)


@pytest.mark.parametrize(
    ("perp", "margin", "contracts"),
    [
        (115.0, 20.0, 50.0),  # 15 gained on each, 10 asked: there is no end
        (109.6, 20.0, 17.6 / (10 - 0.98 * 9.6)),  # 0.592 each, of 0.98 * 120 - 100
    ],
)
def test_contracts_sold_above_the_mark_pay_for_their_margin(perp, margin, contracts):
    terms = perp_terms((0.02,), (0.0,), (10.0,))
    state = held(short=(10.0, 110.0, margin))
    found = room.room_of_short(made(perp=terms), state, QUOTE._replace(perp=perp), 0.0, 50.0)
    assert contracts == pytest.approx(found)


def test_contracts_that_just_pay_for_their_margin_have_no_end():
    """A tenth of 98 is 98 % of the 10 that each gains."""
    quote = QUOTE._replace(mark=98.0, perp=108.0)
    assert 0.1 * 98 + 0.98 * (98 - 108) == 0.0
    params = made(perp=perp_terms((0.02,), (0.0,), (10.0,)))
    assert 5.0 == room.room_of_short(params, held(quote=quote), quote, 0.0, 5.0)


EDGE = {"band": 0.2, "is_to_edge": True}


@pytest.mark.parametrize(
    ("long", "policy", "coins"),
    [
        ((10.0, 500.0), {"band": 0.2}, 10.0),  # 960 / 96
        ((10.0, 660.0), EDGE, 880 / 96),  # 1 000 against 800: down to 1.1 of it
        ((10.0, 209.0), EDGE, 0.9 * 1_251 / 96),
        ((10.0, 500.0), EDGE, 1_000 / 96),  # within the inner half: the larger leg stays
        ((11.0, 500.0), EDGE, 11.0),
        ((11.0, 800.0), EDGE, 1.1 * 756 / 96),
    ],
)
def test_the_aim_is_the_target_or_the_inner_halfs_nearer_edge(long, policy, coins):
    assert coins == pytest.approx(room.aimed(made(policy), held(long), QUOTE))


TO_LTV = (10 * LIMIT - 500) / (96 - LIMIT)
"""4.97 coins more than 10, without costs."""


@pytest.mark.parametrize(
    ("long", "margin", "wanted", "coins"),
    [
        ((10.0, 500.0), 400.0, 9.0, 9.0),
        ((10.0, 500.0), 400.0, 12.0, 12.0),
        ((10.0, 500.0), 400.0, 20.0, 10 + TO_LTV),
        ((10.0, 500.0), -40.0, 14.0, 10 + 8.8 / 3.04),  # 0.98 * 60 - 50 of 5 - 0.98 * 2 each
        ((8.0, 500.0), 400.0, 9.0, 8 + (8 * LIMIT - 500) / (96 - LIMIT)),
        ((8.0, 600.0), 400.0, 9.0, 8.0),
        ((12.0, 500.0), -60.0, 12.0, 10.0),  # the short lets nothing more be sold
    ],
)
def test_both_legs_go_as_far_as_the_venues_let_the_one_that_grows(long, margin, wanted, coins):
    state = held(long, (10.0, 110.0, margin))
    assert coins == pytest.approx(room.reachable(made(), state, QUOTE, 0.0, wanted))


def test_the_margin_is_asked_in_the_tier_of_the_contracts_that_are_wanted():
    """1 200 lie below the 2 000 from which a fifth is asked: 0.98 * 70 - 50 let 6 more be sold."""
    tiers = perp_terms((0.02, 0.02), (0.0, 2_000.0), (20.0, 5.0))
    state = held(short=(10.0, 110.0, -30.0))
    assert 12.0 == room.reachable(made(perp=tiers), state, QUOTE, 0.0, 12.0)


def test_the_study_knows_no_limit_of_growing():
    assert 99.0 == room.reachable(unlimited(), held(), QUOTE, 0.0, 99.0)


@pytest.mark.parametrize(
    ("step", "least", "coins", "wanted"),
    [
        (0.0, 0.0, 12.3, 12.3),
        (0.5, 0.0, 12.3, 12.0),
        (0.5, 0.0, 12.5, 12.5),
        (0.5, 0.0, 12.5 - 1e-12, 12.5),  # rounding is no contract less
        (0.0, 0.0, 10.0625, 10.0625),  # 10 USD themselves are an order
        (0.0, 0.0, 10.0624, 10.0),
        (0.0, 0.0, 9.9376, 10.0),
        (0.0, 30.0, 10.125, 10.0),
        (0.0, 30.0, 10.1875, 10.1875),
    ],
)
def test_contracts_are_whole_steps_and_orders_of_ten_dollars_or_the_venues_least(
    step, least, coins, wanted
):
    """At a mark of 160 a sixteenth of a contract is 10 USD."""
    params = made(perp=perp_terms(size_step=step, min_order=least))
    assert wanted == room.whole_orders(params, held(), QUOTE._replace(mark=160.0), coins)


def plan(params, state, quote=QUOTE):
    return tuple(room.planned(params, state, quote, 0.0))


@pytest.mark.parametrize(
    ("debt", "margin", "wanted"),
    [
        (560.0, 400.0, (900 / 96, True, False)),  # down to the 900 that there are
        (400.0, 400.0, (1_060 / 96, True, False)),  # it fits
        (900.0, 1_000.0, (10.0, False, True)),  # 60 and 1 100: no loan for 12 coins, 520 move first
        (500.0, 400.0, (10.0, False, False)),
    ],
)
def test_a_resize_trades_what_fits_or_moves_capital_first(debt, margin, wanted):
    state = held((10.0, debt), (10.0, 110.0, margin))
    assert wanted == pytest.approx(plan(made(), state))
    assert room.can_resize(made(), state, QUOTE, 0.0) is any(wanted[1:])


@pytest.mark.parametrize(
    ("max_ltv", "debt", "margin", "idle", "is_move"),
    [
        (0.5, 470.0, 410.0, 0.0, False),  # the short has 510 of 1 000: 10 are a hundredth
        (0.5, 470.0, 410.2, 0.0, True),
        (0.52, 454.0, 388.0, 6.0, True),  # it has 488: 6 of idle cash, and 6 that the loan lends
    ],
)
def test_more_than_a_hundredth_in_the_wrong_leg_moves_before_the_legs_grow(
    max_ltv, debt, margin, idle, is_move
):
    """10.4 coins are wanted; the loan lends less than they cost."""
    params = made(loan=loan_terms(max_ltv=max_ltv))
    state = held((10.0, debt), (10.0, 110.0, margin), idle=idle)
    assert plan(params, state)[2] is is_move


LOW, HIGH = QUOTE._replace(spot=80.0, mark=79.0), QUOTE._replace(mark=160.0)


@pytest.mark.parametrize(
    ("long", "margin", "quote"),
    [
        ((9.875, 700.0), 400.0, LOW),  # an eighth of a coin at 80
        ((10.125, 720.0), 400.0, LOW),
        ((10.0625, 300.0), 800.0, HIGH),  # a sixteenth of a contract at 160
        ((9.9375, 300.0), 800.0, HIGH),
    ],
)
def test_ten_dollars_in_one_leg_alone_are_a_trade(long, margin, quote):
    """One leg is what 800 USD at 80, 966 or 954 at 96 carry, the other 10 USD more or less."""
    state = held(long, (10.0, 110.0, margin), quote=quote)
    coins = 10.0 if quote == LOW else long[0]
    assert (coins, True, False) == plan(unlimited(), state, quote)
    fewer = unlimited()._replace(perp=perp_terms(min_order=10.01))
    assert not room.can_resize(fewer, state, quote, 0.0)


def test_no_smaller_trade_than_the_venues_least_is_planned():
    assert (10.0, 25.0) == tuple(
        room.smallest_trade(made(perp=perp_terms(min_order=least))) for least in (9.0, 25.0)
    )


def test_rounding_never_makes_a_step_that_fits_wait_for_capital():
    """2x and 2x at 100: q coins without debt and a margin of 130 q carry 2.3 q coins.

    Both venues have room. Contracts plus what is wanted beyond them may lie an ulp below what is
    wanted: that is no limit, although capital (15 q, more than 1 %) lies in the wrong leg.
    """
    flat, params = Quote(100.0, 100.0, 100.0, 100.0), kernel_params()
    short_by_rounding = 0
    for number in range(300):
        coins = 80.0 + 0.37 * number
        state = held((coins, 0.0), (coins, 100.0, 130.0 * coins), quote=flat)
        wanted = room.aimed(params, state, flat)
        short_by_rounding += coins + (wanted - coins) < wanted
        plan = room.planned(params, state, flat, 0.0)
        assert (True, False) == (plan.is_trade, plan.is_move)
        assert plan.coins == pytest.approx(2.3 * coins)
    assert short_by_rounding > 0
