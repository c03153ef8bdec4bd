"""A certificate of several markets: by hand on small panels, then the engine on made coins."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.api.certificates import clipped
from basislab.cli.app import app
from basislab.report.certificate.data import certificate_data
from basislab.report.certificate.facts import certificate_facts
from basislab.report.certificate.page import certificate_document
from basislab.report.certificate.sentences import rests_on
from basislab.report.certificate.tables import certificate_tables
from basislab.report.fields import numbers, plain
from basislab.report.render.markdown import markdown_text
from basislab.research.overfit.certificate import certify_returns
from basislab.research.overfit.pooled import PooledRunner, mean_correlation, mean_of_markets
from basislab.research.overfit.rules import STATED_RATE, Rules
from basislab.research.overfit.runner import DECIMALS, Runner
from basislab.research.overfit.search import certify_configs
from basislab.research.overfit.sensitivity import Range
from benchmarks import pooled
from benchmarks.pooled import coins
from tests.builders import free_config, make_market
from tests.pages import PAGES

RULES = Rules(blocks=4, min_days=10, train_days=12, test_days=6, resamples=200)
TRIGGERS = [3.0, 4.0, 5.0, None]


def coin(
    name: str, days: int, start: str = "2025-01-01", seed: int = 1, storms: tuple[int, ...] = ()
):
    """A daily market that moves 5 % a day, with funding; within a storm's day it falls by 70 %."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.05, days)))
    low = close / 1.02
    low[list(storms)] *= 0.3
    return make_market(
        close.tolist(),
        high=(1.02 * close).tolist(),
        low=low.tolist(),
        supply=0.0001,
        borrow=0.0002,
        hurdle=0.03,
        funding=rng.normal(0.0008, 0.001, days),
        start=start,
        name=name,
    )


@pytest.fixture(scope="module")
def old():
    """60 days, 1 January to 1 March."""
    return coin("old", 60)


@pytest.fixture(scope="module")
def young():
    """45 days from 31 January on: rows 30 to 74 of the panel, of which 30 lie in both."""
    return coin("young", 45, "2025-01-31", seed=2)


@pytest.fixture(scope="module")
def configs():
    return [free_config(bl.RebalanceConfig, leverage=2, trigger=trigger) for trigger in TRIGGERS]


@pytest.fixture(scope="module")
def found(old, young, configs):
    return certify_configs([old, young], configs, rules=RULES)


def test_a_day_is_the_mean_of_the_markets_that_have_it(old, young, configs, found):
    """Days 0 to 29 are the old market's, 30 to 59 the mean of both, 60 to 74 the young one's."""
    one, other = (Runner(market, 10).excess_returns(configs[0]) for market in (old, young))
    both = (one[30:].round(DECIMALS) + other[:30].round(DECIMALS)) / 2
    expected = np.concatenate((one[:30], both, other[30:]))
    assert found.returns.shape == (75, 4)
    assert found.returns[:, 0] == pytest.approx(expected, abs=1e-9)
    assert np.isfinite(found.panel[:, :, 0]).sum(axis=0).tolist() == [60, 45]


def test_the_excess_is_the_mean_over_all_days_of_all_markets(old, young, configs, found):
    """60 days weigh 60, 45 weigh 45."""
    own = [Runner(market, 10).annual_excess(configs[1]) for market in (old, young)]
    assert found.excess[1] == pytest.approx((60 * own[0] + 45 * own[1]) / 105)


def test_a_start_day_is_a_position_in_every_market_that_is_held_long_enough(old, young, configs):
    """Least 10 days. Day 20: the old market's 40 days. Day 40: the mean of its 20 and the young
    one's 35 days. Day 55: the old market's last 5 days do not count, the young one's 20 do."""
    pooled = PooledRunner([old, young], 10).fan(configs[0]).fan
    one, other = (Runner(market, 10).fan(configs[0]).fan for market in (old, young))
    assert pooled.returns[20] == one.returns[20]
    assert pooled.excess[40] == pytest.approx((one.excess[40] + other.excess[10]) / 2)
    assert (pooled.returns[55], pooled.days[55]) == (other.returns[25], 20)
    assert pooled.days[[20, 40]].tolist() == [40, 27.5]
    assert pooled.is_counted.tolist() == [True] * 66 + [False] * 9


