"""The table of docs/venue-engine.md is what the engine computes, where the series are at hand."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from basislab.data.read.mapping import load_mapping

ROOT = Path(__file__).parents[2]
SERIES = ROOT.parent / "shared" / "data"

needs_series = pytest.mark.skipif(
    not (SERIES / "series").is_dir(), reason="the hourly series are not at hand"
)


@needs_series
def test_the_table_of_the_page_is_current():
    script = ROOT / "scripts" / "venue_table.py"
    done = subprocess.run([sys.executable, script, SERIES, "--check"], check=False)
    assert done.returncode == 0, "run scripts/venue_table.py FOLDER"


@needs_series
def test_the_mapping_aligns_without_a_filled_bar():
    """8 894 hours from the first settlement's bar to the last spot bar; nothing is missing."""
    market = load_mapping(ROOT / "studies" / "venue-hourly" / "market.toml", folder=SERIES)
    assert 8_894 == len(market)
    assert all(series.observed.all() for series in market.series().values())
    assert set(market.funding["hyperliquid"].settlements.tolist()) == {1}
    low = market.prices["binance", "oracle"].low
    day = date(2025, 10, 10)
    crash = market.bars_between(day, day)
    assert 168.79 == low[crash].min()
