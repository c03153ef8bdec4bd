"""Venue presets: every constant says where it comes from; a bad file says what is wrong with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from basislab import backtest
from basislab.errors import ConfigError
from basislab.presets import load_preset, load_venue, venue_names
from basislab.types import LiquidationPenalty, RebalanceConfig, StudyVenue

GOOD = Path(load_preset.__code__.co_filename).with_name("hyperliquid-study.toml").read_text("utf-8")


def written(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", venue_names())
def test_every_constant_has_value_unit_source_and_status(name):
    preset = load_preset(name)
    assert preset.name == name
    assert preset.title
    assert set(preset.constants) == set(StudyVenue.__dataclass_fields__) - {"name"}
    for constant in preset.constants.values():
        assert constant.unit
        assert constant.source
        assert constant.status == "assumed"


@pytest.mark.parametrize(
    ("name", "maintenance", "kind", "rate", "transfer", "funding"),
    [
        ("hyperliquid-study", 0.05, "equity", 0.5, 3.0, "hyperliquid"),
        ("drift-study", 0.03, "notional", 0.025, 0.001, "drift"),
    ],
)
def test_the_constants_of_the_study(name, maintenance, kind, rate, transfer, funding):
    assert load_venue(name) == StudyVenue(
        name=name,
        funding=funding,
        taker_fee_bps=3.5,
        maintenance_margin=maintenance,
        liquidation_penalty=LiquidationPenalty(kind=kind, rate=rate),
        transfer_cost_usd=transfer,
        gas_usd=2.0,
        rotation_penalty=0.05,
    )


def test_an_unknown_name_offers_the_nearest():
    with pytest.raises(ConfigError) as caught:
        load_venue("hyperliquid-stdy")
    assert str(caught.value) == (
        "venue 'hyperliquid-stdy' is unknown (did you mean 'hyperliquid-study'?). "
        "Known: drift-study, hyperliquid-study; or give the path of a .toml file."
    )


def test_a_name_is_no_way_out_of_the_package():
    with pytest.raises(ConfigError, match="is unknown"):
        load_venue("../presets/hyperliquid-study")


def test_a_users_own_file_works_like_a_name(tmp_path, market):
    path = written(tmp_path, GOOD.replace('"hyperliquid-study"', '"mine"'))
    result = backtest(market, RebalanceConfig(leverage=3, perp=path))
    assert result.config.perp.name == "mine"
    assert result.final_usd == backtest(market, RebalanceConfig(leverage=3)).final_usd


def test_a_path_object_works_too(tmp_path):
    path = Path(written(tmp_path, GOOD))
    assert load_venue(path) == load_venue("hyperliquid-study")
    assert load_preset(path).kind == "study"


def test_a_changed_file_is_read_again(tmp_path):
    """Lock-in: a session went on with the constants of the first reading."""
    path = written(tmp_path, GOOD)
    assert load_venue(path).gas_usd == 2.0
    written(tmp_path, GOOD.replace("value = 2.0", "value = 5.0"))
    os.utime(path, ns=(1, 1))
    assert load_venue(path).gas_usd == 5.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[constants.gas_usd]", "[constants.gas_usd", "not valid TOML"),
        ("[constants.gas_usd]", "[constants.gaz_usd]", "missing constant.*: gas_usd"),
        ('kind = "study"', 'kind = "study"\nlicence = "x"', "licence: Extra inputs"),
        ('kind = "study"', 'kind = "real"', "kind: Input should be 'study'"),
        ('unit = "USD per opening"\n', "", "constants.gas_usd.unit: Field required"),
        ("value = 2.0", "value = true", "constants.gas_usd.value"),
        ("value = 2.0", "value = -1", r"gas_usd: got -1.0; it must be a number in \[0"),
        ("value = 2.0", "value = nan", "gas_usd: got nan"),
        ("value = 0.05", "value = 5", r"maintenance_margin: got 5.0.*5 % is 0.05"),
        ('status = "assumed"', 'status = "guessed"', "status: Input should be 'verified'"),
        ('{ kind = "equity", rate = 0.5 }', "0.5", "must be a mapping"),
        ('{ kind = "equity", rate = 0.5 }', '{ kind = "equity" }', "missing 1 required .*'rate'"),
        ('kind = "equity"', 'kind = "equities"', "did you mean 'equity'"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path, old, new, message):
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message) as caught:
        load_venue(path)
    assert str(caught.value).startswith(f"venue {path}: ")


def test_an_unknown_constant_is_refused(tmp_path):
    extra = '\n[constants.colour]\nvalue = 1\nunit = "-"\nsource = "-"\nstatus = "assumed"\n'
    with pytest.raises(ConfigError, match=r"unknown constant.*: colour. A study venue has exactly"):
        load_venue(written(tmp_path, GOOD + extra))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"venue file .*nowhere.toml: it cannot be read"):
        load_venue(str(tmp_path / "nowhere.toml"))


def test_a_file_that_is_not_text(tmp_path):
    path = tmp_path / "own.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="it cannot be read"):
        load_venue(str(path))
