"""Quiet bars by hand, and many of them at once: the short ways give what the long way gives.

The state `held()` is a loan of 10 coins and 500 USD of debt (dies at an oracle of 66.67) and a
short of 10 contracts from 110 on a margin of 400 (dies at a mark of 1 500 / 10.25 = 146.34).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from basislab.kernels.events import NO_LEG
from basislab.kernels.venue import params as vp
from basislab.kernels.venue import state as vs
from basislab.kernels.venue import step as compiled_step
from basislab.kernels.venue import totals as compiled_totals
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.bars import Bars, Candles, Quote
from basislab.metrics import max_drawdown
from basislab.simulate.venue import lower_bars, price_sources
from basislab.types import RateSeries
from basislab.types.venue_terms import MarginTier
from tests import plain
from tests.venue_builders import (
    QUOTE,
    free_venue_config,
    held,
    hourly_market,
    kernel_bar,
    kernel_params,
    perp_terms,
    posted,
)

venue = plain.venue()
bars_of, quiet, step = (venue[name] for name in ("bars", "quiet", "step"))
ahead_of, reach, totals = (venue[name] for name in ("ahead", "reach", "totals"))


def policy(kind=vp.NEVER, **changes):
    made = kernel_params()
    return made._replace(policy=made.policy._replace(kind=kind, **changes))


def switched(name):
    """A convention alone."""
    return vp.Conventions(*(field == name for field in vp.Conventions._fields))


BARS = [
    ({}, True),
    ({"worst_oracle": 66.7}, True),
    ({"worst_oracle": 66.6}, False),
    ({"worst_oracle": 67.0, "borrow": 0.01}, False),  # 505 / 7.5 = 67.3
    ({"worst_oracle": 66.0, "supply": 0.01, "stake": 0.01}, True),  # 500 / 7.65 = 65.4
    ({"worst_oracle": 66.0, "supply": 0.02}, True),
    ({"worst_oracle": 66.0, "stake": 0.02}, True),
    ({"close": QUOTE._replace(spot=50.0)}, False),  # coins worth no more than the debt
    ({"close": QUOTE._replace(spot=50.1)}, True),
    ({"worst_mark": 146.3}, True),
    ({"worst_mark": 146.4}, False),
    ({"worst_mark": 146.3, "funding": -0.01}, False),  # 9 less: (1 500 - 9) / 10.25 = 145.5
    ({"worst_mark": 146.4, "funding": 0.01}, False),  # what is received comes after the path
]
"""Changes of a bar, and whether it is quiet for `held()`."""


@pytest.mark.parametrize(("bar", "is_quiet"), BARS)
def test_a_bar_is_quiet_where_no_worst_price_touches_a_leg(bar, is_quiet):
    assert quiet.is_quiet(kernel_params(), held(), kernel_bar()._replace(**bar)) == is_quiet


def test_the_prices_of_liquidation_themselves_are_not_quiet():
    """525 / 7.5 = 70; at a notional of 1 000 a margin of 25 is 2.5 %."""
    bar = kernel_bar()._replace(worst_oracle=70.0)
    assert not quiet.is_quiet(kernel_params(), held((10.0, 525.0)), bar)
    exact = held(short=(10.0, 100.0, 25.0))
    assert not quiet.is_quiet(kernel_params(), exact, kernel_bar())
    assert quiet.is_quiet(kernel_params(), held(short=(10.0, 100.0, 25.1)), kernel_bar())


@pytest.mark.parametrize(
    "state",
    [
        held(status=vs.WAITING),
        held(status=vs.CLOSED),
        held(order=vs.Order(vs.LEAVE, 0.0)),
        held(transit=vs.Transit(1.0, vs.TO_LONG, 9)),
        held(is_hurt=True),
    ],
)
def test_where_something_is_to_be_done_nothing_is_quiet(state):
    assert not quiet.is_quiet(kernel_params(), state, kernel_bar())
    assert not totals.is_left_alone(policy(), state)


@pytest.mark.parametrize("name", ["settle_at_close", "funding_first"])
def test_the_studys_order_of_a_bar_has_no_short_way(name):
    made = policy()._replace(conventions=switched(name))
    assert not quiet.is_quiet(made, held(), kernel_bar())
    assert not totals.is_left_alone(made, held())


@pytest.mark.parametrize(
    ("changes", "bar", "is_wanted"),
    [
        ({"kind": vp.TRIGGER, "trigger": 2.08}, {}, True),  # 960 / 460 = 2.087
        ({"kind": vp.TRIGGER, "trigger": 2.09}, {}, False),
        ({"kind": vp.TRIGGER, "trigger": 2.08}, {"is_look": False}, False),
        ({"kind": vp.NEVER, "exit_apy": 0.01}, {"carry": 0.009}, True),
        ({"kind": vp.NEVER, "exit_apy": 0.01}, {"carry": 0.01}, False),
        ({"kind": vp.NEVER, "exit_apy": 0.01}, {"carry": 0.0, "is_look": False}, False),
    ],
)
def test_the_trader_is_wanted_where_he_looks_and_sees_something(changes, bar, is_wanted):
    assert quiet.is_wanted(policy(**changes), held(), kernel_bar(**bar)) == is_wanted


@pytest.mark.parametrize(
    ("coins", "contracts", "rest"), [(12.0, 10.0, 2 * 6), (10.0, 12.0, -2 * 10)]
)
def test_a_quiet_bar_is_booked_at_once(coins, contracts, rest):
    """Spot 90 to 96, mark 90 to 100: -4 on each of 10 hedged coins, the rest moves by itself.
    Supply 1 % and stake 2 % at 96, borrowing 3 % of 500, funding 0.1 % of the oracle's notional."""
    before = held((coins, 500.0), (contracts, 110.0, 400.0), quote=Quote(90.0, 9.0, 90.0, 9.0))
    rates = {"supply": 0.01, "stake": 0.02, "borrow": 0.03, "funding": 0.001}
    after = quiet.quiet_bar(kernel_params(), before, kernel_bar(**rates))
    assert {
        "supply_interest": 0.01 * coins * 96,
        "borrow_interest": -15.0,
        "collateral_yield": 0.02 * coins * 96,
        "funding": 0.001 * contracts * 90,
        "basis": -40.0,
        "net_delta": rest,
    } == posted(before, after)
    assert (1.03 * coins, 515.0) == pytest.approx(tuple(after.position.long))
    short = (contracts, 110.0, 400 + 0.09 * contracts)
    assert short == pytest.approx(tuple(after.position.short))
    assert (QUOTE, 500.0) == (after.last, after.lowest_debt)


