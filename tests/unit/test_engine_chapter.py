"""The study's chapter on the venue engine: facts by hand, words by comparison, any market."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

import basislab as bl
from basislab.presets import load_preset, load_venue, terms_names
from basislab.report.chapters.engine.facts import engine_facts
from basislab.report.chapters.engine.limits import seconds
from basislab.report.chapters.engine.positions import positions
from basislab.report.chapters.engine.sentences import STEPS, parts_say, reasons, sentences
from basislab.report.chapters.engine.view import tables
from basislab.report.render.markdown import markdown_text
from basislab.report.render.terminal import screen_text
from basislab.report.report import study_report, study_runs
from basislab.report.spec import EngineSpec, StudySpec, load_spec
from basislab.research.ladder import FINER
from basislab.types.venue_config import CONVENTIONS, VenueConfig
from tests.builders import make_market
from tests.unit.test_report import rising_eth_market


def text_of(name):
    return files("basislab.presets.venues").joinpath(f"{name}.toml").read_text(encoding="utf-8")


@pytest.fixture
def facts(study):
    return study.facts


@pytest.fixture
def runs(facts):
    return {run["leverage"]: run for run in facts["engine"]["runs"]}


def named(run, model):
    return next(row for row in run["paths"] if row["model"] == model)


def with_run(study, number, **changes):
    """The chapter's facts with one of its runs changed."""
    engine = study.parts["engine"].engine
    made = [*engine.runs]
    made[number] = replace(made[number], **changes)
    return replace(study.parts["engine"], engine=replace(engine, runs=tuple(made)))


# Positions


def test_a_leverage_that_cannot_be_opened_is_refused_with_the_reason(study, facts, runs):
    """Kamino lends up to 74 %: 1 / 0.26 = 3.846; the next lower tenth is 3.8."""
    refused = facts["engine"]["refused"]
    assert [4.0] == [one["leverage"] for one in refused]
    assert "cannot be opened at kamino: it stops at 3.85 (its max LTV is 74%)" in refused[0]["why"]
    assert [2.0, 3.0, 3.8] == list(runs)
    shown = " ".join(screen_text(study.screen()).split())
    assert "Not shown: leverage 4 cannot be opened" in shown


def test_each_leverage_takes_the_best_trigger_of_the_studys_grid(facts, runs):
    best = {row["leverage"]: row["trigger"] for row in facts["waterfall"]}  # the last is the best
    assert {2.0: best[2.0], 3.0: best[3.0]} == {lev: runs[lev]["trigger"] for lev in (2.0, 3.0)}


def test_a_trigger_above_the_loans_death_is_fired_by_the_short_only(facts, runs):
    """At a liquidation LTV of 75 % the loan dies at leverage 4: 5x, 6x and 8x are the short's."""
    assert [["short"]] * 3 == [run["firing"] for run in runs.values()]
    assert ["long", "short"] == runs[2.0]["own_firing"]  # sqrt(2 x 4) = 2.83
    said = facts["engine"]["said"]["deaths"][0]
    assert "the loan, liquidated at leverage 4.0, never reaches the trigger" in said
    assert "only the short can fire it" in said


def test_deaths_are_where_the_rules_put_them(runs):
    """Opened at 189.44 USD: the 3x loan has 2/3 LTV and dies at 75 %, (2/3) / 0.75 = 0.889 of it.

    The fees at the opening, borrowed as well, bring it a little nearer: -10.9 and not -11.1 %.
    """
    long, short = runs[3.0]["deaths"]
    assert ("long", "short") == (long["leg"], short["leg"])
    assert 0.106 < long["price_distance"] < 1 - (2 / 3) / 0.75
    assert 4.0 == pytest.approx(long["death_leverage"])
    assert 40.0 == pytest.approx(short["death_leverage"])


# Models, ledgers, ladder


