"""Speed of the venue engine: cold compile, quiet bars, wild ones, a real path; both orders.

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
from typing import Any

import numpy as np

from basislab.api import certify
from basislab.data.read.mapping import load_mapping
from basislab.kernels.venue import step as kernel
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.state import NOTHING
from basislab.kernels.venue.totals import Totals, totals
from basislab.presets.terms import resolve
from basislab.simulate.venue import lower_bars, lower_params, price_sources
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries
from basislab.types.venue_config import VenueConfig

MAPPING = Path(__file__).parents[1] / "studies" / "venue-hourly" / "market.toml"
BARS = 8_894
CERTIFIED_HOURS = 18_408
"""Two years and a month."""


def quiet_market(bars: int = BARS) -> Market:
    """Return flat hourly bars with rates: nothing ever happens."""
    flat = np.full(bars, 100.0)
    start = np.datetime64("2025-01-01", "s")
    return Market(
        name="quiet",
        asset="SOL",
        times=start + np.arange(bars) * np.timedelta64(1, "h"),
        prices={("hyperliquid", "perp"): PriceSeries(flat, flat, flat, flat)},
        funding={"hyperliquid": FundingSeries(np.full(bars, 1e-6))},
        supply={("kamino", asset): RateSeries(np.full(bars, 0.05)) for asset in ("SOL", "USDC")},
        borrow={("kamino", "USDC"): RateSeries(np.full(bars, 0.06))},
    )


def wild_market(bars: int = BARS) -> Market:
    """Return hourly bars whose price moves as a coin's does: an event every hundred bars or so."""
    random = np.random.default_rng(0)
    moves = 0.008 * random.standard_t(4, bars) / np.sqrt(2)
    close = 100 * np.exp(np.cumsum(moves - moves.mean()))
    start = np.concatenate(([100.0], close[:-1]))
    wick = np.exp(0.003 * np.abs(random.standard_normal((2, bars))))
    high, low = np.maximum(start, close) * wick[0], np.minimum(start, close) / wick[1]
    perp = PriceSeries(start, high, low, close)
    return replace(quiet_market(bars), prices={("hyperliquid", "perp"): perp})


def lowered(market: Market, **decisions: object) -> tuple[Any, Any]:
    """Return what the kernel reads."""
    config = resolve(replace(VenueConfig(leverage=2, trigger=3.2, band=None), **decisions))  # type: ignore[arg-type]
    bars = lower_bars(market, config, price_sources(market, config))
    return lower_params(config, market.bar_seconds), bars


def in_search(params: Any, bars: Any) -> Totals:
    """Run one configuration as a search does."""
    return totals(params, bars, look_ahead(bars, params.perp.funding_price), NOTHING, is_held=False)


def nanoseconds(function: Any, params: Any, bars: Any, repeats: int = 50) -> float:
    """Return the best time a bar of several calls."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function(params, bars)
        times.append(time.perf_counter() - begin)
    return min(times) / len(bars.funding) * 1e9


def cold_seconds() -> float:
    """Return how long the first call of the sweep layout takes with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        code = (
            "import time; from benchmarks.venue import *; p, b = lowered(quiet_market()); "
            "t = time.process_time(); in_search(p, b); print(time.process_time() - t)"
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
        in_search(params, bars)
        kernel.run(params, bars)
        ahead = look_ahead(bars, params.perp.funding_price)
        sweep = nanoseconds(
            lambda p, b, ahead=ahead: totals(p, b, ahead, NOTHING, is_held=False), params, bars
        )
        found[order] = (sweep, nanoseconds(kernel.run, params, bars))
    return found


def certificate_seconds() -> float:
    """Return how long a certificate of a hundred trials on two years of wild hours takes."""
    market, config = wild_market(CERTIFIED_HOURS), VenueConfig(leverage=2)
    leverage = [round(1.6 + 0.1 * step, 1) for step in range(10)]
    trigger = [*(3.5 + 0.25 * step for step in range(9)), None]
    certify(market, config, leverage=leverage[:1], trigger=trigger[:2], end="2025-12-31")
    begin = time.perf_counter()
    certify(market, config, leverage=leverage, trigger=trigger)
    return time.perf_counter() - begin


def main(arguments: list[str]) -> None:
    """Print the table."""
    markets = {"quiet bars": quiet_market(), "wild bars": wild_market()}
    if arguments:
        markets["SOL, hourly, 2025"] = load_mapping(MAPPING, folder=arguments[0])
    print(f"{platform.processor() or platform.machine()}, ns a bar and scenario")
    for name, market in markets.items():
        for order, (sweep, full) in speeds(market).items():
            text = f"{name:<20} {order:<12} sweep {sweep:7.1f}   with curve and record {full:7.1f}"
            print(text)
    print(f"certificate of 100 trials, {CERTIFIED_HOURS:,} hours: {certificate_seconds():.1f} s")
    print(f"cold compile of the sweep layout: {cold_seconds():.1f} s of CPU")


if __name__ == "__main__":
    main(sys.argv[1:])
