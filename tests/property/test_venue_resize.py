"""What resizing, unequal legs and faults keep on every path."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from basislab.kernels.venue import step as kernel
from basislab.simulate import simulate
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types.constants import DatedTerm
from basislab.types.faults import Fault
from basislab.types.venue_terms import LendingMarket
from tests import plain
from tests.property.test_venue_paths import DRIFT, paths
from tests.venue_builders import LOAN, PERP, costly, free_venue_config, hourly_market, searched

NONE = LendingMarket(
    name="none", protocol="none", max_ltv=0.0, liquidation_ltv=1.0, procedure="none"
)
CHANGING = replace(
    LOAN, max_ltv=0.6, liquidation_ltv=0.8,
    dated=(DatedTerm(date(2025, 1, 2), "liquidation_ltv", 0.75),),
)  # fmt: skip
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


@st.composite
def calm_paths(draw):
    """Hours without wicks, 5 % up or down: long enough to leave a band, seldom to liquidate."""
    moves = draw(st.lists(st.sampled_from([0.95, 0.97, 1.0, 1.03, 1.05]), min_size=8, max_size=60))
    prices = 100.0 * np.cumprod([1.0, *moves])
    rows = [
        100.0,
        *[(a, max(a, b), min(a, b), b) for a, b in pairwise(prices)],
    ]
    return hourly_market(rows, funding=draw(st.sampled_from([0.0, 1e-4])), supply=0.05)


@st.composite
def faults(draw):
    first = BEGIN + timedelta(hours=draw(st.integers(1, 20)))
    last = first + timedelta(hours=draw(st.integers(1, 6)))
    return (
        Fault(
            kind=draw(st.sampled_from(["adl", "outage", "delay", "failure"])),
            start=first, end=last, share=draw(st.sampled_from([0.1, 0.5, 1.0])),
            beyond=draw(st.sampled_from([0.0, 0.05])), seconds=7_200.0,
        ),
    )  # fmt: skip


configs = st.builds(
    lambda base, legs, changes: replace(base, **legs, **changes),
    st.sampled_from([free_venue_config(), costly(free_venue_config())]),
    st.sampled_from(
        [
            {},
            {"long_leverage": 1.5, "short_leverage": 3.0},
            {"long_leverage": 1.0, "short_leverage": 3.0},
            {"long_leverage": 1.0, "short_leverage": 5.0, "lending": NONE},
            {"long_leverage": 2.4, "short_leverage": 1.0},
        ]
    ),
    st.fixed_dictionaries(
        {
            "band": st.sampled_from([0.05, 0.2, 0.5]),
            "resize_to": st.sampled_from(["target", "edge"]),
            "capital_usd": st.sampled_from([100.0, 10_000.0, 3e6]),
            "policy": st.sampled_from(["trigger", "never", "bands", "distance"]),
            "trigger": st.sampled_from([3.2, 6.0]),
            "reserve": st.sampled_from([0.0, 0.1]),
            "response": st.sampled_from(["rehedge", "reopen", "exit"]),
            "perp": st.sampled_from([PERP, DRIFT, replace(PERP, size_step=0.5)]),
            "faults": st.one_of(st.just(()), faults()),
        },
    ),
)


@given(market=st.one_of(paths(), calm_paths()), config=configs)
@settings(deadline=None, max_examples=300)
def test_every_dollar_of_a_kept_size_is_told(market, config):
    """Books to 1e-9; the state's parts are the equity; after a resize the legs are equal."""
    result = simulate(market, config)
    change = result.final_usd - config.capital_usd
    turnover = sum(abs(value) for value in result.ledger.accounts.values())
    assert abs(result.ledger.total - change) <= 1e-9 * max(config.capital_usd, turnover)
    names = ("long_usd", "short_usd", "idle_usd", "transit_usd")
    parts = sum(result.column(name) for name in names)
    assert np.allclose(parts, result.equity_usd, rtol=0, atol=1e-9 * config.capital_usd)
    assert result.column("idle_usd").min() >= -1e-9 * config.capital_usd
    if config.is_debtless:
        assert 0.0 == result.column("ltv").max()


