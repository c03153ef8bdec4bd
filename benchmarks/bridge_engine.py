"""How often the venue engine's interval over paths within the days holds what its hours gave.

Usage: python benchmarks/bridge_engine.py SERIES [--paths N]

The factors in use are found with a rough trade (bridge.py); here they are tested with the engine.

SERIES holds hourly candles, ``binance_perp_sol_1h.parquet`` and ``binance_perp_eth_1h.parquet``,
and Hyperliquid's funding. Real hours are turned into days, paths are led through the days, and
forty trades (1 / 3 to 3 / 3, resized and not) are run by the venue engine on the hours and on the
paths, over windows of 30, 90 and 365 days. The factor that widens the lower half of the interval is
found for each class of distance to liquidation on one coin and tested on the other, and on each
half of the time and tested on the other. Writes bridge_engine.json beside this file and a table of
docs/intraday.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

import basislab as bl
from basislab.data.build.resample import to_daily
from basislab.kernels.venue.ahead import look_ahead
from basislab.kernels.venue.record import COLUMNS
from basislab.kernels.venue.state import NOTHING
from basislab.kernels.venue.step import run
from basislab.kernels.venue.totals import totals
from basislab.presets.terms import resolve
from basislab.research import intraday_constants as known
from basislab.research.intraday import Bridge
from basislab.simulate import model_of
from basislab.types import FundingSeries, Market, PriceSeries, RateSeries

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "intraday.md"
SINCE, UNTIL = "2023-01-01", "2026-01-01"
FUNDING = {"sol": "hyperliquid_funding_sol_2023_2026", "eth": "hyperliquid_funding_eth"}
PAIRS = (
    (1, 3),
    (1.5, 1.5),
    (1.5, 3),
    (2, 2),
    (2, 3),
    (1.5, 4),
    (2.5, 2.5),
    (2.5, 3),
    (3, 2),
    (3, 3),
)
RULES = (
    {"trigger": "auto", "band": 0.2},
    {"trigger": "auto", "band": 0.3},
    {"trigger": "auto", "band": None},
    {"policy": "never", "band": None},
)
WINDOWS = {30: 15, 90: 20, 365: 40}
"""Days of a window, and days from one start to the next."""

SMALLEST = 0.001
"""Misses below 0.1 points of a window's return are none."""

FACTORS = np.round(np.arange(1.0, 4.01, 0.05), 2)
WANTED = 0.9


def hours(folder: Path, coin: str) -> Market:
    """Return real hours: one price, the coin's funding, lending rates that hold."""
    rows = duckdb.execute(
        "select epoch(time::TIMESTAMPTZ)::BIGINT t, open, high, low, close from read_parquet(?) "
        "where time >= ? and time < ? order by time",
        [str(folder / f"binance_perp_{coin}_1h.parquet"), SINCE, UNTIL],
    ).fetchnumpy()
    first = int(rows["t"][0])
    count = (int(rows["t"][-1]) - first) // 3_600 + 1
    count -= count % 24
    table = np.full((4, count), np.nan)
    place = (rows["t"] - first) // 3_600
    kept = place < count
    table[:, place[kept]] = [rows[name][kept] for name in ("open", "high", "low", "close")]
    for index in np.flatnonzero(np.isnan(table[0])):
        table[:, index] = table[3, index - 1]
    paid = duckdb.execute(
        "select epoch(time::TIMESTAMPTZ)::BIGINT t, funding_rate r from read_parquet(?) "
        "order by time",
        [str(folder / f"{FUNDING[coin]}.parquet")],
    ).fetchnumpy()
    funding, place = np.zeros(count), (paid["t"] - first) // 3_600
    inside = (place >= 0) & (place < count)
    np.add.at(funding, place[inside], paid["r"][inside])
    return Market(
        name=coin,
        asset=coin.upper(),
        times=np.datetime64(first, "s") + np.arange(count) * np.timedelta64(3_600, "s"),
        prices={
            ("hyperliquid", "perp"): PriceSeries(
                open=table[0], high=table[1], low=table[2], close=table[3]
            )
        },
        funding={"hyperliquid": FundingSeries(funding)},
        supply={
            ("kamino", name): RateSeries(np.full(count, 0.05)) for name in (coin.upper(), "USDC")
        },
        borrow={("kamino", "USDC"): RateSeries(np.full(count, 0.065))},
    )


