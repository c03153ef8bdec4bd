"""Opening, cutting, closing and moving capital: every cost by hand, at four prices that differ.

The state `held()` is a loan of 10 coins and 500 USD of debt (460 USD at a spot of 96) and a short
of 10 contracts from 110 (500 USD at a mark of 100, filled at a perp price of 102).
"""

from __future__ import annotations

import pytest

from basislab.kernels.legs import LongLeg, ShortLeg
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_params, perp_terms, posted

trades, transfers = plain.venue()["trades"], plain.venue()["transfers"]
equity = plain.venue()["state"].equity

COSTS = vp.Costs(
    open_fee=0.001,
    flash_fee=0.002,
    gas=3.0,
    swap_fee=0.0005,
    transfer_usd=1.5,
    transfer_rate=0.01,
    delay_bars=2,
)
PERP = perp_terms(slippage=0.001, impact=0.01)
TAKER = 0.0004


def params(*switches, costs=COSTS, perp=PERP, reserve=0.0, **changes):
    """Parameters with costs everywhere; conventions by name."""
    plain_params = kernel_params(costs=costs, perp=perp, **changes)
    names = vp.Conventions._fields
    return plain_params._replace(
        conventions=vp.Conventions(*(name in switches for name in names)),
        policy=plain_params.policy._replace(reserve=reserve),
    )


def cash(amount):
    """A state that holds only cash, marked."""
    return plain.venue()["state"].idle_state(amount, QUOTE)


def test_an_opening_at_four_prices_by_hand():
    """3x of 900 (a tenth stays idle): 1 350 USD are 14.0625 coins at 96; debt 900. Slippage 0.1 %
    and 1 % * 1 350 / 100 000: a fill of 102 * 0.998865. The long owes 15 bps, 20 bps of the debt
    and gas; the short pays 4 bps out of its margin. What the fill is above the mark is a gain."""
    done = trades.opened(params(reserve=0.1, leverage=3.0), cash(1_000.0), 1_000.0, QUOTE, TAKER)
    coins, fill = 14.0625, 102 * (1 - 0.001 - 0.000135)
    owed, fee = 1_350 * 0.0015 + 900 * 0.002 + 3.0, coins * fill * 0.0004
    assert (coins, pytest.approx(900 + owed)) == done.position.long
    assert (coins, pytest.approx(fill), pytest.approx(450 - fee)) == done.position.short
    assert {
        "trading_fees": -(owed - 3.0 + fee),
        "gas": -3.0,
        "slippage": -coins * (100 - fill),
    } == posted(cash(1_000.0), done)
    assert (100.0, vs.OPEN, False, QUOTE) == (done.idle, done.status, done.is_hurt, done.last)
    assert done.position.long.debt == done.lowest_debt
    assert (vs.NO_ORDER, 0.0) == done.order
    assert 1_000 + sum(done.accounts) == pytest.approx(equity(done))


def test_the_study_splits_the_costs_in_halves():
    """2x of 1 000: 15 bps of 1 000, 20 bps of 500, gas 3; no taker fee: 5.50, 2.75 a leg."""
    done = trades.opened(params("split_costs"), cash(1_000.0), 1_000.0, QUOTE, 0.0)
    assert 502.75 == pytest.approx(done.position.long.debt)
    assert 497.25 == pytest.approx(done.position.short.margin)


def test_an_opening_without_a_loan_buys_what_its_cash_pays_for():
    """1x and 3x of 1 000: gas of 3 and 15 bps on three quarters of the rest come first, both legs
    share them. The short's fee is its own margin's."""
    made = params(is_debtless=True, leverage=1.0, share=0.75, perp=perp_terms())
    done = trades.opened(made, cash(1_000.0), 1_000.0, QUOTE, TAKER)
    backing = 997 / (1 + 0.75 * 0.0015)
    coins = 0.75 * backing / 96
    fee = coins * 102 * TAKER
    assert (pytest.approx(coins), 0.0) == done.position.long
    assert (coins, 102.0, 0.25 * backing - fee) == pytest.approx(tuple(done.position.short))
    paid = 0.75 * backing * 0.0015
    assert {"trading_fees": -paid - fee, "gas": -3.0, "slippage": 2 * coins} == posted(
        cash(1_000.0), done
    )
    assert 0.0 == pytest.approx(done.idle, abs=1e-9)


