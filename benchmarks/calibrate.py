"""Do the intervals of the Monte-Carlo cover as often as they say? On processes that are known.

    python benchmarks/calibrate.py [--histories 200] [--no-save]

Many histories are drawn from a process whose truth is computed from the process itself. For each,
the 90 % prediction interval (between the 5 % and 95 % quantiles of a path's return) is held against
the true distribution, and the 90 % confidence interval of the mean return against the true mean:
both errors together times Student's t of 9 degrees of freedom, as the jackknife leaves out ten
blocks in turn. Kept in ``benchmarks/calibration.json``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "calibration.json"

N_DAYS, PATH_DAYS, N_TRUE = 410, 90, 4_000
Days = dict[str, np.ndarray[Any, Any]]


def iid(random: np.random.Generator, n: int) -> Days:
    """Independent days: 4 % moves, funding of 1.5 bps a day and as much noise."""
    return {
        "move": 0.04 * random.standard_normal(n),
        "funding": 1.5e-4 + 1.5e-4 * random.standard_normal(n),
    }


def autoregressive(random: np.random.Generator, n: int) -> Days:
    """Funding that remembers: AR(1) of 0.9 around the same mean; moves independent."""
    made = iid(random, n + 200)
    noise, funding = random.standard_normal(n + 200), np.zeros(n + 200)
    for day in range(1, n + 200):
        funding[day] = 0.9 * funding[day - 1] + 3e-4 * noise[day]
    return {"move": made["move"][200:], "funding": 1.5e-4 + funding[200:]}


def jumps(random: np.random.Generator, n: int) -> Days:
    """Calm days of 3 %, and jumps of 12 % either way on one day in fifty."""
    is_jump = random.random(n) < 0.02
    sign = random.choice([-1.0, 1.0], n)
    made = iid(random, n)
    return {"move": 0.75 * made["move"] + 0.12 * is_jump * sign, "funding": made["funding"]}


PROCESSES: dict[str, Callable[[np.random.Generator, int], Days]] = {
    "iid": iid,
    "AR(1) funding": autoregressive,
    "jumps": jumps,
}


def to_market(days: Days, random: np.random.Generator) -> Any:
    """Return a market with these days; extremes lie a little beyond open and close."""
    from basislab.types import FundingSeries, Market, PriceSeries, RateSeries

    n = len(days["move"])
    close = 100 * np.exp(np.cumsum(days["move"]))
    opened = np.concatenate(([100.0], close[:-1]))
    wick = np.exp(0.01 * np.abs(random.standard_normal((2, n))))
    return Market(
        name="known",
        asset="SOL",
        times=np.datetime64("2025-01-01", "s") + np.arange(n) * np.timedelta64(1, "D"),
        prices={
            ("perp", "perp"): PriceSeries(
                open=opened,
                high=np.maximum(opened, close) * wick[0],
                low=np.minimum(opened, close) / wick[1],
                close=close,
            )
        },
        funding={"hyperliquid": FundingSeries(days["funding"])},
        supply={
            ("kamino", "SOL"): RateSeries(np.full(n, 0.05)),
            ("kamino", "USDC"): RateSeries(np.full(n, 0.045)),
        },
        borrow={("kamino", "USDC"): RateSeries(np.full(n, 0.065))},
    )


def true_returns(name: str, config: Any) -> np.ndarray[Any, Any]:
    """Return the returns of the configuration on paths of the process itself."""
    import basislab as bl

    found = np.empty(N_TRUE)
    for path in range(N_TRUE):
        random = np.random.default_rng([7, path])
        # the first day of a drawn path has a day before it; here too
        market = to_market(PROCESSES[name](random, PATH_DAYS + 1), random)
        found[path] = bl.backtest(market, config, start="2025-01-02").total_return
    return found


def calibrate(name: str, n_histories: int) -> dict[str, float]:
    """Return nominal and measured coverage of both intervals on one process."""
    import basislab as bl

    config = bl.RebalanceConfig(leverage=3, trigger=6)
    truth = np.sort(true_returns(name, config))
    within, covered, inner = [], [], []
    for number in range(n_histories):
        random = np.random.default_rng([11, number])
        market = to_market(PROCESSES[name](random, N_DAYS), random)
        risk = bl.montecarlo(
            market, config, paths=1_000, days=PATH_DAYS, seed=number, block_check=False
        )
        low, high = risk.value("return_p05"), risk.value("return_p95")
        within.append((np.searchsorted(truth, [low, high]) / N_TRUE).tolist())
        column = risk.names.index("return_mean")
        assert risk.history_errors is not None
        error = float(np.hypot(risk.history_errors[0, column], risk.runs[0].errors[0, column]))
        distance = abs(risk.value("return_mean") - truth.mean())
        covered.append(distance <= 1.833 * error)
        inner.append(distance <= 0.703 * error)
    share = np.diff(np.array(within), axis=1)
    return {
        "prediction 90 %": float(share.mean()),
        "confidence 90 %": float(np.mean(covered)),
        "confidence 50 %": float(np.mean(inner)),
        "standard error of a coverage": float(np.sqrt(0.9 * 0.1 / n_histories)),
    }


def main() -> None:
    """Calibrate on every process and print measured beside nominal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--no-save", action="store_true", help="leave calibration.json as it is")
    options = parser.parse_args()
    print(f"{'process':16}{'interval':20}{'nominal':>10}{'measured':>10}")
    found = {}
    for name in PROCESSES:
        found[name] = calibrate(name, options.histories)
        for interval, measured in found[name].items():
            if "%" in interval:
                nominal = interval.split()[-2] + " %"
                print(f"{name:16}{interval.split()[0]:20}{nominal:>10}{100 * measured:>8.1f} %")
    print(f"{options.histories} histories of {N_DAYS} days, paths of {PATH_DAYS} days")
    if not options.no_save:
        kept = {"histories": options.histories, "processes": found}
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
