"""Blocks of bars: what a block is bounded by, and that nothing is passed over."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from basislab.kernels.venue import params as vp
from basislab.kernels.venue import step as compiled_step
from basislab.kernels.venue import totals as compiled_totals
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.state import NOTHING
from basislab.simulate import MODELS, lowered_bars
from basislab.simulate.kept import MAX_KEPT, kept
from basislab.simulate.venue import lower_bars, price_sources
from basislab.simulate.venue.params import lower_many, lower_params
from basislab.types.venue_config import VenueConfig
from tests import plain
from tests.unit.test_venue_quiet import flat_bars, made_market
from tests.venue_builders import free_venue_config, held, kernel_params

venue = plain.venue()
ahead_of, reach, skip = (venue[name] for name in ("ahead", "reach", "skip"))
spans, totals = venue["spans"], venue["totals"]
MODEL = MODELS[VenueConfig]


def test_a_block_is_bounded_by_the_extremes_of_its_bars():
    """Spot 90, 95, 81, debt's index 1, 1.5, 2.25: a coin over a dollar of debt is worth 90,
    63.33, 36. Coins double in the second bar: 90, 190, 162; the gap to a mark of 100 is -10, 90,
    62."""
    close = venue["bars"].Quote(100.0, 100.0, 90.0, 90.0)
    bars = flat_bars(3, close, borrow=0.5, supply=[0.0, 1.0, 0.0], sigma=[0.1, 0.3, 0.2])
    spot = venue["bars"].Candles(*[np.array([90.0, 95.0, 81.0])] * 4)
    span = spans.span_at(ahead_of.look_ahead(bars._replace(spot=spot), 0).spans, 0)
    assert (90.0, 190.0) == (span.worth_low, span.worth_high)
    assert (-10.0, 90.0) == (span.gap_low, span.gap_high)
    assert span.spot_loan == pytest.approx(162.0 / 2.25)
    assert (1.0, 2.0, 2.25) == (span.coins_low, span.coins_high, span.debt_high)
    assert (0.3, 95.0, 1.0, 3.0) == (span.sigma_high, span.spot_high, span.unit, span.looks)


def some_params(kind):
    """A policy whose limits lie near what the made positions are."""
    policy = kernel_params().policy._replace(kind=kind, band=0.2, trigger=2.3, distance=0.2)
    return kernel_params()._replace(policy=policy._replace(sigma_multiple=3.0))


@pytest.mark.parametrize("kind", [vp.NEVER, vp.TRIGGER, vp.BANDS, vp.DISTANCE, vp.VOLATILITY])
def test_a_block_that_is_passed_over_holds_no_event_and_bounds_the_equity(kind):
    """Positions near every limit, on blocks of 64 bars of made prices; both verdicts happen."""
    params, random, verdicts = some_params(kind), np.random.default_rng(kind), set()
    config = free_venue_config(policy="volatility")
    for seed in range(6):
        market = made_market(seed, 2 * spans.BLOCK, 0.002)
        bars = lower_bars(market, config, price_sources(market, config))
        ahead = ahead_of.look_ahead(bars, 0)
        for _ in range(12):
            coins, debt = random.uniform(8.0, 12.0), random.uniform(300.0, 800.0)
            quote = venue["bars"].bar_at(bars, 0).close
            short = (10.0, quote.mark, random.uniform(50.0, 700.0))
            state = held((coins, debt), short, quote=quote)
            position = reach.held_at(state, ahead, 0)
            limits = reach.limits_of(params, 10.0 * quote.mark)
            lines = reach.lines_of(bars, ahead, limits)
            for block in range(2):
                first, last = block * spans.BLOCK, (block + 1) * spans.BLOCK
                span = spans.span_at(ahead.spans, block)
                low, high = skip.worth_within(position, span)
                curve, due = np.empty(spans.BLOCK), np.empty(spans.BLOCK, bool)
                reach.equities(position, lines, first, last, curve)
                assert low < curve.min() <= curve.max() < high
                is_over = skip.is_safe(position, limits, span) and skip.is_content(
                    position, limits, span, low, high
                )
                verdicts.add(is_over)
                if is_over:
                    found = reach.first_event(position, limits, lines, first, last, due)
                    assert found == last
    assert verdicts == {True, False}


@pytest.mark.parametrize(
    ("changes", "is_over"),
    [
        ({}, True),
        ({"worst_oracle": [90.0, 66.0]}, False),
        ({"worst_mark": [100.0, 147.0]}, False),
        ({"carry": [0.0, -1.0]}, False),
        ({"carry": [0.0, -1.0], "is_look": [0, 0]}, True),
    ],
)
def test_a_block_with_one_bar_beyond_a_limit_is_looked_at(changes, is_over):
    """10 coins, 500 USD of debt, 10 contracts with 500 of margin: the loan dies at an oracle of
    66.67, the short at a mark of 146.3; a carry below the exit's 0 asks only where there is a
    look."""
    params = kernel_params()
    policy = params.policy._replace(kind=vp.NEVER, exit_apy=0.0)
    bars = flat_bars(2, **changes)
    ahead, state = ahead_of.look_ahead(bars, 0), held()
    limits = reach.limits_of(params._replace(policy=policy), 1_000.0)
    position, span = reach.held_at(state, ahead, 0), spans.span_at(ahead.spans, 0)
    bounds = skip.worth_within(position, span)
    found = skip.is_safe(position, limits, span) and skip.is_content(
        position, limits, span, *bounds
    )
    assert is_over == found


def rows_of(market, configs):
    return MODEL.table(configs, lowered_bars(market, configs[0]), market.bar_seconds)


def test_a_row_of_a_search_holds_a_runs_totals_counts_and_accounts():
    """Two configurations one after the other: the second's counts do not hold the first's."""
    market = made_market(3, 500, 0.02)
    configs = [free_venue_config(policy="trigger", trigger=trigger) for trigger in (2.6, 4.0)]
    for config, row in zip(configs, rows_of(market, configs), strict=True):
        params, bars = lower_params(config, market.bar_seconds), lowered_bars(market, config)
        done = compiled_totals.totals(
            params, bars, look_ahead(bars, params.perp.funding_price), NOTHING, is_held=False
        )
        counts = MODEL.count(done.log.rows[: done.log.filled[0]])
        assert sum(counts.values()) > 0
        assert row.tolist() == [*done[:4], *counts.values(), *done.accounts]


def test_many_configurations_are_lowered_to_what_each_is_lowered_to():
    base = free_venue_config(policy="trigger", trigger=3.0)
    lender = replace(base.lending, liquidation_ltv=0.78)
    changes = [
        {},
        {"leverage": 1.5, "capital_usd": 5e4},
        {"lending": lender},
        {"conventions": ("instant",)},
        {"path_order": "pessimistic", "band": None},
    ]
    many = [replace(base, **change) for change in changes]
    seen = []
    for template, positions, decisions in lower_many(many, 3_600):
        for position, row in zip(positions, decisions, strict=True):
            wanted = lower_params(many[position], 3_600)
            for name, value in totals.decided_by(template, row)._asdict().items():
                np.testing.assert_equal(value, getattr(wanted, name))
            seen.append(position)
    assert [0, 1, 4, 2, 3] == seen  # what differs by decisions only comes together


def test_a_run_leaves_no_reference_to_its_arrays_behind():
    """Kernels that borrow count no references: neither is one lost, nor one too many kept."""
    config, market = free_venue_config(policy="trigger", trigger=2.6), made_market(3, 200, 0.02)
    params = lower_params(config, market.bar_seconds)
    bars = lower_bars(market, config, price_sources(market, config))
    ahead = look_ahead(bars, 0)
    arrays = [bars.mark.close, bars.terms, ahead.coins, ahead.spans, params.perp.rates]
    before = [sys.getrefcount(array) for array in arrays]
    for _ in range(3):
        compiled_step.run(params, bars)
        compiled_totals.totals(params, bars, ahead, NOTHING, is_held=False)
    assert before == [sys.getrefcount(array) for array in arrays]


def test_what_hangs_on_a_market_is_made_once_and_a_few_are_kept():
    market, made = made_market(0), []
    for key in [1, 1, *range(MAX_KEPT + 1), 1]:
        kept(market, key, lambda key=key: made.append(key))
    assert made == [1, 0, *range(2, MAX_KEPT + 1), 1]
    assert lowered_bars(market, free_venue_config()) is lowered_bars(market, free_venue_config())
