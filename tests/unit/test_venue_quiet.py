"""Quiet bars by hand, and stretches of them: the short ways give what the long way gives.

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
from basislab.kernels.venue.bars import Bars, Candles, Quote
from basislab.simulate.venue import lower_bars, price_sources
from basislab.types import RateSeries
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
bars_of, quiet, step, stretching = (venue[name] for name in ("bars", "quiet", "step", "stretch"))


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
    assert not stretching.may_stretch(policy(), state)


@pytest.mark.parametrize("name", ["settle_at_close", "funding_first"])
def test_the_studys_order_of_a_bar_has_no_short_way(name):
    made = policy()._replace(conventions=switched(name))
    assert not quiet.is_quiet(made, held(), kernel_bar())
    assert not stretching.may_stretch(made, held())


@pytest.mark.parametrize(
    ("kind", "may"),
    [(vp.NEVER, True), (vp.TRIGGER, True), (vp.BANDS, False), (vp.DISTANCE, False)],
)
def test_only_the_trigger_and_who_never_acts_are_stretched(kind, may):
    assert stretching.may_stretch(policy(kind), held()) == may


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


@pytest.mark.parametrize(
    ("state", "params", "bar", "stop"),
    [
        (held(), policy(), {}, 3),
        (held(), policy(), {"worst_oracle": [90, 66.6, 90]}, 1),
        (held(), policy(), {"worst_mark": [100, 146.4, 100]}, 1),
        (held(short=(10.0, 100.0, 25.1)), policy(), {}, 3),
        (held(short=(10.0, 100.0, 25.0)), policy(), {}, 0),  # maintenance itself
        (held((10.0, 675.0)), policy(), {}, 0),  # 75 % of 900 itself
        (held(), policy(vp.TRIGGER, trigger=2.08), {"is_look": [0, 0, 1]}, 2),
        (held(), policy(vp.TRIGGER, trigger=960 / 460), {}, 3),  # the trigger itself
        (held(), policy(exit_apy=0.01), {"carry": [0.0, 0.01, 0.009], "is_look": [0, 1, 1]}, 2),
    ],
)
def test_a_stretch_ends_before_the_first_bar_that_asks_for_something(state, params, bar, stop):
    _, index = stretching.stretch(params, state, flat_bars(3, **bar), 0)
    assert stop == index


@pytest.mark.parametrize(("bar", "is_quiet"), BARS)
def test_a_stretch_takes_a_bar_where_it_is_quiet(bar, is_quiet):
    _, index = stretching.stretch(policy(), held(), flat_bars(1, **bar), 0)
    assert is_quiet == index


def test_a_stretch_remembers_the_lowest_debt():
    """-2 % and +5 %: 490 is the lowest of 500, 490, 514.5."""
    done, _ = stretching.stretch(policy(), held(), flat_bars(2, borrow=[-0.02, 0.05]), 0)
    assert (490.0, 514.5) == pytest.approx((done.lowest_debt, done.position.long.debt))


@pytest.mark.parametrize(("bound", "stop"), [(1_000.0, 3), (999.0, 0)])
def test_a_stretch_stays_in_the_first_margin_tier(bound, stop):
    """A notional of 1 000 is the first tier's up to the bound itself."""
    tiers = perp_terms((0.025, 0.05), (0.0, bound), (20.0, 10.0))
    _, index = stretching.stretch(policy()._replace(perp=tiers), held(), flat_bars(3), 0)
    assert stop == index


def test_the_first_tiers_own_deduction_counts_in_a_stretch():
    """Maintenance of 2.5 % of 1 000 less 1: a margin of 24.5 is enough."""
    terms = perp_terms(deductions=np.array([1.0]))
    state = held(short=(10.0, 100.0, 24.5))
    assert quiet.is_quiet(kernel_params(perp=terms), state, kernel_bar())
    _, index = stretching.stretch(policy()._replace(perp=terms), state, flat_bars(3), 0)
    assert 3 == index


def made_market(seed, n_bars=60):
    """Quiet enough to stretch, wild enough to stop: 2 % an hour; four prices of their own."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.02 * random.standard_normal(n_bars)))
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
@pytest.mark.parametrize("kind", ["trigger", "never"])
@pytest.mark.parametrize("seed", range(4))
def test_a_stretch_is_the_same_bars_one_by_one(seed, kind, funding_price):
    """Every field of the state to the bit, books included, from any first bar on; with a coin more
    or less than contracts."""
    config = free_venue_config(policy=kind, trigger=2.6, collateral_yield="jito")
    config = replace(config, perp=replace(config.perp, funding_price=funding_price))
    market = made_market(seed)
    params = kernel_params(config)
    bars = lower_bars(market, config, price_sources(market, config))
    quote = bars_of.bar_at(bars, 0).close
    lengths = []
    for first in range(1, 60, 7):
        for coins in (9.0, 11.0):
            debt = 0.5 * coins * quote.spot
            state = held((coins, debt), (10.0, 98.0, 500.0), quote=quote)
            done, stop = stretching.stretch(params, state, bars, first)
            index = first
            while index < len(market):
                bar = bars_of.bar_at(bars, index)
                if not quiet.is_quiet(params, state, bar):
                    break
                after = quiet.quiet_bar(params, state, bar)
                if quiet.is_wanted(params, after, bar):
                    break
                state, index = after, index + 1
            assert (index, state) == (stop, done)
            lengths.append(stop - first)
    assert max(lengths) > 10
    assert min(lengths) < 30


@pytest.mark.parametrize("accrues", [False, True])
def test_the_opening_bar_accrues_by_convention_only(accrues):
    """Funding on 10 000 USD: 0.03 % in the second bar, 0.01 % in the first, where it counts."""
    config = free_venue_config(policy="never", conventions=("accrue_at_opening",) * accrues)
    market = hourly_market([100.0, 100.0], funding=[1e-4, 3e-4])
    params = kernel_params(config)
    bars = lower_bars(market, config, price_sources(market, config))
    done = step.run(params, bars)
    assert 3.0 + accrues == pytest.approx(done.accounts.funding)
    assert done.final == step.final_equity(params, bars)


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
