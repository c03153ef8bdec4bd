"""docs/scenarios.md against the code: keys, ranges, defaults, owners, examples, limits."""

from __future__ import annotations

import errno
import importlib
import json
import math
import re
import sys
import tomllib
import typing
from importlib.resources import files
from types import ModuleType
from unittest.mock import Mock

import pytest
from typer.testing import CliRunner

import basislab as bl
from basislab.errors import BasisLabError
from basislab.kernels import events
from basislab.scenarios import (
    MAX_BAR_SCENARIOS,
    Overrides,
    Scenario,
    ScenarioFile,
    json_schema,
    parse_file,
    parse_scenario,
    run_file,
)
from tests.builders import STUDY_MODELS
from tests.pages import PAGES, fences, section, table

PAGE = PAGES["docs/scenarios.md"]
APP = importlib.import_module("basislab.cli.app")
JSON_BLOCKS = fences(PAGE, "json")


def keys_table(heading: str) -> dict[str, list[str]]:
    """The rows of the table of keys under a heading of the third level, by key."""
    rows = table(PAGE.split(f"\n### {heading}\n", 1)[1].split("\n##", 1)[0], "key")
    return {row[0].strip("`"): row[1:] for row in rows}


FILE_KEYS = keys_table("Keys of the file")
KEYS = keys_table("Keys of a scenario")
OVERRIDES = keys_table("Keys of `overrides`")
KINDS = {config.model: model for config, model in STUDY_MODELS.items()}


def owners(cell: str) -> set[str]:
    return set(KINDS) if cell == "all" else set(cell.split(", "))


def accepts(**raw: object) -> bool:
    """Whether a scenario with these values has a valid config."""
    try:
        parse_scenario({"leverage": 2} | raw).to_config()
    except BasisLabError:
        return False
    return True


def probes(cell: str) -> tuple[list[float], list[float]]:
    """Values inside and outside of a range such as ``(0, 1e12]``: bounds and their neighbours."""
    bracket, low, high = re.fullmatch(r"([(\[])(\S+), (\S+)\]", cell).groups()
    low, high = float(low), float(high)
    below, above = math.nextafter(low, -math.inf), math.nextafter(high, math.inf)
    if bracket == "(":
        return [math.nextafter(low, math.inf), high], [low, below, above, math.nan]
    return [low, high], [below, above, math.nan]


def test_the_tables_name_all_keys_in_order() -> None:
    assert list(ScenarioFile.model_fields) == list(FILE_KEYS)
    assert list(Scenario.model_fields) == list(KEYS)
    assert list(Overrides.model_fields) == list(OVERRIDES)


@pytest.mark.parametrize("key", KEYS)
def test_types_are_those_of_the_code(key: str) -> None:
    """And null is taken by exactly the keys that say so."""
    python = {"number": float, "integer": int, "string": str, "day": "Day", "object": Overrides}
    cell = KEYS[key][0].removesuffix(" or null")
    annotation = typing.get_type_hints(Scenario)[key]
    is_optional = type(None) in typing.get_args(annotation)
    if is_optional:
        (annotation,) = (part for part in typing.get_args(annotation) if part is not type(None))
    if typing.get_origin(annotation) is typing.Literal:
        annotation = str
    wanted = python[cell]
    assert annotation is wanted if wanted != "Day" else annotation.__name__ == "date"
    assert is_optional == KEYS[key][0].endswith(" or null")


@pytest.mark.parametrize("key", KEYS)
def test_defaults_are_those_of_the_code(key: str) -> None:
    cell = KEYS[key][2].strip("`")
    field = Scenario.model_fields[key]
    if cell == "required":
        assert field.is_required()
    elif key == "trigger":
        config = parse_scenario({"model": "rebalance", "leverage": 3}).to_config()
        assert (cell, config.trigger_leverage) == ("2 x leverage", 2 * config.leverage)
    elif field.default is None:
        assert cell in (
            "null",
            "position, from `1",
            "the file's",
            "the market's first",
            "the market's last",
        )
    else:
        assert cell == (field.default if isinstance(field.default, str) else f"{field.default:g}")


