"""The machine interface, exactly: what a file may say, what it gets, and how it fails."""

from __future__ import annotations

import json
from datetime import date
from importlib.resources import files

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from basislab import Scenario, run
from basislab._version import VERSION
from basislab.data import save_market
from basislab.errors import ConfigError, DataError
from basislab.scenarios import (
    MAX_BAR_SCENARIOS,
    json_schema,
    market_loader,
    parse_file,
    parse_scenario,
    read_file,
    results_text,
    run_file,
)
from basislab.types import ConditionalConfig, RebalanceConfig, RotationConfig, StaticConfig
from tests.builders import make_market

MODELS = ("static", "rebalance", "rotation", "conditional")
OWN_KEYS = {
    "trigger": ("rebalance",),
    "buffer": ("rotation", "conditional"),
    "min_apy": ("rotation",),
    "slippage": ("static",),
    "entry_apy": ("conditional",),
    "lookback_days": ("conditional",),
}
VALID = {
    "trigger": 6,
    "buffer": 0.2,
    "min_apy": 0.01,
    "slippage": "book",
    "entry_apy": 0.2,
    "lookback_days": 5,
}

PAGE = """
{"version": 1, "scenarios": [
  {"id": "a", "model": "rebalance", "capital_usd": 10000, "leverage": 3, "trigger": 6,
   "perp": "hyperliquid-study", "open_fee_bps": 15, "start": "2024-12-31", "end": "2026-02-13",
   "overrides": {"taker_fee_bps": 3.5, "maintenance_margin": 0.05, "transfer_cost_usd": 3,
                 "liquidation_penalty": {"kind": "equity", "rate": 0.5}}},
  {"id": "b", "model": "rotation", "capital_usd": 10000, "leverage": 3, "buffer": 0.10},
  {"id": "c", "model": "static", "capital_usd": 1000, "leverage": 2, "perp": "drift-study"},
  {"id": "d", "model": "conditional", "capital_usd": 10000, "leverage": 2, "entry_apy": 0.10,
   "buffer": 0.10, "lookback_days": 7}
]}
"""

TOML = """
version = 1

[[scenarios]]
id = "a"
model = "rebalance"
leverage = 3
trigger = 6
start = 2024-12-31
end = "2026-02-13"

[scenarios.overrides.liquidation_penalty]
kind = "equity"
rate = 0.5
"""


def document(*scenarios, **head) -> str:
    return json.dumps({"version": 1, "scenarios": list(scenarios)} | head)


def results(*scenarios, **head) -> list[dict]:
    return list(run_file(parse_file(document(*scenarios, **head))))


def rebalance(**values) -> dict:
    return {"model": "rebalance", "leverage": 3} | values


def message(**values) -> str:
    """The error of one rebalance scenario; checks that its place and type are kept."""
    [found] = results(rebalance(id="bad", **values))
    assert set(found) == {"id", "error"}
    assert (found["id"], found["error"]["type"]) == ("bad", "ConfigError")
    return found["error"]["message"]


@pytest.fixture(scope="module")
def found():
    """The results of the page's example."""
    return list(run_file(parse_file(PAGE)))


