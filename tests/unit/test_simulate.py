"""Validation, lowering, and what wraps a kernel's outcome."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest

from basislab import backtest
from basislab.errors import ConfigError, DataError, LedgerError
from basislab.kernels.bars import Bar, Bars
from basislab.simulate import MODELS, StudyModel, lower_config, lower_market, simulate
from basislab.types import (
    ConditionalConfig,
    Market,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
)
from tests import plain
from tests.builders import STUDY_MODELS, free_config, make_market, simulate_free

CONFIG = free_config(RebalanceConfig)


def hourly(market: Market) -> Market:
    times = market.times[0] + np.arange(len(market)) * np.timedelta64(1, "h")
    return replace(market, times=times)


def test_a_resolved_venue_is_taken_as_it_is():
    market = make_market([100.0, 100.0], funding=0.01)
    assert backtest(market, CONFIG).final_usd == simulate(market, CONFIG).final_usd


def test_every_config_has_a_model():
    def leaves(kind):
        below = [one for one in kind.__subclasses__() if one.__module__.startswith("basislab.")]
        return {leaf for one in below for leaf in leaves(one)} if below else {kind}

    assert set(MODELS) == leaves(ModelConfig)
    assert len({kind.model for kind in MODELS}) == len(MODELS)


def test_every_kernel_has_the_same_five_names():
    for model in STUDY_MODELS.values():
        for name in ("Params", "State", "open_position", "step", "run"):
            assert hasattr(model.kernel, name)


def test_a_step_is_given_one_bar_and_never_the_market(plain_kernels):
    """What a step cannot see it cannot use: scalars of one bar, no `Bars`."""
    for kind in STUDY_MODELS:
        step = plain_kernels[kind.model].step
        assert step.__annotations__["bar"] == "Bar"
        assert "Bars" not in step.__annotations__.values()
    assert Bar._fields[1:] == Bars._fields


def test_a_name_is_not_a_venue():
    with pytest.raises(ConfigError, match=r"RebalanceConfig.perp: got the name 'x'.*backtest"):
        simulate(make_market([1.0]), replace(CONFIG, perp="x"))


def test_bars_must_be_daily():
    with pytest.raises(ConfigError, match=r"market 'made': bars of 3600 s.*86400 s"):
        simulate(hourly(make_market([1.0, 1.0])), CONFIG)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ({"start": date(2024, 12, 31)}, "start: 2024-12-31 is outside market 'made', which covers"),
        ({"end": date(2025, 1, 4)}, "end: 2025-01-04 is outside market 'made'"),
        (
            {"start": date(2025, 1, 3), "end": date(2025, 1, 2)},
            "end: 2025-01-02 lies before start 2025-01-03",
        ),
    ],
)
def test_a_window_lies_within_the_market(window, message):
    with pytest.raises(ConfigError, match=message):
        simulate(make_market([1.0] * 3), CONFIG, **window)


def test_a_window_is_inclusive_and_numbers_its_own_bars():
    """Two days of three; the fingerprint stays that of the whole market."""
    market = make_market([100.0, 200.0, 300.0])
    result = simulate(market, CONFIG, start=date(2025, 1, 2), end=date(2025, 1, 3))
    assert (result.start, result.end, len(result.times)) == ("2025-01-02", "2025-01-03", 2)
    assert result.closes.tolist() == [200.0, 300.0]
    assert (result.event_list[0].bar, result.event_list[0].time) == (0, "2025-01-02")
    assert result.market_fingerprint == market.fingerprint


def test_one_day_is_a_window():
    result = simulate(make_market([1.0] * 3), CONFIG, start=date(2025, 1, 2), end=date(2025, 1, 2))
    assert len(result.times) == 1
    assert result.annualized_return == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"funding": {}}, "market 'made': no funding of 'perp'; it has: none"),
        ({"supply": {}}, "no supply rate of kamino/SOL; it has: none"),
        ({"borrow": {}}, "no borrow rate of kamino/USDC; it has: none"),
    ],
)
def test_a_missing_series_is_named(changes, message):
    with pytest.raises(DataError, match=message):
        simulate(replace(make_market([1.0]), **changes), CONFIG)


def test_a_missing_hurdle_is_named():
    market = make_market([1.0])
    lending = {("kamino", "SOL"): market.supply["kamino", "SOL"]}
    with pytest.raises(DataError, match="no supply rate of kamino/USDC; it has: kamino/SOL"):
        simulate(replace(market, supply=lending), CONFIG)


def test_another_lending_protocol_is_looked_up():
    with pytest.raises(DataError, match=r"no supply rate of other/SOL; it has: kamino/SOL"):
        simulate(make_market([1.0]), replace(CONFIG, lending="other"))


def test_lowering_gives_simple_daily_rates():
    """36.5 % a year are 0.1 % a day; the arrays are read-only and the market's own."""
    market = make_market([2.0, 3.0], high=[4, 5], low=[1, 1], supply=0.001, borrow=0.002, funding=3)
    bars = lower_market(market, "perp", "kamino")
    assert bars.supply.tolist() == pytest.approx([0.001] * 2)
    assert bars.borrow.tolist() == pytest.approx([0.002] * 2)
    assert bars.funding.tolist() == [3.0, 3.0]
    assert (bars.high.tolist(), bars.low.tolist(), bars.close.tolist()) == (
        [4.0, 5.0],
        [1.0, 1.0],
        [2.0, 3.0],
    )
    assert not any(array.flags.writeable for array in bars)
    assert bars.close is market.reference_price.close


