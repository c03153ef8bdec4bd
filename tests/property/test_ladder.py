"""The assumption ladder: its rungs sum to the gap, and any set of conventions keeps the books."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from basislab.errors import ConfigError
from basislab.presets import load_venue
from basislab.research.ladder import ORDER, counterpart, keeping, ladder
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


@given(market=markets(), leverage=st.sampled_from([1.0, 2.0, 3.0]), order=st.permutations(ORDER))
@settings(deadline=None, max_examples=40)
def test_rungs_sum_to_the_gap_in_any_order(market, leverage, order):
    study = RebalanceConfig(leverage=leverage, perp=MADE, trigger=1.5 * leverage)
    found = ladder(market, study, engine(MADE), order=order)
    gap = found.venue.final_usd - found.kept.final_usd
    assert abs(found.parity_usd) <= 1e-9 * 10_000 * max(1, abs(found.study.final_usd) / 10_000)
    assert sum(rung.change_usd for rung in found.rungs) == pytest.approx(gap, abs=1e-6)
    assert [rung.convention for rung in found.rungs] == list(order)
    assert found.rungs[-1].final_usd == found.venue.final_usd
    assert found.rungs[0].change_usd == found.rungs[0].alone_usd  # the first is dropped alone
    assert found.venue.config.conventions == ()


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
    found = ladder(market, study, engine())
    assert found.parity_usd == pytest.approx(0.0, abs=1e-5)
    assert found.study.final_usd == simulate(market, study).final_usd
    assert 40.0 == keeping(engine(), study, ORDER).opening.cost_bps
    assert 8.0 == keeping(engine(), study, []).opening.cost_bps


def test_with_one_price_in_the_market_that_convention_changes_nothing(market):
    """The sample has one series, which stands for all four prices either way."""
    found = ladder(market, RebalanceConfig(leverage=3, perp=STUDY, trigger=6), engine())
    changes = {rung.convention: rung.change_usd for rung in found.rungs}
    assert 0.0 == changes["one_price"]
    assert np.any(np.array(list(changes.values())) != 0.0)


def test_an_order_that_leaves_a_convention_out_is_refused(market):
    with pytest.raises(ConfigError, match="every convention once"):
        ladder(market, RebalanceConfig(perp=STUDY, leverage=2), engine(), order=ORDER[:-1])