def test_a_falling_debt_is_remembered_as_the_lowest():
    """Negative borrowing rates: 500 to 490."""
    after = quiet.quiet_bar(kernel_params(), held(), kernel_bar(borrow=-0.02))
    assert 490.0 == pytest.approx(after.lowest_debt)


def flat_bars(count, close=QUOTE, **changes):
    """Bars at one quote throughout; a number replaces a series."""

    def series(value):
        return np.broadcast_to(np.asarray(value, float), (count,)).copy()

    candles = [Candles(*[series(price)] * 4) for price in close]
    values = {"worst_mark": close.mark, "worst_oracle": close.oracle}
    for name in ("supply", "borrow", "stake", "funding", "taker", "sigma", "carry"):
        values[name] = 0.0
    made = {name: series(value) for name, value in (values | changes).items()}
    looks = np.broadcast_to(made.pop("is_look", np.ones(count)), (count,)).astype(bool)
    rows = {name: np.zeros(count, np.int64) for name in ("faults", "terms")}
    return Bars(*candles, is_look=looks, **made, **rows)


def reached(params, state, close=QUOTE, **changes):
    """How many bars after the first close `state` can be left alone."""
    count = max([len(np.atleast_1d(value)) for value in changes.values()], default=3)
    padded = {name: np.concatenate(([value[0]], value)) if np.ndim(value) else value
              for name, value in changes.items()}  # fmt: skip
    bars = flat_bars(count + 1, close, **padded)
    ahead = ahead_of.look_ahead(bars, params.perp.funding_price)
    limits = reach.limits_of(params, state.position.short.contracts * QUOTE.mark)
    lines, position = reach.lines_of(bars, ahead, limits), reach.held_at(state, ahead, 0)
    water, scratch = totals.Water(1e4, 0.0), totals.new_scratch(count + 1)
    end = count + 1
    return totals.waded(position, limits, lines, ahead, 1, end, water, scratch)[0] - 1