def test_rates_follow_the_width_of_a_bar():
    """24 % of 365 days in an hour: 1/24 of the day's."""
    market = hourly(make_market([1.0, 1.0], supply=0.024))
    assert lower_market(market, "perp", "kamino").supply.tolist() == pytest.approx([0.001] * 2)


def test_every_parameter_is_taken_by_its_name():
    """Fractions and USD: 15 bps are 0.0015; a notional penalty is code 1."""
    config = free_config(
        RebalanceConfig,
        leverage=3,
        capital_usd=1_000,
        open_fee_bps=15,
        venue={"taker_fee_bps": 3.5, "gas_usd": 2, "transfer_cost_usd": 3}
        | {"penalty": ("notional", 0.025), "maintenance_margin": 0.03},
    )
    params = lower_config(STUDY_MODELS[RebalanceConfig].kernel.Params, config, config.perp)
    assert params._asdict() == {
        "capital": 1_000.0,
        "leverage": 3.0,
        "trigger": 6.0,
        "open_fee": 0.0015,
        "taker_fee": 0.00035,
        "gas": 2.0,
        "transfer_cost": 3.0,
        "maintenance": 0.03,
        "penalty_kind": 1,
        "penalty_rate": 0.025,
    }


def test_every_decision_reaches_its_kernel():
    """No field of a config or venue is without effect on what is lowered."""
    for kind, model in STUDY_MODELS.items():
        config = free_config(kind)
        known = set(config.parameters()) | set(config.perp.parameters())
        assert set(model.kernel.Params._fields) <= known
        own = {f.name for f in fields(kind)} - {"perp", "lending"}
        renamed = {"capital_usd": "capital", "open_fee_bps": "open_fee"}
        assert {renamed.get(name, name) for name in own} <= set(model.kernel.Params._fields)


def test_books_that_do_not_add_up_are_an_error(monkeypatch):
    """A kernel that forgets its funding: 100 USD of 10 000 at 1 %."""

    def forget(module: str, tree: ast.Module) -> ast.Module:
        for node in ast.walk(tree):
            if module == "static" and isinstance(node, ast.Call):
                node.keywords = [one for one in node.keywords if one.arg != "funding"]
        return tree

    broken = replace(STUDY_MODELS[StaticConfig], kernel=plain.load(forget)["static"])
    monkeypatch.setitem(MODELS, StaticConfig, broken)
    with pytest.raises(LedgerError, match=r"accounts sum to 0.0 USD.*100 USD are unexplained"):
        simulate_free(StaticConfig, [100.0], funding=0.01)


def test_books_that_are_not_numbers_are_an_error(monkeypatch):
    """NaN compares false with everything: it must not pass for small."""
    kernel = plain.load()["static"]
    real = kernel.run
    kernel.run = lambda params, bars: real(params, bars)._replace(final=float("nan"))
    broken = StudyModel(kernel=kernel, accounts=("carry",))
    monkeypatch.setitem(MODELS, StaticConfig, broken)
    with pytest.raises(LedgerError, match="nan"):
        simulate_free(StaticConfig, [100.0])


