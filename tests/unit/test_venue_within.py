"""The path inside a bar: where each leg is crossed, what a hit posts, in which order, by hand.

The state `held()` is a loan of 10 coins and 500 USD of debt (dies at an oracle of 66.67) and a
short of 10 contracts from 110 on a margin of 400 (dies at a mark of 1 500 / 10.25 = 146.34).
"""

from __future__ import annotations

import pytest

from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from basislab.kernels.venue.bars import Quote
from tests import plain
from tests.venue_builders import (
    QUOTE,
    held,
    kernel_bar,
    kernel_params,
    loan_terms,
    perp_terms,
    posted,
)

within, perp = plain.venue()["within"], plain.venue()["perp"]
equity = plain.venue()["state"].equity

DIES_LONG, DIES_SHORT = 500 / 7.5, 1_500 / 10.25


def oracle(price):
    """A quote at which only the oracle says something."""
    return Quote(1.0, 2.0, 3.0, price)


def mark(price):
    """A quote at which only the mark says something."""
    return Quote(price, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("start", "end", "progress", "share"),
    [
        (90.0, 70.0, 0.0, within.NONE),  # not reached
        (90.0, 60.0, 0.0, (90 - DIES_LONG * 0.98) / 30),  # seen a step of 2 % beyond
        (90.0, 60.0, 0.5, (90 - DIES_LONG * 0.98) / 30),
        (90.0, 66.0, 0.0, 1.0),  # the part ends within the step
        (90.0, 60.0, 0.8, 0.8),  # at 66 already: at once
        (60.0, 90.0, 0.0, 0.0),
    ],
)
def test_where_the_oracle_liquidates_the_loan(start, end, progress, share):
    params = kernel_params(loan=loan_terms(oracle_step=0.02))
    found = within.long_crossing(params, held(), oracle(start), oracle(end), progress)
    assert share == pytest.approx(found)


@pytest.mark.parametrize(("start", "end", "share"), [(90.0, 70.0, 1.0), (70.0, 60.0, 0.0)])
def test_the_loans_price_itself_is_reached(start, end, share):
    """525 / 7.5 = 70; with a step, a start below it would be seen later."""
    params = kernel_params(loan=loan_terms(oracle_step=0.02))
    state = held((10.0, 525.0))
    assert share == within.long_crossing(params, state, oracle(start), oracle(end), 0.0)


def test_a_coin_of_cents_is_liquidated_too():
    """100 coins, 37.50 of debt: dies at 0.50; from 0.60 to 0.40 that is half way."""
    found = within.long_crossing(
        kernel_params(), held((100.0, 37.5)), oracle(0.6), oracle(0.4), 0.0
    )
    assert 0.5 == pytest.approx(found)