@given(market=calm_paths(), config=configs)
@settings(deadline=None, max_examples=200)
def test_a_resize_makes_the_legs_equal_within_the_venues_limits(market, config):
    """Equal coins (interest of an hour aside), an LTV and a margin that the venues let be opened,
    and a trade of ten dollars or more; nothing grows between a hit and the response."""
    result = simulate(market, config)
    hit = {event.bar for event in result.event_list if event.kind in ("liquidation", "adl")}
    price = market.prices["perp", "perp"].close
    hurt = False
    for event in result.event_list:
        if event.kind in ("liquidation", "adl"):
            hurt = True
        if event.kind in ("rehedge", "close", "reopen"):
            hurt = False
        if event.kind != "resize":
            continue
        assert not hurt
        if event.bar not in hit:  # an hour's interest on 5 % a year is all that lies between them
            most = 5 * result.equity_usd[event.bar] / price[event.bar]
            assert abs(result.column("net_coins")[event.bar]) <= 6e-6 * most
        if event.coins > 0.0 and not config.is_debtless:
            most = 1 / (1 - 0.98 * config.lending.max_ltv)
            assert event.long_leverage_after <= max(most, event.long_leverage_before) * (1 + 1e-9)
        if event.coins > 0.0:
            assert event.short_leverage_after <= max(0.98 * 20, event.short_leverage_before) * (
                1 + 1e-9
            )


@given(market=calm_paths(), band=st.sampled_from([0.02, 0.1, 0.3]), config=configs, data=st.data())
@settings(deadline=None, max_examples=150)
def test_without_costs_and_rates_all_that_is_gained_is_basis_at_any_band(
    market, band, config, data
):
    """Spot up to 1 % beside the mark, or one price: what is left is the basis, or 0, unless a leg
    was hit."""
    perp = market.prices["perp", "perp"]
    close = perp.close.tolist()
    sizes = data.draw(st.sampled_from([(1.0,), (0.99, 1.0, 1.01)]))
    gaps = data.draw(st.lists(st.sampled_from(sizes), min_size=len(close), max_size=len(close)))
    beside = [price * gap for price, gap in zip(close, gaps, strict=True)]
    still = hourly_market(flat_between(close), spot=flat_between(beside))
    free = replace(
        free_venue_config(band=band), long_leverage=config.leverages.long,
        short_leverage=config.leverages.short, resize_to=config.resize_to, policy="never",
    )  # fmt: skip
    result = simulate(still, free)
    if any(event.kind == "liquidation" for event in result.event_list):
        return
    accounts = dict(result.ledger.accounts)
    basis = accounts.pop("basis")
    assert all(value == pytest.approx(0.0, abs=1e-6) for value in accounts.values())
    assert result.final_usd - free.capital_usd == pytest.approx(basis, abs=1e-6)
    if sizes == (1.0,):
        assert 0.0 == pytest.approx(basis, abs=1e-6)


@given(market=st.one_of(paths(), calm_paths()), config=configs, data=st.data())
@settings(deadline=None, max_examples=100)
def test_what_comes_later_changes_nothing_before(market, config, data):
    """The run on a prefix has the events and the curve of the whole run, up to its last bar."""
    n_bars = data.draw(st.integers(2, len(market)))
    whole = kernel.run(*lowered(market, config))
    part = kernel.run(*lowered(cut(market, n_bars), config))
    assert np.array_equal(whole.equity[:n_bars], part.equity)
    assert np.array_equal(whole.record[:n_bars], part.record)


@given(market=st.one_of(paths(), calm_paths()), config=configs)
@settings(deadline=None, max_examples=100)
def test_the_sweep_layout_and_plain_python_give_the_same(market, config):
    lending = CHANGING if config.lending == LOAN and config.leverages.long < 2.4 else config.lending
    config = replace(config, lending=lending)
    params, bars = lowered(market, config)
    done = kernel.run(params, bars)
    scale = max(config.capital_usd, sum(map(abs, done.accounts)))
    found = searched(params, bars).final
    assert done.final == pytest.approx(found, abs=1e-11 * scale)
    assert done.final == plain.venue()["step"].run(params, bars).final


def flat_between(close):
    """Bars from each close to the next."""
    ends = pairwise([close[0], *close])
    return [(begin, max(begin, end), min(begin, end), end) for begin, end in ends]


def lowered(market, config):
    bars = lower_bars(market, config, price_sources(market, config))
    return lower_params(config, market.bar_seconds), bars


def cut(market, n_bars):
    """The first bars, as a market of their own."""
    part = slice(0, n_bars)
    kinds = ("prices", "funding", "supply", "borrow")
    cuts = {k: {n: s._window(part) for n, s in getattr(market, k).items()} for k in kinds}
    return replace(market, times=market.times[part], **cuts)


def test_the_made_paths_really_resize():
    """Or the properties would hold of nothing: shrinking, growing, moving first, every fault."""
    seen = Counter()

    @given(market=calm_paths(), config=configs)
    @settings(deadline=None, derandomize=True, database=None, max_examples=200)
    def look(market, config):
        events = simulate(market, config).event_list
        seen.update("grown" if event.coins > 0 else event.kind for event in events)

    look()
    assert min(seen["grown"], seen["resize"], seen["rebalance"]) > 10
    assert min(seen["adl"], seen["rehedge"]) > 2