def test_the_ledger_shows_the_models_accounts():
    path = [
        "carry",
        "funding",
        "trading_fees",
        "gas",
        "transfer_fees",
        "liquidation_penalty",
        "revaluation",
        "shortfall",
    ]
    for kind in (RebalanceConfig, RotationConfig, ConditionalConfig):
        assert list(simulate_free(kind, [100.0]).ledger.to_dict()) == path


def test_the_hurdle_is_the_deposit_over_the_same_bars(market):
    """The product over the window, and not over the market."""
    apy = market.supply["kamino", "USDC"].apy
    result = backtest(market, RebalanceConfig(leverage=3), start="2025-02-01", end="2025-02-10")
    expected = np.prod((1 + apy[32:42]) ** (1 / 365)) - 1
    assert result.hurdle_return == pytest.approx(expected, rel=1e-12)
    assert result.excess_return == result.total_return - result.hurdle_return


def test_returns_are_simple():
    """10 050 after two days: 0.5 %, times 365/2."""
    result = simulate_free(StaticConfig, [100.0, 100.0], funding=[0.005, 0.0], hurdle=0.05)
    assert result.total_return == pytest.approx(0.005)
    assert result.annualized_return == pytest.approx(0.005 * 365 / 2)
    assert result.hurdle_return == pytest.approx(1.05 ** (2 / 365) - 1)
    assert result.hurdle_annualized == pytest.approx(result.hurdle_return * 365 / 2)


class TestWarnings:
    """What is naive in the convention is said where a run met it."""

    def test_the_opening_day_accrues(self):
        for kind in (StaticConfig, RebalanceConfig):
            assert any("opening day accrues" in w for w in simulate_free(kind, [1.0]).warnings)
        for kind in (RotationConfig, ConditionalConfig):
            assert simulate_free(kind, [1.0]).warnings == ()

    def test_a_trigger_at_the_leverage(self):
        [text] = simulate_free(RebalanceConfig, [1.0], leverage=3, trigger=3).warnings[1:]
        assert text == "trigger 3 is not above the leverage 3: capital may move on every bar"
        assert len(simulate_free(RebalanceConfig, [1.0], leverage=3, trigger=3.1).warnings) == 1

    def test_negative_debt(self):
        """1x: at 50, 2 500 flow back from the short onto a debt of 0."""
        result = simulate_free(RebalanceConfig, [100.0, 50.0], leverage=1, trigger=0.5)
        assert any("fell below zero (-2,500.00 USD)" in text for text in result.warnings)

    def test_a_forgiven_shortfall(self):
        """500 of 10 500 were forgiven: without that 0."""
        [text] = simulate_free(RebalanceConfig, [100.0, 45.0]).warnings[1:]
        assert "500.00 USD of equity below zero were forgiven" in text
        assert text.endswith("without that the result is +0.00 USD")

    def test_ruin(self):
        result = simulate_free(RotationConfig, [100.0], venue={"gas_usd": 1e6})
        assert result.warnings == ("ruined: the equity fell to zero and the run ended there",)


def test_equity_is_read_only():
    result = simulate_free(StaticConfig, [1.0])
    with pytest.raises(ValueError, match="read-only"):
        result.equity_usd[0] = 1.0


def test_a_result_carries_what_it_was_run_on(market):
    config = RebalanceConfig(leverage=3)
    result = backtest(market, config)
    assert result.market_fingerprint == market.fingerprint
    assert (result.market_name, result.asset) == (market.name, market.asset)
    assert result.config.perp.name == "hyperliquid-study"
    assert replace(result.config, perp="hyperliquid-study") == config


@pytest.mark.parametrize("day", ["2025-1-5", "yesterday", 20250105])
def test_a_wrong_day_is_named(market, day):
    with pytest.raises(ConfigError, match=r"end: got .*; write a day as 2025-01-18"):
        backtest(market, RebalanceConfig(leverage=3), end=day)


def test_a_date_and_its_text_are_the_same_day(market):
    config = RebalanceConfig(leverage=3)
    text = backtest(market, config, start="2025-01-05", end="2025-02-05")
    days = backtest(market, config, start=date(2025, 1, 5), end=date(2025, 2, 5))
    assert text.final_usd == days.final_usd
    assert len(text.times) == 32