@pytest.mark.parametrize("key", [key for key, row in KEYS.items() if row[3].startswith(("(", "["))])
def test_ranges_are_those_of_the_code(key: str) -> None:
    """Both bounds are taken, their neighbours outside are not; NaN never is."""
    unit, _, cell, models = KEYS[key][1:5]
    inside, outside = probes(cell)
    if KEYS[key][0] == "integer":
        inside = [int(value) for value in inside]
        outside = [inside[0] - 1, inside[1] + 1, float(inside[0])]
    assert unit != ""
    for model in owners(models):
        assert all(accepts(model=model, **{key: value}) for value in inside)
        assert not any(accepts(model=model, **{key: value}) for value in outside)


@pytest.mark.parametrize("key", ["model", "slippage"])
def test_choices_are_those_of_the_code(key: str) -> None:
    choices = [choice.strip("` ") for choice in KEYS[key][3].split(",")]
    assert tuple(choices) == typing.get_args(typing.get_type_hints(Scenario)[key])


@pytest.mark.parametrize("key", [key for key in KEYS if key != "model"])
def test_a_key_is_taken_by_its_models_only(key: str) -> None:
    values = {
        "id": "x",
        "market": "sample",
        "overrides": {},
        "slippage": "none",
        "perp": "drift-study",
    }
    values |= {"start": "2025-01-01", "end": "2025-01-02", "lending": "kamino", "lookback_days": 7}
    taken = {model for model in KINDS if accepts(model=model, **{key: values.get(key, 1)})}
    assert owners(KEYS[key][4]) == taken


@pytest.mark.parametrize("key", [key for key in OVERRIDES if key != "liquidation_penalty"])
def test_ranges_of_overrides_are_those_of_the_code(key: str) -> None:
    inside, outside = probes(OVERRIDES[key][2])
    assert all(accepts(model="static", overrides={key: value}) for value in inside)
    assert not any(accepts(model="static", overrides={key: value}) for value in outside)


def test_the_penalty_override_is_that_of_the_code() -> None:
    assert OVERRIDES["liquidation_penalty"][2] == "`kind`: `equity`, `notional`; `rate`: [0, 1]"
    inside, outside = probes("[0, 1]")
    for kind in ("equity", "notional"):
        given = [{"liquidation_penalty": {"kind": kind, "rate": rate}} for rate in inside + outside]
        taken = [accepts(model="rebalance", overrides=overrides) for overrides in given]
        assert [True] * len(inside) + [False] * len(outside) == taken
    assert not accepts(
        model="rebalance", overrides={"liquidation_penalty": {"kind": "x", "rate": 0}}
    )


@pytest.mark.parametrize("key", OVERRIDES)
def test_overrides_are_used_by_the_models_named(key: str) -> None:
    """A kernel uses what its Params hold."""
    parameter = {
        "taker_fee_bps": "taker_fee",
        "maintenance_margin": "maintenance",
        "transfer_cost_usd": "transfer_cost",
        "gas_usd": "gas",
        "liquidation_penalty": "penalty_rate",
    }[key]
    using = {name for name, model in KINDS.items() if parameter in model.kernel.Params._fields}
    assert owners(OVERRIDES[key][3]) == using


def test_never_is_null_or_999() -> None:
    """Leaving the trigger out is something else."""
    triggers = [
        parse_scenario({"model": "rebalance", "leverage": 3} | given).to_config().trigger_leverage
        for given in ({}, {"trigger": None}, {"trigger": 999})
    ]
    assert triggers == [6.0, 999.0, 999.0]


@pytest.mark.parametrize(
    ("text", "is_toml"),
    [(JSON_BLOCKS[0], False), *((block, True) for block in fences(PAGE, "toml"))],
    ids=["json", "toml"],
)
def test_examples_run(text: str, is_toml: bool) -> None:
    results = list(run_file(parse_file(text, is_toml=is_toml)))
    raw = (tomllib if is_toml else json).loads(text)["scenarios"]
    assert [scenario["id"] for scenario in raw] == [result["id"] for result in results]
    assert [result["error"] for result in results if "error" in result] == []


