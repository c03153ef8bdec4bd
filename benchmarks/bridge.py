"""How paths within the day compare with real hours, and how often their band holds the truth.

    python benchmarks/bridge.py ../shared/data/series [--paths 64] [--no-fit] [--no-save]

Real hours of SOL and ETH are turned into days, and paths are drawn within these. Forty trades run
on the real hours and on the paths, on windows of 30, 90 and 365 days. The clock and the kinds of
walks are fitted to the hours alone, not to the trades; then the factor by which the lower half of a
band is widened is found for each class of distance to a liquidation. Kept in
``benchmarks/bridge.json``; the constants in ``research/intraday_constants.py`` and the tables of
``docs/intraday.md`` are written from it.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from basislab.research import intraday_constants as known  # noqa: E402
from basislab.research.intraday import draw_library  # noqa: E402
from benchmarks.bridge_hours import (  # noqa: E402
    Coin,
    drawn,
    falls,
    fitted_kinds,
    hour_weights,
    read,
    shares,
)
from benchmarks.bridge_text import write_constants, write_page  # noqa: E402
from benchmarks.rough_trade import TRADES, trades  # noqa: E402

RESULTS = ROOT / "benchmarks" / "bridge.json"
Array = np.ndarray[Any, Any]

COINS = ("sol", "eth")
HORIZONS = {30: 15, 90: 20, 365: 40}
"""Days of a window, and how many days lie between the starts."""

TOLERANCE = 0.001
"""A miss below a tenth of a point of return is none."""

WANTED = 0.90
FACTORS = tuple(round(1 + 0.05 * number, 2) for number in range(61))


class Windows:
    """One coin's windows of one length: truth and paths of every trade."""

    def __init__(self, coin: Coin, days: int, n_paths: int) -> None:
        starts = np.arange(1, len(coin.days.open) - days, HORIZONS[days])
        self.first, self.n_hours = starts * 24 - 1, days * 24
        self.is_early = starts + days / 2 < len(coin.days.open) / 2
        self.truth = np.empty((len(TRADES), len(starts), 3))
        self.paths = np.empty((n_paths, len(TRADES), len(starts), 3))
        trades(coin.hours, coin.funding, self.first, self.n_hours, self.truth)

    def add(self, path: int, bars: Array, funding: Array) -> None:
        """Run every trade on one path."""
        trades(bars, funding, self.first, self.n_hours, self.paths[path])

    def judge(self) -> None:
        """Compute the band and the class of every trade and window."""
        returns = self.paths[..., 0]
        self.low, self.middle, self.high = np.quantile(returns, [0.05, 0.5, 0.95], axis=0)
        nearest = np.median(self.paths[..., 2], axis=0)
        self.names = np.full(nearest.shape, known.NEARNESS[-1][0], dtype=object)
        for name, below in reversed(known.NEARNESS[:-1]):
            self.names[nearest < below] = name

    def held(self, factor: float) -> Array:
        """Return whether the widened band holds the true return."""
        low = self.middle - factor * (self.middle - self.low)
        truth = self.truth[..., 0]
        return (truth >= low - TOLERANCE) & (truth <= self.high + TOLERANCE)

    def below(self, factor: float) -> Array:
        """Return whether the true return lies below the widened band."""
        low = self.middle - factor * (self.middle - self.low)
        return self.truth[..., 0] < low - TOLERANCE

    def of(self, name: str, *, half: bool | None = None) -> Array:
        """Return which trades and windows are of a class, and of a half of the time."""
        chosen = self.names == name
        return chosen if half is None else chosen & (self.is_early == half)


def measured(coin: Coin, library: Any, n_paths: int) -> tuple[dict[int, Windows], dict[str, Any]]:
    """Run all trades of a coin; return them, and the statistics of real and drawn hours."""
    windows = {days: Windows(coin, days, n_paths) for days in HORIZONS}
    spread = np.repeat(coin.funding.reshape(-1, 24).mean(axis=1), 24)
    looks = []
    for path in range(n_paths):
        bars = drawn(library, coin, path)
        looks.append((*shares(bars), *falls(bars)))
        for each in windows.values():
            each.add(path, bars, spread)
    for each in windows.values():
        each.judge()
    labels = ("largest_hour_mean", "largest_hour_p90", "falls", "fall_hours", "fall_returns")
    real = (*shares(coin.hours), *falls(coin.hours))
    bridged = np.nanmean(looks, axis=0).tolist()
    return windows, {
        "real": dict(zip(labels, real, strict=True)),
        "bridge": dict(zip(labels, bridged, strict=True)),
    }