def test_results_are_those_that_a_user_can_repeat(runs):
    """On the same 64 paths of hours, seed 0: the ensembles of `bl.ensemble`."""
    market, look = bl.load_market(), 3_600
    ways = {
        "study's trigger": VenueConfig(leverage=3, trigger=6, band=None, monitor_seconds=look),
        "own trigger": VenueConfig(leverage=3, band=None, monitor_seconds=look),
        "size kept": VenueConfig(leverage=3, monitor_seconds=look),
    }
    for name, found in zip(ways, bl.ensembles(market, [*ways.values()]), strict=True):
        row = named(runs[3.0], name)
        low, high = found.interval()
        assert row["median_annualized"] == pytest.approx(found.median(), rel=1e-9)
        assert [row[f"{end}_annualized"] for end in ("low", "high")] == pytest.approx([low, high])
        assert row["fees_usd"] == pytest.approx(-found.column("costs_usd").mean(), rel=1e-9)
    study = bl.backtest(market, bl.RebalanceConfig(leverage=3, trigger=6))
    assert runs[3.0]["study_annualized"] == pytest.approx(study.annualized_return, rel=1e-11)


def test_ledgers_share_parents_and_add_up_to_both_results(runs):
    """Means of the paths add up, and each lies where its paths lie."""
    for run in runs.values():
        rows, net = run["ledgers"][:-1], run["ledgers"][-1]
        assert [row["account"] for row in rows] == [
            *("carry", "funding", "costs", "liquidation", "price")
        ]
        for key in ("study_usd", "engine_usd", "kept_usd"):
            assert sum(row[key] for row in rows) == pytest.approx(net[key], abs=1e-5)
        for row in (*rows, net):
            assert row["gap_usd"] == pytest.approx(row["engine_usd"] - row["study_usd"], abs=1e-6)
            for way in ("engine", "kept"):
                assert row[f"{way}_low_usd"] <= row[f"{way}_high_usd"]


def test_the_ladder_leads_from_one_number_to_the_other(facts, runs):
    """Kept whole it is the study to 1e-9 of 10 000 USD; its steps sum to the gap of the medians."""
    for run in runs.values():
        steps = run["ladder"]
        assert abs(steps["parity_usd"]) <= 1e-9 * 10_000
        year = run["study_annualized"] * 410 / 365
        assert steps["study_usd"] == pytest.approx(10_000 * (1 + year), rel=1e-9)
        year = named(run, "study's trigger")["median_annualized"] * 410 / 365
        assert steps["engine_usd"] == pytest.approx(10_000 * (1 + year), rel=1e-9)
        changes = sum(rung["change_usd"] for rung in steps["rungs"])
        assert changes == pytest.approx(steps["engine_usd"] - steps["study_usd"], abs=1e-5)
    assert "a difference of 0.000000 USD" in facts["engine"]["said"]["ladder"][0]
    assert set(STEPS) == {*CONVENTIONS, FINER}


def test_only_what_is_looked_at_once_a_day_is_a_point(runs):
    """Down to the step to hours there is one path; after it every step has an interval."""
    for run in runs.values():
        rungs = run["ladder"]["rungs"]
        finer = [rung["convention"] for rung in rungs].index(FINER)
        for place, rung in enumerate(rungs):
            assert (rung["low_usd"] == rung["high_usd"]) == (place < finer)
            assert rung["low_usd"] <= rung["final_usd"] <= rung["high_usd"]


def test_the_verdict_speaks_of_both_rules(study, facts):
    said = facts["verdict"]["reasons"][-1]
    assert said.startswith("By the venues' own rules")
    assert [said] == reasons(study.runs, study.parts["engine"])
    for run in facts["engine"]["runs"]:
        kept = next(row for row in run["paths"] if row["model"] == "size kept")
        ends = [f"{100 * kept[f'{end}_annualized']:+.1f}%" for end in ("low", "high")]
        assert f"({' to '.join(ends)})" in said


def test_every_result_on_days_is_an_interval_that_holds_its_median(facts):
    """Of both cases and of each: no bare number of the engine stands in the tables."""
    ends = [f"{end}_annualized" for end in ("low", "median", "high")]
    for run in facts["engine"]["runs"]:
        names = [row["model"] for row in run["paths"]]
        assert ["study's trigger", "own trigger", "size kept"] == names
        for row in run["paths"]:
            for one in (row, *row["cases"]):
                assert sorted(one[end] for end in ends) == [one[end] for end in ends]
            shares = [case["liquidated_share"] for case in row["cases"]]
            given = [row["least_liquidated_share"], row["most_liquidated_share"]]
            assert [min(shares), max(shares)] == given


