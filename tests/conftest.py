"""Fixtures that every test may use: the study's market, the kernels as plain Python."""

from __future__ import annotations

import csv
from importlib.resources import files
from types import ModuleType

import pytest

from basislab.data import load_market
from basislab.types import Market
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
def market() -> Market:
    """The study's market: 410 days of SOL, the package's sample."""
    return load_market()
