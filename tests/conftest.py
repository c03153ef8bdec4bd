"""Fixtures that every test may use: the study's market, the kernels as plain Python."""

from __future__ import annotations

import csv
from importlib.resources import files
from types import ModuleType

import numpy as np
import pytest

from basislab.types import FundingSeries, Market, PriceSeries, RateSeries
from tests import plain


@pytest.fixture(scope="session")
def plain_kernels() -> dict[str, ModuleType]:
    """Every kernel module as plain Python, by its name."""
    return plain.load()


@pytest.fixture(scope="session")
def study_rows() -> list[dict[str, str]]:
    """The study's own table, as text."""
    text = files("basislab.data").joinpath("sample/study_daily.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture(scope="session")
def market(study_rows: list[dict[str, str]]) -> Market:
    """The study's market: 410 days of SOL."""

    def column(name):
        return np.array([float(row[name]) for row in study_rows])

    prices = {name: column(name) for name in ("open", "high", "low", "close", "volume")}
    return Market(
        name="sol-2025",
        asset="SOL",
        times=np.array([row["date"] for row in study_rows], "datetime64[s]"),
        prices={("hyperliquid", "perp"): PriceSeries(**prices)},
        funding={
            "hyperliquid": FundingSeries(
                column("hyperliquid_funding"), column("hyperliquid_funding_hours").astype(np.int64)
            ),
            "drift": FundingSeries(column("drift_funding")),
        },
        supply={
            ("kamino", "SOL"): RateSeries(column("kamino_sol_supply_apy_pct") / 100),
            ("kamino", "USDC"): RateSeries(column("kamino_usdc_supply_apy_pct") / 100),
        },
        borrow={("kamino", "USDC"): RateSeries(column("kamino_usdc_borrow_apy_pct") / 100)},
    )