class TestPage:
    """The example of the documentation and the figures printed under it."""

    def test_gives_a_result_for_every_scenario_in_order(self, found):
        assert [(one["id"], one["model"]) for one in found] == [
            ("a", "rebalance"),
            ("b", "rotation"),
            ("c", "static"),
            ("d", "conditional"),
        ]

    def test_first_result(self, found):
        first = found[0]
        assert (first["start"], first["end"], first["bars"]) == ("2024-12-31", "2026-02-13", 410)
        assert (first["initial_usd"], round(first["final_usd"], 2)) == (10_000.0, 9_609.68)
        assert {
            "return": -0.0390,
            "annualized_return": -0.0347,
            "hurdle_return": 0.0518,
            "excess_return": -0.0908,
            "max_drawdown": 0.0836,
        } == {
            name: round(first[name], 4)
            for name in (
                "return",
                "annualized_return",
                "hurdle_return",
                "excess_return",
                "max_drawdown",
            )
        }
        assert first["market"]["fingerprint"].startswith("sha256:")

    def test_first_ledger(self, found):
        """Its sum is the change of equity."""
        ledger = found[0]["ledger"]
        assert {
            "carry": 205.4,
            "funding": 565.9,
            "trading_fees": -62.1,
            "gas": -4.0,
            "transfer_fees": -21.0,
            "liquidation_penalty": -830.1,
            "revaluation": -244.4,
            "shortfall": 0.0,
        } == {name: round(value, 1) for name, value in ledger.items()}
        change = found[0]["final_usd"] - found[0]["initial_usd"]
        assert sum(ledger.values()) == pytest.approx(change, abs=1e-5)

    def test_first_events(self, found):
        assert found[0]["counts"] == {"rebalances": 7, "rotations": 1, "liquidations": 1}
        events = found[0]["events"]
        assert events[:2] == [
            {"time": "2024-12-31", "kind": "open"},
            {"time": "2025-01-03", "kind": "rebalance"},
        ]
        at = events.index({"time": "2025-01-18", "kind": "liquidation", "leg": "short"})
        assert events[at + 1] == {"time": "2025-01-18", "kind": "reopen"}

    def test_counts_of_the_other_models(self, found):
        assert found[1]["counts"] == {"rotations": 18, "liquidations": 4}
        assert found[2]["counts"] == {}
        assert set(found[3]["counts"]) == {"opens", "closes"}

    def test_static_has_its_own_accounts(self, found):
        assert list(found[2]["ledger"]) == [
            "carry",
            "funding",
            "trading_fees",
            "gas",
            "slippage",
        ]
        assert found[2]["events"] == []

    def test_overrides_that_repeat_the_preset_change_nothing(self, found):
        [plain] = results(rebalance(id="a", trigger=6))
        assert plain == found[0]


class TestDefaults:
    """What a scenario does not say."""

    @pytest.mark.parametrize(
        ("model", "config"),
        [
            ("static", StaticConfig(leverage=3)),
            ("rebalance", RebalanceConfig(leverage=3)),
            ("rotation", RotationConfig(leverage=3)),
            ("conditional", ConditionalConfig(leverage=3)),
        ],
    )
    def test_are_those_of_the_configs(self, model, config):
        made = Scenario(model=model, leverage=3).to_config()
        assert type(made) is type(config)
        assert made.perp.name == config.perp
        for name in ("capital_usd", "leverage", "lending", "open_fee_bps", *OWN_KEYS):
            assert getattr(made, name, None) == getattr(config, name, None)

    def test_the_trigger_is_twice_the_leverage(self):
        [default] = results(rebalance(id="a"))
        [six] = results(rebalance(id="a", trigger=6))
        assert default == six

    def test_a_null_trigger_is_never(self):
        """999 and null are the same; ten liquidations at 3x."""
        [never] = results(rebalance(id="a", trigger=None))
        [number] = results(rebalance(id="a", trigger=999))
        assert never == number
        assert never["counts"]["liquidations"] == 10

    def test_an_absent_or_null_minimum_apy_is_no_rule(self):
        assert Scenario(model="rotation", leverage=3).to_config().min_apy is None
        assert Scenario(model="rotation", leverage=3, min_apy=None).to_config().min_apy is None

    def test_the_window_is_the_markets(self):
        [found] = results(rebalance(end="2025-01-31"))
        assert (found["start"], found["end"], found["bars"]) == ("2024-12-31", "2025-01-31", 32)

    def test_without_an_id_it_is_the_position(self):
        assert [one["id"] for one in results(rebalance(), rebalance(id="x"), rebalance())] == [
            "1",
            "x",
            "3",
        ]

    def test_events_can_be_left_out_and_the_curve_added(self):
        parsed = parse_file(document(rebalance()))
        [found] = run_file(parsed, with_events=False, with_equity=True)
        assert "events" not in found
        assert len(found["equity_usd"]) == 410