@pytest.mark.parametrize(
    ("nearness", "least", "most", "is_open"),
    [
        ("near", 0.0, 0.0, True),
        ("far", 0.0, 0.5, True),
        ("far", 0.0, 0.0, False),
        ("near", 1.0, 1.0, False),
    ],
)
def test_days_leave_a_liquidation_open_unless_all_paths_agree_and_none_is_near(
    study, nearness, least, most, is_open
):
    run = study.parts["engine"].engine.runs[0]
    changes = {"least_liquidated_share": least, "most_liquidated_share": most}
    kept = replace(run.on_paths("size kept"), nearness=nearness, **changes)
    made = with_run(study, 0, paths=(kept,))
    assert is_open == ("days do not say whether it is met" in sentences(study.runs, made)[0])
    only = replace(made, engine=replace(made.engine, runs=made.engine.runs[:1]))
    assert is_open == ("At 2x days do not say" in reasons(study.runs, only)[0])


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.05, 0.06, "beats"), (0.03, 0.06, "may or may not beat"), (0.01, 0.03, "misses")],
)
def test_the_hurdle_is_beaten_by_a_whole_interval_only(study, low, high, word):
    run = study.parts["engine"].engine.runs[0]
    made = replace(
        run.on_paths("size kept"), low_annualized=low, high_annualized=high, hurdle_annualized=0.04
    )
    said = sentences(study.runs, with_run(study, 0, paths=(made,)))[0]
    assert f", and {word} the hurdle of +4.0%" in said


def test_stand_ins_of_the_result_are_said(facts):
    assert [
        f"hyperliquid perp stands in for the {kind} price" for kind in ("mark", "spot", "oracle")
    ] == facts["engine"]["stand_ins"]
    limits = " ".join(facts["engine"]["said"]["limits"])
    assert "hyperliquid perp stands in for the oracle price" in limits
    assert (
        "A transfer of 5 minutes arrives with the first bar after it; a bar lasts 1 hour" in limits
    )
    assert "its 24 settlements are spread over it evenly" in limits


def test_what_decides_is_marked_and_said_where_the_verdict_hangs_on_it(study):
    """Planted: no constant decides, then one does."""
    facts = study.parts["engine"]
    engine = facts.engine
    calm = tuple(replace(row, is_deciding=False) for row in engine.constants)
    moved = (replace(calm[0], is_deciding=True), *calm[1:])
    for constants, told, marked in (
        (calm, "depends on no constant alone", []),
        (moved, f"depends on {calm[0].title}", ["depends on it"]),
    ):
        made = replace(engine, constants=constants)
        assert told in parts_say(made)["constants"][0]
        rows = tables(study.runs, replace(facts, engine=made))["engine-constants"][0].rows
        assert marked == [row["sign"] for row in rows if row["is_marked"]]


def test_a_constant_decides_where_another_word_is_said_at_an_end(study):
    """At 3x the hurdle is missed; a constant decides where another word is said at an end."""
    engine = study.parts["engine"].engine
    assert "misses" == engine.nearest(3.0).on_paths("size kept").verdict
    for row in engine.constants:
        said = {end.verdict for end in (row.at_low, row.at_high) if end is not None}
        assert row.is_deciding == (said != {"misses"})