def test_an_opening_without_a_loan_that_gas_eats_buys_nothing():
    """2 USD and gas of 3: all of it is gas, and no fee."""
    made = params(is_debtless=True, leverage=1.0, share=0.75)
    done = trades.opened(made, cash(2.0), 2.0, QUOTE, TAKER)
    assert {"gas": -2.0} == posted(cash(2.0), done)
    assert vs.ENDED == done.status


@pytest.mark.parametrize(("gas", "is_ended"), [(465.0, False), (466.0, True)])
def test_an_opening_that_eats_everything_ends_the_run(gas, is_ended):
    """A fill of 51 against a mark of 100 costs 49 on each of 10.4167 coins: 510.42 of 1 000. Fees
    of 2.50 and 4 % of 531.25 leave 465.83: gas of 465 can be paid, 466 cannot."""
    steep = params(costs=COSTS._replace(gas=gas), perp=perp_terms(slippage=0.5))
    done = trades.opened(steep, cash(1_000.0), 1_000.0, QUOTE, 0.04)
    left = 1_000 - 1_000 / 96 * 49 - 2.5 - 1_000 / 96 * 51 * 0.04
    assert (done.status == vs.ENDED) is is_ended
    assert -min(gas, left) == pytest.approx(done.accounts.gas)
    assert 1_000 + sum(done.accounts) == pytest.approx(equity(done), abs=1e-9)


@pytest.mark.parametrize(
    ("debt", "switches", "left", "idle"),
    [
        (500.0, (), 116.96, 7.0),
        (384.0, (), 0.96, 7.0),  # most of a small debt is repaid, and no more
        (383.04, (), 0.0, 7.0),
        (300.0, (), 0.0, 90.04),  # 83.04 beyond the debt
        (300.0, ("negative_debt",), -83.04, 7.0),
    ],
)
def test_a_cut_of_the_loan_repays_debt_and_the_rest_is_idle(debt, switches, left, idle):
    """4 coins at 96: 384 less 25 bps: 383.04."""
    before = held((10.0, debt), idle=7.0)
    done = trades.long_cut(params(*switches), before, 4.0, 96.0)
    assert (6.0, pytest.approx(left, abs=1e-12)) == done.position.long
    assert pytest.approx(idle) == done.idle
    assert {"trading_fees": -0.96} == posted(before, done)
    assert before.position.short == done.position.short


def test_a_cut_of_the_short_fills_at_the_perp_price_and_its_slippage():
    """4 at 102 (408): 0.1 % and 1 % * 408 / 100 000; 4 bps of the fill; the mark is 100."""
    before = held()
    done = trades.short_cut(params(), before, 4.0, QUOTE, TAKER)
    fill = 102 * (1 + 0.001 + 0.01 * 408 / 100_000)
    fee = 4 * fill * TAKER
    assert (6.0, 110.0, pytest.approx(400 + 4 * (110 - fill) - fee)) == done.position.short
    assert {"trading_fees": -fee, "slippage": -4 * (fill - 100)} == posted(before, done)


@pytest.mark.parametrize("switches", [(), ("negative_debt",)])
@pytest.mark.parametrize("debt", [500.0, 1_200.0])
@pytest.mark.parametrize("margin", [400.0, -300.0])
def test_a_close_leaves_cash_and_what_lacks_is_borne(debt, margin, switches):
    """10 coins at 96 less 25 bps: 957.60, less the debt. 10 contracts from 110 bought at the fill,
    on the margin. What either lacks is borne, what is left is cash."""
    before = held((10.0, debt), (10.0, 110.0, margin), idle=7.0, is_hurt=True)
    done = trades.closed(params(*switches), before, QUOTE, TAKER)
    fill = 102 * (1 + 0.001 + 0.01 * 1_020 / 100_000)
    fee = 10 * fill * TAKER
    long, short = 957.6 - debt, margin + 10 * (110 - fill) - fee
    assert ((0.0, 0.0), (0.0, 0.0, 0.0)) == done.position
    assert 7 + max(long, 0) + max(short, 0) == pytest.approx(done.idle)
    borne = max(-long, 0) + max(-short, 0)
    wanted = {"trading_fees": -(2.4 + fee), "slippage": -10 * (fill - 100)}
    assert wanted | ({"loss_borne_by_venue": borne} if borne else {}) == posted(before, done)
    assert ((vs.NO_ORDER, 0.0), False) == (done.order, done.is_hurt)