class TestKeys:
    """Unknown keys, keys of another model, values of the wrong kind."""

    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            ({"levrage": 3}, "unknown key levrage (did you mean 'leverage'?)."),
            (
                {"overrides": {"taker_fee": 3}},
                "unknown key overrides.taker_fee (did you mean 'taker_fee_bps'?).",
            ),
            (
                {"overrides": {"liquidation_penalty": {"knd": "equity", "rate": 1}}},
                "unknown key overrides.liquidation_penalty.knd (did you mean 'kind'?).",
            ),
            ({"zzz": 1}, "unknown key zzz."),
        ],
    )
    def test_an_unknown_key_is_refused_with_the_nearest(self, raw, text):
        assert text == message(**raw)

    def test_an_unknown_key_of_the_file_fails_the_file(self):
        with pytest.raises(ConfigError, match=r"unknown key marked \(did you mean 'market'\?\)"):
            parse_file(document(marked="x"))

    @pytest.mark.parametrize("name", OWN_KEYS)
    @pytest.mark.parametrize("model", MODELS)
    def test_a_key_belongs_to_its_models(self, model, name):
        """Said and not silently ignored, also where the value is null."""
        [found] = results({"model": model, "leverage": 3, name: VALID[name]})
        if model in OWN_KEYS[name]:
            assert "error" not in found
        else:
            assert f"{name} belongs to model" in found["error"]["message"]
            assert f"model '{model}' takes" in found["error"]["message"]

    def test_a_null_key_of_another_model_is_refused_too(self):
        [found] = results({"model": "rotation", "leverage": 3, "trigger": None})
        assert "trigger belongs to model 'rebalance'" in found["error"]["message"]

    @pytest.mark.parametrize("name", ["leverage", "capital_usd", "open_fee_bps", "trigger"])
    @pytest.mark.parametrize("value", ["3", True, [3], {"a": 3}])
    def test_a_number_is_a_number(self, name, value):
        assert message(**{name: value}).startswith(f"{name}: got {value!r}; ")

    @pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
    @pytest.mark.parametrize("name", ["leverage", "capital_usd", "trigger"])
    def test_a_number_is_finite(self, name, text):
        """1e999 is read as infinite."""
        raw = document(rebalance(id="bad", **{name: 12345})).replace("12345", text)
        [found] = run_file(parse_file(raw))
        assert found["error"]["message"].startswith(f"{name}: got ")
        assert "finite" in found["error"]["message"]

    @pytest.mark.parametrize("text", ["NaN", "Infinity"])
    def test_an_override_is_finite(self, text):
        raw = document(rebalance(overrides={"gas_usd": 12345})).replace("12345", text)
        [found] = run_file(parse_file(raw))
        assert "overrides.gas_usd" in found["error"]["message"]

    @pytest.mark.parametrize(
        ("raw", "hint"),
        [
            ({"overrides": {"maintenance_margin": 5}}, "5 % is 0.05"),
            (
                {"overrides": {"liquidation_penalty": {"kind": "equity", "rate": 50}}},
                "50 % is 0.5",
            ),
        ],
    )
    def test_percent_for_a_fraction_is_recognised(self, raw, hint):
        assert f"A fraction is wanted: {hint}." in message(**raw)

    def test_percent_for_a_threshold_is_recognised(self):
        [found] = results({"model": "conditional", "leverage": 2, "entry_apy": 10})
        assert "10 % is 0.1." in found["error"]["message"]

    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            ({"leverage": 0.5}, "RebalanceConfig.leverage: got 0.5; it must be a number in [1,"),
            ({"capital_usd": -1}, "RebalanceConfig.capital_usd: got -1.0; it must be"),
            ({"perp": "hyperliqud-study"}, "(did you mean 'hyperliquid-study'?)"),
            ({"market": "nowhere"}, "market: got 'nowhere'"),
            ({"start": "2024-12-30"}, "start: 2024-12-30 is outside market 'sol-2025', which"),
            ({"end": "2026-02-14"}, "end: 2026-02-14 is outside market 'sol-2025', which"),
            ({"start": "2025-02-02", "end": "2025-02-01"}, "end: 2025-02-01 lies before start"),
            ({"start": "2025-02-30"}, "start: got '2025-02-30'; write a day as 2025-01-18."),
            ({"start": 20250201}, "start: got 20250201; "),
            ({"start": "2025-02-01T25:00"}, "start: got '2025-02-01T25:00'; write a day as"),
            ({"id": 5}, "id: got 5; "),
        ],
    )
    def test_a_value_out_of_range_says_which_and_why(self, raw, text):
        [found] = results(rebalance(**raw))
        assert text in found["error"]["message"]

    @pytest.mark.parametrize("missing", ["model", "leverage"])
    def test_model_and_leverage_have_no_default(self, missing):
        raw = rebalance()
        del raw[missing]
        [found] = results(raw)
        assert found["error"]["message"] == f"{missing}: it is missing and has no default."

    @pytest.mark.parametrize("raw", [5, None, "rebalance", [], [1]])
    def test_a_scenario_is_an_object(self, raw):
        [found] = results(raw)
        assert found["id"] == "1"
        assert found["error"]["message"].startswith(f"scenario: got {raw!r}; ")

    def test_a_lookback_is_a_whole_number(self):
        [found] = results({"model": "conditional", "leverage": 2, "lookback_days": 7.5})
        assert found["error"]["message"].startswith("lookback_days: got 7.5; ")


