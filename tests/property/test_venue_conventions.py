"""All of the study's conventions together are the study's kernel, on made markets."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from basislab.presets import load_venue
from basislab.simulate import simulate
from basislab.types import RebalanceConfig
from basislab.types.venue_config import CONVENTIONS
from basislab.types.venue_result import parents
from tests.strategies import markets, venues
from tests.venue_builders import FREE, PERP, free_venue_config


def twin(config: RebalanceConfig):
    """The venue engine's config of the same run, every convention kept."""
    return free_venue_config(
        leverage=config.leverage,
        capital_usd=config.capital_usd,
        perp=replace(PERP, funding=config.perp.funding),
        opening=replace(FREE["opening"], cost_bps=min(config.open_fee_bps, 2_000)),
        study=config.perp,
        trigger=config.trigger_leverage,
        monitor_seconds=86_400,
        conventions=CONVENTIONS,
    )


def assert_same(study, venue, capital):
    tolerance = 1e-9 * capital
    scale = max(1.0, abs(study.ledger.total) / capital)
    assert abs(study.equity_usd - venue.equity_usd).max() <= tolerance * scale
    assert study.final_usd == pytest.approx(venue.final_usd, abs=tolerance * scale)
    turnover = sum(abs(value) for value in study.ledger.to_dict().values())
    for name, value in parents(study.ledger).items():
        other = parents(venue.ledger)[name]
        assert value == pytest.approx(other, abs=1e-9 * max(capital, turnover)), name
    for name in ("trading_fees", "gas", "transfer_fees", "liquidation_penalty", "shortfall"):
        value, other = getattr(study.ledger, name), getattr(venue.ledger, name)
        assert value == pytest.approx(other, abs=1e-9 * max(capital, turnover)), name
    kinds = [(event.bar, event.kind, event.leg) for event in study.event_list]
    assert kinds == [(event.bar, event.kind, event.leg) for event in venue.event_list]


@given(
    market=markets(),
    leverage=st.one_of(st.sampled_from([1.0, 2.0, 3.0, 10.0]), st.floats(1.0, 10.0)),
    capital=st.one_of(st.just(10_000.0), st.floats(100.0, 1e8)),
    venue=venues,
    fee=st.one_of(st.just(15.0), st.floats(0.0, 1_000.0)),
    trigger=st.one_of(st.just("auto"), st.none(), st.floats(0.5, 50.0)),
)
@settings(deadline=None, max_examples=300)
def test_all_conventions_on_is_the_study(market, leverage, capital, venue, fee, trigger):
    config = RebalanceConfig(
        leverage=leverage, capital_usd=capital, perp=venue, open_fee_bps=fee, trigger=trigger
    )
    assert_same(simulate(market, config), simulate(market, twin(config)), capital)


@pytest.mark.parametrize("perp", ["hyperliquid-study", "drift-study"])
@pytest.mark.parametrize("leverage", [2, 3, 4])
def test_all_conventions_on_gives_the_figures_of_the_study(market, leverage, perp):
    config = RebalanceConfig(leverage=leverage, perp=load_venue(perp))
    assert_same(simulate(market, config), simulate(market, twin(config)), 10_000.0)
