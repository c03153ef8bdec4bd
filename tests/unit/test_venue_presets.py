"""Presets of the venue engine: provenance, the venues' own numbers, files that break rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from basislab.errors import ConfigError
from basislab.presets import load_preset, terms_names
from basislab.presets.terms import load_lending, load_perp, load_route, load_terms


def text_of(name):
    return files("basislab.presets.venues").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def written(folder, text):
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", terms_names())
def test_every_constant_says_where_it_comes_from(name):
    preset = load_preset(name)
    assert preset.name == name
    for constant in preset.constants.values():
        assert constant.unit
        assert constant.source
        if constant.low is not None:
            assert constant.low <= constant.value <= constant.high


@pytest.mark.parametrize("name", terms_names())
def test_what_is_assumed_has_a_range(name):
    preset, terms = load_preset(name), load_terms(name)
    numbers = {
        key: (constant.low, constant.high)
        for key, constant in preset.constants.items()
        if constant.status == "assumed" and not isinstance(constant.value, str)
    }
    assert numbers == {one.field: (one.low, one.high) for one in terms.assumed}


def test_what_is_not_verified_is_not_called_so():
    """Facts page: the liquidation LTV of Kamino's SOL reserve and Asgard's fee are open."""
    assert load_preset("kamino").constants["liquidation_ltv"].status == "assumed"
    assert load_preset("asgard").constants["cost_bps"].status == "assumed"
    assert load_preset("binance").constants["liquidation_fee_bps"].status == "assumed"


def test_hyperliquid_by_its_own_tables():
    venue = load_perp("hyperliquid")
    assert [(date(2023, 1, 1), 3.5), (date(2025, 5, 5), 4.5)] == [
        tuple(f) for f in venue.taker_fees
    ]
    assert [(0.0, 0.025, 20.0), (70e6, 0.05, 10.0)] == [tuple(t) for t in venue.margin_tiers]
    assert (100_000.0, 0.2, 0.1) == (
        venue.full_below_usd,
        venue.first_share,
        venue.withdrawal_floor,
    )
    assert venue.backstop_ratio == pytest.approx(2 / 3)
    assert venue.funding_price == "oracle"


def test_leverage_that_a_loan_allows():
    """``1 / (1 - 0.74) = 3.846``; liquidated at ``1 / (1 - 0.75) = 4``."""
    kamino = load_lending("kamino")
    assert 3.846 == pytest.approx(kamino.max_leverage, abs=1e-3)
    assert 4.0 == pytest.approx(kamino.liquidation_leverage)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("kamino", "value = 0.75", "value = 0.73", "not above max_ltv 0.74"),
        ("kamino", "value = 0.05", "value = 0.0005", "max_bonus 0.0005 is below bonus"),
        ("kamino", "low = 0.745\n", "", "liquidation_ltv is assumed, so it needs a range"),
        ("kamino", "low = 0.745\n", "low = 0.76\n", r"0.75 lies outside its own range 0.76"),
        ("kamino", "[constants.bonus]", "[constants.bonos]", "did you mean 'bonus'"),
        ("kamino", '"kamino"\nunit = "liq', '"kmino"\nunit = "liq', "did you mean 'kamino'"),
        ("hyperliquid", "above_usd = 70e6", "above_usd = -1", "margin_tiers are out of order"),
        ("hyperliquid", "above_usd = 0,", "above_usd = 5,", "first tier must start above 0"),
        ("hyperliquid", "maintenance_rate = 0.05", "maintenance_rate = 0.02", "rates are out of"),
        ("hyperliquid", "max_leverage = 20", "max_leverage = 50", "would be liquidated"),
        ("hyperliquid", "2025-05-05", "2022-05-05", "taker_fees are out of order"),
        ("hyperliquid", "bps = 3.5 }, {", "pbs = 3.5 }, {", "every row has exactly: since, bps"),
        ("hyperliquid", "[constants.funding]", "[constants.fund]", "unknown constant fund"),
        ("drift", "value = 0.0075", "value = 0.045", "would never restore health"),
        ("marginfi", "value = 0.05\n", "value = 0.3\n", "makes every liquidation insolvent"),
    ],
)
def test_a_file_that_breaks_its_own_rules_is_refused(tmp_path, name, old, new, message):
    text = text_of(name)
    assert old in text
    path = written(tmp_path, text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=message):
        load_terms(path)


def test_a_users_own_file_works_like_a_name(tmp_path):
    path = written(tmp_path, text_of("kamino").replace("value = 0.75", "value = 0.76"))
    assert load_lending(path) == replace(load_lending("kamino"), liquidation_ltv=0.76)


def test_a_venue_of_another_kind_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="Known: binance, drift, hyperliquid"):
        load_perp("kamino")
    with pytest.raises(ConfigError, match="its kind is 'lending'; perp is wanted"):
        load_perp(written(tmp_path, text_of("kamino")))
    with pytest.raises(ConfigError, match="it holds the study's constants"):
        load_terms("drift-study")
    assert load_route("dex", "swap").cost_bps == 3.0