class TestFailing:
    """One scenario that fails leaves the others alone."""

    def test_puts_its_error_in_its_place(self):
        found = results(rebalance(id="a"), rebalance(id="b", leverage=0), rebalance(id="c"))
        assert [(one["id"], "error" in one) for one in found] == [
            ("a", False),
            ("b", True),
            ("c", False),
        ]
        assert {"type", "message"} == set(found[1]["error"])

    def test_an_id_is_used_once(self):
        found = results(rebalance(id="a"), rebalance(id="a"), rebalance(id="b"))
        assert [("error" in one) for one in found] == [False, True, False]
        assert found[1]["error"]["message"] == (
            "id: 'a' is used twice. Give every scenario its own."
        )

    def test_data_errors_keep_their_type(self):
        [found] = results(rebalance(lending="other"))
        assert found["error"]["type"] == DataError.__name__
        assert "no supply rate of other/SOL" in found["error"]["message"]

    @pytest.mark.parametrize("perp", ["\0.toml", "\ud800.toml", "a" * 5_000 + ".toml"])
    def test_a_path_that_cannot_be_fails_alone(self, perp):
        """Lock-in: a ValueError of the file system ended the whole file."""
        found = results(rebalance(perp=perp), rebalance())
        assert [("error" in one) for one in found] == [True, False]
        assert "it cannot be read" in found[0]["error"]["message"]

    def test_an_id_that_utf8_cannot_hold_is_written(self):
        """Lock-in: a lone surrogate lost all results when they were written."""
        text = "".join(results_text(results(rebalance(id="\ud800"))))
        assert text.encode("utf-8")
        assert json.loads(text)["results"][0]["id"] == "\ud800"