def test_a_cut_of_both_legs_is_by_the_same_share():
    """A quarter: 7.5 coins and 7.5 contracts are left."""
    done = trades.delevered(params(), held(), 0.25, QUOTE, TAKER)
    assert (7.5, 7.5) == (done.position.long.quantity, done.position.short.contracts)
    assert 500 - 2.5 * 96 * (1 - 0.0025) == pytest.approx(done.position.long.debt)


@pytest.mark.parametrize(
    ("coins", "contracts", "fees"),
    [(10.0, 6.0, 4 * 96 * 0.0025), (6.0, 10.0, 4 * 102 * 1.0010408 * TAKER), (6.0, 6.0, 0.0)],
)
def test_a_rehedge_cuts_the_larger_leg_to_the_smaller(coins, contracts, fees):
    """Four coins sold at spot, or four contracts bought at the perp's fill."""
    before = held((coins, 300.0), (contracts, 110.0, 400.0), is_hurt=True)
    done = trades.rehedged(params(), before, QUOTE, TAKER)
    assert (6.0, 6.0) == (done.position.long.quantity, done.position.short.contracts)
    assert -fees == pytest.approx(done.accounts.trading_fees)
    assert ((vs.NO_ORDER, 0.0), False) == (done.order, done.is_hurt)


@pytest.mark.parametrize(
    ("long", "short", "idle"),
    [
        ((0.0, 0.0), (10.0, 110.0, 400.0), 480.0),  # no loan left: 400 + 10 * (110 - 102)
        ((10.0, 500.0), (0.0, 0.0, 25.0), 485.0),  # no short left: 960 - 500 and the margin of 25
    ],
)
def test_a_rehedge_to_nothing_is_a_close(long, short, idle):
    """Nothing is held any more; what is left is cash."""
    free = kernel_params()
    done = trades.rehedged(free, held(long, short, is_hurt=True), QUOTE, 0.0)
    assert ((0.0, 0.0), (0.0, 0.0, 0.0)) == done.position
    assert idle == pytest.approx(done.idle)


def test_a_rehedge_to_a_small_leg_keeps_it():
    """Half a coin is a position too."""
    done = trades.rehedged(kernel_params(), held((0.5, 20.0)), QUOTE, 0.0)
    assert (0.5, 0.5) == (done.position.long.quantity, done.position.short.contracts)
    assert 20.0 == done.position.long.debt


@pytest.mark.parametrize(
    ("coins", "contracts", "least", "left"),
    [
        (9.5, 10.0, 51.0, (9.5, 9.5)),  # half a contract at 102: an order of 51 USD
        (9.5, 10.0, 51.01, (9.5, 10.0)),
        (10.0, 9.5, 51.01, (9.5, 9.5)),  # coins are sold without an order at the venue
        (0.0, 0.1, 51.01, (0.0, 0.0)),  # a whole position may be closed
    ],
)
def test_a_rehedge_leaves_contracts_that_are_no_order(coins, contracts, least, left):
    """What is left open is booked as net delta: the response is done."""
    made = kernel_params(perp=perp_terms(min_order=least))
    before = held((coins, 0.0), (contracts, 110.0, 400.0), is_hurt=True)
    done = trades.rehedged(made, before, QUOTE, TAKER)
    assert left == (done.position.long.quantity, done.position.short.contracts)
    assert not done.is_hurt


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [(200.0, 166.0), (166.0, 166.0), (0.5, 0.5), (-900.0, -400.0), (-0.5, -0.5)],
)
def test_what_venues_let_go(wanted, goes):
    """The loan lends 0.74 * 10 * 90 - 500 = 166; the short lets go 500 less a tenth of 1 000."""
    assert goes == pytest.approx(transfers.movable(params(), held(), wanted, QUOTE))