@pytest.mark.parametrize(
    ("start", "end", "progress", "share"),
    [
        (100.0, 146.0, 0.0, within.NONE),
        (100.0, 160.0, 0.0, (DIES_SHORT * 1.02 - 100) / 60),
        (100.0, 160.0, 0.5, (DIES_SHORT * 1.02 - 100) / 60),
        (100.0, 148.0, 0.0, 1.0),
        (100.0, 160.0, 0.8, 0.8),  # at 148 already
        (160.0, 100.0, 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("size", [1.0, 0.001])
def test_where_the_mark_liquidates_the_short(start, end, progress, share, size):
    params = kernel_params(perp=perp_terms(mark_step=0.02))
    state = held(short=(10 * size, 110.0, 400 * size))
    found = within.short_crossing(params, state, mark(start), mark(end), progress)
    assert share == pytest.approx(found)


def test_the_shorts_price_itself_is_reached():
    params = kernel_params(perp=perp_terms(mark_step=0.02))
    exact = perp.liquidation_price(params.perp, held().position.short)
    assert 1.0 == within.short_crossing(params, held(), mark(100.0), mark(exact), 0.0)
    assert 0.0 == within.short_crossing(params, held(), mark(exact), mark(200.0), 0.0)


@pytest.mark.parametrize("hits", [None, vs.Hits(True, True, 5.0, 4.0, 2.0, 88.0, 99.0)])
@pytest.mark.parametrize(
    ("debt", "repaid", "seized", "bad_debt"),
    [
        (700.0, 700.0, 700 * (1 + 700 / 900 - 0.75) / 90, 0.0),
        (1_000.0, 900 / 1.01, 10.0, 1_000 - 900 / 1.01),
    ],
)
def test_a_loan_is_settled_at_the_oracle_and_booked_at_spot(hits, debt, repaid, seized, bad_debt):
    """All at once (tiny): LTV 700 / 900, bonus 2.78 %: 7.99 coins of 96 USD for 700. At 1 000 all
    10 coins for 891.09, the rest is the lenders'. The first price of the bar is kept."""
    before = held((10.0, debt), hits=hits or held().hits)
    done = within.long_hit(kernel_params(loan=loan_terms(full_below=1e9)), before)
    cost = seized * 96 - repaid
    assert (pytest.approx(10 - seized), pytest.approx(0.0, abs=1e-9)) == done.position.long
    assert before.position.short == done.position.short
    wanted = {"lending_liquidation": -cost}
    assert wanted | ({"loss_borne_by_venue": bad_debt} if bad_debt else {}) == posted(before, done)
    lending, short, borne = (5.0, 4.0, 2.0) if hits else (0.0, 0.0, 0.0)
    first, other = (88.0, 99.0) if hits else (90.0, 0.0)
    assert (True, bool(hits)) == done.hits[:2]
    assert (lending + cost, short, borne + bad_debt) == pytest.approx(done.hits[2:5])
    assert (first, other) == done.hits[5:]
    assert done.is_hurt


@pytest.mark.parametrize("hits", [None, vs.Hits(True, True, 5.0, 4.0, 2.0, 88.0, 99.0)])
@pytest.mark.parametrize(
    ("margin", "left", "cost", "borne"),
    [(-60.0, 18.98, 21.02, 0.0), (-120.0, 0.0, 0.0, 20.0)],
)
def test_a_short_is_judged_at_the_mark_and_filled_at_the_perp_price(
    hits, margin, left, cost, borne
):
    """-60 + 100 = 40 at the mark: an order at 102 with a fee of 1.02: 20 + 1.02. At -120 equity is
    -20: the backstop."""
    before = held(short=(10.0, 110.0, margin), hits=hits or held().hits)
    done = within.short_hit(kernel_params(), before, 0.001)
    assert (0.0, 0.0, pytest.approx(left)) == done.position.short
    assert before.position.long == done.position.long
    wanted = {"perp_liquidation": -cost, "loss_borne_by_venue": borne}
    assert {name: value for name, value in wanted.items() if value} == posted(before, done)
    lending, short, other = (5.0, 4.0, 2.0) if hits else (0.0, 0.0, 0.0)
    first, kept = (99.0, 88.0) if hits else (100.0, 0.0)
    assert (bool(hits), True) == done.hits[:2]
    assert (lending, short + cost, other + borne) == pytest.approx(done.hits[2:5])
    assert (kept, first) == done.hits[5:]
    assert done.is_hurt


def test_the_second_order_of_a_bar_is_full_size():
    """2 000 contracts at 100, equity 5 000: a fifth at first, everything within the bar again."""
    large = (2_000.0, 80.0, 45_000.0)
    first = within.short_hit(kernel_params(), held(short=large), 0.0)
    assert 1_600.0 == first.position.short.contracts
    again = held(short=large, hits=first.hits)
    assert 0.0 == within.short_hit(kernel_params(), again, 0.0).position.short.contracts


def test_a_part_that_ends_at_the_price_itself_liquidates():
    """The oracle falls from 90 to 70, where 525 of debt die, and no further."""
    state = held((10.0, 525.0))
    done = within.part(kernel_params(), state, QUOTE, QUOTE._replace(oracle=70.0), 0.0)
    assert done.hits.is_long
    assert 70.0 == done.hits.oracle


def test_each_leg_is_liquidated_on_its_way():
    """Oracle 90 to 60, mark 100 to 160: the loan at 77.8 % of the way, the short at 77.2 %."""
    end = Quote(160.0, 160.0, 60.0, 60.0)
    done = within.part(kernel_params(), held(), QUOTE, end, 0.0)
    assert (DIES_LONG, DIES_SHORT) == pytest.approx((done.hits.oracle, done.hits.mark))
    assert end == done.last
    assert equity(held()) + sum(done.accounts) == pytest.approx(equity(done))


@pytest.mark.parametrize("most", [1, 3])
def test_a_leg_restored_at_every_tick_is_settled_at_the_end(monkeypatch, most):
    """Drift sells 2 % of margin at a time: from 100 to 200 that are dozens of slices. After
    `most` of them the next is at the end, 200, where nothing is left of the margin."""
    drift = perp_terms(
        (0.03,), procedure=vp.PARTIAL, buffer=0.02, liquidator_fee=0.0075, insurance_fee=0.0075
    )
    prices = []
    whole = within.short_hit

    def noting(params, state, taker):
        prices.append(state.last.mark)
        return whole(params, state, taker)

    monkeypatch.setattr(within, "short_hit", noting)
    monkeypatch.setattr(within, "MAX_STEPS", most)
    params = kernel_params(perp=drift)
    state = held((10.0, 0.0), (10.0, 110.0, 20.0))
    done = within.part(params, state, QUOTE, QUOTE._replace(mark=200.0), 0.0)
    assert most + 1 == len(prices)
    assert 1_120 / 10.3 == pytest.approx(prices[0])
    assert sorted(prices) == prices
    assert 200.0 == prices[-1]
    assert (0.0, 0.0, 0.0) == done.position.short


BAR = kernel_bar()._replace(open=Quote(100.0, 0.0, 0.0, 108.0), close=Quote(103.0, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("high", "low", "is_up_first"),
    [
        ((110.0, 101.0), (95.0, 80.0), False),  # 10 up, 5 down
        ((104.0, 120.0), (95.0, 107.0), True),  # 4 up, 5 down
        ((105.0, 120.0), (95.0, 107.0), True),  # as far: up
    ],
)
def test_the_marks_nearer_extreme_comes_first(monkeypatch, high, low, is_up_first):
    """Mark and oracle of each extreme; the oracle would decide otherwise."""
    visited = []

    def noting(params, state, start, end, taker):
        visited.append((start, end))
        return state

    monkeypatch.setattr(within, "part", noting)
    top, bottom = (Quote(one, 0.0, 0.0, other) for one, other in (high, low))
    bar = BAR._replace(high=top, low=bottom)
    within.through(kernel_params(path_order=vp.NEAREST), held(), bar)
    first, second = (top, bottom) if is_up_first else (bottom, top)
    assert [(bar.open, first), (first, second), (second, bar.close)] == visited


@pytest.mark.parametrize(("other", "kept"), [(8.0, 8.0), (9.0, 9.0), (10.0, 9.0)])
@pytest.mark.parametrize("order", [vp.NEAREST, vp.PESSIMISTIC])
def test_pessimistic_keeps_the_other_order_where_it_leaves_less(monkeypatch, other, kept, order):
    """Up first leaves 9 USD; the other order 8, as much (then the nearest stays), or 10."""
    top, bottom = Quote(104.0, 0, 0, 0), Quote(95.0, 0, 0, 0)
    empty = held((0.0, 0.0), (0.0, 0.0, 0.0))

    def walked(params, state, bar, first, second):
        return empty._replace(idle=9.0 if first == top else other, naked_bars=int(first == top))

    monkeypatch.setattr(within, "walked", walked)
    bar = BAR._replace(high=top, low=bottom)
    done = within.through(kernel_params(path_order=order), held(), bar)
    assert (kept if order == vp.PESSIMISTIC else 9.0) == done.idle
    assert (done.naked_bars == 1) == (order == vp.NEAREST or other >= 9.0)
