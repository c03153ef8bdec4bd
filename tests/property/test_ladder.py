"""The assumption ladder: its rungs sum to the gap, and any set of conventions keeps the books."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from basislab.data.build.resample import to_daily
from basislab.presets import load_venue
from basislab.research.intraday import Bridge
from basislab.research.ladder import FINER, ON_DAYS, WITHIN_DAYS, counterpart, keeping, ladder
from basislab.simulate import simulate
from basislab.types import RebalanceConfig
from basislab.types.venue_config import CONVENTIONS
from tests.strategies import markets
from tests.venue_builders import FREE, PERP, free_venue_config

STUDY = load_venue("hyperliquid-study")
MADE = replace(STUDY, funding="perp")
"""The same constants, on the venue that made markets have funding of."""


def engine(venue=STUDY, **changes):
    """The venue engine on daily bars, with routes that cost and take time."""
    return free_venue_config(
        perp=replace(PERP, funding=venue.funding),
        opening=replace(FREE["opening"], cost_bps=8.0, cost_usd=1.0),
        swap=replace(FREE["swap"], cost_bps=5.0),
        transfer=replace(FREE["transfer"], cost_usd=2.0, cost_bps=1.0, delay_seconds=300.0),
        monitor_seconds=86_400,
        **changes,
    )


@given(
    market=markets(),
    kept=st.sets(st.sampled_from(CONVENTIONS)),
    trigger=st.sampled_from([2.5, 3.5, 5.0, None]),
    response=st.sampled_from(["reopen", "rehedge", "exit"]),
)
@settings(deadline=None, max_examples=200)
def test_books_hold_whatever_conventions_are_kept(market, kept, trigger, response):
    """`simulate` refuses books that are off by 1e-9: 3 USD of the study's transfers were, once.

    Reopened after a liquidation with the study's costs, a position has no legs yet that could share
    the transfer's cost.
    """
    study = RebalanceConfig(leverage=2, perp=MADE, trigger=trigger)
    config = keeping(counterpart(study, engine(MADE, response=response)), study, sorted(kept))
    result = simulate(market, config)
    assert result.ledger.total == pytest.approx(result.final_usd - 10_000, abs=1e-4)


@given(market=markets(), leverage=st.sampled_from([1.0, 2.0, 3.0]))
@settings(deadline=None, max_examples=25)
def test_rungs_sum_to_the_gap_between_the_study_and_the_median(market, leverage):
    study = RebalanceConfig(leverage=leverage, perp=MADE, trigger=1.5 * leverage)
    found = ladder(market, market, study, engine(MADE), paths=3)
    median = found.venue.median("final_usd")
    gap = median - found.kept.final_usd
    assert abs(found.parity_usd) <= 1e-9 * 10_000 * max(1, abs(found.study.final_usd) / 10_000)
    assert sum(rung.change_usd for rung in found.rungs) == pytest.approx(gap, abs=1e-6)
    assert [rung.convention for rung in found.rungs] == [*ON_DAYS, FINER, *WITHIN_DAYS]
    assert found.rungs[-1].final_usd == median
    assert found.venue.config.conventions == ()


def test_on_the_markets_own_hours_every_rung_is_a_number(market):
    """Hours of one path: the last rung is the backtest on them, and nothing is drawn."""
    hours = Bridge(market=market.window(end="2025-03-31"), bar_seconds=3_600, paths=1, seed=0)[0]
    study = RebalanceConfig(leverage=2, perp=STUDY, trigger=5)
    venue = replace(engine(), monitor_seconds=3_600)
    found = ladder(to_daily(hours), hours, study, venue)
    alone = simulate(hours, replace(counterpart(study, venue), monitor_seconds=3_600))
    assert found.rungs[-1].final_usd == pytest.approx(alone.final_usd, rel=1e-12)
    assert all(rung.low_usd == rung.high_usd == rung.final_usd for rung in found.rungs)


def test_conventions_are_dropped_once_each():
    assert sorted((*ON_DAYS, *WITHIN_DAYS)) == sorted(CONVENTIONS)


def test_the_costs_of_a_position_opened_anew_come_off_its_capital(market):
    """Each reopening sends the cash across: 3 USD that the legs do not have to pay twice.

    On the sample the 2x loan is liquidated at its own threshold, closed, and opened anew by a
    transfer of 3 USD; the account of transfers is 3 USD times transfers of either kind.
    """
    study = RebalanceConfig(leverage=2, perp=STUDY, trigger=5)
    config = keeping(counterpart(study, engine()), study, ["one_price", "study_costs"])
    result = simulate(market, config)
    reopened, moved = result.counts["reopenings"], result.counts["rebalances"]
    assert reopened > 0
    assert -3.0 * (reopened + moved) == pytest.approx(result.ledger.transfer_fees, abs=1e-9)


def test_the_study_costs_of_a_rung_include_its_opening_fee(market):
    """The preset opens for 8 bps, the study for 40: kept, its costs are the study's own."""
    study = RebalanceConfig(leverage=2, perp=STUDY, trigger=5, open_fee_bps=40.0)
    found = ladder(market, market, study, engine(), paths=2)
    assert found.parity_usd == pytest.approx(0.0, abs=1e-5)
    assert found.study.final_usd == simulate(market, study).final_usd
    assert 40.0 == keeping(engine(), study, CONVENTIONS).opening.cost_bps
    assert 8.0 == keeping(engine(), study, []).opening.cost_bps


def test_with_one_price_in_the_market_that_convention_changes_nothing(market):
    """The sample has one series, which stands for all four prices either way."""
    study = RebalanceConfig(leverage=3, perp=STUDY, trigger=6)
    found = ladder(market, market, study, engine(), paths=2)
    changes = {rung.convention: rung.change_usd for rung in found.rungs}
    assert 0.0 == changes["one_price"]
    assert np.any(np.array(list(changes.values())) != 0.0)
