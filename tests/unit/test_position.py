"""The held position: its file, both liquidation prices, its figures, and what to do next."""

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import basislab as bl
from basislab.cli.app import app
from basislab.errors import ConfigError
from basislab.kernels.legs import ShortLeg
from basislab.kernels.venue import perp as kernel
from basislab.position.advice import advise
from basislab.position.file import TEMPLATE, json_schema, parse_position, to_toml
from basislab.position.liquidation import (
    deductions,
    loan_price,
    perp_liquidation_price,
    short_price,
)
from basislab.position.show import page_of, text_of
from basislab.position.state import state_of
from basislab.position.stress import stresses

NOW = datetime(2026, 11, 27, 9, 30, 30, tzinfo=UTC)
TIERS = [(0.0, 0.025), (70e6, 0.05)]


def position(**changed: str) -> bl.Position:
    """The template's position, with lines replaced by their first words."""
    text = TEMPLATE
    for name, value in changed.items():
        lines = text.splitlines()
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{name} = "))
        lines[at] = f"{name} = {value}"
        text = "\n".join(lines)
    return parse_position(text, "my.toml")


def test_the_venues_documented_isolated_long_gives_2866_27() -> None:
    """95.059824 / (0.0335 * (1 - 0.01)) = 2866.27, the documentation's own example."""
    price = perp_liquidation_price(0.0335, -95.059824, [(0.0, 0.01)])
    assert price == pytest.approx(2866.27, abs=5e-3)


def test_in_cross_mode_every_positions_maintenance_counts() -> None:
    """5 + (P - 100) = 0.004 P + 4 gives 99 / 0.996 = 99.40; alone it were 95 / 0.996 = 95.38."""
    assert perp_liquidation_price(1.0, 5 - 100, [(0.0, 0.004)], 4.0) == pytest.approx(99 / 0.996)
    assert perp_liquidation_price(1.0, 5 - 100, [(0.0, 0.004)]) == pytest.approx(95 / 0.996)


def test_the_templates_legs_die_at_120_and_251_71() -> None:
    """9000 / (100 * 0.75) = 120; (8000 + 100 * 178) / (100 * 1.025) = 251.7073."""
    held = position()
    assert held.loan is not None
    assert held.short is not None
    assert loan_price(held.loan) == pytest.approx(120.0)
    assert short_price(held.short) == pytest.approx(25_800 / 102.5)


@settings(deadline=None)
@given(st.floats(0.01, 1e7), st.floats(1, 1e4), st.floats(0.01, 2))
def test_the_short_dies_where_the_engines_does(size: float, entry: float, share: float) -> None:
    """Over both tiers: what is shown for a held short is what the engine would do to it."""

    class Terms:
        rates = np.array([rate for rate, _ in deductions(TIERS)])
        deductions = np.array([deduction for _, deduction in deductions(TIERS)])

    margin = share * size * entry
    ours = perp_liquidation_price(-size, margin + size * entry, TIERS)
    plain = getattr(kernel.liquidation_price, "py_func", kernel.liquidation_price)
    assert ours == pytest.approx(plain(Terms, ShortLeg(size, entry, margin)), rel=1e-12)


def test_the_figures_are_those_of_hand() -> None:
    """Equity 8000 - 620 + 18420 - 9000 + 500 = 17300; LTV 9000 / 18420; delta 0."""
    state = state_of(position(), NOW)
    assert state.equity_usd == pytest.approx(17_300)
    assert state.loan is not None
    assert state.loan.ratio == pytest.approx(9_000 / 18_420)
    assert state.net_delta == 0
    assert state.carry.funding_usd == pytest.approx(0.0000125 * 24 * 18_420)


def test_a_rate_that_is_not_known_is_never_zero() -> None:
    text = "\n".join(line for line in TEMPLATE.splitlines() if not line.startswith("borrow_apy"))
    state = state_of(parse_position(text, "my.toml"), NOW)
    assert state.carry.borrow_usd is None
    assert state.carry.total_usd is None
    assert any(
        line.split() == ["carry", "unknown", "unknown"] for line in text_of(state).split("\n")
    )


def test_portfolio_mode_invents_no_price_and_no_advice() -> None:
    held = position(margin_mode='"portfolio"')
    state = state_of(held, NOW)
    assert state.short is not None
    assert state.short.liquidation_usd is None
    assert state.equity_usd is None
    assert not advise(held, NOW).steps


def test_nothing_is_proposed_where_every_leg_is_far() -> None:
    advice = advise(position(), NOW)
    assert not advice.steps
    assert "15.0%" in advice.reason


def test_idle_cash_repairs_the_loan_to_the_cent() -> None:
    """Debt 12 000 dies at 160, 13 % away; 30 % away needs 100 * 184.2 * 0.7 * 0.75 = 9670.50."""
    held = position(debt_usd="12000.0", idle_usd="5000.0")
    advice = advise(held, NOW)
    assert [step.kind for step in advice.steps] == ["repay"]
    assert advice.steps[0].usd == pytest.approx(12_000 - 9_670.5)
    assert advice.after is not None
    assert advice.after.loan is not None
    assert advice.after.loan.distance == pytest.approx(0.30)
    assert advice.after.position.idle_usd == pytest.approx(5_000 - 2_329.5)


