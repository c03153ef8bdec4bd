"""Fixtures that every test may use: the study's market, the kernels as plain Python."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from basislab.data import load_market
from basislab.types import Market
from tests import plain

if TYPE_CHECKING:
    from basislab.report.render.document import Document
    from basislab.report.report import Report

STUDY = Path(__file__).parents[1] / "studies" / "sol-2025" / "study.toml"


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


@pytest.fixture(scope="session")
def study(market: Market) -> Report:
    """The feasibility study, computed once for all tests; nobody may change it."""
    from basislab.report.report import study_report, study_runs
    from basislab.report.spec import load_spec

    return study_report(study_runs(market, load_spec(STUDY)))


@pytest.fixture(scope="session")
def document(study: Report) -> Document:
    """Its document."""
    return study.document()