def test_a_young_coin_is_lived_in_by_what_the_old_one_taught(old, young, configs, found):
    """Window of days 0 to 11: the old market alone chooses, and on days 13 to 18 it alone lives.
    Days 30 to 41 choose on both. A test that the young market has a third of is the old one's."""
    runner = PooledRunner([old, young], 10)
    assert runner.parts(0, 12) == [(0, 0, 0, 12)]
    assert runner.parts(24, 36) == [(0, 0, 24, 36), (1, 30, 0, 6)]
    assert runner.parts(20, 33) == [(0, 0, 20, 33)]
    assert runner.parts(62, 68) == [(1, 30, 32, 38)]
    alone = Runner(young, 10)
    last = found.walk.steps[-1]
    lived = alone.run(configs[last.chosen], last.window.test - 30, last.window.test_end - 30)
    assert last.outside == pytest.approx(lived.curve[-1] - 1)
    assert last.window.test < 60 + 12  # chosen on days that the old market still had


def test_capital_waits_for_a_market_that_begins_and_stays_where_one_ended(old, young, configs):
    """Days 24 to 35: the young market's half is 1 until day 30; days 54 to 65: the old one's half
    stays what day 59 left."""
    runner = PooledRunner([old, young], 10)
    one, other = (Runner(market, 10) for market in (old, young))
    early = runner.run(configs[0], 24, 36).curve
    assert early[:6] == pytest.approx((one.run(configs[0], 24, 36).curve[:6] + 1) / 2)
    late, left = runner.run(configs[0], 54, 66).curve, one.run(configs[0], 54, 60).curve[-1]
    assert late[6:] == pytest.approx((left + other.run(configs[0], 24, 36).curve[6:]) / 2)
    both = runner.finals(configs, 54, 66)
    assert both[0] == pytest.approx(late[-1])


def test_a_storm_that_sinks_both_coins_is_one_episode(configs):
    """A falls on days 20 and 50, B on days 22 and 40: {20, 22}, {40}, {50} are three episodes of
    at most three days, of two a coin."""
    rules = replace(RULES, apart_days=3)
    falls = [coin("a", 60, storms=(20, 50)), coin("b", 60, seed=2, storms=(22, 40))]
    found = certify_configs(falls, configs, rules=rules)
    assert [share.episodes for share in found.markets] == [2, 2]
    assert found.liquidations.near == [(20, 22), (40, 40), (50, 50)]


def test_what_one_market_refuses_is_no_trial_and_the_reason_names_it(old, young, configs):
    """The young market has no rates of a further protocol."""
    rates = {("other", asset): old.supply["kamino", asset] for asset in ("SOL", "USDC")}
    wide = replace(
        old,
        supply={**old.supply, **rates},
        borrow={**old.borrow, ("other", "USDC"): old.borrow["kamino", "USDC"]},
    )
    further = replace(configs[0], lending="other")
    found = certify_configs([wide, young], [*configs, further], rules=RULES)
    assert found.family == len(configs)
    ((label, why),) = found.infeasible
    assert "other" in label
    assert why.startswith("on young: ")


def test_a_market_may_have_venues_of_its_own(old, young, configs):
    """Fees of 50 bps on the young coin alone: the old one's excess stays, the young one's falls."""
    dear = replace(configs[0].perp, name="dear", taker_fee_bps=50.0)
    given = {"rules": RULES, "ranges": (), "trigger": TRIGGERS, "config": configs[0]}
    alike = bl.certify(markets=[old, young], **given)
    apart = bl.certify(markets=[old, young], venues={"young": {"perp": dear}}, **given)
    assert apart.panel[:, 0] == pytest.approx(alike.panel[:, 0], nan_ok=True)
    assert np.nanmean(apart.panel[:, 1]) < np.nanmean(alike.panel[:, 1])
    own = Runner(young, 10).excess_returns(replace(configs[0], perp=dear))
    assert apart.panel[30:, 1, 0] == pytest.approx(own, abs=1e-9)


