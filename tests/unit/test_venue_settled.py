"""The study's settlement of a liquidation on the venue engine's state: by hand, at four prices.

The state `held()` is a loan of 10 coins and 500 USD of debt (460 USD at a spot of 96) and a short
of 10 contracts from 110 (500 USD at a mark of 100).
"""

from __future__ import annotations

import pytest

from basislab.kernels.events import BOTH, LONG, NO_LEG, SHORT
from basislab.kernels.venue import events as ev
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_bar, kernel_params, posted

venue = plain.venue()
study = venue["study"]

TERMS = vp.StudyTerms(
    maintenance=0.05, penalty_kind=1, penalty_rate=0.1, open_fee=0.001, taker_fee=0.002, gas=3.0
)
"""A tenth of the notional; 10 and 20 bps."""


def made(*switches, **terms):
    """1.5x with six tenths of the equity in the long: 0.9 of each leg a dollar."""
    return kernel_params(
        study=TERMS._replace(**terms),
        share=0.6,
        leverage=1.5,
        conventions=vp.Conventions(*(name in switches for name in vp.Conventions._fields)),
    )


@pytest.mark.parametrize(
    ("switches", "oracle", "is_hit"),
    [((), 66.6, True), ((), 66.7, False), (("flat_margin",), 52.6, True),
     (("flat_margin",), 52.7, False)],
)  # fmt: skip
def test_the_lows_oracle_alone_hits_the_long(switches, oracle, is_hit):
    """500 of 7.5 coins, or of 9.5 by a margin of 5 %; whatever spot and the high show."""
    bar = kernel_bar()._replace(low=QUOTE._replace(oracle=oracle, spot=1.0, mark=1.0))
    assert bool(study.is_long_hit(made(*switches), held(), bar)) is is_hit
    turned = kernel_bar()._replace(high=QUOTE._replace(oracle=1.0))
    assert not study.is_long_hit(made(*switches), held(), turned)


@pytest.mark.parametrize(
    ("switches", "mark", "is_hit"),
    [((), 146.4, True), ((), 146.3, False), (("flat_margin",), 142.9, True),
     (("flat_margin",), 142.8, False)],
)  # fmt: skip
def test_the_highs_mark_alone_hits_the_short(switches, mark, is_hit):
    """1 500 of 10.25, or of 10.5 contracts."""
    bar = kernel_bar()._replace(high=QUOTE._replace(mark=mark, oracle=900.0, spot=900.0))
    assert bool(study.is_short_hit(made(*switches), held(), bar)) is is_hit
    turned = kernel_bar()._replace(low=QUOTE._replace(mark=900.0))
    assert not study.is_short_hit(made(*switches), held(), turned)


def settled(params, before, *, is_long=True, is_short=True):
    """A bar whose low and high hit the legs named."""
    log = venue["events"].new_log(9)
    low = QUOTE._replace(oracle=1.0) if is_long else QUOTE
    high = QUOTE._replace(mark=900.0) if is_short else QUOTE
    after = study.settled(params, before, kernel_bar()._replace(low=low, high=high), log)
    return after, [tuple(row[:7]) for row in log.rows[: log.filled[0]]]


@pytest.mark.parametrize(
    ("is_long", "is_short", "leg"),
    [(True, False, LONG), (False, True, SHORT), (True, True, BOTH)],
)
def test_legs_that_are_hit_pay_a_tenth_of_their_notional_and_both_are_opened_anew(
    is_long, is_short, leg
):
    """96 of the long's 460, 100 of the short's 500. What is left pays 30 bps of nine tenths of it,
    20 bps of closing contracts of 1 000, and gas; and is split six to four, at 96 and 100."""
    before = held(idle=7.0)
    after, events = settled(made(), before, is_long=is_long, is_short=is_short)
    long, short = 96.0 * is_long, 100.0 * is_short
    left = 960 - long - short
    fees = 0.9 * left * 0.003 + 1_000 * 0.002
    kept = left - fees - 3
    booked = {"trading_fees": -fees, "gas": -3.0}
    booked |= {"lending_liquidation": -long} if is_long else {}
    booked |= {"perp_liquidation": -short} if is_short else {}
    assert booked == posted(before, after)
    coins = 0.9 * kept / 96
    assert (coins, 0.3 * kept) == pytest.approx(tuple(after.position.long))
    assert (coins, 100.0, 0.4 * kept) == pytest.approx(tuple(after.position.short))
    assert (7.0, vs.OPEN) == (after.idle, after.status)
    near = pytest.approx
    assert [
        (7, ev.LIQUIDATION, leg, ev.NO_REASON, 0.0, 0.0, near(long + short)),
        (7, ev.REOPEN, NO_LEG, ev.NO_REASON, 0.0, near(fees + 3), 0.0),
    ] == events


def test_a_bar_that_hits_no_leg_settles_nothing():
    before = held()
    assert (before, []) == settled(made(), before, is_long=False, is_short=False)


def test_what_legs_lack_is_borne_by_the_venue():
    """100 below zero and 80 below zero: nothing to take a penalty of, nothing left."""
    before = held((10.0, 1_060.0), (10.0, 110.0, -180.0))
    after, events = settled(made(), before)
    assert posted(before, after)["loss_borne_by_venue"] == 180.0
    assert [(7, ev.LIQUIDATION, BOTH, ev.NO_REASON, 0.0, 0.0, 0.0)] == events
    assert vs.ENDED == after.status


@pytest.mark.parametrize(("left", "is_ended"), [(0.5, False), (0.0, True)])
def test_half_a_dollar_is_opened_anew_and_nothing_is_the_end(left, is_ended):
    """764 are left of both; gas takes all of it but that."""
    fees = 0.9 * 764 * 0.003 + 1_000 * 0.002
    after, events = settled(made(gas=764 - fees - left), held())
    assert (vs.ENDED if is_ended else vs.OPEN) == after.status
    assert (1 if is_ended else 2) == len(events)