def test_a_loan_at_its_maximum_lends_cents():
    """0.74 * 900 - 665.9 = 0.1 of 0.5 wanted."""
    assert 0.1 == pytest.approx(transfers.movable(params(), held((10.0, 665.9)), 0.5, QUOTE))


def test_a_long_without_debt_lends_nothing():
    assert 0.0 == transfers.movable(params(is_debtless=True), held((10.0, 0.0)), 20.0, QUOTE)


@pytest.mark.parametrize("wanted", [9_999.0, -9_999.0])
def test_the_study_knows_no_limits(wanted):
    assert wanted == transfers.movable(params("instant"), held(), wanted, QUOTE)


@pytest.mark.parametrize(
    ("amount", "switches", "target", "cost"),
    [
        (100.0, (), vs.TO_SHORT, 2.5),
        (1.0, (), vs.TO_SHORT, 1.0),
        (1.0, ("split_costs",), vs.TO_SHORT, 1.51),
        (1.0, ("split_costs",), vs.TO_BOTH, 1.0),
    ],
)
def test_a_transfer_costs_a_flat_amount_and_a_share(amount, switches, target, cost):
    """1.50 and 1 %; never more than is sent, but for the study's that is split over two legs."""
    before = held()
    done = transfers.sent(params(*switches), before, amount, target, 7)
    assert {"transfer_fees": -cost} == posted(before, done)
    assert done.transit.amount == pytest.approx(amount if cost > amount else amount - cost)


@pytest.mark.parametrize(("switches", "arrival"), [((), 9), (("instant",), 7)])
def test_a_move_to_the_short_is_borrowed_and_arrives_after_the_delay(switches, arrival):
    """80 at bar 7, two bars: 2.30 of cost, 77.70 there at bar 9 (the study's: at once)."""
    before = held()
    done = transfers.moved(params(*switches), before, 80.0, 7)
    assert (10.0, 580.0) == done.position.long
    assert before.position.short == done.position.short
    assert (pytest.approx(77.7), vs.TO_SHORT, arrival) == done.transit
    assert {"transfer_fees": -2.3} == posted(before, done)


def test_a_move_to_the_loan_comes_out_of_the_margin():
    before = held()
    done = transfers.moved(params(), before, -80.0, 7)
    assert (10.0, 110.0, 320.0) == done.position.short
    assert before.position.long == done.position.long
    assert (pytest.approx(77.7), vs.TO_LONG, 9) == done.transit


def test_small_moves_go_the_same_way():
    """Half a dollar, without costs."""
    done = transfers.moved(kernel_params(), held(), 0.5, 7)
    assert (500.5, (0.5, vs.TO_SHORT, 7)) == (done.position.long.debt, done.transit)


def test_the_studys_transfer_is_paid_by_both_legs_in_halves():
    """80 arrive whole; 2.30 are split."""
    done = transfers.moved(params("split_costs"), held(), 80.0, 7)
    assert (581.15, 398.85) == pytest.approx((done.position.long.debt, done.position.short.margin))
    assert (80.0, vs.TO_SHORT, 9) == done.transit


@pytest.mark.parametrize(("flat", "is_ended"), [(958.0, False), (960.0, True), (2_000.0, True)])
def test_the_studys_transfer_may_take_everything(flat, is_ended):
    """Equity 960: what costs no less ends the run; no more than that is booked."""
    steep = COSTS._replace(transfer_usd=flat, transfer_rate=0.0)
    done = transfers.moved(params("split_costs", costs=steep), held(), 80.0, 7)
    assert (done.status == vs.ENDED) is is_ended
    assert -min(flat, 960.0) == pytest.approx(done.accounts.transfer_fees)
    assert 960 + sum(done.accounts) == pytest.approx(equity(done), abs=1e-9)


