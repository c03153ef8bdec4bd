"""What a resize does to both legs, what it costs and what is noted: by hand, at four prices.

The state `held()` is a loan of 10 coins and 500 USD of debt (460 USD at a spot of 96) and a short
of 10 contracts from 110 (500 USD at a mark of 100), which are bought and sold at 102.
"""

from __future__ import annotations

import pytest

from basislab.kernels.events import NO_LEG
from basislab.kernels.venue import events as ev
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_bar, kernel_params, perp_terms, posted

resize, trades = plain.venue()["resize"], plain.venue()["trades"]

COSTS = vp.Costs(0.001, 0.002, 3.0, 0.003, 2.0, 0.0, 2)
"""Opening 10 bps, flash loan 20, gas 3 USD, swap 30, a transfer 2 USD and two bars."""

TAKER = 0.0004


def made(reserve=0.0, **changes):
    params = kernel_params()
    policy = params.policy._replace(reserve=reserve)
    return params._replace(**({"policy": policy, "costs": COSTS} | changes))


def rows(log):
    return [tuple(row[:7]) for row in log.rows[: log.filled[0]]]


DUE = 192 + 0.768 + 3
"""Two coins at 96 with 40 bps and gas."""


@pytest.mark.parametrize(
    ("idle", "reserve", "borrowed"),
    [(0.0, 0.0, DUE), (50.0, 0.0, DUE - 50), (300.0, 0.0, 0.0), (300.0, 0.2, DUE - 48)],
)
def test_coins_are_bought_with_spare_cash_and_the_rest_borrowed_for_a_flash_fee(
    idle, reserve, borrowed
):
    """Of 300 idle a fifth of 1 260 stays: 48 are spare."""
    before = held(idle=idle)
    after = resize.long_bought(made(reserve), before, 2.0, 96.0)
    flash = 0.002 * borrowed
    assert (12.0, 500 + borrowed + flash) == pytest.approx(tuple(after.position.long))
    assert idle - (DUE - borrowed) == pytest.approx(after.idle)
    assert {"trading_fees": -0.768 - flash, "gas": -3.0} == posted(before, after)


@pytest.mark.parametrize("idle", [DUE - 1e-9, 300.0])
def test_a_long_without_debt_buys_with_cash_alone(idle):
    """A billionth that is lacking by rounding makes no debt."""
    before = held((10.0, 0.0), idle=idle)
    after = resize.long_bought(made(is_debtless=True), before, 2.0, 96.0)
    assert (12.0, 0.0) == after.position.long
    assert idle - DUE == pytest.approx(after.idle)


def test_contracts_are_added_at_the_mean_entry():
    """2 at 102 less 1 % and 204 / 100 000 of slippage: 100.77; 12 from 108.46."""
    params = made(perp=perp_terms(slippage=0.01, impact=1.0))
    before, fill = held(), 102 * (1 - 0.01 - 0.00204)
    after = resize.short_added(params, before, 2.0, QUOTE, TAKER)
    fee = 2 * fill * TAKER
    wanted = (12.0, (1_100 + 2 * fill) / 12, 400 - fee)
    assert wanted == pytest.approx(tuple(after.position.short))
    assert {"trading_fees": -fee, "slippage": 2 * (fill - 100)} == posted(before, after)


@pytest.mark.parametrize(
    ("coins", "contracts"), [(8.0, 9.0), (12.0, 11.0), (9.0, 12.0), (12.0, 9.0), (10.0, 10.0)]
)
def test_both_legs_are_traded_to_the_same_coins_and_each_pays_its_own(coins, contracts):
    """To 10: a long that shrinks pays the swap alone, one that grows the opening too; one that is
    there already nothing, no gas either."""
    params = made(perp=perp_terms(slippage=0.01))
    before = held((coins, 500.0), (contracts, 110.0, 400.0))
    after = resize.sized(params, before, 10.0, QUOTE, TAKER)
    assert (10.0, 10.0) == (after.position.long.quantity, after.position.short.contracts)
    wanted = before
    if coins > 10:
        wanted = trades.long_sold(params, wanted, coins - 10, 96.0, 0.003)
    elif coins < 10:
        wanted = resize.long_bought(params, wanted, 10 - coins, 96.0)
    if contracts > 10:
        wanted = trades.short_cut(params, wanted, contracts - 10, QUOTE, TAKER)
    elif contracts < 10:
        wanted = resize.short_added(params, wanted, 10 - contracts, QUOTE, TAKER)
    assert wanted.accounts == after.accounts
    assert wanted.position.long.debt == after.position.long.debt
    assert wanted.position.short[1:] == after.position.short[1:]


