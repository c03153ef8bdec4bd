"""The venue engine's Monte-Carlo: the same as replaying drawn markets, each day with its hours."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

import basislab as bl
from basislab.errors import ConfigError
from basislab.kernels.bootstrap import Rows
from basislab.presets.terms import resolve
from basislab.report.plots import figure_of
from basislab.research.bootstrap import Shift, draw_path, resample
from basislab.research.conditions import conditions, first_chances, today_of
from basislab.research.day_paths import DayTilt, Walk, shared
from basislab.research.days import drawable_days, sheets_of
from basislab.research.montecarlo import Chunk, make_plan, run_chunk
from basislab.simulate import simulate
from basislab.types import RateSeries
from basislab.types.start import StartState
from tests.venue_builders import FREE, free_venue_config, hourly_market

DAYS, PATHS, BLOCK = 20, 3, 5.0


def made_market(n_days=70, seed=3, move=0.012):
    """Hours of four prices of their own, a staking yield, funding and rates that move."""
    random, n_bars = np.random.default_rng(seed), 24 * n_days
    close = 100 * np.exp(np.cumsum(move * random.standard_normal(n_bars)))
    start = np.concatenate(([100.0], close[:-1]))
    high = np.maximum(start, close) * (1 + 0.004 * random.random(n_bars))
    low = np.minimum(start, close) * (1 - 0.004 * random.random(n_bars))
    rows = np.stack([start, high, low, close], axis=1)

    def near():
        own = rows * (1 + 0.002 * random.standard_normal((n_bars, 1)))
        return [tuple(row) for row in own.tolist()]

    market = hourly_market(
        near(),
        mark=near(),
        spot=near(),
        oracle=near(),
        supply=0.02 + 0.02 * random.random(n_bars),
        borrow=0.05 + 0.05 * random.random(n_bars),
        funding=2e-5 + 1e-4 * random.standard_normal(n_bars),
    )
    staked = {("jito", "SOL"): RateSeries(np.full(n_bars, 0.07))}
    return replace(market, supply=dict(market.supply) | staked)


def costly(**changes):
    """The size kept, a swap and a transfer that cost, a staking yield."""
    swap = replace(FREE["swap"], cost_bps=10.0)
    transfer = replace(FREE["transfer"], cost_usd=2.0, delay_seconds=7_200)
    chosen = {"band": 0.2, "collateral_yield": "jito", "swap": swap, "transfer": transfer}
    return free_venue_config(**(chosen | changes))


CONFIGS = (
    costly(leverage=1.5),
    costly(leverage=3.5, band=None),
    costly(leverage=2.0, policy="volatility", sigma_multiple=4.0),
    costly(leverage=2.0, entry_apy=-0.5, exit_apy=-0.9, lookback_days=2),
)


@pytest.fixture(scope="module")
def made():
    return made_market()


def plan_of(market, configs, **changes):
    chosen = {"n_bars": DAYS, "block": BLOCK, "seed": 8, "marks": (0, 9, DAYS - 1)}
    sheets = sheets_of(market, 3_600, 8)
    return make_plan(market, configs, drawable_days(market), sheets=sheets, **(chosen | changes))


def replayed(market, config, begins, path, seed=8):
    """The drawn market as a user would write it down, and the run of it."""
    rows = draw_path(DAYS, len(begins), BLOCK, seed, path)
    bars = (begins[rows][:, None] + np.arange(24)).ravel()
    return simulate(resample(market, bars), config)


def first_day(result, *legs):
    bars = [e.bar for e in result.event_list if e.kind == "liquidation" and e.leg in legs]
    return min(bars) / 24 if bars else np.inf


def same_as(outcomes, number, path, result):
    """Whether a path's outcomes are those of a run."""
    further = outcomes.further[:, number, path]
    resizes = [e for e in result.event_list if e.kind == "resize"]
    peaks = np.maximum.accumulate(np.concatenate(([result.initial_usd], result.equity_usd)))[1:]
    under, longest = 0, 0
    for is_under in result.equity_usd < peaks:
        under = under + 1 if is_under else 0
        longest = max(longest, under)
    expected = [
        first_day(result, "long", "both"),
        first_day(result, "short", "both"),
        np.nan,  # no fault is planned
        len(resizes),
        sum(e.cost_usd for e in resizes),
        result.naked_bars / 24,
        longest / 24,
    ]
    near = {"rel": 1e-9, "abs": 1e-7}
    assert further.tolist() == pytest.approx(expected, nan_ok=True, **near)
    assert outcomes.liquidation[number, path] == min(expected[:2])
    assert outcomes.final[number, path] == pytest.approx(result.final_usd, **near)
    assert outcomes.drawdown[number, path] == pytest.approx(result.max_drawdown, **near)
    assert outcomes.hurdle[number, path] == pytest.approx(result.hurdle_return, **near)
    fan = result.equity_usd[[23, 239, 24 * DAYS - 1]]
    assert outcomes.fan[:, number, path].tolist() == pytest.approx(fan.tolist(), rel=1e-6)


