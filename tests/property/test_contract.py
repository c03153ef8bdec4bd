"""What every model must keep, whatever the market and the configuration; one test for all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from basislab.kernels.ledger import Accounts
from basislab.simulate import lower_config, lower_market, simulate
from tests.builders import STUDY_MODELS, free_config, make_market
from tests.strategies import configs, markets

every_model = pytest.mark.parametrize("kind", STUDY_MODELS, ids=lambda kind: kind.model)
calm = settings(deadline=None, max_examples=60)


def bits(outcome) -> tuple[bytes, ...]:
    """Everything a kernel returns, as bytes: equal only where every bit is."""
    rows = outcome.log.rows[: outcome.log.filled[0]]
    numbers = np.array([outcome.final, outcome.lowest_debt, *outcome.accounts])
    return outcome.equity.tobytes(), rows.tobytes(), numbers.tobytes()


def lowered(market, config, kernel):
    bars = lower_market(market, config.perp.funding, config.lending)
    return lower_config(kernel.Params, config, config.perp), bars


@every_model
@given(data=st.data())
@calm
def test_the_ledger_is_the_change_of_equity(kind, data):
    """To 1e-9 of capital, not of turnover."""
    market, config = data.draw(markets()), data.draw(configs(kind))
    result = simulate(market, config)
    change = result.final_usd - config.capital_usd
    assert abs(result.ledger.total - change) <= 1e-9 * config.capital_usd


REACHED = {
    "rebalance": {"open", "rebalance", "long", "short", "both", "reopen", "ruined", "shortfall"},
    "rotation": {
        "open",
        "liquidation_penalty",
        "liquidation_long",
        "liquidation_short",
        "buffer_long",
        "buffer_short",
        "min_apy",
        "both",
        "ruined",
        "shortfall",
    },
    "conditional": {"open", "liquidation_proximity", "apy", "ruined", "shortfall"},
}


@pytest.mark.parametrize(
    "kind", [kind for kind in STUDY_MODELS if kind.model in REACHED], ids=lambda kind: kind.model
)
def test_the_made_markets_reach_everything_that_can_happen(kind):
    """A property is worth what its examples reach; these are the same every time."""
    reached = set()

    @given(market=markets(), config=configs(kind))
    @settings(deadline=None, max_examples=250, derandomize=True, database=None)
    def look(market, config):
        result = simulate(market, config)
        for event in result.event_list:
            reached.update({event.kind, event.leg, event.reason})
        if result.ledger.shortfall > 0.0:
            reached.add("shortfall")

    look()
    assert set() == REACHED[kind.model] - reached


@every_model
@given(data=st.data())
@calm
def test_signs_of_the_ledger(kind, data):
    """Costs and penalties never pay, a forgiven shortfall never costs; unused accounts are 0."""
    result = simulate(data.draw(markets()), data.draw(configs(kind)))
    ledger = result.ledger
    costs = (ledger.trading_fees, ledger.gas, ledger.transfer_fees, ledger.slippage)
    assert max(*costs, ledger.liquidation_penalty) <= 0.0
    assert ledger.shortfall >= 0.0
    for name in set(Accounts._fields) - set(ledger.names):
        assert getattr(ledger, name) == 0.0


@every_model
@given(data=st.data())
@calm
def test_ruin_is_the_end(kind, data):
    """From the event on: no further event, no equity, nothing left; without it never below zero."""
    config = data.draw(configs(kind))
    result = simulate(data.draw(markets()), config)
    ruins = [event.bar for event in result.event_list if event.kind == "ruined"]
    if kind.model == "static":
        assert ruins == []
        return
    assert result.equity_usd.min() >= 0.0
    if ruins:
        assert len(ruins) == 1
        assert result.event_list[-1].kind == "ruined"
        assert result.event_list[-1].equity_usd == 0.0
        assert result.equity_usd[ruins[0] :].tolist() == [0.0] * (len(result.times) - ruins[0])
        assert result.final_usd == 0.0
        assert result.total_return == -1.0
    else:
        assert result.equity_usd.min() > 0.0


@every_model
@given(data=st.data())
@settings(deadline=None, max_examples=30)
def test_the_same_run_twice_is_the_same(kind, data):
    market, config = data.draw(markets()), data.draw(configs(kind))
    first, second = simulate(market, config), simulate(market, config)
    assert first.equity_usd.tobytes() == second.equity_usd.tobytes()
    assert repr(first.to_dict(with_equity=True)) == repr(second.to_dict(with_equity=True))
    assert repr(first.event_list) == repr(second.event_list)


@every_model
@given(data=st.data())
@calm
def test_no_model_looks_ahead(kind, data):
    """Cutting the market after day k leaves equity and events up to k as they were."""
    market, config = data.draw(markets(min_bars=2)), data.draw(configs(kind))
    last = data.draw(st.integers(0, len(market) - 2))
    whole = simulate(market, config)
    part = simulate(market, config, end=market.start.date() + timedelta(days=last))
    assert part.equity_usd.tobytes() == whole.equity_usd[: last + 1].tobytes()
    before = [event for event in whole.event_list if event.bar <= last]
    assert repr(before) == repr(list(part.event_list))


@every_model
@given(data=st.data())
@calm
def test_a_run_sees_only_its_window(kind, data):
    """Days before the start change nothing."""
    market, config = data.draw(markets(min_bars=2)), data.draw(configs(kind))
    first = market.start.date() + timedelta(days=data.draw(st.integers(1, len(market) - 1)))
    windowed = simulate(market, config, start=first)
    alone = simulate(market.window(start=first), config)
    assert windowed.equity_usd.tobytes() == alone.equity_usd.tobytes()
    assert repr(windowed.event_list) == repr(alone.event_list)
    assert windowed.hurdle_return == alone.hurdle_return


@every_model
@given(
    leverage=st.floats(1.0, 10.0),
    capital=st.floats(100.0, 1e8),
    price=st.floats(1e-4, 1e5),
    n_bars=st.integers(1, 20),
)
@calm
def test_nothing_comes_from_nothing(kind, leverage, capital, price, n_bars):
    """Zero rates, zero fees, no moves: every account is 0, the equity is the capital."""
    config = free_config(kind, leverage=leverage, capital_usd=capital)
    if kind.model == "conditional":
        config = replace(config, entry_apy=-1.0)
    result = simulate(make_market([price] * n_bars), config)
    assert set(result.ledger.to_dict().values()) == {0.0}
    assert np.abs(result.equity_usd - capital).max() <= 1e-9 * capital
    assert abs(result.final_usd - capital) <= 1e-9 * capital


@every_model
@given(data=st.data())
@calm
def test_compiled_equals_plain_bit_for_bit(kind, data, plain_kernels):
    market, config = data.draw(markets()), data.draw(configs(kind))
    compiled, plain = STUDY_MODELS[kind].kernel, plain_kernels[kind.model]
    assert plain.run is not compiled.run
    assert bits(compiled.run(*lowered(market, config, compiled))) == bits(
        plain.run(*lowered(market, config, plain))
    )


@every_model
@given(data=st.data(), factor=st.sampled_from([0.125, 0.5, 2.0, 1024.0]))
@settings(deadline=None, max_examples=30)
def test_the_unit_of_the_coin_does_not_matter(kind, data, factor):
    """Prices times a power of two, quantities divided by it: the same bits in USD."""
    market, config = data.draw(markets()), data.draw(configs(kind))
    key, price = next(iter(market.prices.items()))
    scaled = type(price)(
        **{name: getattr(price, name) * factor for name in ("open", "high", "low", "close")}
    )
    one, other = simulate(market, config), simulate(replace(market, prices={key: scaled}), config)
    assert one.equity_usd.tobytes() == other.equity_usd.tobytes()
    assert one.ledger == other.ledger