def factor_of(
    found: dict[str, dict[int, Windows]], name: str, *, half: bool | None = None
) -> float:
    """Return the smallest factor with which each horizon of each coin is covered as wanted."""
    for factor in FACTORS:
        if all(
            not chosen.any() or each.held(factor)[chosen].mean() >= WANTED
            for horizons in found.values()
            for each in horizons.values()
            for chosen in [each.of(name, half=half)]
        ):
            return factor
    return FACTORS[-1]


def out_of_sample(found: dict[str, dict[int, Windows]]) -> list[dict[str, Any]]:
    """Return coverage by factors found elsewhere: on the other coin, on the other half of time."""
    rows = []
    for name, _ in known.NEARNESS:
        for coin, horizons in found.items():
            others = {key: value for key, value in found.items() if key != coin}
            ways = [("other coin", None, factor_of(others, name))]
            ways += [
                (
                    f"{'later' if half else 'earlier'} half of the time",
                    half,
                    factor_of(found, name, half=not half),
                )
                for half in (True, False)
            ]
            for way, half, factor in ways:
                for days, each in horizons.items():
                    chosen = each.of(name, half=half)
                    if chosen.any():
                        held = float(each.held(factor)[chosen].mean())
                        rows.append(
                            {"class": name, "coin": coin, "days": days, "found_on": way}
                            | {"factor": factor, "held": held, "cases": int(chosen.sum())}
                        )
    return rows


def coverage(
    found: dict[str, dict[int, Windows]], widening: dict[str, float]
) -> list[dict[str, Any]]:
    """Return by coin, length and class how often the plain and the widened band hold the truth."""
    rows = []
    for coin, horizons in found.items():
        for days, each in horizons.items():
            for name, _ in known.NEARNESS:
                chosen = each.of(name)
                if not chosen.any():
                    continue
                factor = widening[name]
                rows.append(
                    {"coin": coin, "days": days, "class": name, "cases": int(chosen.sum())}
                    | {"plain": float(each.held(1.0)[chosen].mean())}
                    | {"widened": float(each.held(factor)[chosen].mean())}
                    | {"below": float(each.below(factor)[chosen].mean())}
                    | {"width": float((each.high - each.low)[chosen].mean())}
                    | {"liquidated": float(each.truth[..., 1][chosen].mean())}
                    | {"liquidated_paths": float(each.paths[..., 1].mean(axis=0)[chosen].mean())}
                )
    return rows


def main() -> None:
    """Fit, measure, print, and write what is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("series", type=Path)
    parser.add_argument("--paths", type=int, default=64)
    parser.add_argument("--no-fit", action="store_true", help="keep the clock and the walks")
    parser.add_argument("--no-save", action="store_true", help="write nothing")
    options = parser.parse_args()
    coins = [read(options.series, name) for name in COINS]
    weights, kinds = known.HOUR_WEIGHTS, known.KINDS
    if not options.no_fit:
        weights = hour_weights(coins)
        kinds = fitted_kinds(coins, weights, known.WIDTHS)
    library = draw_library(0, weights, known.WIDTHS, kinds)
    found, looks = {}, {}
    for coin in coins:
        found[coin.name], looks[coin.name] = measured(coin, library, options.paths)
    widening = {name: factor_of(found, name) for name, _ in known.NEARNESS}
    kept = {
        "paths": options.paths,
        "days": {coin.name: len(coin.days.open) for coin in coins},
        "hour_weights": weights,
        "kinds": kinds,
        "widening": widening,
        "hours": looks,
        "coverage": coverage(found, widening),
        "out_of_sample": out_of_sample(found),
    }
    print(json.dumps(kept, indent=1))
    if not options.no_save:
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        write_constants(kept, ROOT)
        write_page(kept, ROOT)


if __name__ == "__main__":
    main()
