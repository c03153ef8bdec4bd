"""Costly runs on wild made paths: exact books, and responses by hand where a loan has shrunk."""

from __future__ import annotations

from dataclasses import replace

import numba.core.config
import numpy as np
import pytest

from basislab.kernels.legs import LongLeg, Position, ShortLeg
from basislab.kernels.venue import step as kernel
from basislab.kernels.venue.bars import Quote
from basislab.kernels.venue.state import changed, equity, idle_state
from basislab.kernels.venue.trades import closed
from basislab.simulate import simulate
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types import RateSeries
from basislab.types.constants import MarginTier
from basislab.types.venue_config import POLICY_KINDS, RESPONSES
from tests import plain
from tests.venue_builders import PERP, costly, free_venue_config, hourly_market, searched


def wild(seed, n_bars=72):
    """A random hourly walk of 4 % an hour with wicks; spot 1 % off the perpetual."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.04 * random.standard_normal(n_bars)))
    start = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(start, close) * (1 + 0.02 * random.random(n_bars))
    low = np.minimum(start, close) * (1 - 0.02 * random.random(n_bars))
    rows = np.stack([start, high, low, close], axis=1)
    gap = 1 + 0.01 * random.standard_normal((n_bars, 1))
    return hourly_market(
        [tuple(row) for row in rows.tolist()],
        spot=[tuple(row) for row in (rows * gap).tolist()],
        supply=0.05,
        borrow=0.08,
        funding=1e-3 * random.standard_normal(n_bars),
    )


@pytest.mark.parametrize("seed", range(15))
def test_books_are_exact_whatever_happens(seed):
    """The identity to 1e-9 of capital; costs never pay, the venue's losses never cost."""
    config = costly(
        free_venue_config(
            leverage=2.4,
            policy=POLICY_KINDS[seed % 5],
            trigger=3.0,
            response=RESPONSES[seed % 3],
            reserve=0.1 * (seed % 2),
            has_deleverage=seed % 4 < 2,
        )
    )
    result = simulate(wild(seed), config)
    books = result.ledger.accounts
    change = result.final_usd - config.capital_usd
    assert change == pytest.approx(sum(books.values()), abs=1e-9 * config.capital_usd)
    assert max(books["trading_fees"], books["gas"], books["transfer_fees"]) <= 0.0
    assert books["loss_borne_by_venue"] >= 0.0
    assert result.column("long_distance").min() > 0.0
    assert result.column("short_distance").min() > 0.0


@pytest.mark.skipif(numba.core.config.DISABLE_JIT, reason="numba is switched off: all is plain")
@pytest.mark.parametrize("seed", range(6))
def test_compiled_equals_plain_bit_for_bit(seed):
    """Curve, record, books and events: what tests by hand say of plain kernels holds of both."""
    config = costly(
        free_venue_config(
            leverage=2.4,
            policy=POLICY_KINDS[seed % 5],
            trigger=3.0,
            response=RESPONSES[seed % 3],
            path_order=("nearest", "pessimistic")[seed % 2],
        )
    )
    market = wild(seed)
    params = lower_params(config, market.bar_seconds)
    bars = lower_bars(market, config, price_sources(market, config))
    compiled, by_hand = kernel.run(params, bars), plain.venue()["step"].run(params, bars)
    assert compiled.equity.tobytes() == by_hand.equity.tobytes()
    assert compiled.record.tobytes() == by_hand.record.tobytes()
    assert tuple(compiled.accounts) == tuple(by_hand.accounts)
    count = by_hand.log.filled[0]
    assert compiled.log.rows[:count].tobytes() == by_hand.log.rows[:count].tobytes()
    assert (compiled.final, compiled.naked_bars) == (by_hand.final, by_hand.naked_bars)


