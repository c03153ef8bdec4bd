"""The study's settlement on the venue engine's state, by hand, at four prices that differ.

The state `held()` is a loan of 10 coins and 500 USD of debt (460 USD at a spot of 96) and a short
of 10 contracts from 110 on a margin of 400 (500 USD at a mark of 100).
"""

from __future__ import annotations

import pytest

from basislab.kernels.events import BOTH, LONG, NO_LEG, SHORT
from basislab.kernels.legs import EQUITY_PENALTY, NOTIONAL_PENALTY
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from tests import plain
from tests.venue_builders import QUOTE, held, kernel_bar, kernel_params, posted

venue = plain.venue()
ev, study = venue["events"], venue["study"]
equity = venue["state"].equity

STUDY = vp.StudyTerms(
    maintenance=0.05,
    penalty_kind=EQUITY_PENALTY,
    penalty_rate=0.5,
    open_fee=0.001,
    taker_fee=0.0004,
    gas=3.0,
)
CALM = kernel_bar()
LOW = CALM._replace(low=QUOTE._replace(oracle=52.0))
HIGH = CALM._replace(high=QUOTE._replace(mark=144.0))
BOTH_WAYS = LOW._replace(high=HIGH.high)


def params(*switches, **changes):
    """Parameters without costs; conventions by name."""
    names = vp.Conventions._fields
    conventions = vp.Conventions(*(name in switches for name in names))
    return kernel_params(conventions=conventions, **changes)


def flat(**changes):
    """The study's one maintenance margin for both legs."""
    return params("flat_margin", **changes)


def rows(log):
    """Events as (bar, kind, leg, reason, moved, cost, penalty)."""
    return [tuple(pytest.approx(one) for one in row[:7]) for row in log.rows[: log.filled[0]]]


@pytest.mark.parametrize(
    ("oracle", "flat", "venues"), [(66.0, False, True), (52.0, True, True), (67.0, False, False)]
)
def test_the_studys_loan_dies_at_5_percent_of_equity(oracle, flat, venues):
    """520 - 500 is less than 5 % of 520; 500 of 660 is more than 75 %."""
    bar = CALM._replace(low=QUOTE._replace(oracle=oracle))
    for switches, is_hit in ((("flat_margin",), flat), ((), venues)):
        assert study.is_long_hit(params(*switches, study=STUDY), held(), bar) == is_hit


@pytest.mark.parametrize(
    ("mark", "flat", "venues"), [(144.0, True, False), (147.0, True, True), (142.0, False, False)]
)
def test_the_studys_short_dies_at_5_percent_of_equity(mark, flat, venues):
    """1 500 / 10.5 = 142.86; by the venue's 2.5 % at 146.34."""
    bar = CALM._replace(high=QUOTE._replace(mark=mark))
    for switches, is_hit in ((("flat_margin",), flat), ((), venues)):
        assert study.is_short_hit(params(*switches, study=STUDY), held(), bar) == is_hit


@pytest.mark.parametrize(
    ("kind", "rate", "bar", "leg", "long", "short"),
    [
        (EQUITY_PENALTY, 0.5, LOW, LONG, 230.0, 0.0),
        (EQUITY_PENALTY, 0.5, HIGH, SHORT, 0.0, 250.0),
        (EQUITY_PENALTY, 0.5, BOTH_WAYS, BOTH, 230.0, 250.0),
        (NOTIONAL_PENALTY, 0.025, BOTH_WAYS, BOTH, 24.0, 25.0),
    ],
)
def test_the_study_penalises_at_the_close_and_reopens(kind, rate, bar, leg, long, short):
    """Legs of 460 and 500: half of it, or 2.5 % of 960 and 1 000. What is left pays 14 bps of 2x of
    its half twice, 4 bps of the short's 1 000 and gas, and is hedged at 96 from the mark."""
    terms = STUDY._replace(penalty_kind=kind, penalty_rate=rate)
    before, log = held(), ev.new_log(9)
    done = study.settled(flat(study=terms), before, bar, log)
    left = 960 - long - short
    fees = left * 0.0014 + 0.4
    rest = left - fees - 3.0
    assert (rest / 96, rest / 2) == pytest.approx(tuple(done.position.long))
    assert (rest / 96, 100.0, rest / 2) == pytest.approx(tuple(done.position.short))
    wanted = {"lending_liquidation": -long, "perp_liquidation": -short}
    wanted = {name: value for name, value in wanted.items() if value}
    assert wanted | {"trading_fees": -fees, "gas": -3.0} == posted(before, done)
    assert [
        (7, ev.LIQUIDATION, leg, ev.NO_REASON, 0.0, 0.0, long + short),
        (7, ev.REOPEN, NO_LEG, ev.NO_REASON, 0.0, fees + 3.0, 0.0),
    ] == rows(log)


@pytest.mark.parametrize(("debt", "margin", "borne"), [(1_000.0, 400.0, 40.0), (500.0, -130.0, 30)])
def test_what_lacks_below_zero_is_forgiven_by_the_study(debt, margin, borne):
    """960 - 1 000 = -40, or -130 + 100 = -30: the leg keeps nothing, the other is penalised too."""
    before, log = held((10.0, debt), (10.0, 110.0, margin)), ev.new_log(9)
    done = study.settled(flat(study=STUDY), before, BOTH_WAYS, log)
    assert borne == pytest.approx(done.accounts.loss_borne_by_venue)
    kept = 250.0 if debt > 960 else 230.0
    assert kept - (kept * 0.0014 + 0.4) - 3.0 == pytest.approx(equity(done))


@pytest.mark.parametrize(("gas", "is_ended"), [(728.0, False), (729.0, True)])
def test_the_study_ends_where_the_reopening_takes_everything(gas, is_ended):
    """730 are left; fees of 1.422 and gas of 728 leave 0.58."""
    log = ev.new_log(9)
    terms = flat(study=STUDY._replace(gas=gas))
    done = study.settled(terms, held(), LOW, log)
    assert (done.status == vs.ENDED) is is_ended
    kinds = [event[1] for event in rows(log)]
    assert [ev.LIQUIDATION, *([] if is_ended else [ev.REOPEN])] == kinds


def test_what_the_study_does_not_liquidate_it_leaves_alone():
    log = ev.new_log(9)
    assert held() == study.settled(flat(study=STUDY), held(), CALM, log)
    assert [] == rows(log)
