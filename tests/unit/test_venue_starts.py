"""Runs that open at many bars: each is the run from that bar, and only storms read their terms."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from basislab.kernels.venue import events as ev
from basislab.kernels.venue import state as vs
from basislab.kernels.venue import step as compiled_step
from basislab.simulate import model_of
from basislab.simulate.model import cut, logged
from basislab.simulate.venue.model import IN_LIQUIDATIONS
from tests import plain
from tests.unit.test_certificate_venue import wild_market
from tests.venue_builders import free_venue_config

starts = plain.venue()["starts"]
DAYS = 25


@pytest.fixture(scope="module")
def market():
    return wild_market(DAYS)


def lowered(market, **changes):
    config = free_venue_config(**changes)
    model = model_of(config)
    params, bars = model.lower_params(config, 3_600), model.lower_bars(market, config)
    return params, bars, model.ahead(params, bars)


@pytest.mark.parametrize("changes", [{"trigger": 3.0}, {"policy": "never", "leverage": 3.0}])
def test_each_start_is_the_run_from_its_bar(market, changes):
    """Equity, books and liquidated bars at starts 0, 31 and 300, as the long way gives them."""
    params, bars, ahead = lowered(market, **changes)
    firsts = np.array([0, 31, 300])
    kept = starts.starts(params, bars, ahead, firsts, vs.NOTHING)
    sunk: set[int] = set()
    for row, first in enumerate(firsts.tolist()):
        run = compiled_step.run(params, cut(bars, slice(first, None)))
        assert kept.final[row] == pytest.approx(run.final, rel=1e-12)
        assert kept.accounts[row] == pytest.approx(tuple(run.accounts), abs=1e-7)
        rows = logged(run)
        sunk |= {first + int(bar) for bar in rows[rows[:, 1] == ev.LIQUIDATION, 0]}
    assert set(np.flatnonzero(kept.is_sunk).tolist()) == sunk


def test_the_runs_above_are_liquidated_somewhere(market):
    """Else no bar is sunk in either."""
    kept = starts.starts(*lowered(market, policy="never", leverage=3.0), np.array([0]), vs.NOTHING)
    assert kept.is_sunk.any()


@pytest.mark.parametrize("role", IN_LIQUIDATIONS)
def test_a_run_without_a_liquidation_does_not_read_their_constants(market, role):
    """Each at half of what it may be: the same bits; a run with liquidations notices some."""
    calm = {"trigger": 2.6, "leverage": 1.5}
    long, short = (3.0, 1.5) if role == "lending" else (1.5, 12.0)
    wild = {"policy": "never", "long_leverage": long, "short_leverage": short}
    is_noticed = False
    for name in IN_LIQUIDATIONS[role]:
        for changes in (calm, wild):
            config = free_venue_config(**changes)
            terms = getattr(config, role)
            assert name in {field.name for field in fields(terms)}
            moved = replace(terms, **{name: 0.5 * getattr(terms, name) + 0.002})
            now = starts.starts(*lowered(market, **changes), np.array([0]), vs.NOTHING)
            then = starts.starts(
                *lowered(market, **changes, **{role: moved}), np.array([0]), vs.NOTHING
            )
            if changes is calm:
                assert not now.is_sunk.any()
                assert now.final[0] == then.final[0]
            else:
                is_noticed |= now.final[0] != then.final[0]
    assert is_noticed