def test_a_rehedge_buys_back_what_the_loan_lost():
    """Kamino seizes 7.5075 coins of 100 at 66.67; at the next open as many contracts are bought at
    66 * (1 + slippage) and 4.5 bps."""
    config = costly(free_venue_config(policy="never", response="rehedge"))
    market = hourly_market([100.0, (100, 100, 66.6, 66.6), 66.0, 66.0])
    result = simulate(market, config)
    net = result.column("net_coins")
    assert net[1] < -1.0
    assert [0.0, 0.0] == pytest.approx(net[2:].tolist(), abs=1e-9)
    size = -net[1]
    fill = 66.0 * (1 + 1e-4 + 1.4e-4 * size * 66.0 / 100_000)
    cost = size * (fill - 66.0) + size * fill * 4.5e-4
    [event] = [one for one in result.event_list if one.kind == "rehedge"]
    assert cost == pytest.approx(event.cost_usd, rel=1e-6)


def test_an_exit_leaves_only_cash():
    """Both legs are sold at the open of bar 2: 100 coins at 150 less the swap, debt repaid, the
    margin that the liquidation left; nothing happens after it."""
    config = costly(free_venue_config(policy="never", response="exit"))
    result = simulate(hourly_market([100.0, (100, 150, 100, 150), 150.0, 90.0]), config)
    [event] = [one for one in result.event_list if one.kind == "close"]
    assert (2, "liquidation") == (event.bar, event.reason)
    assert 100 * 150 * 3.1e-4 == pytest.approx(event.cost_usd)
    assert result.equity_usd[2] == result.equity_usd[3] == result.column("idle_usd")[3]


def test_a_reopened_position_is_hedged_at_the_leverage_again():
    config = costly(free_venue_config(policy="never", response="reopen"))
    result = simulate(hourly_market([100.0, (100, 150, 100, 150)] + [150.0] * 3), config)
    long, equity = result.column("long_usd")[-1], result.equity_usd[-1]
    assert equity / 2 == pytest.approx(long, rel=0.01)
    assert 0.0 == pytest.approx(result.column("net_coins")[-1], abs=1e-9)
    assert result.column("transit_usd")[2] > 0.0


def test_deleveraging_returns_to_the_leverage_at_the_opening():
    """3x at 125, weak short: equity 5 000 - 37.5 coins... both legs are cut by the same share."""
    config = free_venue_config(leverage=3.0, trigger=6.0)
    result = simulate(hourly_market([100.0, 122.0, 122.0, 122.0]), config)
    [event] = [one for one in result.event_list if one.kind in ("deleverage", "rebalance")]
    short = result.column("short_usd")[-1]
    notional = short / result.column("margin_ratio")[-1]
    if event.kind == "deleverage":
        assert 3.0 == pytest.approx(notional / short)
    assert 0.0 == pytest.approx(result.column("net_coins")[-1], abs=1e-9)


def test_staking_is_booked_as_collateral_yield_and_the_sweep_knows_it():
    """30 hours of 7 % a year on 100 coins at 100, beside 5 % of lending; the same in the sweep."""
    market = hourly_market([100.0] * 31, supply=0.05)
    staked = dict(market.supply) | {("jito", "SOL"): RateSeries(np.full(31, 0.07))}
    market = replace(market, supply=staked)
    config = free_venue_config(policy="never", collateral_yield="jito")
    books = simulate(market, config).ledger.accounts
    both = 1.05 ** (1 / 8_760) + 1.07 ** (1 / 8_760) - 2
    grown = 10_000 * ((1 + both) ** 30 - 1)
    assert grown == pytest.approx(books["supply_interest"] + books["collateral_yield"], rel=1e-9)
    share = (1.07 ** (1 / 8_760) - 1) / both
    assert share * grown == pytest.approx(books["collateral_yield"], rel=1e-9)
    params = lower_params(config, market.bar_seconds)
    bars = lower_bars(market, config, price_sources(market, config))
    final = searched(params, bars).final
    assert kernel.run(params, bars).final == pytest.approx(final, rel=1e-12)