def test_a_market_of_hours_is_run_on_its_hours():
    """The engine sees the market's own bars: its results are those of `backtest` on the hours."""
    hours = bl.bridge(bl.load_market(), paths=1)[0].window(end="2025-04-30")
    spec = StudySpec(leverages=(2,), holding_days=[7])
    report = study_report(study_runs(hours, spec, accept_quality=True))
    [run] = report.parts["engine"].engine.runs
    kept = run.on_paths("size kept")
    config = positions(report.runs).held[0].kept
    alone = bl.backtest(hours, replace(config, monitor_seconds=3_600), accept_quality=True)
    assert kept.median_annualized == pytest.approx(alone.annualized_return, rel=1e-9)
    assert (kept.paths_count, kept.is_interval) == (1, False)
    said = sentences(report.runs, report.parts["engine"])
    assert "a year on the market's own bars" in said[0]
    assert "on the market's own bars" in reasons(report.runs, report.parts["engine"])[0]


# Other markets


def own_presets(folder):
    """Presets of a coin called ETH, as a user would write them."""
    for name in ("hyperliquid", "dex"):
        text = text_of(name).replace("SOL", "ETH").replace("Solana", "Ethereum")
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    rules = {name: str(folder / f"{file}.toml") for name, file in (("perp", "hyperliquid"),)}
    return EngineSpec(**rules, swap=str(folder / "dex.toml"), transfer="bridge")


def eth_document(engine, **changes):
    spec = StudySpec(lending="aave", holding_days=[7], title="A rising coin", **changes)
    runs = study_runs(rising_eth_market(), spec.model_copy(update={"engine": engine}))
    report = study_report(runs)
    return report, report.document()


def test_another_coin_on_other_venues_gives_a_chapter_that_speaks_of_it_only(tmp_path):
    """It rises for sixty days: the short is the leg that suffers, and no leverage is refused."""
    report, document = eth_document(own_presets(tmp_path))
    facts = report.facts
    text = document.chapters["engine"] + markdown_text(document)
    assert [2.0, 3.0, 4.0] == [run["leverage"] for run in facts["engine"]["runs"]]
    assert [word for word in ("SOL", "kamino", "410", "Solana", "fell") if word in text] == []
    assert "@@" not in markdown_text(document)
    assert {"engine-equity", "engine-ladder"} <= {figure.key for figure in document.shown()}
    assert "| aave-v3 |" in text
    assert "beats the hurdle" in text


def test_constants_of_another_coin_are_not_used(tmp_path):
    report, document = eth_document(EngineSpec())
    facts = report.facts
    reason = facts["engine"]["reason"]
    assert "the constants of preset hyperliquid are another coin's, not those of ETH" in reason
    assert "under [engine]" in reason
    assert reason in markdown_text(document)
    assert reason in " ".join(screen_text(report.screen()).split())
    assert [] == [key for key in document.figures if key.startswith("engine")]
    assert facts["engine"]["runs"] == []


def test_a_run_says_whose_constants_are_another_coins():
    """The SOL presets on a market of ETH: run as asked, and said; Aave's own are WETH's."""
    config = VenueConfig(leverage=2, lending="aave-v3", monitor_seconds=86_400)
    said = bl.backtest(rising_eth_market(), config).warnings
    told = [text for text in said if "are those of SOL, and the market is ETH" in text]
    assert ["hyperliquid", "dex"] == [text.split()[3] for text in told]
    sol = bl.backtest(bl.load_market(), VenueConfig(leverage=2, monitor_seconds=86_400))
    assert not [text for text in sol.warnings if "the market is" in text]


@pytest.mark.parametrize(
    ("engine", "reason"),
    [
        (EngineSpec(perp="binance"), "no funding of 'binance'"),
        (EngineSpec(lending="marginfi"), "no supply rate of marginfi/SOL"),
        (EngineSpec(perp="nowhere"), "venue 'nowhere' is unknown"),
        (
            EngineSpec(lending="hyperliquid"),
            "venue hyperliquid: its kind is 'perp'; lending is wanted",
        ),
    ],
)
def test_a_market_that_lacks_what_the_engine_reads_is_skipped_with_the_reason(engine, reason):
    spec = StudySpec(start="2025-03-01", end="2025-03-31", engine=engine)
    found = engine_facts(study_runs(bl.load_market(), spec)).engine
    assert reason in found.reason
    assert (found.runs, found.refused) == ((), ())


