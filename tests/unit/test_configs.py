"""Every config checks every field: which, what was given, what is allowed."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from basislab.errors import ConfigError
from basislab.types import (
    ConditionalConfig,
    LiquidationPenalty,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
    StudyVenue,
)
from basislab.types.checks import nearest
from tests.builders import FREE, free_venue

ALL = (StaticConfig, RebalanceConfig, RotationConfig, ConditionalConfig)
every_config = pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.model)

RANGES = [
    (StaticConfig, "leverage", 1, 100, "[1, 100] (multiple of one leg's capital)"),
    (StaticConfig, "capital_usd", 0.01, 1e12, "[0.01, 1e+12] (USD)"),
    (StaticConfig, "open_fee_bps", 0, 10_000, "[0, 10000] (bps of notional)"),
    (RebalanceConfig, "trigger", None, 1e9, "(0, 1e+09] (leverage of a leg)"),
    (RotationConfig, "buffer", 0, 1, "[0, 1] (fraction of price)"),
    (RotationConfig, "min_apy", -5, 5, "[-5, 5] (fraction per year)"),
    (ConditionalConfig, "entry_apy", -5, 5, "[-5, 5] (fraction per year)"),
    (ConditionalConfig, "buffer", 0, 1, "[0, 1] (fraction of price)"),
]
fields_with_ranges = pytest.mark.parametrize(
    ("kind", "name", "low", "high", "text"), RANGES, ids=lambda value: getattr(value, "model", None)
)


def make(kind, **values):
    return kind(**({"leverage": 3} | values))


@fields_with_ranges
def test_the_ends_of_a_range_belong_to_it(kind, name, low, high, text):
    for value in (low, high) if low is not None else (1e-9, high):
        assert getattr(make(kind, **{name: value}), name) == value


@fields_with_ranges
def test_a_value_outside_is_refused_with_the_range(kind, name, low, high, text):
    below = 0 if low is None else low - 1e-6
    for value in (below, high * (1 + 1e-9), math.nan, math.inf, -math.inf):
        with pytest.raises(ConfigError) as caught:
            make(kind, **{name: value})
        start = f"{kind.__name__}.{name}: got {value!r}; it must be a number in {text}."
        assert str(caught.value).startswith(start)


@fields_with_ranges
@pytest.mark.parametrize("value", [True, "3", b"3", [3], 3j, Decimal(3), 10**400])
def test_what_is_no_number_is_refused(kind, name, low, high, text, value):
    with pytest.raises(ConfigError, match=f"{kind.__name__}.{name}: got"):
        make(kind, **{name: value})


@every_config
@pytest.mark.parametrize("value", [3, 3.0, np.float64(3), np.float32(3), np.int64(3), Fraction(3)])
def test_every_kind_of_number_becomes_a_float(kind, value):
    config = make(kind, leverage=value)
    assert type(config.leverage) is float
    assert config == make(kind, leverage=3.0)


@pytest.mark.parametrize("value", [7, np.int64(7), np.uint8(7)])
def test_every_kind_of_integer_becomes_an_int(value):
    """Lock-in: a lookback out of np.arange was refused."""
    assert type(make(ConditionalConfig, lookback_days=value).lookback_days) is int


@pytest.mark.parametrize("value", [0, 3_651, 7.0, "7", True, None])
def test_a_lookback_is_a_number_of_days(value):
    with pytest.raises(ConfigError, match=r"lookback_days: got .*a whole number from 1 to 3650"):
        make(ConditionalConfig, lookback_days=value)


@pytest.mark.parametrize(
    ("kind", "field", "value", "hint"),
    [
        (RotationConfig, "buffer", 10, "10 % is 0.1"),
        (ConditionalConfig, "entry_apy", 8.5, "8.5 % is 0.085"),
        (LiquidationPenalty, "rate", 50, "50 % is 0.5"),
    ],
)
def test_percent_for_a_fraction_is_recognised(kind, field, value, hint):
    extra = {"kind": "equity"} if kind is LiquidationPenalty else {"leverage": 3}
    with pytest.raises(ConfigError, match=f"A fraction is wanted: {hint}"):
        kind(**extra, **{field: value})


def test_a_number_of_another_unit_gets_no_such_hint():
    with pytest.raises(ConfigError) as caught:
        StaticConfig(leverage=0.5)
    assert "fraction" not in str(caught.value)


def test_slippage_is_a_choice():
    with pytest.raises(ConfigError, match=r"slippage: got 'boook'.*none, book.*mean 'book'"):
        StaticConfig(leverage=3, slippage="boook")


@every_config
@pytest.mark.parametrize("perp", [None, 5, FREE.liquidation_penalty])
def test_a_perp_is_a_name_or_a_venue(kind, perp):
    with pytest.raises(ConfigError, match=f"{kind.__name__}.perp: got .* preset's name"):
        make(kind, perp=perp)


@every_config
def test_configs_are_frozen(kind):
    with pytest.raises(FrozenInstanceError):
        make(kind).leverage = 2.0


@every_config
def test_configs_take_keywords_only(kind):
    with pytest.raises(TypeError):
        kind(3)


@every_config
def test_equal_configs_are_equal_and_hash_alike(kind):
    assert make(kind) == make(kind, capital_usd=10_000)
    assert hash(make(kind)) == hash(make(kind, capital_usd=10_000))


def test_the_documented_defaults():
    assert (StaticConfig(leverage=2).capital_usd, StaticConfig(leverage=2).open_fee_bps) == (
        10_000.0,
        15.0,
    )
    assert StaticConfig(leverage=2).perp == "hyperliquid-study"
    assert StaticConfig(leverage=2).slippage == "none"
    assert RebalanceConfig(leverage=2).trigger == "auto"
    assert (RotationConfig(leverage=2).buffer, RotationConfig(leverage=2).min_apy) == (0.10, None)
    conditional = ConditionalConfig(leverage=2)
    assert (conditional.entry_apy, conditional.buffer, conditional.lookback_days) == (0.1, 0.1, 7)


@pytest.mark.parametrize(("trigger", "leverage"), [("auto", 5.0), (None, 999.0), (4, 4.0)])
def test_triggers_as_numbers(trigger, leverage):
    assert leverage == RebalanceConfig(leverage=2.5, trigger=trigger).trigger_leverage


def test_notional_is_half_of_the_capital_times_the_leverage():
    assert StaticConfig(leverage=3, capital_usd=1_000).notional_usd == 1_500.0


def test_without_a_minimum_apy_no_mean_lies_below_it():
    assert RotationConfig(leverage=2).parameters()["min_apy"] == -math.inf
    assert RotationConfig(leverage=2, min_apy=0.0).parameters()["min_apy"] == 0.0


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("taker_fee_bps", 0, 1_000),
        ("maintenance_margin", 0, 0.99),
        ("transfer_cost_usd", 0, 1e9),
        ("gas_usd", 0, 1e9),
        ("rotation_penalty", 0, 1),
    ],
)
def test_the_ranges_of_a_venue(name, low, high):
    for value in (low, high):
        assert getattr(free_venue(**{name: value}), name) == value
    for value in (low - 1e-6, high * 1.001, math.nan, "1"):
        with pytest.raises(ConfigError, match=f"StudyVenue.{name}: got"):
            free_venue(**{name: value})


@pytest.mark.parametrize("rate", [-0.01, 1.01])
def test_a_penalty_takes_no_more_than_all(rate):
    with pytest.raises(ConfigError, match=r"LiquidationPenalty.rate: got .* in \[0, 1\]"):
        LiquidationPenalty(kind="equity", rate=rate)


def test_a_penalty_has_one_of_two_kinds():
    with pytest.raises(ConfigError, match=r"kind: got 'equty'.*did you mean 'equity'"):
        LiquidationPenalty(kind="equty", rate=0.5)


def test_a_venues_penalty_is_a_penalty():
    """Lock-in: a bare rate was found out by an AttributeError in the middle of a run."""
    with pytest.raises(ConfigError, match=r"liquidation_penalty: got 0.5; it must be"):
        free_venue(liquidation_penalty=0.5)


def test_a_venue_is_lowered_to_fractions():
    venue = free_venue(taker_fee_bps=3.5, penalty=("notional", 0.025))
    assert venue.parameters() == {
        "taker_fee": 0.00035,
        "maintenance": 0.05,
        "penalty_kind": 1,
        "penalty_rate": 0.025,
        "transfer_cost": 0.0,
        "gas": 0.0,
        "rotation_penalty": 0.05,
    }
    assert isinstance(venue, StudyVenue)


def test_the_nearest_word_is_offered_or_none():
    assert nearest("leverge", ["leverage", "trigger"]) == " (did you mean 'leverage'?)"
    assert nearest("qqq", ["leverage", "trigger"]) == ""
    assert nearest(5, []) == ""