def test_a_transfer_of_who_has_nothing_costs_nothing_and_ends_the_run():
    """The loan is 540 under water, the short worth 500: 40 below zero, borne by the venues."""
    steep = COSTS._replace(transfer_usd=9.0, transfer_rate=0.0)
    done = transfers.moved(params("split_costs", costs=steep), held((10.0, 1_500.0)), 80.0, 7)
    assert (vs.ENDED, 0.0, 40.0) == (
        done.status,
        done.accounts.transfer_fees,
        done.accounts.loss_borne_by_venue,
    )


def test_idle_cash_is_sent_to_a_leg():
    """50 of 70: 2 of cost, 48 there at bar 9."""
    before = held(idle=70.0)
    done = transfers.topped_up(params(), before, 50.0, vs.TO_SHORT, 7)
    assert (20.0, (48.0, vs.TO_SHORT, 9)) == (done.idle, done.transit)
    assert {"transfer_fees": -2.0} == posted(before, done)


@pytest.mark.parametrize(
    ("debt", "switches", "left", "idle"),
    [
        (500.0, (), 470.0, 7.0),
        (30.5, (), 0.5, 7.0),
        (30.0, (), 0.0, 7.0),
        (10.0, (), 0.0, 27.0),
        (10.0, ("negative_debt",), -20.0, 7.0),
    ],
)
def test_what_arrives_at_the_loan_repays_debt(debt, switches, left, idle):
    """30; beyond zero debt it is idle cash, but for the study."""
    before = held((10.0, debt), idle=7.0, transit=vs.Transit(30.0, vs.TO_LONG, 9))
    done = transfers.arrived(params(*switches), before, QUOTE, 0.0)
    assert ((10.0, left), idle) == (done.position.long, done.idle)
    assert (0.0, vs.NOWHERE, 0) == done.transit


def test_what_arrives_at_the_short_is_margin():
    before = held(transit=vs.Transit(30.0, vs.TO_SHORT, 9))
    done = transfers.arrived(params(), before, QUOTE, 0.0)
    assert (10.0, 110.0, 430.0) == done.position.short
    assert (before.position.long, (0.0, vs.NOWHERE, 0)) == (done.position.long, done.transit)


@pytest.mark.parametrize("switches", [(), ("negative_debt",)])
@pytest.mark.parametrize(("coins", "idle"), [(0.0, 37.0), (0.5, 7.0)])
def test_a_loan_that_is_gone_meanwhile_needs_no_repayment(coins, idle, switches):
    """30 come back as cash where no coin is left; half a coin is a loan still."""
    before = held((coins, 30.0 if coins else 0.0), idle=7.0,
                  transit=vs.Transit(30.0, vs.TO_LONG, 9))  # fmt: skip
    done = transfers.arrived(params(*switches), before, QUOTE, 0.0)
    assert (0.0, idle) == (done.position.long.debt, done.idle)
    assert (0.0, vs.NOWHERE, 0) == done.transit


def test_what_failed_comes_back_to_idle_cash():
    """30 USD meant for nobody any more; neither debt nor margin changes."""
    before = held(idle=7.0, transit=vs.Transit(30.0, vs.TO_IDLE, 7))
    done = transfers.arrived(params(), before, QUOTE, TAKER)
    assert (37.0, before.position) == (done.idle, done.position)
    assert (0.0, vs.NOWHERE, 0) == done.transit


def test_what_arrives_for_both_legs_opens_a_position():
    """900 and 100 idle: 2x of 1 000 at a spot of 96, the fill at 102."""
    before = cash(100.0)._replace(transit=vs.Transit(900.0, vs.TO_BOTH, 9))
    done = transfers.arrived(kernel_params(), before, QUOTE, 0.0)
    coins = 1_000 / 96
    assert LongLeg(coins, 500.0) == pytest.approx(done.position.long)
    assert ShortLeg(coins, 102.0, 500.0) == pytest.approx(done.position.short)
    assert (0.0, (0.0, vs.NOWHERE, 0)) == (done.idle, done.transit)
