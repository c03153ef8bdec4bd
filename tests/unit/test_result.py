"""`Result`: what a person, a notebook and a program see of a run."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from basislab import backtest
from basislab._version import VERSION
from basislab.types import RebalanceConfig, RotationConfig, StaticConfig
from basislab.types.result import Event, time_labels
from tests.builders import simulate_free


@pytest.fixture(scope="module")
def result(market):
    return backtest(market, RebalanceConfig(leverage=3))


def test_equity_is_a_series_in_utc(result):
    equity = result.equity
    assert isinstance(equity, pd.Series)
    assert (equity.name, equity.index.name, str(equity.index.tz)) == ("equity_usd", "time", "UTC")
    assert equity.index[0] == pd.Timestamp("2024-12-31", tz="UTC")
    assert equity.tolist() == result.equity_usd.tolist()


def test_a_users_series_is_the_users(result):
    """Writing to it does not reach the result."""
    before = result.equity_usd[0]
    copied = replace(result).equity
    copied.iloc[0] = -1.0
    assert result.equity_usd[0] == before


def test_events_are_a_frame(result):
    events = result.events
    assert list(events.columns) == list(Event._fields)
    assert len(events) == len(result.event_list)
    assert str(events["time"].dtype).endswith("UTC]")
    [liquidation] = events[events["kind"] == "liquidation"].to_dict("records")
    assert (liquidation["leg"], liquidation["price_usd"]) == ("short", 262.2)
    assert liquidation["time"] == pd.Timestamp("2025-01-18", tz="UTC")


def test_no_events_are_an_empty_frame():
    events = simulate_free(StaticConfig, [1.0]).events
    assert (len(events), list(events.columns)) == (0, list(Event._fields))


def test_the_summary_shows_the_return_beside_the_hurdle(result):
    lines = result.summary().splitlines()
    assert lines[0] == "rebalance 3x on sol-2025 (2024-12-31 to 2026-02-13, 410 bars)"
    body = dict(line.rsplit("  ", 1) for line in lines[1:] if not line.startswith("!"))
    body = {key.strip(): value.strip() for key, value in body.items()}
    assert body["final equity, USD"] == "9,609.68"
    assert body["return"] == "-3.90%"
    assert body["annualized return (simple)"] == "-3.47%"
    assert body["hurdle: supplying the quote coin"] == "+5.18%"
    assert body["excess over the hurdle"] == "-9.08%"
    assert body["maximum drawdown"] == "8.36%"
    assert body["rebalances"] == "7"
    assert body["liquidation penalty, USD"] == "-830.08"
    assert [line for line in lines if line.startswith("! study convention")]


def test_the_lines_of_a_summary_are_aligned(result):
    lines = [line for line in result.summary().splitlines()[1:] if not line.startswith("!")]
    assert len({len(line) for line in lines}) == 1


def test_the_repr_is_one_line_with_the_hurdle(result):
    assert repr(result) == (
        "Result(rebalance 3x on sol-2025 (2024-12-31 to 2026-02-13, 410 bars): "
        "return -3.90%, hurdle +5.18%, excess -9.08%, drawdown 8.36%)"
    )


def test_a_notebook_shows_a_table(result):
    html = result._repr_html_()
    assert html.startswith("<table>")
    for text in ("-3.90%", "+5.18%", "rebalance 3x on sol-2025", "<li>study convention"):
        assert text in html


def test_a_notebook_shows_names_as_text_and_not_as_html(market):
    named = replace(market, name="<script>alert(1)</script>")
    html = backtest(named, RotationConfig(leverage=3))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_without_warnings_there_is_no_list():
    assert "<ul>" not in simulate_free(RotationConfig, [1.0])._repr_html_()


def test_to_dict_has_the_keys_of_the_format_in_order(result):
    assert list(result.to_dict(id="a")) == [
        "id",
        "model",
        "market",
        "start",
        "end",
        "bars",
        "initial_usd",
        "final_usd",
        "return",
        "annualized_return",
        "hurdle_return",
        "excess_return",
        "max_drawdown",
        "ledger",
        "counts",
        "warnings",
        "events",
    ]


def test_to_dict_leaves_out_and_adds_what_it_is_told(result):
    assert "id" not in result.to_dict()
    assert "events" not in result.to_dict(with_events=False)
    assert "equity_usd" not in result.to_dict()
    assert result.to_dict(with_equity=True)["equity_usd"] == result.equity_usd.tolist()


def test_to_dict_reads_back_to_the_same_bits(result):
    """Through JSON text and back: every float, the curve included."""
    written = result.to_dict(with_equity=True)
    assert json.loads(json.dumps(written, allow_nan=False)) == written
    assert np.array(json.loads(json.dumps(written))["equity_usd"]).tobytes() == (
        result.equity_usd.tobytes()
    )


def test_to_dict_holds_plain_types_only(result):
    def types(value):
        if isinstance(value, dict):
            return {type(key) for key in value}.union(*map(types, value.values()))
        if isinstance(value, list):
            return set().union(*map(types, value))
        return {type(value)}

    assert types(result.to_dict(with_equity=True, id="a")) == {str, int, float}


def test_events_of_the_format_have_a_leg_or_a_reason():
    """A liquidation its leg, a close its reason; the leg of a rotation's penalty is not shown."""
    fall = simulate_free(RebalanceConfig, [100.0, 45.0]).to_dict()["events"]
    assert fall == [
        {"time": "2025-01-01", "kind": "open"},
        {"time": "2025-01-02", "kind": "liquidation", "leg": "long"},
        {"time": "2025-01-02", "kind": "reopen"},
    ]
    rotated = simulate_free(RotationConfig, [100.0, 50.0]).to_dict()["events"]
    assert rotated[1:] == [
        {"time": "2025-01-02", "kind": "liquidation_penalty"},
        {"time": "2025-01-02", "kind": "close", "reason": "liquidation_long"},
    ]


def test_the_sum_of_the_ledger_is_the_change_of_equity(result):
    written = result.to_dict()
    change = written["final_usd"] - written["initial_usd"]
    assert sum(written["ledger"].values()) == pytest.approx(change, abs=1e-9 * 10_000)


def test_costs_are_all_that_is_paid_to_trade(result):
    ledger = result.ledger
    assert ledger.costs == (
        ledger.trading_fees + ledger.gas + ledger.transfer_fees + ledger.slippage
    )


def test_a_result_knows_its_code_and_survives_pickling(result):
    other = pickle.loads(pickle.dumps(result))  # noqa: S301 - our own bytes
    assert other.code_version == VERSION
    assert other.to_dict(with_equity=True) == result.to_dict(with_equity=True)


def test_labels_are_days_or_minutes():
    times = np.array(["2025-01-18T05:30"], "datetime64[s]")
    assert time_labels(times, 86_400) == ["2025-01-18"]
    assert time_labels(times, 7 * 86_400) == ["2025-01-18"]
    assert time_labels(times, 900) == ["2025-01-18T05:30Z"]