def test_a_constant_moves_on_the_venues_of_every_market(old, young, configs):
    """Taker fees from 0 to 100 bps: at both ends what each market has with them."""
    dear = replace(configs[0].perp, name="dear", taker_fee_bps=50.0, gas_usd=3.0)
    fee = Range(name="taker_fee_bps", value=0.0, low=0.0, high=100.0, unit="bps")
    found = certify_configs(
        [old, young], configs[:1], rules=RULES, ranges=[fee], venues=[{}, {"perp": dear}]
    )
    expected = [
        PooledRunner([old, young], 10, venues=[{}, {"perp": replace(dear, taker_fee_bps=fee)}])
        .annual_excess(replace(configs[0], perp=replace(configs[0].perp, taker_fee_bps=fee)))
        for fee in (0.0, 100.0)
    ]  # fmt: skip
    assert found.constants[0].excess[[0, -1]] == pytest.approx(expected)


def test_venues_of_no_market_or_no_role_are_refused(old, young, configs):
    given = {"config": configs[0], "markets": [old, young], "trigger": TRIGGERS}
    with pytest.raises(bl.ConfigError, match=r"yuong.*young"):
        bl.certify(venues={"yuong": {"perp": "drift-study"}}, **given)
    with pytest.raises(bl.ConfigError, match="venues of young: got 'prep'"):
        bl.certify(venues={"young": {"prep": "drift-study"}}, **given)


def test_markets_that_make_no_panel_are_refused(old, young, configs):
    with pytest.raises(bl.ConfigError, match="old is old once more"):
        certify_configs([old, old], configs, rules=RULES)
    with pytest.raises(bl.ConfigError, match="from 2025-03-02 to 2025-03-31 none"):
        certify_configs([old, coin("late", 30, "2025-04-01")], configs, rules=RULES)
    with pytest.raises(bl.ConfigError, match="either a market or markets"):
        bl.certify(old, configs[0], markets=[young])
    with pytest.raises(bl.ConfigError, match="either a market or markets"):
        bl.certify(markets=[old, young])
    with pytest.raises(bl.ConfigError, match="old runs from"):
        bl.certify(config=configs[0], markets=[old, young], start="2025-03-10", trigger=TRIGGERS)


def test_days_that_are_asked_for_are_what_each_market_has_of_them(old, young):
    """10 February to 10 March: 20 days of the old market, 29 of the young one."""
    parts = clipped([old, young], date(2025, 2, 10), date(2025, 3, 10))
    assert [len(part) for part in parts] == [20, 29]


def test_the_verdict_says_on_what_it_rests(found):
    """75 days, 105 days of markets, 30 of them shared; every number of the facts has a unit."""
    facts = certificate_facts(found)
    assert (facts.pool.market_days_count, facts.pool.shared_days_count) == (105, 30)
    text = rests_on(facts)
    episodes = len(found.liquidations.near)
    assert text.startswith(f"It rests on 2 markets (old and young), 75 days and {episodes} indep")
    assert "30 days lie in more than one market" in text
    assert "pool" not in plain(facts)
    assert list(numbers(facts))
    table = certificate_tables(facts)["markets"]
    assert [row.days_count for row in table.rows] == [60, 45]
    page = markdown_text(certificate_document(found))
    assert text in page
    assert "market by market" in page


def test_one_market_says_so_without_facts_of_a_pool(old, configs):
    facts = certificate_facts(certify_configs(old, configs, rules=RULES))
    assert rests_on(facts).startswith("It rests on 1 market, 60 days and ")
    assert "markets" not in plain(facts)


def test_the_page_hands_out_every_market_s_days(found):
    """Their mean over the markets is the returns that everything was computed from."""
    files = certificate_data([found])
    rows = [line.split(",") for line in files["certificate-panel.csv"].text.splitlines()[1:]]
    assert len(rows) == 105
    width = len(found.labels)
    shared = found.times[40]
    values = np.array([row[-width:] for row in rows if row[1] == shared], float)
    assert values.mean(axis=0) == pytest.approx(found.returns[40], abs=1e-9)