@pytest.mark.parametrize(
    ("state", "params", "bars", "count"),
    [
        (held(), policy(), {}, 3),
        (held(), policy(), {"worst_oracle": [90, 66.6, 90]}, 1),
        (held(), policy(), {"worst_mark": [100, 146.4, 100]}, 1),
        (held(short=(10.0, 100.0, 25.1)), policy(), {}, 3),
        (held(short=(10.0, 100.0, 25.0)), policy(), {}, 0),  # maintenance itself
        (held((10.0, 674.9)), policy(), {}, 3),
        (held((10.0, 675.0)), policy(), {}, 0),  # 75 % of 900 itself
        (held(), policy(vp.TRIGGER, trigger=2.08), {"is_look": [0, 0, 1]}, 2),  # 960 / 460
        (held(), policy(vp.TRIGGER, trigger=2.09), {}, 3),
        (held(), policy(vp.TRIGGER, trigger=960 / 460), {}, 0),  # too near: `step` is asked
        (held(), policy(vp.BANDS, ltv_band=0.55, margin_band=0.1), {}, 0),  # 500 / 900 = 0.556
        (held(), policy(vp.BANDS, ltv_band=0.56, margin_band=0.1), {}, 3),
        (held(), policy(vp.BANDS, ltv_band=0.7, margin_band=0.51), {}, 0),  # 500 of 1 000
        (held(), policy(vp.DISTANCE, distance=0.25), {}, 3),  # loan 1 - 66.67 / 90 = 0.259
        (held(), policy(vp.DISTANCE, distance=0.26), {}, 0),
        (held(), policy(vp.VOLATILITY, sigma_multiple=5.0), {"sigma": [0.05, 0.052, 0.0]}, 1),
        (held(), policy(exit_apy=0.01), {"carry": [0.0, 0.01, 0.009], "is_look": [0, 1, 1]}, 2),
    ],
)
def test_a_position_is_left_alone_until_the_first_bar_that_asks_for_something(
    state, params, bars, count
):
    assert count == reached(params, state, **bars)


@pytest.mark.parametrize(("bar", "is_quiet"), BARS)
def test_a_bar_is_left_alone_where_it_is_quiet(bar, is_quiet):
    changed = dict(bar)
    close = changed.pop("close", QUOTE)
    assert is_quiet == reached(policy(), held(), close=close, **changed, taker=[0.0])


@pytest.mark.parametrize(("bound", "count"), [(1_000.1, 3), (999.0, 3), (1_000.0, 0)])
def test_a_position_is_left_alone_within_its_margin_tier(bound, count):
    """A notional of 1 000: in the first tier below 1 000.1, in the second above 999."""
    tiers = perp_terms((0.025, 0.05), (0.0, bound), (20.0, 10.0))
    assert count == reached(policy()._replace(perp=tiers), held())


def test_the_tiers_own_deduction_counts():
    """Maintenance of 2.5 % of 1 000 less 1: a margin of 24.5 is enough."""
    terms = perp_terms(deductions=np.array([1.0]))
    state = held(short=(10.0, 100.0, 24.5))
    assert quiet.is_quiet(kernel_params(perp=terms), state, kernel_bar())
    assert 3 == reached(policy()._replace(perp=terms), state)


def test_the_deepest_fall_is_from_the_highest_peak_before_it():
    """100, 120, 90, 130, 104: 25 % from 120, then 20 % from 130."""
    curve = np.array([120.0, 90.0, 130.0, 104.0])
    assert totals.Water(130.0, 0.25) == totals.lowered_by(totals.Water(100.0, 0.0), curve, 4)
    water = totals.Water(100.0, 0.0)
    for value in curve:
        water = totals.lowered(water, value)
    assert totals.Water(130.0, 0.25) == water


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 64])
def test_the_highest_of_a_curve_is_found_wherever_it_stands(count):
    for place in range(count):
        curve = np.full(64, 300.0)  # beyond the first `count`: not looked at
        curve[:count] = -np.arange(count)
        curve[place] = 200.0
        assert totals.highest(curve, count) == 200.0


