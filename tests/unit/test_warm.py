"""``basislab warm`` compiles all that later commands need."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from basislab.data import save_market
from tests.venue_builders import hourly_market

USES = """
import pkgutil, sys
from typer.main import get_command
import basislab.kernels
from basislab.cli.app import app

def compiled():
    names = [m.name for m in pkgutil.walk_packages(basislab.kernels.__path__, "basislab.kernels.")]
    return {
        (f"{value.__module__}.{key}", signature)
        for name in names if name in sys.modules
        for key, value in vars(sys.modules[name]).items()
        for signature in getattr(value, "overloads", ())
    }

def command(*words):
    get_command(app).main([*words], standalone_mode=False)

command("warm")
before = compiled()
engine = ("--model", "venue", "--market", sys.argv[1])
command("backtest", *engine, "--leverage", "2")
command("sweep", *engine, "--leverage", "2,3", "--trigger", "5,never")
command("backtest", "--model", "conditional", "--start", "2025-03-01")
command("sweep", "--leverage", "2,3", "--trigger", "5,never")
command("montecarlo", "--leverage", "2,3", "--paths", "20")
command("certify", "--leverage", "2", "--trigger", "5,6,never")
print("LEFT", sorted(name for name, _ in compiled() - before))
print("KNOWN", len(before))
"""


@pytest.fixture
def hourly(tmp_path):
    """Ten days of hourly bars of the venues that a run takes where nobody names others."""
    prices = 150 + 10 * np.sin(np.arange(240) / 10)
    made = hourly_market(prices.tolist(), borrow=0.08, funding=1e-5)
    market = replace(
        made,
        prices={("hyperliquid", "perp"): made.prices["perp", "perp"]},
        funding={"hyperliquid": made.funding["perp"]},
    )
    return str(save_market(market, directory=tmp_path / "hourly"))


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_no_later_command_compiles_anything(hourly):
    """Numba compiles for types: hourly bars, windows and lists of values must give no new ones."""
    done = subprocess.run(
        [sys.executable, "-c", USES, hourly], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "LEFT []" in lines
    assert int(lines[-1].removeprefix("KNOWN ")) > 9, "four models, their sweeps, the venue engine"
    assert done.stderr.splitlines()[-1].startswith("the engine is compiled")
