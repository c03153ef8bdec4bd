"""What a user's type checker sees; read by mypy, never called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

import pandas as pd

import basislab as bl


def what_users_get() -> None:
    """Every public function gives what its annotation says."""
    market = bl.load_market()
    assert_type(market, bl.Market)
    assert_type(bl.list_markets()[0].name, str)
    result = bl.backtest(market, bl.RebalanceConfig(leverage=3, trigger=None), start="2025-01-18")
    assert_type(result, bl.Result)
    assert_type(result.final_usd, float)
    assert_type(result.counts, Mapping[str, int])
    assert_type(result.ledger.carry, float)
    assert_type(result.event_list[0], bl.Event)
    assert_type(result.event_list[0].leg, str | None)
    assert_type(result.to_dict(), dict[str, Any])
    assert_type(result.equity, pd.Series[float])
    assert_type(result.events, pd.DataFrame)
    assert_type(bl.load_venue("drift-study"), bl.StudyVenue)
    assert_type(bl.run([bl.Scenario(model="static", leverage=2)]), list[bl.Result])
    assert_type(bl.__version__, str)


def what_users_get_wrong(market: bl.Market, result: bl.Result) -> None:
    """Every line is a mistake that a type checker finds: strict mypy fails on a needless ignore."""
    print(bl.no_such_name)  # type: ignore[attr-defined]  # noqa: T201
    bl.RebalanceConfig(3)  # type: ignore[call-arg]
    bl.RebalanceConfig(levrage=3)  # type: ignore[call-arg]
    bl.StaticConfig(leverage=3, slippage="books")  # type: ignore[arg-type]
    bl.LiquidationPenalty(kind="equty", rate=0.5)  # type: ignore[arg-type]
    bl.backtest(market, "rebalance")  # type: ignore[arg-type]
    result.final_usd = 0.0  # type: ignore[misc]