@pytest.mark.parametrize("debt", ["12000.0", "13000.0", "13700.0"])
@pytest.mark.parametrize("margin", ["8000.0", "3000.0", "1500.0"])
def test_after_the_steps_no_leg_is_closer_than_the_policy_restores(debt: str, margin: str) -> None:
    """Applied, whatever was too close is 30 % away again, neutral, and no money has appeared."""
    held = position(debt_usd=debt, margin_usd=margin, idle_usd="100.0")
    before, advice = state_of(held, NOW), advise(held, NOW)
    assert advice.after is not None
    for leg, was in ((advice.after.short, before.short), (advice.after.loan, before.loan)):
        assert leg is not None
        assert was is not None
        assert leg.distance is not None
        assert leg.distance > 0.30 - 1e-6
    assert advice.after.net_delta == pytest.approx(0, abs=1e-9)
    assert advice.after.equity_usd == pytest.approx((before.equity_usd or 0) - advice.cost_usd)


def test_a_withdrawal_comes_after_idle_cash_and_before_what_it_pays_for() -> None:
    held = position(debt_usd="13000.0")
    kinds = [step.kind for step in advise(held, NOW).steps]
    assert kinds == ["repay", "withdraw", "repay", "reduce"]


@pytest.mark.parametrize(
    ("late_s", "what"),
    [(61, ["hyperliquid price"]), (301, ["hyperliquid account", "hyperliquid price"])],
)
def test_no_action_is_proposed_on_stale_numbers(late_s: int, what: list[str]) -> None:
    """A price lives 60 s, an account 5 min, a loan 15 min."""
    held = position(debt_usd="13000.0")
    now = datetime(2026, 11, 27, 9, 30, tzinfo=UTC) + timedelta(seconds=late_s)
    assert [text.split(":")[0] for text in state_of(held, now).stale] == what
    assert not advise(held, now).steps
    assert "stale" in advise(held, now).reason


def test_a_clock_that_jumped_back_makes_numbers_stale_too() -> None:
    assert len(state_of(position(), NOW - timedelta(hours=1)).stale) == 4


def test_a_jump_kills_a_leg_where_its_liquidation_price_is_passed() -> None:
    """Loan dies at 120 (-34.9 %), short at 251.71 (+36.6 %): -35 % and +40 % are too much.

    After -30 % the LTV is 9000 / 12 894; after +35 % the short's margin ratio is
    0.025 * 24 867 / (25 800 - 24 867).
    """
    rows = {round(row.jump, 2): row for row in stresses(position())}
    assert [jump for jump, row in rows.items() if row.does_loan_die] == [
        -0.6, -0.55, -0.5, -0.45, -0.4, -0.35,
    ]  # fmt: skip
    assert [jump for jump, row in rows.items() if row.does_short_die] == [0.4, 0.45, 0.5, 0.55, 0.6]
    assert rows[-0.3].ltv == pytest.approx(9_000 / 12_894)
    assert rows[0.35].margin_ratio == pytest.approx(0.025 * 24_867 / 933)
    assert "the loan a jump of -35%, the short a jump of +40%" in text_of(state_of(position(), NOW))


def test_the_file_reads_back_to_the_same_position() -> None:
    assert parse_position(to_toml(position()), "again.toml") == position()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"size": "-1.0"}, "my.toml: short.size: got -1.0; it must be an amount of the coin"),
        ({"size": "nan"}, "my.toml: short.size: got nan; it must be"),
        ({"margin_mode": '"x"'}, "short.margin_mode: got 'x'; it must be 'isolated'"),
        ({"time": "2026-11-27T09:30:00"}, "short.time: got datetime"),
        ({"margin_tiers": "[[5.0, 0.02]]"}, "short: margin_tiers must start at 0"),
        ({"liquidation_ltv": "75.0"}, "loan.liquidation_ltv: got 75.0; it must be a fraction"),
        ({"max_ltv": "0.8"}, "loan: max_ltv must not be above liquidation_ltv"),
        ({"restore_to": "0.1"}, "policy: restore_to must be above act_below"),
        ({"version": "2"}, "version: got 2; it must be the number 1"),
    ],
)
def test_a_wrong_field_is_named_with_what_is_wanted(changed: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        position(**changed)
    assert said in str(error.value)
    assert "pydantic" not in str(error.value)


def test_an_unknown_field_is_told_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(TEMPLATE.replace("act_below", "act_blow"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"policy.act_blow is no field.*'act_below'"):
        bl.load_position(path)
    with pytest.raises(ConfigError, match="basislab position new"):
        bl.load_position(tmp_path / "none.toml")


def test_the_shipped_schema_is_that_of_the_types() -> None:
    text = files("basislab").joinpath("schemas/position-1.json").read_text(encoding="utf-8")
    assert json.loads(text) == json_schema()


def test_text_from_outside_is_escaped_and_cut() -> None:
    held = position(coin=json.dumps("<b>\u001b[31m" + "x" * 50))
    page = page_of(state_of(held, NOW), advise(held, NOW))
    assert "<b>" not in page
    assert "\x1b" not in page
    assert "x" * 41 not in page


def test_the_commands_write_show_and_refuse(tmp_path: Path) -> None:
    path, page = tmp_path / "my.toml", tmp_path / "my.html"
    run = CliRunner().invoke
    assert run(app, ["position", "new", "--out", str(path)]).exit_code == 0
    assert isinstance(run(app, ["position", "new", "--out", str(path)]).exception, ConfigError)
    when = ["--at", "2026-11-27T09:30:30"]
    shown = run(app, ["position", "show", str(path), *when]).stdout
    assert "120.00 USD, 34.9% away" in shown
    assert "251.71 USD, 36.6% away" in shown
    answer = json.loads(run(app, ["position", "show", str(path), "--json", *when]).stdout)
    assert answer["loan"]["liquidation_usd"] == pytest.approx(120)
    assert run(app, ["position", "show", str(path), "--html", str(page)]).exit_code == 0
    assert "STALE" in page.read_text(encoding="utf-8")