class TestFile:
    """Problems of the file as a whole raise."""

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "not valid JSON"),
            ("{", "not valid JSON"),
            ('{"version": 1, "scenarios": [}', "not valid JSON"),
            ("[" * 100_000, "not valid JSON"),
            ('{"version": 1, "scenarios": [], "a": ' + "9" * 5_000 + "}", "not valid JSON"),
            ("[]", "got list at the top"),
            ('"x"', "got str at the top"),
            ('{"scenarios": []}', "version: it is missing"),
            ('{"version": 1}', "scenarios: it is missing"),
            ('{"version": true, "scenarios": []}', "version: got true; write 1"),
            ('{"version": 2, "scenarios": []}', "version: got 2; input should be 1"),
            ('{"version": "1", "scenarios": []}', "version: got '1'"),
            ('{"version": 1, "scenarios": {}}', r"scenarios: got {}; input should be a valid list"),
            ('{"version": 1, "version": 1, "scenarios": []}', "key 'version' is given twice"),
            (
                '{"version": 1, "scenarios": [{"leverage": 2, "leverage": 3}]}',
                "key 'leverage' is given twice",
            ),
        ],
    )
    def test_bad_json_is_refused(self, text, problem):
        with pytest.raises(ConfigError, match=f"scenario file: .*{problem}"):
            parse_file(text)

    def test_bad_toml_is_refused(self):
        with pytest.raises(ConfigError, match="scenario file: not valid TOML"):
            parse_file("version = ", is_toml=True)

    def test_toml_and_json_give_the_same(self):
        """A day may be a date of TOML or text."""
        [from_toml] = run_file(parse_file(TOML, is_toml=True))
        [from_json] = results(rebalance(id="a", trigger=6))
        assert from_toml == from_json

    def test_a_time_of_toml_stands_for_its_day(self):
        """23:30 west of Greenwich is the next day in UTC."""
        [day] = run_file(parse_file(TOML, is_toml=True))
        for time in ("2024-12-31T12:00:00", "2024-12-30T23:30:00-05:00"):
            [found] = run_file(parse_file(TOML.replace("2024-12-31", time), is_toml=True))
            assert day == found

    @pytest.mark.parametrize("value", ["nan", "inf"])
    def test_numbers_of_toml_are_finite(self, value):
        [found] = run_file(
            parse_file(TOML.replace("leverage = 3", f"leverage = {value}"), is_toml=True)
        )
        assert found["error"]["message"].startswith(f"leverage: got {value}")

    def test_a_file_is_read_by_its_ending(self, tmp_path):
        (tmp_path / "a.toml").write_text(TOML, encoding="utf-8")
        (tmp_path / "a.json").write_text(PAGE, encoding="utf-8-sig")
        (tmp_path / "a.txt").write_text(PAGE, encoding="utf-8")
        assert len(read_file(tmp_path / "a.toml").scenarios) == 1
        assert len(read_file(tmp_path / "a.json").scenarios) == 4
        assert len(read_file(tmp_path / "a.txt").scenarios) == 4

    def test_a_file_that_cannot_be_read(self, tmp_path):
        (tmp_path / "latin.json").write_bytes(b'{"version": 1, "scenarios": ["\xe9"]}')
        for name in ("none.json", "latin.json", "."):
            with pytest.raises(ConfigError, match=r"scenario file .*: it cannot be read"):
                read_file(tmp_path / name)

    def test_no_scenarios_give_no_results(self):
        assert results() == []

    def test_more_bars_than_the_limit_are_refused(self):
        """410 bars: 243 902 scenarios are 99 999 820 bars, one more is too many."""
        most = MAX_BAR_SCENARIOS // 410
        parsed = parse_file(document())
        assert next(run_file(parsed.model_copy(update={"scenarios": [None] * most})))
        too_many = parsed.model_copy(update={"scenarios": [None] * (most + 1)})
        with pytest.raises(ConfigError, match=f"410 bars x {most + 1} scenarios = .* Split"):
            next(run_file(too_many))
        with pytest.raises(ConfigError, match="Split the file"):
            run([Scenario(model="static", leverage=2)] * (most + 1))


class TestText:
    """The result file."""

    def test_is_one_document(self):
        text = "".join(results_text(results(rebalance(id="a"), rebalance(id="b", leverage=0))))
        found = json.loads(text)
        assert (found["version"], found["basislab"]) == (1, VERSION)
        assert [one["id"] for one in found["results"]] == ["a", "b"]
        assert len(text.splitlines()) == 4

    def test_of_no_results_is_one_document(self):
        assert json.loads("".join(results_text([])))["results"] == []

    def test_reads_back_to_the_same_floats(self):
        found = list(run_file(parse_file(document(rebalance())), with_equity=True))
        assert json.loads("".join(results_text(found)))["results"] == found

    def test_a_capital_reads_back_to_the_same_bits(self):
        capital = float(np.nextafter(10_000.0, 1e9))
        [found] = results(rebalance(capital_usd=capital))
        [again] = json.loads("".join(results_text([found])))["results"]
        assert again["initial_usd"].hex() == capital.hex()