def made_market(seed, n_bars=60, move=0.02):
    """Quiet enough to be left alone, wild enough to stop; four prices of their own."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(move * random.standard_normal(n_bars)))
    start = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(start, close) * (1 + 0.01 * random.random(n_bars))
    low = np.minimum(start, close) * (1 - 0.01 * random.random(n_bars))
    rows = np.stack([start, high, low, close], axis=1)

    def near():
        own = rows * (1 + 0.01 * random.standard_normal((n_bars, 1)))
        return [tuple(row) for row in own.tolist()]

    market = hourly_market(
        near(), mark=near(), spot=near(), oracle=near(), supply=0.5, borrow=0.9,
        funding=1e-3 * random.standard_normal(n_bars),
    )  # fmt: skip
    staked = {("jito", "SOL"): RateSeries(np.full(n_bars, 0.7))}
    return replace(market, supply=dict(market.supply) | staked)


@pytest.mark.parametrize("funding_price", ["oracle", "mark", "perp"])
@pytest.mark.parametrize("seed", range(4))
def test_bars_left_alone_are_the_same_bars_one_by_one(seed, funding_price):
    """Every field of the state, books included, from any first bar to any last; with a coin more
    or less than contracts."""
    config = free_venue_config(policy="never", collateral_yield="jito")
    config = replace(config, perp=replace(config.perp, funding_price=funding_price))
    market = made_market(seed)
    params = kernel_params(config)
    bars = lower_bars(market, config, price_sources(market, config))
    ahead = ahead_of.look_ahead(bars, params.perp.funding_price)
    for first in range(1, 60, 7):
        for coins in (9.0, 11.0):
            quote = bars_of.bar_at(bars, first - 1).close
            begun = held((coins, 0.5 * coins * quote.spot), (10.0, 98.0, 500.0), quote=quote)
            state = begun
            for last in range(first, 60):
                state = quiet.quiet_bar(params, state, bars_of.bar_at(bars, last))
                assert ahead_of.is_one_sided(begun, ahead, first - 1, last - 1)
                done = ahead_of.left_alone(begun, bars, ahead, first - 1, last)
                assert flat_numbers(done) == pytest.approx(flat_numbers(state), rel=1e-9, abs=1e-9)


def flat_numbers(value):
    """Every number of nested tuples."""
    if isinstance(value, tuple):
        return [number for part in value for number in flat_numbers(part)]
    return [float(value)]


def test_coins_that_outgrow_the_contracts_are_told():
    """9.9 coins grow 1 % a bar: 9.999 after one, 10.1 after two; of 10 contracts the smaller part
    is hedged, and it changes sides in the third bar."""
    bars = flat_bars(4, supply=0.01)
    ahead = ahead_of.look_ahead(bars, 0)
    below = held((9.9, 500.0))
    sides = [ahead_of.is_one_sided(below, ahead, 0, last) for last in range(4)]
    assert [True, True, False, False] == sides
    assert ahead_of.is_one_sided(held((10.0, 500.0)), ahead, 0, 3)


@pytest.mark.parametrize("kind", ["trigger", "never", "bands", "distance", "volatility"])
@pytest.mark.parametrize(("move", "capital"), [(0.003, 1e4), (0.02, 1e4), (0.006, 3e6)])
def test_a_long_run_has_the_totals_of_the_run_bar_by_bar(kind, move, capital):
    """Compiled; 700 bars: several blocks, and more than one margin tier at 3 000 000 USD."""
    tiers = (MarginTier(0.0, 0.025, 20.0), MarginTier(3.1e6, 0.05, 10.0))
    config = free_venue_config(policy=kind, trigger=2.6, capital_usd=capital)
    config = replace(config, perp=replace(config.perp, margin_tiers=tiers))
    market = made_market(5, 700, move)
    params = kernel_params(config)
    bars = lower_bars(market, config, price_sources(market, config))
    run = compiled_step.run(params, bars)
    found = compiled_totals.totals(
        params, bars, look_ahead(bars, params.perp.funding_price), vs.NOTHING, is_held=False
    )
    assert found.log.filled[0] == run.log.filled[0]
    assert found.final == pytest.approx(run.final, abs=1e-12 * sum(map(abs, run.accounts)))
    assert tuple(found.accounts) == pytest.approx(tuple(run.accounts), abs=1e-9 * capital)
    drawdown = max_drawdown(run.equity, capital)
    assert found.drawdown == pytest.approx(drawdown, rel=1e-9)


@pytest.mark.parametrize("accrues", [False, True])
def test_the_opening_bar_accrues_by_convention_only(accrues):
    """Funding on 10 000 USD: 0.03 % in the second bar, 0.01 % in the first, where it counts."""
    config = free_venue_config(policy="never", conventions=("accrue_at_opening",) * accrues)
    market = hourly_market([100.0, 100.0], funding=[1e-4, 3e-4])
    params = kernel_params(config)
    bars = lower_bars(market, config, price_sources(market, config))
    done = step.run(params, bars)
    assert 3.0 + accrues == pytest.approx(done.accounts.funding)
    ahead = ahead_of.look_ahead(bars, params.perp.funding_price)
    assert done.final == pytest.approx(
        totals.totals(params, bars, ahead, vs.NOTHING, is_held=False).final
    )


@pytest.mark.parametrize(("gas", "is_ruined"), [(30.0, False), (20_000.0, True)])
def test_an_opening_is_noted_with_its_cost_and_a_ruinous_one_as_the_end(gas, is_ruined):
    ev, log = venue["events"], venue["events"].new_log(9)
    params = kernel_params()
    params = params._replace(costs=params.costs._replace(gas=gas))
    close = Quote(100.0, 100.0, 100.0, 100.0)
    step.open_position(params, kernel_bar(close), log)
    rows = [tuple(row[:7]) for row in log.rows[: log.filled[0]]]
    opening = (7, ev.OPEN, NO_LEG, ev.NO_REASON, 0.0, min(gas, 10_000.0), 0.0)
    ruin = (7, ev.RUINED, NO_LEG, ev.NO_REASON, 0.0, 0.0, 0.0)
    assert [opening, *([ruin] if is_ruined else [])] == rows


def test_who_waits_for_carry_opens_nothing():
    made = kernel_params(free_venue_config(entry_apy=0.05))
    begun = step.open_position(made, kernel_bar(), venue["events"].new_log(9))
    assert (10_000.0, vs.WAITING) == (begun.idle, begun.status)