def trades() -> list[bl.VenueConfig]:
    """Return the forty trades."""
    return [
        resolve(bl.VenueConfig(long_leverage=long, short_leverage=short, **rule))
        for long, short in PAIRS
        for rule in RULES
    ]


def results(
    market: Market, configs: list[bl.VenueConfig], starts: dict[int, Any]
) -> dict[int, Any]:
    """Return every window's return, shape (n_trades, n_windows), by days of the window."""
    model, found = model_of(configs[0]), {}
    bars = model.lower_bars(market, configs[0])
    params = [model.lower_params(config, market.bar_seconds) for config in configs]
    for days, firsts in starts.items():
        table = np.empty((len(configs), len(firsts)))
        for column, first in enumerate(firsts):
            part = cut(bars, 24 * first - 1, 24 * (first + days))
            ahead = look_ahead(part, params[0].perp.funding_price)
            for row, one in enumerate(params):
                table[row, column] = (
                    totals(one, part, ahead, NOTHING, is_held=False).final / one.capital - 1.0
                )
        found[days] = table
    return found


def nearest(
    market: Market, configs: list[bl.VenueConfig], starts: dict[int, Any]
) -> dict[int, Any]:
    """Return the smallest distance to a liquidation in every window, at any close of a path."""
    model, found = model_of(configs[0]), {}
    bars = model.lower_bars(market, configs[0])
    params = [model.lower_params(config, market.bar_seconds) for config in configs]
    columns = [COLUMNS.index("long_distance"), COLUMNS.index("short_distance")]
    for days, firsts in starts.items():
        table = np.empty((len(configs), len(firsts)))
        for column, first in enumerate(firsts):
            part = cut(bars, 24 * first - 1, 24 * (first + days))
            for row, one in enumerate(params):
                record = run(one, part).record
                table[row, column] = record[:, columns].min()
        found[days] = table
    return found


def cut(bars: Any, first: int, end: int) -> Any:
    """Return a window of lowered bars."""
    return type(bars)(
        *(
            type(one)(*(column[first:end] for column in one))
            if isinstance(one, tuple)
            else one[first:end]
            for one in bars
        )
    )