def nearly(value: object) -> object:
    """Numbers to rounding: bits may differ from one processor to the next."""
    if isinstance(value, dict):
        return {key: nearly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [nearly(item) for item in value]
    return pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value


def test_the_result_shown_is_the_result() -> None:
    """Through the command line, from the file shown before it; one of its scenarios fails."""
    done = CliRunner().invoke(APP.app, ["run", "-"], input=JSON_BLOCKS[1])
    shown = json.loads(JSON_BLOCKS[2])
    assert (done.exit_code, json.loads(done.stdout)) == (1, nearly(shown))
    result = shown["results"][0]
    assert sum(result["ledger"].values()) == pytest.approx(
        result["final_usd"] - result["initial_usd"]
    )


def test_keys_of_a_result_are_those_of_the_code() -> None:
    rows = table(section(PAGE, "A result").split("\n### ")[0], "key")
    named = [key.strip("` ") for row in rows for key in row[0].split(",")]
    [result] = bl.run([Scenario(model="rotation", leverage=2)])
    assert list(result.to_dict(id="x", with_equity=True)) == named
    assert set(named) - set(result.to_dict(with_events=False)) == {"id", "events", "equity_usd"}


def test_accounts_and_counts_are_those_of_the_code() -> None:
    rows = table(section(PAGE, "A result").split("\n### ")[0], "model")
    expected = [
        [f"`{name}`", ", ".join(model.accounts), ", ".join(model.counts) or "none"]
        for name, model in KINDS.items()
    ]
    assert expected == rows


def words_of(kernel: ModuleType, names: tuple[str | None, ...], codes: list[str]) -> set[str]:
    """The words of the codes that a kernel imports: it can record no others."""
    return {names[getattr(events, code)] for code in codes if hasattr(kernel, code)}


def test_events_are_those_that_the_kernels_can_record() -> None:
    kinds = [name.upper() for name in events.KIND_NAMES]
    reasons = [
        "LIQUIDATION_LONG",
        "LIQUIDATION_SHORT",
        "BUFFER_LONG",
        "BUFFER_SHORT",
        "MIN_APY",
        "APY",
        "PROXIMITY",
    ]
    assert len(reasons) == len(events.REASON_NAMES) - 1
    rows = table(PAGE.split("\n### Events\n", 1)[1], "model")
    expected = {
        f"`{name}`": (
            words_of(model.kernel, events.KIND_NAMES, kinds),
            words_of(model.kernel, events.REASON_NAMES, reasons),
        )
        for name, model in KINDS.items()
    }
    named = {
        row[0]: tuple(set(cell.split(", ")) - {"none", ""} for cell in row[1:3]) for row in rows
    }
    assert expected == named


def test_limits_and_schema_are_those_of_the_code() -> None:
    assert f"at most {MAX_BAR_SCENARIOS} (`MAX_BAR_SCENARIOS`)" in " ".join(PAGE.split())
    (named,) = set(re.findall(r"`basislab/(schemas/[\w.-]+)`", PAGE))
    assert json_schema() == json.loads(files("basislab").joinpath(named).read_text("utf-8"))


def exit_status(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """The status that the program as installed ends with."""
    monkeypatch.setattr(sys, "argv", ["basislab", *arguments])
    with pytest.raises(SystemExit) as ended:
        APP.main()
    return int(ended.value.code or 0)


def test_exit_statuses_are_those_of_the_program(tmp_path, monkeypatch, capsys) -> None:
    named = {int(row[0]) for row in table(PAGE, "exit status")}
    good, bad, broken = (tmp_path / name for name in ("good.json", "bad.json", "broken.json"))
    good.write_text('{"version": 1, "scenarios": [{"model": "static", "leverage": 2}]}')
    bad.write_text('{"version": 1, "scenarios": [{"model": "static"}]}')
    broken.write_text("{")
    out = tmp_path / "out.json"
    found = [
        exit_status(["run", str(file), "--out", str(out)], monkeypatch)
        for file in (good, bad, broken)
    ]
    assert found == [0, 1, 2]
    assert "error" in json.loads(out.read_text())["results"][0]
    assert exit_status(["run", str(good), "--no-such-option"], monkeypatch) == 2
    assert "error: " in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # typer wraps it when the reader is gone
    for problem in (BrokenPipeError(errno.EPIPE, "closed"), KeyboardInterrupt()):
        monkeypatch.setattr("basislab.scenarios.read_file", Mock(side_effect=problem))
        found.append(exit_status(["run", str(good)], monkeypatch))
    assert found[3:] == [1, 130]
    assert named == set(found)