def test_what_a_closed_leg_lacks_is_borne_by_its_venue():
    """Debt 900 on 8 coins at 100: 100 lack; a margin of 20 against 5 contracts 10 under water: 30
    lack. Both are borne, only the idle 50 are left."""
    config = free_venue_config()
    params = lower_params(config, 3_600)
    quote = Quote(100.0, 100.0, 100.0, 100.0)
    position = Position(LongLeg(8.0, 900.0), ShortLeg(5.0, 90.0, 20.0))
    state = idle_state(50.0, quote)
    state = changed(state, position, 50.0, state.transit, state.accounts)
    done = closed(params, state, quote, 0.0)
    assert (50.0, 130.0) == pytest.approx((done.idle, done.accounts.loss_borne_by_venue))
    assert 50.0 == pytest.approx(equity(done))


TWO_TIERS = (MarginTier(0.0, 0.025, 20.0), MarginTier(15_000.0, 0.05, 10.0))


@pytest.mark.parametrize("tiers", [TWO_TIERS[:1], TWO_TIERS], ids=["one tier", "two tiers"])
@pytest.mark.parametrize("seed", range(12))
def test_the_sweep_layout_gives_what_the_run_gives(seed, tiers):
    """Quiet stretches alternate with orders and liquidations, on either side of a tier's bound."""
    config = costly(free_venue_config(policy=POLICY_KINDS[seed % 2], trigger=2.8))
    config = replace(config, perp=replace(config.perp, margin_tiers=tiers))
    market = wild(seed, 100)
    params = lower_params(config, market.bar_seconds)
    bars = lower_bars(market, config, price_sources(market, config))
    final = searched(params, bars).final
    assert kernel.run(params, bars).final == pytest.approx(final, rel=1e-12)


def test_the_mark_is_seen_up_to_its_step_beyond_the_liquidation_price():
    """146.34 and 1 %: 147.80; where the bar ends before, its high."""
    perp = replace(PERP, mark_step=0.01)
    price = 150 / 1.025
    for high, seen in ((160.0, price * 1.01), (147.0, 147.0)):
        market = hourly_market([100.0, (100, high, 100, 120), 120.0])
        result = simulate(market, free_venue_config(policy="never", perp=perp))
        assert seen == pytest.approx(result.column("liquidation_mark")[1])


@pytest.mark.parametrize("perp", [101.0, 99.0])
def test_closing_away_from_the_mark_costs_or_gains_the_difference(perp):
    """100 contracts bought at 101 or 99 where the mark is 100; opened at 100."""
    rows = {"spot": [100.0] * 2, "oracle": [100.0] * 2, "mark": [100.0] * 2}
    result = simulate(hourly_market([100.0, perp], **rows), free_venue_config(policy="never"))
    assert 100 * (100.0 - perp) == pytest.approx(result.final_usd - 10_000)
    assert 100 * (100.0 - perp) == pytest.approx(result.ledger.slippage)


def test_closing_hands_back_what_each_leg_is_worth():
    """10 coins at 100 less a debt of 700, and a margin of 40 with 5 contracts 10 in profit: 300 and
    90 beside the idle 50."""
    params = lower_params(free_venue_config(), 3_600)
    quote = Quote(100.0, 100.0, 100.0, 100.0)
    position = Position(LongLeg(10.0, 700.0), ShortLeg(5.0, 110.0, 40.0))
    state = idle_state(50.0, quote)
    state = changed(state, position, 50.0, state.transit, state.accounts)
    done = closed(params, state, quote, 0.0)
    assert (440.0, 0.0) == pytest.approx((done.idle, done.accounts.loss_borne_by_venue))


def test_distances_to_liquidation_by_hand():
    """66.67 is 33.3 % below 100, 146.34 is 46.3 % above."""
    result = simulate(hourly_market([100.0, 100.0]), free_venue_config())
    assert 1 - 5_000 / 75 / 100 == pytest.approx(result.column("long_distance")[0])
    assert 150 / 1.025 / 100 - 1 == pytest.approx(result.column("short_distance")[0])
