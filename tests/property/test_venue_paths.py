"""What the venue engine keeps on every path: the books, health, prefixes, the quiet way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from basislab.kernels.venue import step as kernel
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.state import NOTHING
from basislab.kernels.venue.totals import totals
from basislab.metrics import max_drawdown
from basislab.simulate import simulate
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types.venue_config import CONVENTIONS
from basislab.types.venue_result import parents
from tests import plain
from tests.venue_builders import (
    LOAN,
    PERP,
    QUOTE,
    costly,
    free_venue_config,
    held,
    hourly_market,
    kernel_params,
)

equity_of = plain.venue()["state"].equity

MARGINFI = replace(LOAN, procedure="restore", bonus=0.05, max_ltv=0.6, full_below_usd=10.0)
AAVE = replace(
    LOAN, procedure="aave", close_factor=0.5, bonus=0.05, full_ltv=0.79,
    full_below_usd=2_000.0, min_leftover_usd=1_000.0,
)  # fmt: skip
DRIFT = replace(
    PERP, procedure="partial", liquidation_buffer=0.02, liquidator_fee=0.0075,
    insurance_fee=0.0075,
)  # fmt: skip


@st.composite
def paths(draw, min_bars=2, max_bars=30, hours=1):
    """Hourly bars of perpetual and spot with their own wicks, jumps, rates of either sign."""
    n_bars = draw(st.integers(min_bars, max_bars))

    def bars(values):
        return draw(st.lists(values, min_size=n_bars, max_size=n_bars))

    moves = bars(st.one_of(st.just(1.0), st.floats(0.93, 1.07)))
    for bar in draw(st.lists(st.integers(1, n_bars - 1), min_size=1, max_size=3)):
        moves[bar] = draw(st.one_of(st.floats(0.4, 0.7), st.floats(0.7, 0.9), st.floats(1.1, 2.2)))
    wicks = st.one_of(st.just(0.0), st.floats(0.0, 0.3))
    up, down = bars(wicks), bars(wicks)
    basis = bars(st.one_of(st.just(1.0), st.floats(0.98, 1.02)))
    rows, spot, price = [], [], draw(st.sampled_from([100.0, 0.37, 4_321.0]))
    for move, rise, fall, gap in zip(moves, up, down, basis, strict=True):
        start, price = price, price * move
        top, bottom = max(start, price), min(start, price)
        rows.append((start, top * (1 + rise), bottom * (1 - fall), price))
        own = (start * gap, top * (1 + rise / 2) * gap, bottom * (1 - fall / 2) * gap, price * gap)
        spot.append(own)
    return hourly_market(
        rows,
        spot=spot,
        supply=draw(st.sampled_from([0.0, 0.05])),
        borrow=draw(st.sampled_from([0.0, 0.08, 3.0])),
        funding=bars(st.sampled_from([0.0, 1e-4, -1e-3, -0.2])),
        hours=hours,
    )


configs = st.builds(
    lambda base, changes: replace(base, **changes),
    st.sampled_from([free_venue_config(), costly(free_venue_config())]),
    st.fixed_dictionaries(
        {
            "leverage": st.sampled_from([2.4, 2.0, 1.0]),
            "capital_usd": st.sampled_from([100.0, 10_000.0, 3e6]),
            "policy": st.sampled_from(["trigger", "never", "bands", "distance", "volatility"]),
            "trigger": st.sampled_from([2.6, 3.2, 6.0]),
            "band": st.sampled_from([None, None, 0.2]),
            "has_deleverage": st.booleans(),
            "reserve": st.sampled_from([0.0, 0.2]),
            "response": st.sampled_from(["rehedge", "reopen", "exit"]),
            "path_order": st.sampled_from(["nearest", "pessimistic"]),
            "monitor_seconds": st.sampled_from([3_600, 14_400]),
            "lending": st.sampled_from([LOAN, MARGINFI, AAVE]),
            "perp": st.sampled_from([PERP, DRIFT]),
        },
        optional={
            "entry_apy": st.sampled_from([-1.0, 0.0]),
            "conventions": st.lists(st.sampled_from(CONVENTIONS), max_size=3).map(tuple),
        },
    ),
)


@given(market=paths(), config=configs)
@settings(deadline=None, max_examples=300)
def test_every_dollar_is_told_and_no_leg_ends_a_bar_unhealthy(market, config):
    """Books to 1e-9 of capital; transit and idle never negative; parents add up to the change."""
    result = simulate(market, config)
    change = result.final_usd - config.capital_usd
    turnover = sum(abs(value) for value in result.ledger.accounts.values())
    tolerance = 1e-9 * max(config.capital_usd, turnover)
    assert abs(result.ledger.total - change) <= tolerance
    assert sum(parents(result.ledger).values()) == pytest.approx(change, abs=tolerance)
    assert result.ledger.loss_borne_by_venue >= 0.0
    assert result.column("transit_usd").min() >= 0.0
    assert result.column("idle_usd").min() >= -1e-9 * config.capital_usd
    if config.conventions:
        return
    parts = sum(result.column(name) for name in ("long_usd", "short_usd", "idle_usd"))
    parts = parts + result.column("transit_usd")
    assert np.allclose(parts, result.equity_usd, rtol=0, atol=1e-9 * config.capital_usd)
    assert result.column("long_distance").min() > -1e-9
    assert result.column("short_distance").min() > -1e-9
    # neither venue can take more than its own leg: what is idle or on its way is ours
    ours = result.column("idle_usd") + result.column("transit_usd")
    assert (result.equity_usd - ours).min() >= -0.05 * config.capital_usd
    assert (result.column("short_usd") >= -1e-9 * config.capital_usd).all()


@given(market=paths(), config=configs)
@settings(deadline=None, max_examples=150)
def test_the_totals_of_a_search_are_those_of_a_run(market, config):
    """Events to the last one, amounts to 1e-12 of all that went through the books."""
    params = lower_params(config, market.bar_seconds)
    bars = lower_bars(market, config, price_sources(market, config))
    run = kernel.run(params, bars)
    found = totals(
        params, bars, look_ahead(bars, params.perp.funding_price), NOTHING, is_held=False
    )
    count = run.log.filled[0]
    assert found.log.filled[0] == count
    # bar, kind, leg and reason; amounts are compared below
    assert np.array_equal(found.log.rows[:count, :4], run.log.rows[:count, :4])
    assert found.naked_bars == run.naked_bars
    turnover = config.capital_usd + sum(map(abs, run.accounts))
    near = {"rel": 0.0, "abs": 1e-12 * turnover}
    assert found.final == pytest.approx(run.final, **near)
    assert tuple(found.accounts) == pytest.approx(tuple(run.accounts), **near)
    assert found.lowest_debt == pytest.approx(run.lowest_debt, **near)
    drawdown = max_drawdown(run.equity, config.capital_usd)
    assert found.drawdown == pytest.approx(drawdown, rel=1e-9, abs=1e-12)


@given(market=paths(min_bars=25, max_bars=60), config=configs, days=st.integers(0, 1))
@settings(deadline=None, max_examples=150)
def test_no_bar_sees_a_later_one(market, config, days):
    """Cutting the market after a day leaves curve and record up to it as they were, to the bit."""
    last = min(market.start.date() + timedelta(days=days), market.end.date())
    whole, part = simulate(market, config), simulate(market, config, end=last)
    count = len(part.times)
    assert whole.equity_usd[:count].tobytes() == part.equity_usd.tobytes()
    assert whole.record[:count].tobytes() == part.record.tobytes()
    before = [event for event in whole.event_list if event.bar < count]
    assert repr(before) == repr(list(part.event_list))


@given(market=paths(), config=configs)
@settings(deadline=None, max_examples=100)
def test_pessimistic_is_never_better_after_one_bar(market, config):
    """Over the first bar, from the same state, the pessimistic order leaves no more."""
    if config.has("settle_at_close"):
        return
    nearest, worse = (
        simulate(market, replace(config, path_order=order)) for order in ("nearest", "pessimistic")
    )
    differ = np.flatnonzero(nearest.equity_usd != worse.equity_usd)
    if len(differ) and not nearest.config.has("instant"):
        first = differ[0]
        scale = 1e-3 * config.capital_usd  # funding on what is held at the close comes after
        gap = abs(market.funding["perp"].rate[first]) * 10 * config.capital_usd
        assert worse.equity_usd[first] <= nearest.equity_usd[first] + scale + gap


@given(market=paths())
@settings(deadline=None, max_examples=100)
def test_the_quiet_way_is_the_long_way(market):
    """The same bars with a policy that always asks for the long way (funding by convention off)."""
    config = free_venue_config(policy="never")
    params = lower_params(config, market.bar_seconds)
    bars = lower_bars(market, config, price_sources(market, config))
    state = kernel.open_position(params, kernel.bar_at(bars, 0), kernel.ev.new_log(9))
    log = kernel.ev.new_log(9)
    for index in range(1, len(market)):
        bar = kernel.bar_at(bars, index)
        short, whole = (
            kernel.step(params, state, bar, log),
            kernel.whole_bar(params, state, bar, log),
        )
        assert kernel.equity(short) == pytest.approx(kernel.equity(whole), rel=1e-12)
        assert tuple(short.accounts) == pytest.approx(tuple(whole.accounts), abs=1e-8)
        state = whole


def test_coins_seized_at_the_oracle_are_booked_at_spot():
    """Oracle 100 to 60, spot 100 to 55: the loan dies at 66.67, where spot is 62.5. A tenth, 500,
    is repaid for 7.5075 coins, worth 469.22 to us: 30.78 gained; later rounds at wider gaps gain
    more. What is left of the 100 coins is ours."""
    rows = [100.0, (100, 100, 60, 60), 60.0]
    spot = [100.0, (100, 100, 55, 55), 55.0]
    market = hourly_market(rows, spot=spot, oracle=rows)
    result = simulate(market, free_venue_config(policy="never", response="exit"))
    assert result.ledger.accounts["lending_liquidation"] > 500 - 500.5 / (5_000 / 75) * 62.5 > 30.7
    assert -100.0 < result.column("net_coins")[1] < -7.5075
    assert result.ledger.total == pytest.approx(result.final_usd - 10_000, abs=1e-6)


def test_the_made_paths_really_liquidate():
    """Or the properties would hold of nothing: loans, shorts, both, and what venues bear."""
    seen = Counter()

    @given(market=paths(), config=configs)
    @settings(deadline=None, derandomize=True, database=None, max_examples=300)
    def look(market, config):
        result = simulate(market, config)
        hit = {name for name, count in result.counts.items() if count}
        seen.update(hit)
        seen.update({"both"} if {"liquidations_long", "liquidations_short"} <= hit else ())
        seen.update({"borne"} if result.ledger.loss_borne_by_venue else ())
        seen.update({"naked"} if result.naked_bars else ())
        seen.update(event.kind for event in result.event_list if event.kind == "close")

    look()
    assert min(seen["liquidations_long"], seen["liquidations_short"], seen["naked"]) > 10
    assert min(seen["rebalances"], seen["reopenings"], seen["close"]) > 3
    assert min(seen["both"], seen["borne"]) > 1


@given(
    amount=st.one_of(st.floats(-1e5, -0.01), st.floats(0.01, 1e5)),
    debt=st.floats(0.0, 900.0),
    idle=st.floats(0.0, 1e4),
    costs=st.sampled_from([(0.0, 0.0), (1.5, 1e-4), (50.0, 0.01)]),
    delay=st.integers(0, 3),
)
@settings(deadline=None)
def test_transit_conserves_cash(amount, debt, idle, costs, delay):
    """What leaves a leg is on its way or a booked cost; what arrives is in a leg or idle; no debt
    becomes negative."""
    params = kernel_params()
    flat, share = costs
    costs = params.costs._replace(transfer_usd=flat, transfer_rate=share, delay_bars=delay)
    params, transfers = params._replace(costs=costs), plain.venue()["transfers"]
    before = held((10.0, debt), (10.0, 110.0, 1e5 + 400.0), idle=idle)
    out = transfers.moved(params, before, amount, 7)
    fee = -out.accounts.transfer_fees
    assert 0.0 <= fee <= abs(amount)
    assert abs(amount) == pytest.approx(out.transit.amount + fee)
    assert equity_of(before) - fee == pytest.approx(equity_of(out))
    there = transfers.arrived(params, out, QUOTE, 0.0)
    assert equity_of(out) == pytest.approx(equity_of(there))
    assert (0.0, 7 + delay) == (there.transit.amount, out.transit.arrival)
    assert there.position.long.debt >= 0.0
    assert there.idle >= idle
