"""A search's totals where bars are left alone in parts: those of the run bar by bar."""

from __future__ import annotations

import numpy as np
import pytest

from basislab.kernels.venue.state import NOTHING
from basislab.metrics import max_drawdown
from basislab.simulate.venue import lower_bars, price_sources
from basislab.types.venue_terms import Route
from tests import plain
from tests.venue_builders import free_venue_config, hourly_market, kernel_params

venue = plain.venue()


def both(market, config, **changes):
    """The run bar by bar, and the totals, on the market's bars with other series."""
    params = kernel_params(config)
    bars = lower_bars(market, config, price_sources(market, config))._replace(**changes)
    ahead = venue["ahead"].look_ahead(bars, params.perp.funding_price)
    found = venue["totals"].totals(params, bars, ahead, NOTHING, is_held=False)
    return venue["step"].run(params, bars), found


def assert_same(run, found):
    assert run.log.filled[0] == found.log.filled[0]
    assert (run.final, run.lowest_debt) == pytest.approx((found.final, found.lowest_debt))
    assert tuple(run.accounts) == pytest.approx(tuple(found.accounts), abs=1e-8)
    assert max_drawdown(run.equity, 10_000.0) == pytest.approx(found.drawdown)
    assert run.equity == pytest.approx(found.curve)


@pytest.mark.parametrize("n_bars", [2, 3, *range(20, 30)])
def test_coins_that_outgrow_the_contracts_are_booked_bar_by_bar(n_bars):
    """A fifth of a per cent is lost in the first bar, which is looked at for a mark that it may
    have seen; a hundredth is earned in each bar after it: the smaller part is hedged, and that is
    the coins until the 21st bar, which may be the last one or not."""
    rows = [100 + 5 * np.sin(bar) for bar in range(n_bars)]
    market = hourly_market(rows, spot=[row + 0.5 * np.cos(7 * row) for row in rows], funding=1e-5)
    supply, worst = np.full(n_bars, 1e-4), np.full(n_bars, 110.0)
    supply[1], worst[1] = -2e-3, 1e6
    config = free_venue_config(policy="never", reserve=0.1)  # a tenth stays idle
    run, found = both(market, config, supply=supply, worst_mark=worst)
    assert_same(run, found)
    assert abs(found.accounts.net_delta) > 1e-3 or n_bars == 2


def test_a_run_that_is_ruined_midway_keeps_its_end():
    """It enters in the second bar; opening costs 20 000 USD of 10 000."""
    opening = Route(name="opening", kind="opening", cost_usd=20_000.0)
    config = free_venue_config(policy="never", entry_apy=-1.0, opening=opening)
    run, found = both(hourly_market([100.0] * 6), config)
    assert_same(run, found)
    assert (0.0, 1.0) == (found.final, found.drawdown)


@pytest.mark.parametrize("last", [104.0, 90.0])
def test_the_deepest_fall_may_lie_in_a_bar_that_is_stepped(last):
    """A spot far beside the mark: what both legs are worth falls in a bar with a transfer."""
    spot = [100.0, 100.0, 96.0, 80.0, last, 100.0, 100.0]
    market = hourly_market([100.0, 100.0, 99.0, 98.0, 97.0, 100.0, 100.0], spot=spot)
    run, found = both(market, free_venue_config(policy="trigger", trigger=2.2))
    assert_same(run, found)
    assert found.drawdown > 0.1