def experiment(folder: Path, coin: str, paths: int) -> list[dict[str, Any]]:
    """Run a coin; return for every trade and window the truth, the interval and the class."""
    real, configs = hours(folder, coin), trades()
    bridge = Bridge(market=to_daily(real), paths=paths, seed=0)
    n_days = len(real) // 24
    starts = {days: np.arange(1, n_days - days, step) for days, step in WINDOWS.items()}
    truth = results(real, configs, starts)
    drawn: dict[int, list[Any]] = {days: [] for days in WINDOWS}
    near: dict[int, list[Any]] = {days: [] for days in WINDOWS}
    for path in range(paths):
        made = bridge[path]
        for days, table in results(made, configs, starts).items():
            drawn[days].append(table)
        if path < 3:
            for days, table in nearest(made, configs, starts).items():
                near[days].append(table)
        sys.stdout.write(f"\r{coin}: path {path + 1} of {paths}")
        sys.stdout.flush()
    sys.stdout.write("\n")
    rows = []
    for days in WINDOWS:
        low, middle, high = np.quantile(np.array(drawn[days]), [0.05, 0.5, 0.95], axis=0)
        distance = np.median(np.array(near[days]), axis=0)
        half = np.broadcast_to(starts[days] < n_days // 2, distance.shape)
        for values in zip(
            truth[days].ravel(), low.ravel(), middle.ravel(), high.ravel(), distance.ravel(),
            half.ravel(), strict=True,
        ):  # fmt: skip
            rows.append({"coin": coin, "days": days, "values": list(map(float, values))})  # noqa: PERF401
    return rows


def class_of(distance: float) -> str:
    """Return the class of a trade by its smallest distance to a liquidation."""
    return next(name for name, below in known.NEARNESS if distance < below)


def covered(values: Any, factor: float) -> Any:
    """Return which truths the widened interval holds."""
    truth, low, middle, high = values[:, :4].T
    lower = middle - factor * (middle - low)
    return (truth >= lower - SMALLEST) & (truth <= high + SMALLEST)


def smallest_factor(values: Any) -> float:
    """Return the smallest factor at which the interval holds as often as it says."""
    for factor in FACTORS:
        if covered(values, factor).mean() >= WANTED:
            return float(factor)
    return float(FACTORS[-1])


def measured(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return coverage by class and window: plain, with the factor in use, and out of sample."""
    found = []
    table = np.array([row["values"] for row in rows])
    coin, days = np.array([row["coin"] for row in rows]), np.array([row["days"] for row in rows])
    kind = np.array([class_of(distance) for distance in table[:, 4]])
    for name, _ in known.NEARNESS:
        mine = kind == name
        factors = {
            "sol": smallest_factor(table[mine & (coin == "eth")]),
            "eth": smallest_factor(table[mine & (coin == "sol")]),
        }
        halves = [smallest_factor(table[mine & (table[:, 5] == half)]) for half in (1, 0)]
        for window in (*WINDOWS, 0):
            part = mine & (days == window) if window else mine
            values = table[part]
            other = np.concatenate(
                [covered(table[part & (coin == one)], factors[one]) for one in ("sol", "eth")]
            )
            # halves[0] was found on the first half: the second is tested with it, and the other way
            late = np.concatenate(
                [covered(table[part & (table[:, 5] == half)], halves[half]) for half in (0, 1)]
            )
            found.append(
                {
                    "class": name,
                    "days": window,
                    "windows": len(values),
                    "plain": float(covered(values, 1.0).mean()),
                    "widened": float(covered(values, known.WIDENING[name]).mean()),
                    "other_coin": float(other.mean()),
                    "other_half": float(late.mean()),
                    "below": float((values[:, 0] < values[:, 1] - SMALLEST).mean()),
                    "above": float((values[:, 0] > values[:, 3] + SMALLEST).mean()),
                    "factor_in_use": known.WIDENING[name],
                    "factor_of_all": smallest_factor(table[mine]),
                    "factors_by_coin": factors,
                }
            )
    return found


def coverage_table(rows: list[dict[str, Any]]) -> str:
    """Return coverage as Markdown."""
    heads = (
        "| distance to liquidation | windows of | windows | as drawn | truth below / above "
        "| widened | factor from the other coin | from the other half |"
    )
    lines = [heads, "|---|---|---|---|---|---|---|---|"]
    below = dict(known.NEARNESS)
    names = list(below)
    for row in rows:
        name = row["class"]
        floor = 0.0 if name == names[0] else below[names[names.index(name) - 1]]
        ceiling = below[name]
        span = f"above {floor:.0%}" if np.isinf(ceiling) else f"{floor:.0%} to {ceiling:.0%}"
        days = f"{row['days']} days" if row["days"] else f"all, factor {row['factor_in_use']:g}"
        lines.append(
            f"| {name}: {span} | {days} | {row['windows']:,} | {row['plain']:.0%} | "
            f"{row['below']:.0%} / {row['above']:.0%} | {row['widened']:.0%} | "
            f"{row['other_coin']:.0%} | {row['other_half']:.0%} |"
        )
    return "\n".join(lines)


def put(page: str, mark: str, text: str) -> str:
    """Return the page with the text between the marks."""
    head, rest = page.split(f"<!-- {mark}:begin -->")
    tail = rest.split(f"<!-- {mark}:end -->")[1]
    return f"{head}<!-- {mark}:begin -->\n{text}\n<!-- {mark}:end -->{tail}"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("series", type=Path)
    parser.add_argument("--paths", type=int, default=48)
    given = parser.parse_args()
    began = time.perf_counter()
    rows = [row for coin in FUNDING for row in experiment(given.series, coin, given.paths)]
    found = {
        "paths": given.paths,
        "trades": len(trades()),
        "coverage": measured(rows),
        "seconds": round(time.perf_counter() - began),
    }
    (HERE / "bridge_engine.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    page = put(page, "engine", coverage_table(found["coverage"]))
    PAGE.write_text(page, encoding="utf-8")
    sys.stdout.write(coverage_table(found["coverage"]) + "\n")


if __name__ == "__main__":
    main()