class TestOverrides:
    """Constants of the named venue, for any model."""

    def test_replace_the_presets(self):
        overrides = {
            "taker_fee_bps": 1,
            "maintenance_margin": 0.1,
            "transfer_cost_usd": 0,
            "gas_usd": 5,
            "liquidation_penalty": {"kind": "notional", "rate": 0.01},
        }
        venue = parse_scenario(rebalance(overrides=overrides)).to_config().perp
        assert (venue.taker_fee_bps, venue.maintenance_margin) == (1.0, 0.1)
        assert (venue.transfer_cost_usd, venue.gas_usd) == (0.0, 5.0)
        assert (venue.liquidation_penalty.kind, venue.liquidation_penalty.rate) == (
            "notional",
            0.01,
        )
        assert (venue.name, venue.funding) == ("hyperliquid-study", "hyperliquid")

    def test_leave_alone_what_they_do_not_name(self):
        venue = parse_scenario(rebalance(overrides={"gas_usd": 5})).to_config().perp
        assert (venue.gas_usd, venue.taker_fee_bps) == (5.0, 3.5)
        empty = parse_scenario(rebalance(overrides={})).to_config()
        assert empty == parse_scenario(rebalance()).to_config()

    def test_can_turn_one_venues_rule_into_the_others(self):
        """Drift's constants and Hyperliquid's differ by these and the funding."""
        overrides = {
            "maintenance_margin": 0.03,
            "transfer_cost_usd": 0.001,
            "liquidation_penalty": {"kind": "notional", "rate": 0.025},
        }
        drift = parse_scenario(rebalance(perp="drift-study")).to_config().perp
        turned = parse_scenario(rebalance(overrides=overrides)).to_config().perp
        assert drift.parameters() == turned.parameters()

    @pytest.mark.parametrize("model", MODELS)
    def test_reach_every_model(self, model):
        raw = {"model": model, "leverage": 3}
        if model == "conditional":
            raw["entry_apy"] = -1
        [free, dear] = results(raw, raw | {"overrides": {"gas_usd": 500}})
        assert dear["ledger"]["gas"] <= free["ledger"]["gas"] - 498

    def test_can_be_ruinous(self):
        [found] = results(rebalance(overrides={"gas_usd": 1e6}))
        assert (found["final_usd"], found["return"]) == (0.0, -1.0)
        assert [event["kind"] for event in found["events"]] == ["open", "ruined"]


class TestMarkets:
    """Names and paths, per file and per scenario."""

    @pytest.fixture
    def own(self, tmp_path):
        """A market of three days, saved under a path."""
        market = make_market([100.0, 101.0, 102.0], name="own")
        save_market(market, directory=tmp_path / "own")
        return str(tmp_path / "own")

    def test_of_the_file_and_of_a_scenario(self, own):
        sample = rebalance(market="sol-2025", end="2025-01-01")
        mine = rebalance(perp="drift-study", lending="kamino")
        first, second = results(sample, mine, market=own)
        assert first["market"]["name"] == "sol-2025"
        assert "no funding of 'drift'" in second["error"]["message"]

    def test_a_relative_path_is_looked_for_beside_the_file(self, own, tmp_path, monkeypatch):
        """Wherever the command is run; ``own/`` is two directories away."""
        monkeypatch.chdir("/")
        path = tmp_path / "s.json"
        path.write_text(document(rebalance(market="./own")), encoding="utf-8")
        [found] = run_file(read_file(path))
        assert "market 'own': no funding of 'hyperliquid'" in found["error"]["message"]

    def test_a_name_is_a_name_whatever_lies_beside_the_file(self, tmp_path):
        """Lock-in: a folder ``sol-2025`` beside the file hid the market of that name."""
        (tmp_path / "sol-2025").mkdir()
        path = tmp_path / "s.json"
        path.write_text(document(rebalance(), market="sol-2025"), encoding="utf-8")
        [found] = run_file(read_file(path))
        assert found["market"]["name"] == "sol-2025"

    @pytest.mark.parametrize("name", ["a/" * 3_000, "\0.csv", "/" + "a" * 5_000])
    def test_a_path_that_cannot_be_fails_alone(self, tmp_path, name):
        path = tmp_path / "s.json"
        path.write_text(document(rebalance(market=name), rebalance()), encoding="utf-8")
        found = list(run_file(read_file(path)))
        assert [("error" in one) for one in found] == [True, False]

    def test_of_a_file_that_is_not_there_fails_every_scenario_that_uses_it(self):
        found = results(rebalance(), rebalance(market="sol-2025"), market="nowhere")
        assert [("error" in one) for one in found] == [True, False]

    def test_are_loaded_once(self, own):
        load = market_loader(own)
        assert load(None) is load(None)
        assert load(own).fingerprint == load(None).fingerprint