def test_a_venue_that_is_gone_is_skipped_with_the_reason():
    """Drift's preset ended on 2026-04-01."""
    market = make_market([100.0] * 30, start="2026-03-20", borrow=1e-4, supply=1e-4)
    market = replace(market, funding={"drift": market.funding["perp"]})
    spec = StudySpec(perp="drift-study", leverages=[2.0])
    assert "it ended on 2026-04-01" in positions(study_runs(market, spec)).reason


def test_a_protocol_without_a_preset_asks_for_one():
    market = make_market([100.0] * 5)
    rates = {("elsewhere", asset): rate for (_, asset), rate in market.supply.items()}
    debts = {("elsewhere", "USDC"): market.borrow["kamino", "USDC"]}
    market = replace(market, supply=rates, borrow=debts)
    market = replace(market, funding={"hyperliquid": market.funding["perp"]})
    reason = positions(study_runs(market, StudySpec(lending="elsewhere"))).reason
    assert "no preset of the venue engine has the protocol 'elsewhere'" in reason
    assert "under [engine] lending" in reason


def test_every_leverage_refused_leaves_the_reasons_only():
    """Nothing below 1x is a position: a loan that lends nothing refuses each leverage."""
    spec = StudySpec(start="2025-03-01", end="2025-03-31", leverages=[30.0])
    runs = study_runs(bl.load_market(), spec)
    found = positions(runs)
    assert [30.0] == [leverage for leverage, _ in found.refused]
    assert [3.8] == [position.leverage for position in found.held]


# The study file and the page


def test_the_chapter_can_be_left_out():
    spec = StudySpec(chapters=["summary", "method"], lending="aave", holding_days=[7])
    document = study_report(study_runs(rising_eth_market(), spec)).document()
    assert ["summary", "quality", "method"] == list(document.chapters)


def test_presets_beside_the_study_file_are_found(tmp_path):
    (tmp_path / "mine.toml").write_text(text_of("kamino"), encoding="utf-8")
    (tmp_path / "study.toml").write_text('[engine]\nlending = "mine.toml"\nperp = "hyperliquid"\n')
    spec = load_spec(tmp_path / "study.toml")
    assert str(tmp_path / "mine.toml") == spec.engine.lending
    assert "hyperliquid" == spec.engine.perp


def test_an_unknown_role_is_refused(tmp_path):
    (tmp_path / "study.toml").write_text('[engine]\nlender = "kamino"\n')
    with pytest.raises(bl.ConfigError, match=r"engine.lender"):
        load_spec(tmp_path / "study.toml")


@pytest.mark.parametrize("name", terms_names())
def test_a_preset_whose_title_names_a_coin_says_so_to_the_program(name):
    preset = load_preset(name)
    coins = re.findall(r"\b(?:W(?=ETH))?(SOL|ETH|BTC)", preset.title)
    assert coins[:1] == ([preset.asset] if preset.asset else [])


def test_debt_below_zero_is_said_in_the_verdict():
    """At 1.5x the study turns surplus into negative debt, and lets it earn the borrow rate."""
    facts = study_report(study_runs(bl.load_market(), StudySpec(leverages=[1.5, 2.0]))).facts
    lowest = {row["leverage"]: row["lowest_debt_usd"] for row in facts["risks"]}
    assert lowest[1.5] < 0 < lowest[2.0]
    said = [text for text in facts["verdict"]["limits"] if "below zero" in text]
    assert 1 == len(said)
    assert said[0].startswith("At 1.5x the convention turns surplus into a debt below zero (-769 ")


def test_durations_are_said_in_their_largest_whole_unit():
    assert ["5 minutes", "1 day", "90 seconds", "0 seconds"] == [
        seconds(value) for value in (300.0, 86_400.0, 90.0, 0.0)
    ]


def test_the_sample_has_a_study_venue_for_the_engine():
    """The engine's preset is found by the funding series that both read."""
    terms = positions(study_runs(bl.load_market(), StudySpec(leverages=[2.0]))).terms
    assert load_venue("hyperliquid-study").funding == terms.perp.funding
    assert "kamino" == terms.protocol
    assert np.isfinite(terms.notional_usd)
