"""Sweeps and certificates of the venue engine, on hours and days: every number is the engine's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

import basislab as bl
from basislab.api import assumed_ranges, resolve
from basislab.jobs import run as jobs
from basislab.report.certificate.facts import certificate_facts
from basislab.report.certificate.page import certificate_document
from basislab.report.certificate.tables import certificate_tables
from basislab.report.fields import numbers, plain
from basislab.report.render.markdown import markdown_text
from basislab.research.overfit.rules import Rules
from basislab.research.overfit.runner import DECIMALS, Runner, day_starts
from basislab.research.overfit.search import certify_configs
from basislab.research.overfit.trials import changed, labels_of
from basislab.simulate import model_of
from basislab.types.configs import NEVER
from basislab.types.venue_result import parents
from tests.venue_builders import FREE, free_venue_config, wild_market

DAYS = 40
RULES = Rules(blocks=4, min_days=10, train_days=12, test_days=6, resamples=200)
TRIGGERS = [2.6, 3.0, 3.4, 3.8]


@pytest.fixture(scope="module")
def market():
    return wild_market()


@pytest.fixture(scope="module")
def found(market):
    """A search over triggers at 2x, with one that no leg can fire and one that cannot be opened."""
    configs = [free_venue_config(trigger=trigger) for trigger in (*TRIGGERS, 50.0)]
    return certify_configs(market, [*configs, free_venue_config(leverage=6.0)], rules=RULES)


def day(number: int) -> date:
    return date(2025, 1, 1 + number) if number < 31 else date(2025, 2, number - 30)


@pytest.mark.parametrize(
    "policy",
    [
        {"policy": "trigger", "trigger": 3.0},
        {"policy": "never"},
        {"policy": "bands"},
        {"policy": "volatility", "sigma_multiple": 4.0},
        {"policy": "distance", "distance": 0.12},
        {"trigger": 3.0, "entry_apy": 0.0, "exit_apy": -0.05, "lookback_days": 3},
    ],
    ids=lambda policy: "-".join(map(str, policy.values())),
)
@pytest.mark.parametrize(("first", "end"), [(0, DAYS), (7, DAYS), (11, 19)])
def test_days_of_the_engine_are_a_run_over_these_days(market, policy, first, end):
    """Whatever the policy remembers begins with the window: no hour before it is known."""
    config = free_venue_config(**policy)
    run = Runner(market, 10).run(config, first, end)
    result = bl.backtest(market, config, start=day(first), end=day(end - 1))
    closes = result.equity_usd[23::24] / 10_000
    assert run.curve[:-1].tolist() == closes[:-1].tolist()
    assert run.curve[-1] == result.final_usd / 10_000
    assert run.hurdle == pytest.approx(result.hurdle_return, abs=1e-12)


@pytest.mark.parametrize("first", [0, 13, 29])
def test_a_start_day_on_hourly_bars_is_the_run_from_that_day(market, first):
    config = free_venue_config(trigger=3.4)
    fan, sunk = Runner(market, 10).fan(config)
    result = bl.backtest(market, config, start=day(first))
    assert len(fan.returns) == DAYS
    assert fan.returns[first] == pytest.approx(result.total_return, abs=1e-12)
    assert fan.days[first] == DAYS - first
    liquidated = {event.time[:10] for event in result.event_list if event.kind == "liquidation"}
    assert liquidated <= {day(number).isoformat() for number in sunk.tolist()}


def test_the_sample_has_liquidations_to_find(market):
    """Else the claim above would be empty: never acting is liquidated."""
    sunk = Runner(market, 10).fan(free_venue_config(policy="never")).liquidations
    assert len(sunk) > 0


def test_the_daily_excess_returns_compound_to_the_engine_s_equity(market):
    config = free_venue_config(trigger=3.0)
    runner = Runner(market, 10)
    daily = runner.excess_returns(config) + runner.hurdle_growth(config)
    result = bl.backtest(market, config)
    assert len(daily) == DAYS
    assert np.prod(daily) == pytest.approx(result.final_usd / 10_000)
    excess = result.annualized_return - result.hurdle_annualized
    assert runner.annual_excess(config) == pytest.approx(excess, abs=1e-12)


def test_a_first_day_that_is_not_whole_is_a_day(market):
    """20:00 on the first day: four hours, 39 whole days, 20 hours; 41 rows of daily returns."""
    late = replace(market, times=market.times + np.timedelta64(20, "h"))
    runner = Runner(late, 10)
    assert np.diff(day_starts(late.times))[[0, 1, -1]].tolist() == [4, 24, 20]
    assert runner.n_days == 41
    config = free_venue_config(trigger=3.0)
    assert runner.run(config).curve[-1] == bl.backtest(late, config).final_usd / 10_000


def test_bars_that_do_not_divide_a_day_are_refused():
    with pytest.raises(bl.ConfigError, match="divide a day"):
        Runner(wild_market(days=40, hours=48), 10)


def test_the_study_s_models_want_daily_bars(market):
    config = resolve(bl.RebalanceConfig(leverage=2))
    with pytest.raises(bl.ConfigError, match="daily bars"):
        certify_configs(market, [config], rules=RULES)


def test_what_the_venues_refuse_is_listed_and_is_no_trial(found):
    """Four triggers are trials; 50x can be fired by no leg, 6x cannot be opened at 74 %."""
    assert found.family == len(found.labels) == len(TRIGGERS)
    reasons = dict(found.infeasible)
    assert len(reasons) == 2
    assert "no leg can fire it" in reasons["2x, trigger 50x"]
    assert any("cannot be opened" in text for label, text in reasons.items() if label[0] == "6")
    table = certificate_tables(certificate_facts(found))["infeasible"]
    assert [row.label for row in table.rows] == list(reasons)


def test_what_was_tried_and_refused_is_listed_too(market):
    configs = [free_venue_config(trigger=trigger) for trigger in TRIGGERS[:2]]
    tried = [free_venue_config(leverage=6.0), free_venue_config(trigger=3.4)]
    found = certify_configs(market, configs, tried=tried, rules=RULES)
    assert (found.family, len(found.labels), len(found.infeasible)) == (2, 3, 1)


def test_a_search_that_no_venue_would_have_is_refused_with_the_reason(market):
    with pytest.raises(bl.ConfigError, match=r"can be run.*no leg can fire it"):
        certify_configs(market, [free_venue_config(trigger=50.0)], rules=RULES)
    with pytest.raises(bl.ConfigError, match=r"none of 2 .*cannot be opened"):
        bl.sweep(market, free_venue_config(), leverage=[6.0, 7.0])


def test_statistics_are_of_days_whatever_the_bars(found):
    assert found.returns.shape == (DAYS, len(TRIGGERS))
    assert (found.bar_days, found.bars, found.times[0]) == (1.0, DAYS, "2025-01-01")
    assert (found.returns == found.returns.round(DECIMALS)).all()


def test_windows_of_the_walk_forward_are_runs_of_the_engine(market, found):
    """Purge of one day: an hour to look, one to act. Every trial of every window is its own run."""
    assert (found.walk.purge, found.embargo) == (1, 1)
    for step in found.walk.steps:
        window = step.window
        assert window.test - window.train_end == 1
        for trial, trigger in enumerate(TRIGGERS):
            config = free_venue_config(trigger=trigger)
            lived = bl.backtest(
                market, config, start=day(window.test), end=day(window.test_end - 1)
            )
            assert step.every_outside[trial] == pytest.approx(lived.total_return, abs=1e-12)
        assert step.chosen == np.argmax(step.every_inside)


def test_the_purge_covers_what_a_policy_remembers_and_how_long_it_takes():
    """Carry of 9 days; a week of volatility; 30 h of transfer and two looks of 12 h are 3 days."""
    slow = replace(FREE["transfer"], delay_seconds=30 * 3600)
    assert free_venue_config(entry_apy=0.05, lookback_days=9).lookback == 9
    assert free_venue_config(policy="volatility").lookback == 7
    assert free_venue_config(lookback_days=9).lookback == 0
    assert free_venue_config().delay_days(3600) == 1
    assert free_venue_config(transfer=slow, monitor_seconds=12 * 3600).delay_days(12 * 3600) == 3


def test_the_map_leaves_out_leverages_that_cannot_be_opened(market):
    """Around 3.6x, 20 % reach to 4.32x; the loan stops at 1 / (1 - 0.74) = 3.846x."""
    config = free_venue_config(leverage=3.6, trigger=3.9)
    area = certify_configs(market, [config], rules=RULES).neighbourhood
    leverages = area.axes["leverage"]
    assert np.isnan(area.excess[leverages > 1 / 0.26]).all()
    assert np.isfinite(area.excess[leverages <= 3.8][:, :10]).all()


def test_every_assumed_constant_of_the_five_presets_is_moved():
    """By role and name; the smallest bonus is known from September 2025 only."""
    config = resolve(bl.VenueConfig(leverage=2))
    early = {each.name for each in assumed_ranges(config, date(2025, 1, 1))}
    late = {each.name for each in assumed_ranges(config, date(2025, 10, 1))}
    roles = ("perp", "lending", "opening", "swap", "transfer")
    expected = {f"{role}.{one.field}" for role in roles for one in getattr(config, role).assumed}
    assert late == expected
    assert early - late == {"lending.bonus"}
    assert all(each.unit for each in assumed_ranges(config))


def test_a_constant_of_the_engine_is_changed_where_it_belongs():
    config = resolve(bl.VenueConfig(leverage=2))
    moved = changed(
        config, {"lending.oracle_step": 0.03, "perp.slippage_bps": 4.0, "leverage": 2.5}
    )
    assert (moved.lending.oracle_step, moved.perp.slippage_bps) == (0.03, 4.0)
    assert (moved.leverage, config.lending.oracle_step) == (2.5, 0.002)
    with pytest.raises(bl.ConfigError):
        changed(config, {"lending.liquidation_ltv": 0.5})  # below the largest LTV it lends at


def test_a_trigger_of_none_is_the_policy_never():
    config = free_venue_config(trigger=None)
    assert (config.policy, config.trigger_leverage) == ("never", NEVER)
    assert config.decisions() == {"leverage": 2.0, "trigger": NEVER}
    assert free_venue_config(policy="bands", trigger=None).policy == "bands"


def test_runs_that_cannot_differ_count_once():
    """An automatic trigger and its number; bands that a trigger does not read."""
    auto = free_venue_config()
    typed = free_venue_config(trigger=auto.trigger_leverage, ltv_band=0.5)
    told = model_of(auto).identity
    assert told(auto) == told(typed)
    assert told(auto) != told(free_venue_config(trigger=3.0))
    bands = [free_venue_config(policy="bands", ltv_band=band) for band in (0.5, 0.6)]
    assert told(bands[0]) != told(bands[1])


def test_labels_name_what_differs_in_the_engine():
    configs = [free_venue_config(trigger=3.0, monitor_seconds=every) for every in (3600, 14400)]
    assert labels_of(configs) == (
        "a look every 3600 s, 2x, trigger 3x",
        "a look every 14400 s, 2x, trigger 3x",
    )
    bands = free_venue_config(policy="bands")
    assert labels_of([free_venue_config(trigger=3.0), bands]) == (
        "2x, trigger 3x",
        "policy bands, 2x, ltv band 0.7, margin band 0.15",
    )


def test_a_row_of_the_sweep_is_the_engine_s_run(market):
    """Final equity, drawdown, parents and counts are those of a backtest of the same config."""
    config = free_venue_config()
    frame = bl.sweep(market, config, leverage=[2.0, 3.0], trigger=[2.6, 3.6, None])
    assert list(frame.columns[:2]) == ["leverage", "trigger"]
    assert (frame["infeasible"] == "").all()
    for row in frame.to_dict("records"):
        trigger = None if row["trigger"] != row["trigger"] else row["trigger"]
        result = bl.backtest(market, replace(config, leverage=row["leverage"], trigger=trigger))
        assert row["final_usd"] == pytest.approx(result.final_usd, rel=1e-12)
        assert row["max_drawdown"] == pytest.approx(result.max_drawdown, abs=1e-12)
        assert row["hurdle_return"] == result.hurdle_return
        for name, value in parents(result.ledger).items():
            assert row[f"{name}_usd"] == pytest.approx(value, abs=1e-9)
        counts = dict(result.counts)
        assert {name: row[name] for name in counts} == counts
        legs = counts["liquidations_long"] + counts["liquidations_short"]
        assert (row["liquidations"], row["naked_bars"]) == (legs, result.naked_bars)
    shared = ("carry", "funding", "costs", "liquidation", "price")
    explained = frame[[f"{name}_usd" for name in shared]].sum(axis=1)
    assert (explained - (frame["final_usd"] - 10_000)).abs().max() < 1e-5


def test_a_refused_row_has_no_number_and_a_reason(market):
    frame = bl.sweep(market, free_venue_config(), leverage=[2.0, 6.0], trigger=[3.0, 50.0])
    refused = frame["infeasible"] != ""
    assert refused.tolist() == [False, True, True, True]
    numbers = ["final_usd", "excess_return", "carry_usd", "rebalances"]
    assert frame.loc[refused, numbers].isna().to_numpy().all()
    assert frame.loc[1, "infeasible"].startswith("trigger 50")
    assert frame.loc[2, "infeasible"].startswith("leverage 6")


@pytest.mark.parametrize("how", [{"workers": 1}, {"workers": 3}, {"pool": "processes"}])
def test_workers_change_no_number_of_the_sweep(market, how):
    values = {"leverage": [2.0, 2.5, 3.0], "trigger": [2.8, 3.2, 3.6, None]}
    one = bl.sweep(market, free_venue_config(), workers=1, **values)
    other = bl.sweep(market, free_venue_config(), **values, **how)
    assert one.equals(other)


def test_what_a_job_has_is_not_run_again(market, tmp_path, monkeypatch):
    """The folder keeps both rows: with an engine that cannot run the second call still has them."""
    given = {"trigger": [2.8, 3.2], "job": tmp_path / "job"}
    first = bl.sweep(market, free_venue_config(), **given)
    monkeypatch.setattr(jobs, "run_piece", lambda *_: pytest.fail("run again"))
    again = bl.sweep(market, free_venue_config(), **given, resume=True)
    assert first.equals(again)
    with pytest.raises(bl.ConfigError, match="another"):
        bl.sweep(market, free_venue_config(reserve=0.1), **given, resume=True)


def test_a_sweep_s_table_gives_the_engine_s_certificate(market, found):
    frame = bl.sweep(market, free_venue_config(), trigger=[*TRIGGERS, 50.0])
    again = bl.certify(market, free_venue_config(), frame, rules=RULES, ranges=())
    assert again.labels == found.labels
    assert again.label == found.label
    assert again.fan.above_share == found.fan.above_share


def test_days_and_hours_are_certified_by_the_same_rules():
    """On 4-hourly and daily bars too; a look a day on daily bars."""
    for hours in (4, 24):
        market = wild_market(days=60, hours=hours)
        configs = [
            free_venue_config(trigger=trigger, monitor_seconds=hours * 3600) for trigger in TRIGGERS
        ]
        found = certify_configs(market, configs, rules=RULES)
        assert found.returns.shape == (60, len(TRIGGERS))
        assert found.fan.is_counted.sum() == 51


def test_progress_counts_every_start_day_of_every_trial(market):
    done: list[int] = []
    configs = [free_venue_config(trigger=trigger) for trigger in TRIGGERS]
    certify_configs(market, configs, rules=RULES, progress=done.append)
    assert sum(done) == DAYS * len(TRIGGERS)


def test_the_page_says_what_stands_in_and_what_was_refused(market, found):
    text = markdown_text(certificate_document(found))
    assert "perp perp stands in for the spot price" in text
    assert "no leg can fire it" in text
    assert "refused by the venues' own rules" in text
    facts = certificate_facts(found)
    assert [path for path, unit in numbers(facts) if unit is None] == []
    assert json.dumps(plain(facts), allow_nan=False)


def test_presets_are_swept_by_name():
    """Perp and lending as names, on the daily sample: each row has its own venue's hurdle."""
    market = bl.load_market()
    config = bl.VenueConfig(leverage=2, monitor_seconds=86_400)
    frame = bl.sweep(market, config, lending=["kamino"], path_order=["nearest", "pessimistic"])
    assert frame["lending"].tolist() == ["kamino", "kamino"]
    assert frame.loc[1, "final_usd"] <= frame.loc[0, "final_usd"]
