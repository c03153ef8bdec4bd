"""Speed of the venue engine: cold compile, quiet bars, a real path; nearest and pessimistic.

    python benchmarks/venue.py [FOLDER]

FOLDER holds the files of studies/venue-hourly/market.toml; without it only made bars are measured.
The cold compile runs in a process of its own with an empty cache. Ratios are what counts; the ns
figures name their machine.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from basislab.data.read.mapping import load_mapping
from basislab.kernels.venue import step as kernel
from basislab.presets.terms import resolve
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries
from basislab.types.venue_config import VenueConfig

MAPPING = Path(__file__).parents[1] / "studies" / "venue-hourly" / "market.toml"
BARS = 8_894


def quiet_market() -> Market:
    """Return flat hourly bars with rates: nothing ever happens."""
    flat = np.full(BARS, 100.0)
    start = np.datetime64("2025-01-01", "s")
    return Market(
        name="quiet",
        asset="SOL",
        times=start + np.arange(BARS) * np.timedelta64(1, "h"),
        prices={("hyperliquid", "perp"): PriceSeries(flat, flat, flat, flat)},
        funding={"hyperliquid": FundingSeries(np.full(BARS, 1e-6))},
        supply={("kamino", asset): RateSeries(np.full(BARS, 0.05)) for asset in ("SOL", "USDC")},
        borrow={("kamino", "USDC"): RateSeries(np.full(BARS, 0.06))},
    )


def lowered(market: Market, **decisions: object) -> tuple[object, object]:
    """Return what the kernel reads."""
    config = resolve(replace(VenueConfig(leverage=2, trigger=3.2), **decisions))  # type: ignore[arg-type]
    bars = lower_bars(market, config, price_sources(market, config))
    return lower_params(config, market.bar_seconds), bars


def nanoseconds(function: object, params: object, bars: object, repeats: int = 50) -> float:
    """Return the best time a bar of several calls."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function(params, bars)  # type: ignore[operator]
        times.append(time.perf_counter() - begin)
    return min(times) / len(bars.funding) * 1e9  # type: ignore[attr-defined]


def cold_seconds() -> float:
    """Return how long the first call of the sweep layout takes with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        code = (
            "import time; from benchmarks.venue import *; p, b = lowered(quiet_market()); "
            "t = time.process_time(); kernel.final_equity(p, b); print(time.process_time() - t)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).parents[1],
            env=os.environ | {"BASISLAB_CACHE": cache},
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout)


def speeds(market: Market) -> dict[str, tuple[float, float]]:
    """Return ns a bar and scenario by order: in sweep layout, and with curve and record."""
    found = {}
    for order in ("nearest", "pessimistic"):
        params, bars = lowered(market, path_order=order)
        kernel.final_equity(params, bars)
        kernel.run(params, bars)
        sweep = nanoseconds(kernel.final_equity, params, bars)
        found[order] = (sweep, nanoseconds(kernel.run, params, bars))
    return found


def main(arguments: list[str]) -> None:
    """Print the table."""
    markets = {"quiet bars": quiet_market()}
    if arguments:
        markets["SOL, hourly, 2025"] = load_mapping(MAPPING, folder=arguments[0])
    print(f"{platform.processor() or platform.machine()}, ns a bar and scenario")
    for name, market in markets.items():
        for order, (sweep, full) in speeds(market).items():
            text = f"{name:<20} {order:<12} sweep {sweep:7.1f}   with curve and record {full:7.1f}"
            print(text)
    print(f"cold compile of the sweep layout: {cold_seconds():.1f} s of CPU")


if __name__ == "__main__":
    main(sys.argv[1:])