def test_a_path_is_the_run_of_the_drawn_market(made):
    """Whole days with their hours, all four prices, staking; policies that look back as well."""
    plan = plan_of(made, CONFIGS)
    found, begins = run_chunk(plan, Chunk(0, PATHS)), drawable_days(made)
    results = [[replayed(made, one, begins, path) for path in range(PATHS)] for one in CONFIGS]
    for number, of_config in enumerate(results):
        for path, result in enumerate(of_config):
            same_as(found, number, path, result)
    counts = [result.counts for of_config in results for result in of_config]
    assert sum(count["liquidations_long"] + count["liquidations_short"] for count in counts) > 0
    assert sum(count["resizes"] for count in counts) > 0


def test_a_path_of_days_is_the_run_on_hours_within_them(market):
    """The sample's days: path 1 takes the hours of the second bridge."""
    config = resolve(bl.VenueConfig(long_leverage=1.5, short_leverage=3, band=0.2))
    sheets, days = sheets_of(market, 3_600, 8), drawable_days(market)
    found = run_chunk(plan_of(market, [config]), Chunk(0, 2))
    for path in range(2):
        result = replayed(sheets[path], config, 24 * days, path)
        same_as(found, 0, path, result)


def test_an_hour_keeps_its_place_in_the_day(made):
    """Funding of 1 at 8:00 and of nothing else is at 8:00 on every day of a path."""
    rate = np.where(np.arange(len(made)) % 24 == 8, 1e-3, 0.0)
    funding = {"perp": replace(made.funding["perp"], rate=rate)}
    plan = plan_of(replace(made, funding=funding), [costly()])
    days = plan.histories[0]
    walk = Walk(days, shared(days.sheets[0].bars), is_held=False)
    rows = draw_path(DAYS, len(days.begins), BLOCK, 8, 0)
    bars = walk.fill(days.sheets[0], days.begins[rows], 100.0, CALM, 0.0)
    assert np.flatnonzero(bars.funding).tolist() == [24 * day + 8 for day in range(DAYS)]


CALM = DayTilt(0.0, 0.0, 0.0, 0.0, 1.0)


def test_a_tilt_moves_each_series_by_as_much_as_it_says(made):
    """A day's shifts are spread over its 24 hours; borrowing stays at 0 or above; log moves of the
    reference price around their drift are doubled, and spot keeps its ratio to it."""
    plan = plan_of(made, [costly()])
    days = plan.histories[0]
    sheet = days.sheets[0]
    rows = draw_path(DAYS, len(days.begins), BLOCK, 8, 0)

    def filled(tilt):
        walk = Walk(days, shared(sheet.bars), is_held=False)
        return walk.fill(sheet, days.begins[rows], 100.0, tilt, 0.024)

    calm, moved = filled(CALM), filled(DayTilt(0.0024, 0.0002, 0.0, 0.00024, 2.0))
    assert moved.funding - calm.funding == pytest.approx(np.full(24 * DAYS, 0.0001))
    assert moved.stake - calm.stake == pytest.approx(np.full(24 * DAYS, 0.00001))
    expected = np.maximum(calm.borrow - 0.0002 / 24, 0.0)
    assert moved.borrow == pytest.approx(expected)
    moves = [np.diff(np.log(np.concatenate(([100.0], one.perp.close)))) for one in (calm, moved)]
    assert moves[1] - 0.001 == pytest.approx(2.0 * (moves[0] - 0.001))
    for name in ("open", "high", "low", "close"):
        ratios = [getattr(one.spot, name) / getattr(one.perp, name) for one in (calm, moved)]
        assert ratios[1] == pytest.approx(ratios[0])
    assert (moved.worst_mark >= np.maximum(moved.mark.open, moved.mark.close)).all()
    assert (moved.worst_oracle <= np.minimum(moved.oracle.open, moved.oracle.close)).all()