def test_nothing_is_traded_to_nothing():
    cash = held((0.0, 0.0), (0.0, 0.0, 0.0), idle=70.0)
    assert cash == resize.sized(made(), cash, 0.0, QUOTE, TAKER)


@pytest.mark.parametrize(("held_now", "coins"), [(0.2, 0.9), (0.4, 0.1)])
def test_the_legs_are_equal_to_the_bit(held_now, coins):
    """0.2 + (0.9 - 0.2) is not 0.9 in binary, nor 0.4 - (0.4 - 0.1) a tenth."""
    before = held((held_now, 5.0), (held_now, 110.0, 400.0))
    after = resize.sized(made(), before, coins, QUOTE, TAKER).position
    assert (coins, coins) == (after.long.quantity, after.short.contracts)


@pytest.mark.parametrize(
    ("debt", "idle", "moved", "left", "under_way"),
    [
        (300.0, 0.0, 80.0, (380.0, 400.0, 0.0), (78.0, vs.TO_SHORT, 9)),
        (300.0, 50.0, 105.0, (355.0, 400.0, 0.0), (103.0, vs.TO_SHORT, 9)),  # 50 of it idle
        (500.0, 0.0, -20.0, (500.0, 380.0, 0.0), (18.0, vs.TO_LONG, 9)),
    ],
)
def test_what_restores_the_share_leaves_at_once_and_is_noted(debt, idle, moved, left, under_way):
    """Half of what there is for each leg; 2 USD of it for the transfer."""
    before, log = held((10.0, debt), idle=idle), plain.venue()["events"].new_log(9)
    after = resize.restored(made(), before, QUOTE, 7, log)
    legs = after.position
    assert left == pytest.approx((legs.long.debt, legs.short.margin, after.idle))
    assert (pytest.approx(under_way[0]), *under_way[1:]) == after.transit
    assert {"transfer_fees": -2.0} == posted(before, after)
    wanted = (7, ev.REBALANCE, NO_LEG, ev.NO_REASON, pytest.approx(moved), pytest.approx(2.0), 0.0)
    assert [wanted] == rows(log)


@pytest.mark.parametrize(("floor", "is_moved"), [(0.495, False), (0.4945, True)])
def test_five_dollars_are_not_sent(floor, is_moved):
    """20 are wanted of the short; its venue keeps 495 of 500, or 494.50."""
    before, log = held(), plain.venue()["events"].new_log(9)
    params = made(perp=perp_terms(withdrawal_floor=floor))
    after = resize.restored(params, before, QUOTE, 7, log)
    assert (1 if is_moved else 0) == log.filled[0]
    assert (after == before) is not is_moved


def resized(before):
    log = plain.venue()["events"].new_log(9)
    after = resize.resized(made(), before, QUOTE, kernel_bar(taker=TAKER), log)
    return after, log


def test_a_resize_is_noted_with_coins_cost_and_leverages_and_then_capital_moves():
    """560 of debt: 400 and 500 of equity, 9.375 coins for 900. 0.625 coins are sold at 96 (fee
    0.18) and bought back at 102 (1.25 above the mark, fee 0.0255)."""
    after, log = resized(held((10.0, 560.0)))
    cost = 60 * 0.003 + 1.25 + 63.75 * TAKER
    wanted = (7, ev.RESIZE, NO_LEG, ev.NO_REASON, 0.0, pytest.approx(cost), 0.0)
    assert [wanted, ev.REBALANCE] == [rows(log)[0], rows(log)[1][1]]
    long, short = 400 - 0.18, 500 - 1.25 - 63.75 * TAKER
    leverages = (960 / 400, 1_000 / 500, 900 / long, 937.5 / short)
    assert (-0.625, *leverages) == pytest.approx(tuple(log.rows[0, 10:]))
    assert after.transit.target == vs.TO_LONG


def test_capital_that_growing_needs_moves_alone():
    """60 and 1 100: the loan lends nothing for 12 coins."""
    after, log = resized(held((10.0, 900.0), (10.0, 110.0, 1_000.0)))
    assert [(7, ev.REBALANCE, -520.0)] == [(*row[:2], pytest.approx(row[4])) for row in rows(log)]
    assert (10.0, vs.TO_LONG) == (after.position.long.quantity, after.transit.target)


def test_a_size_that_is_right_is_let_be():
    before = held()
    assert (before, 0) == (resized(before)[0], resized(before)[1].filled[0])


def test_a_log_without_room_counts_a_resize_and_keeps_none():
    events = plain.venue()["events"]
    log = events.new_log(1)
    for _ in range(2):
        events.note_resize(log, 7, held(), held(idle=-1.0))
    assert (1, 2) == (len(log.rows), log.filled[0])