class TestPython:
    """The same objects in Python."""

    def test_run_gives_results_in_order(self, market):
        found = run(
            [Scenario(model="static", leverage=2), Scenario(model="rebalance", leverage=3)],
            market=market,
        )
        assert [one.model for one in found] == ["static", "rebalance"]
        assert found[1].to_dict(id="1") == results(rebalance())[0]

    def test_run_takes_a_market_by_name_or_as_it_is(self, market):
        scenario = Scenario(model="static", leverage=2)
        one, two, three = (
            run([scenario], market=given)[0].final_usd for given in (None, "sol-2025", market)
        )
        assert one == two == three

    def test_run_names_the_scenario_that_fails(self, market):
        good, bad = Scenario(model="static", leverage=2), Scenario(model="static", leverage=0)
        with pytest.raises(ConfigError, match=r"^scenario 2: StaticConfig.leverage: got 0.0"):
            run([good, bad], market=market)
        with pytest.raises(ConfigError, match=r"^scenario bad: StaticConfig"):
            run([Scenario(id="bad", model="static", leverage=0)], market=market)

    def test_a_scenario_takes_dates_and_text(self):
        scenario = Scenario(model="static", leverage=2, start=date(2025, 1, 1), end="2025-01-02")
        assert (scenario.start, scenario.end) == (date(2025, 1, 1), date(2025, 1, 2))

    def test_run_of_nothing_is_nothing(self):
        assert run([]) == []


class TestSchema:
    """The JSON Schema in the package."""

    def test_is_shipped_as_it_is_computed(self):
        text = files("basislab").joinpath("schemas/scenario-1.json").read_text(encoding="utf-8")
        assert json.loads(text) == json_schema()

    def test_knows_the_keys_of_the_page(self):
        schema = json_schema()
        assert schema["required"] == ["version", "scenarios"]
        assert set(schema["properties"]) == {"version", "market", "scenarios"}
        scenario = schema["$defs"]["Scenario"]
        assert scenario["required"] == ["model", "leverage"]
        assert set(scenario["properties"]) == {
            "id",
            "model",
            "market",
            "capital_usd",
            "leverage",
            "perp",
            "lending",
            "open_fee_bps",
            "start",
            "end",
            "overrides",
            *OWN_KEYS,
        }
        assert set(scenario["properties"]["model"]["enum"]) == set(MODELS)

    def test_refuses_unknown_keys_everywhere(self):
        schema = json_schema()
        for part in (schema, *schema["$defs"].values()):
            assert part["additionalProperties"] is False

    def test_has_no_reference_that_leads_nowhere(self):
        schema = json_schema()
        text = json.dumps(schema)
        named = {part.split('"')[0] for part in text.split("#/$defs/")[1:]}
        assert named == set(schema["$defs"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
keys = st.sampled_from(
    ["id", "market", "capital_usd", "perp", "lending", "start", "overrides", "leverage", *OWN_KEYS]
)


@given(raw=st.dictionaries(keys, json_values, max_size=4))
@settings(deadline=None, max_examples=100)
def test_whatever_a_scenario_holds_the_next_one_runs(raw):
    """Nothing but a result or an error object, and both can be written."""
    found = results(rebalance(end="2025-01-02") | raw, rebalance(id="next", end="2025-01-02"))
    assert len(found) == 2
    assert ("error" in found[0]) or ("ledger" in found[0])
    assert "ledger" in found[1]
    assert json.loads("".join(results_text(found)).encode("utf-8"))["results"] == found