def test_the_venues_cap_holds_for_shifted_funding_too(made):
    capped = costly(perp=replace(costly().perp, funding_cap=1e-4))
    found = plan_of(made, [capped], shift=Shift(funding_apy=0.5))
    days = found.histories[0]
    walk = Walk(days, shared(days.sheets[0].bars), is_held=False)
    bars = walk.fill(days.sheets[0], days.begins[:DAYS], 100.0, DayTilt(1, 0, 0, 0, 1.0), 0.0)
    assert bars.funding.max() == pytest.approx(1e-4)


def test_days_that_are_not_whole_are_left_out(made):
    """A partial hour on the tenth day takes that day; one at 23:00 takes the day after as well."""
    partial = np.zeros(len(made), bool)
    partial[24 * 10 + 5] = partial[24 * 20 + 23] = True
    begins = drawable_days(made, partial)
    gone = set(range(70)) - {int(begin) // 24 for begin in begins}
    assert gone == {0, 10, 20, 21}


def flat(n_days=70, price=100.0):
    """Nothing moves, nothing is paid but a borrow rate."""
    return hourly_market([price] * 24 * n_days, borrow=0.1)


def test_a_held_position_goes_on_with_its_own_debt_and_margin():
    """50 coins at 100 and 2 000 of debt at 10 % a year, 30 contracts from 120 on 1 000 of margin,
    400 idle: worth 5 000 - 2 000 + 1 000 + 600 + 400 = 5 000. Ten days later the debt has grown to
    2 000 x 1.1^(10/365), and nothing else has changed."""
    held = StartState(
        coins=50, debt_usd=2_000, contracts=30, margin_usd=1_000, entry_usd=120, idle_usd=400
    )
    config = free_venue_config(policy="never", leverage=2.0)
    found = bl.montecarlo(
        flat(), config, start_state=held, paths=2, days=10, block_days=5, predictive=False,
        block_check=False, history_error=False,
    )  # fmt: skip
    assert found.configs[0].capital_usd == 5_000.0
    interest = 2_000 * (1.1 ** (10 / 365) - 1)
    assert found.value("return_mean") == pytest.approx(-interest / 5_000, rel=1e-9)
    assert found.from_day.isoformat() == "2025-03-11"


def test_a_position_that_is_near_its_end_is_liquidated_more_often(made):
    near = StartState(coins=50, debt_usd=3_400, contracts=50, margin_usd=2_000, entry_usd=100)
    price = made.prices["perp", "spot"].close[-1]
    near = replace(near, debt_usd=0.72 * 50 * price, entry_usd=price)
    far = replace(near, debt_usd=0.2 * 50 * price)
    given = {"paths": 20, "days": 10, "block_days": 5, "horizons": (10,), "block_check": False}
    given |= {"history_error": False}
    config = free_venue_config(policy="never")
    often, seldom = (
        bl.montecarlo(made, config, start_state=one, **given).value("liquidation_long_10d")
        for one in (near, far)
    )
    assert often > seldom


def test_a_worthless_position_is_refused():
    held = StartState(coins=1, debt_usd=500, contracts=0, margin_usd=0, entry_usd=1)
    with pytest.raises(ConfigError, match="it is worth -400"):
        bl.montecarlo(flat(), free_venue_config(), start_state=held)


def test_only_the_engine_goes_on_with_a_position(market):
    held = StartState(coins=1, debt_usd=0, contracts=1, margin_usd=10, entry_usd=100)
    with pytest.raises(ConfigError, match="by the venue engine only"):
        bl.montecarlo(market, bl.RebalanceConfig(leverage=2), start_state=held)


def test_a_fault_holds_at_its_own_time_of_the_path(made):
    """The paths begin on 12 March: an auto-deleveraging on their third day is on every one of
    them; one within the history holds nowhere, which is said."""
    day = datetime(2025, 3, 14, 6, tzinfo=UTC)
    late = costly(faults=(bl.Fault(kind="adl", start=day, share=0.5),))
    early = costly(faults=(bl.Fault(kind="adl", start=datetime(2025, 2, 1, tzinfo=UTC)),))
    given = {"paths": 4, "days": 20, "block_days": 5, "horizons": (2, 10)}
    given |= {"block_check": False, "history_error": False}
    found = bl.montecarlo(made, late, **given)
    assert (found.value("adl_2d"), found.value("adl_10d")) == (0.0, 1.0)
    found = bl.montecarlo(made, early, **given)
    assert found.value("adl_10d") == 0.0
    assert "1 of 1 faults lie before the paths begin" in " ".join(found.warnings)


GIVEN = {"paths": 24, "days": 20, "block_days": 5, "horizons": (5, 20), "seed": 4}
SWEPT = [1.5, 3.0, 3.8]


@pytest.fixture(scope="module")
def found(made):
    return bl.montecarlo(made, costly(), leverage=SWEPT, from_day="now", **GIVEN)


def test_workers_change_no_bit(made, found):
    one = bl.montecarlo(made, costly(), leverage=SWEPT, from_day="now", workers=1, **GIVEN)
    assert one.tidy.equals(found.tidy)
    assert np.array_equal(one.fan, found.fan)


def test_what_the_engine_knows_is_reported_with_its_errors(found):
    """Any liquidation is at least as likely as that of either leg, and likelier in more days."""
    assert found.is_conditional
    assert found.beside is not None
    for config in range(3):
        either = found.value("liquidation_20d", config)
        legs = [found.value(f"liquidation_{leg}_20d", config) for leg in ("long", "short")]
        assert max(legs) <= either <= sum(legs)
        assert found.value("liquidation_5d", config) <= either
    assert found.value("liquidation_20d", 2) > 0
    assert found.value("resize_cost_mean") > 0
    assert set(found.errors("liquidation_20d")) == {"montecarlo", "history"}
    assert set(found.tidy.is_conditional) == {True, False}


def test_the_figure_of_liquidations_has_each_leg_with_two_standard_errors(found):
    """Both kinds of error together; no auto-deleveraging, of which nothing is known."""
    [rows] = figure_of(found, "liquidation", config=2).data.values()
    assert {row["leg"] for row in rows} == {"either leg", "loan", "short"}
    [row] = [row for row in rows if row["leg"] == "either leg" and row["days"] == "20 days"]
    error = np.hypot(*found.errors("liquidation_20d", 2).values())
    value = found.value("liquidation_20d", 2)
    expected = [value, max(value - 2 * error, 0.0), min(value + 2 * error, 1.0)]
    assert [row["p"], row["low"], row["high"]] == pytest.approx(expected, rel=1e-5)


def test_the_fan_shows_what_the_historys_own_levels_would_give(made, found):
    """To the bit the fan of the same paths without a shift."""
    few = {"block_check": False, "history_error": False, "predictive": False}
    plain = bl.montecarlo(made, costly(), leverage=SWEPT, from_day="now", **GIVEN, **few)
    assert np.array_equal(found.plain_fan, plain.fan)
    assert plain.plain_fan is None
    texts = [row for rows in figure_of(found, "fan").data.values() for row in rows if "text" in row]
    assert [row["text"] for row in texts] == ["levels as in the history"]


def test_the_result_is_json_ready(found):
    facts = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    first = facts["configurations"][0]
    assert facts["draws"] == "predictive"
    assert first["swept"] == {"leverage": 1.5}
    assert first["statistics"]["return_mean"]["value"] == found.value("return_mean")
    assert set(first["unconditional"]) == set(found.names)


def test_configurations_that_the_venues_refuse_are_left_out_and_named(made):
    given = {"paths": 2, "days": 5, "block_days": 5, "block_check": False, "history_error": False}
    found = bl.montecarlo(made, costly(), leverage=[2.0, 9.0], **given)
    assert [config.leverage for config in found.configs] == [2.0]
    assert "1 of 2 configurations are left out; first: " in " ".join(found.warnings)
    with pytest.raises(ConfigError, match="none of 1 configurations can be run; first: "):
        bl.montecarlo(made, costly(leverage=9.0), **given)


def test_bars_that_do_not_divide_a_day_are_refused(made):
    odd = hourly_market([100.0] * 200, hours=7)
    with pytest.raises(ConfigError, match="do not divide a day"):
        drawable_days(odd)


def test_within_the_days_there_is_an_error_of_its_own(market):
    given = {"paths": 40, "days": 30, "block_days": 10, "horizons": (30,), "block_check": False}
    found = bl.montecarlo(market, bl.VenueConfig(long_leverage=1.5, short_leverage=3), **given)
    assert set(found.errors("return_mean")) == {"montecarlo", "history", "intraday"}
    assert found.errors("return_mean")["intraday"] > 0
    assert "intraday_error" in found.tidy
    assert found.bar_seconds == 3_600
    assert any("days do not say what happened within them" in text for text in found.warnings)


def rows_like(funding):
    n = len(funding)
    close = np.exp(0.01 * (-1.0) ** np.arange(n))
    flat = np.zeros(n)
    return Rows(close, close, close, flat, flat, np.asarray(funding, float), flat + 1.0)


def test_conditions_are_those_of_the_days_before():
    """Funding of 1, 2, ... 40: before day 30 (from 0) the last seven are 24 to 30, mean 27."""
    known = conditions(rows_like(np.arange(1, 41)))
    assert known.shape == (41, 3)
    assert np.isnan(known[29]).any()
    assert known[30].tolist() == pytest.approx([27.0, 0.01, 0.0])
    assert known[40, 0] == 37.0


def test_days_like_today_are_likelier_by_their_distance():
    """Funding 0 on the first 60 days and 1 on the next 60; after 7 days of 1 it is 1 before 53
    days, 0 before 31, and of d standard deviations off the chance is exp(-d^2 / 2) of it."""
    rows = rows_like(np.repeat([0.0, 1.0], 60))
    chances = np.diff(first_chances(rows, today_of(rows)), prepend=0.0)
    size = np.nanstd(conditions(rows)[:-1, 0])
    assert chances[:30].tolist() == [0.0] * 30
    assert chances[40] / chances[-1] == pytest.approx(np.exp(-0.5 / size**2), rel=1e-9)
    assert chances.sum() == pytest.approx(1.0)


def test_a_path_from_now_begins_by_these_chances():
    """Chances of 1/4 and 3/4 of two of ten rows: of 4 000 paths 3 000 begin with the second,
    within five deviations of 27."""
    chances = np.repeat([0.0, 0.25, 1.0], [2, 3, 5])
    first = [draw_path(3, 10, 2.0, 1, path, chances)[0] for path in range(4_000)]
    assert set(first) == {2, 5}
    assert abs(first.count(5) - 3_000) < 137


def test_a_short_history_knows_no_day_like_today():
    with pytest.raises(ConfigError, match="40 whole days of history; at least 60 are needed"):
        today_of(rows_like(np.zeros(40)))


def test_from_a_day_nothing_later_is_drawn(made):
    """To the bit what the market cut at that day gives."""
    given = {"paths": 3, "days": 10, "block_days": 5, "block_check": False, "history_error": False}
    cut = bl.montecarlo(made.window(end="2025-03-05"), costly(), from_day="now", **given)
    found = bl.montecarlo(made, costly(), from_day="2025-03-05", **given)
    assert found.tidy.equals(cut.tidy)
    assert found.from_day.isoformat() == "2025-03-05"
