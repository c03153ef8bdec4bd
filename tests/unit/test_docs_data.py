"""What the data pages say is what the code has: checks, measured times, commands."""

import json
import re
from pathlib import Path

from basislab.data.judge.findings import CHECKS
from benchmarks import market

ROOT = Path(__file__).parents[2]
FETCHING = (ROOT / "docs" / "fetching.md").read_text()
FORMAT = (ROOT / "docs" / "data-format.md").read_text()


def test_every_check_stands_on_a_page() -> None:
    rows = re.findall(r"^\|((?: `[\w-]+`,?)+) \|", FETCHING + FORMAT, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert set(CHECKS) <= named


def test_the_measured_times_are_those_of_the_benchmark() -> None:
    """And building is within its target, on the machine that is named."""
    found = json.loads((ROOT / "benchmarks" / "market.json").read_text())
    between = FETCHING.split("<!-- market-speed:begin -->")[1].split("<!-- market-speed:end -->")[0]
    assert between.strip() == market.table(found)
    assert found["bars"] == 3 * 365 * 24 + 24, "2024 is a leap year"
    assert found["slowest_build_s"] <= found["target_s"] == market.TARGET_S
    assert f"less than\n{market.TARGET_S:g} seconds" in FETCHING