@pytest.mark.parametrize("kind", ["start_days", "neighbourhood", "splits", "walk_forward"])
def test_a_pooled_certificate_draws_what_a_single_one_draws(found, kind):
    assert found.plot(kind).to_dict()["title"]["text"]


def test_workers_change_no_number(old, young, configs, found):
    again = bl.certify(
        config=configs[0], markets=[old, young], rules=RULES, ranges=(), workers=3,
        trigger=TRIGGERS,
    )  # fmt: skip
    assert np.array_equal(again.returns, found.returns)
    assert np.array_equal(again.fan.returns, found.fan.returns)
    assert [check.value for check in again.checks][:7] == [c.value for c in found.checks][:7]


def test_the_mean_correlation_is_over_shared_days():
    """Two that share four days and move alike on them; two that share none say nothing."""
    one = np.array([1.0, 2.0, 3.0, 5.0, np.nan])
    assert mean_correlation(np.column_stack([one, 2 * one])) == pytest.approx(1.0)
    apart = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 3.0]])
    assert math.isnan(mean_correlation(apart))


def test_the_mean_of_markets_is_over_those_that_have_the_day():
    panel = np.array([[[0.02], [np.nan]], [[0.01], [0.03]]])
    assert mean_of_markets(panel)[:, 0].tolist() == pytest.approx([0.02, 0.02])


def recommended(edge: float, markets: int, searches: int) -> float:
    """Share of planted searches that are recommended, as in the benchmark."""
    words = []
    for seed in range(searches):
        panel = coins(np.random.default_rng([seed, 4]), markets, edge)
        rules = Rules(blocks=8, resamples=200)
        words.append(certify_returns(mean_of_markets(panel), rules=rules).verdict.word)
    return words.count("recommended") / searches


def test_two_correlated_coins_find_a_planted_policy_more_often_than_one():
    """30 % a year in one trial of 17 on both coins, whose noise is correlated by one half: the mean
    has three quarters of the variance, so the edge is a seventh larger in deviations."""
    one, two = (recommended(0.30, markets, 40) for markets in (1, 2))
    assert two > one


def test_luck_on_two_coins_is_recommended_no_more_often_than_stated():
    error = math.sqrt(STATED_RATE * (1 - STATED_RATE) / 40)
    assert recommended(0.0, 2, 40) <= STATED_RATE + 2 * error


def test_the_table_of_the_page_is_the_kept_run():
    """Written by benchmarks/pooled.py; luck at its size, power that grows with the coins."""
    rows = json.loads((pooled.HERE / "pooled.json").read_text(encoding="utf-8"))["rows"]
    assert pooled.table(rows) in PAGES["docs/certificate.md"]
    found = {(row["coins"], row["edge_apy"], row["planted_in"]): row for row in rows}
    for coins_name in ("1 coin", "2 coins", "4 coins"):
        luck = found[coins_name, 0.0, "none"]
        assert luck["recommended_share"] <= STATED_RATE + 2 * luck["recommended_error"]
        assert luck["superior_ability_met_share"] <= 1.5 * STATED_RATE
    powers = [found[name, 0.3, "every coin"]["recommended_share"] for name in
              ("1 coin", "2 coins", "4 coins")]  # fmt: skip
    assert powers == sorted(powers)


def test_the_command_takes_several_markets(tmp_path, monkeypatch, old, young):
    """Both from the store; --market beside them is refused."""
    monkeypatch.setenv("BASISLAB_HOME", str(tmp_path))
    for market in (old, young):
        bl.save_market(replace(market, funding={"hyperliquid": market.funding["perp"]}))
    words = ["certify", "--markets", "old, young", "--trigger", "3,4,5,never", "--accept-quality"]
    out = tmp_path / "page"
    done = CliRunner().invoke(app, [*words, "--out", str(out)], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    assert "It rests on 2 markets (old and young), 75 days" in done.output
    assert "market by market" in done.output
    assert "It rests on 2 markets" in (out / "certificate.md").read_text()
    assert (out / "data" / "certificate-panel.csv").exists()
    for wrong in (["--market", "old"], ["--on", "young=drift-study"]):
        assert CliRunner().invoke(app, [*words, *wrong]).exit_code != 0
