"""The venue engine on hours: a search, one backtest, how cost grows, peak memory.

    python benchmarks/hours.py [--as NAME] [--page]

The market is that of markets/sol-2023-2026.toml in the folder of shared data beside the repository;
without it, as many made hours. What is measured is kept in ``hours.json`` under a name ("now"), the
table of all names goes into docs/performance.md; ``--page`` only writes that table. To measure
another state of the package, set PYTHONPATH to its sources.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import basislab as bl  # noqa: E402
from basislab.data.read.mapping import load_mapping  # noqa: E402
from basislab.kernels.venue import step  # noqa: E402
from basislab.presets.terms import resolve  # noqa: E402
from basislab.simulate import MODELS, simulate  # noqa: E402
from basislab.types import Market  # noqa: E402
from basislab.types.venue_config import VenueConfig  # noqa: E402
from benchmarks.measure import NS, best, lanes, study_configs  # noqa: E402
from benchmarks.run import machine  # noqa: E402
from benchmarks.venue import wild_market  # noqa: E402

DATA = ROOT.parent / "shared" / "data"
KEPT = ROOT / "benchmarks" / "hours.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table: benchmarks/hours.py -->", "<!-- end -->"
MODEL = MODELS[VenueConfig]
CALM, SIZED, BUSY = "2x", "2x, size kept within 20 %", "2x, size kept within 10 %"
BANDS = {CALM: None, SIZED: 0.2, BUSY: 0.1}

TARGETS = {
    f"search, {CALM}, ns": 6.0,
    f"search, {CALM}, times the study's lanes": 5.0,
    f"search, {BUSY}, ns": 20.0,
    "one backtest, ms": 8.0,
    "one backtest of the sample, us": 60.0,
}


def hours() -> Market:
    """Return two years of hours, or made ones."""
    mapping = DATA / "markets" / "sol-2023-2026.toml"
    return load_mapping(mapping, folder=DATA) if mapping.exists() else wild_market(18_408)


def configs(band: float | None, count: int) -> list[VenueConfig]:
    """Return configurations at 2x, hourly looks, triggers from 3.2 to 4.5."""
    base = VenueConfig(leverage=2, trigger=3.2, band=band, monitor_seconds=3_600)
    base = resolve(base)
    return [replace(base, trigger=trigger) for trigger in np.linspace(3.2, 4.5, count).tolist()]


def search(market: Market, many: list[VenueConfig], tries: int = 5) -> tuple[float, float]:
    """Return ns of processor time a bar and configuration, rows included, and bars an event."""
    bars = MODEL.lower_bars(market, many[0])
    table = MODEL.table(many, bars, market.bar_seconds)
    seconds = best(lambda: MODEL.table(many, bars, market.bar_seconds), tries=tries)
    columns = [MODEL.columns.index(name) for name in MODEL.counted if name in MODEL.columns]
    events = table[:, columns].sum() / len(many)
    return seconds / len(many) / len(market) * NS, len(market) / max(events, 1.0)


PEAK = """
import json, resource
from benchmarks.hours import configs, hours, search
market, many = hours(), configs(0.2, 1_000)
search(market, many[:10], tries=1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
search(market, many, tries=1)
print(json.dumps([before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def peak_mb() -> tuple[float, float]:
    """Return the memory of a process before and after a search of a thousand configurations."""
    path = os.pathsep.join([*os.environ.get("PYTHONPATH", "").split(os.pathsep), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", PEAK],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = json.loads(done.stdout)
    return before, after


def anew(market: Market, config: VenueConfig) -> bl.Result:
    """Run on a market that looks new: nothing is kept of it."""
    copy = object.__new__(Market)
    for name in (field.name for field in fields(Market)):
        object.__setattr__(copy, name, getattr(market, name))
    return simulate(copy, config)


def backtests(market: Market) -> dict[str, float]:
    """Return the time of whole public calls: on a market not seen before, and again."""
    one, sample = configs(0.2, 1)[0], bl.load_market()
    study = bl.RebalanceConfig(leverage=3, trigger=6)
    bars, params = MODEL.lower_bars(market, one), MODEL.lower_params(one, market.bar_seconds)
    return {
        "one backtest, its bars lowered anew, ms": best(lambda: anew(market, one)) * 1e3,
        "one backtest, ms": best(lambda: bl.backtest(market, one)) * 1e3,
        "its kernel with curve and record, ns a bar": best(lambda: step.run(params, bars))
        / len(market)
        * NS,
        "one backtest of the sample, us": best(lambda: bl.backtest(sample, study)) * 1e6,
    }


def measure() -> dict[str, float]:
    """Return what is measured, by its words."""
    market, found = hours(), {}
    study = lanes(bl.load_market(), study_configs(320))["sample_ns"]
    found["the study's lanes, ns"] = study
    for name, band in BANDS.items():
        spent, apart = search(market, configs(band, 60))
        found[f"search, {name}, ns"] = spent
        found[f"search, {name}, times the study's lanes"] = spent / study
        found[f"search, {name}, bars an event"] = apart
    found |= backtests(market)
    for count in (10, 100, 1_000):
        found[f"search, {count} configurations, ns"] = search(market, configs(0.2, count), 3)[0]
    for count in (2_000, 20_000, 200_000):
        spent, _ = search(wild_market(count), configs(0.2, 20), 3)
        found[f"search, {count} made hours, ns"] = spent
    found["memory before a search of 1000, MB"], found["its peak, MB"] = peak_mb()
    return found


def table(kept: dict[str, dict[str, float]]) -> str:
    """Return the page's table: each name's figures, how much less the last is, the target."""
    names = list(kept)
    head = ["", *names, *(["times"] if len(names) > 1 else []), "target"]
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    for words in kept[names[-1]]:
        values = [kept[name].get(words) for name in names]
        cells = ["" if value is None else f"{value:,.3g}".replace(",", " ") for value in values]
        if len(names) > 1:
            first, last = values[0], values[-1]
            cells.append(f"{first / last:.1f}" if first and last and "event" not in words else "")
        bound = TARGETS.get(words)
        verdict = "" if bound is None else "met" if values[-1] <= bound else "missed"  # type: ignore[operator]
        cells.append("" if bound is None else f"<= {bound:g} ({verdict})")
        lines.append([words, *cells])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def update_page(kept: dict[str, dict[str, float]]) -> None:
    """Write the table between the page's markers."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(kept)}\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Measure, keep, write the page's table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--as", dest="name", default="now", help="keep it under this name")
    parser.add_argument("--page", action="store_true", help="write the table of what is kept")
    given = parser.parse_args()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {"machine": {}, "measured": {}}
    if not given.page:
        kept["machine"], kept["measured"][given.name] = machine(), measure()
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    print(", ".join(f"{key} {value}" for key, value in kept["machine"].items()))
    print(table(kept["measured"]))
    update_page(kept["measured"])


if __name__ == "__main__":
    main()
