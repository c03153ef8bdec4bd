"""Measure speed: one table, ratios taken in one run, compared with the run before.

    python benchmarks/run.py [--quick] [--no-save]

Times differ from machine to machine and from hour to hour; the ratios are what is meant. The
results are kept in ``benchmarks/results.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
RESULTS = ROOT / "benchmarks" / "results.json"


class Line(NamedTuple):
    """One measurement; `target` is a bound, `is_most` whether it is an upper one."""

    name: str
    value: float
    unit: str
    target: float | None = None
    is_most: bool = True

    @property
    def verdict(self) -> str:
        """Whether the target is met."""
        if self.target is None:
            return ""
        is_met = self.value <= self.target if self.is_most else self.value >= self.target
        return "met" if is_met else "MISSED"


def machine() -> dict[str, Any]:
    """Return what the times were taken on."""
    import numba
    import numpy as np

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    return {
        "cpu": name,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numba": numba.__version__,
        "numpy": np.__version__,
    }


def measure(*, is_quick: bool) -> list[Line]:
    """Return all measurements."""
    import basislab as bl
    from benchmarks import measure as m

    market = bl.load_market()
    say("kernels")
    plain = m.plain_python(market)["ns_per_bar"]
    lanes = m.lanes(market, m.study_configs(320))
    harsh = m.lanes(market, m.harsh_configs(320))
    calm = m.calm(market)["ns"]
    scalar = m.scalar(market)
    twin = m.twin()["ns_per_bar"]
    difference = m.largest_difference(market)["of_capital"]
    per = "ns/bar/scenario"
    lines = [
        Line("plain Python, the study's way", plain, "ns/bar"),
        Line("plain Python, the kernels' own source", twin, "ns/bar"),
        Line("scalar kernel, curve and events", scalar["ns_per_bar"], "ns/bar"),
        Line("lanes, 1.5x to 3x, the sample", lanes["sample_ns"], per),
        Line("  lane-bars with an event", 100 * lanes["sample_events"], "%"),
        Line("lanes, 1.5x to 3x, drawn paths", lanes["drawn_ns"], per),
        Line("  lane-bars with an event", 100 * lanes["drawn_events"], "%"),
        Line("lanes, 2x to 4x, the sample", harsh["sample_ns"], per),
        Line("  lane-bars with an event", 100 * harsh["sample_events"], "%"),
        Line("lanes, nothing happens", calm, per),
        Line("lanes against the study's way", plain / lanes["sample_ns"], "x", 1300, is_most=False),
        Line("lanes against their own source", twin / lanes["sample_ns"], "x", 1300, is_most=False),
        Line("lanes against the scalar kernel", scalar["ns_per_bar"] / lanes["sample_ns"], "x"),
        Line("lanes differ from scalar by", difference, "of capital", 1e-12),
        Line("one simulation (kernel)", scalar["run_us"], "us", 10),
        Line("one simulation (basislab.backtest)", scalar["backtest_us"], "us"),
    ]
    say("Monte-Carlo")
    n_paths = 2_000 if is_quick else 10_000
    job = m.job(n_paths, 200)
    lines += [
        Line(f"{n_paths:,} paths x 200 sets x 410 bars", job["seconds"], "s", 2.5),
        Line("  its processor time", job["cpu"], "s"),
        Line("  its peak memory", job["peak_mb"], "MB", 500),
        Line("  of which before it began", job["before_mb"], "MB"),
    ]
    if not is_quick:
        more = m.job(100_000, 200, tries=1)
        lines += [
            Line("100,000 paths x 200 sets x 410 bars", more["seconds"], "s"),
            Line("  its processor time", more["cpu"], "s"),
            Line("  its peak memory", more["peak_mb"], "MB", 500),
        ]
    say("scaling")
    for name, found in [] if is_quick else m.scaling(market).items():
        lines += [
            Line(f"{name} at {factor}", value, "ns/bar/scenario") for factor, value in found.items()
        ]
    say("venue engine")
    lines += venue_lines(is_quick=is_quick)
    say("start-up and whole commands")
    bounds = {"basislab --help": 0.3, "basislab study": 10}
    lines += [Line(name, seconds, "s", bounds.get(name)) for name, seconds in m.start_up().items()]
    return lines


def venue_lines(*, is_quick: bool) -> list[Line]:
    """Return the speed of the venue engine on hourly bars, without events and with."""
    from benchmarks import venue

    per = "ns/bar/scenario"
    quiet = venue.speeds(venue.quiet_market())
    wild = venue.speeds(venue.wild_market())
    nearest, pessimistic = quiet["nearest"][0], quiet["pessimistic"][0]
    lines = [
        Line("venue engine, quiet hourly bars", nearest, per, 20),
        Line("  with curve and record", quiet["nearest"][1], per),
        Line("  wild hourly bars", wild["nearest"][0], per, 20),
        Line("    with curve and record", wild["nearest"][1], per),
        Line("  pessimistic against nearest order", pessimistic / nearest, "x", 2),
    ]
    if not is_quick:
        lines.append(Line("  its cold compile", venue.cold_seconds(), "s of CPU", 60))
        seconds = venue.certificate_seconds()
        lines.append(Line("  a certificate, 100 trials, 18,408 hours", seconds, "s", 20))
    return lines


def say(what: str) -> None:
    """Tell what is being measured."""
    print(f"measuring {what} ...", file=sys.stderr, flush=True)


def show(lines: list[Line], before: dict[str, float], about: dict[str, Any]) -> None:
    """Print the table."""
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    head = f"{'':40}{'now':>11} {'unit':16}{'target':>10} {'':7}{'before':>11}"
    print(head, "-" * len(head), sep="\n")
    for number, line in enumerate(lines):
        target = "" if line.target is None else f"{'<=' if line.is_most else '>='} {line.target:g}"
        was = before.get(key_of(lines, number))
        print(
            f"{line.name:40}{line.value:>11.4g} {line.unit:16}{target:>10} {line.verdict:7}"
            f"{'' if was is None else f'{was:>11.4g}'}"
        )


def key_of(lines: list[Line], number: int) -> str:
    """Return a line's name; an indented one with that of the line above it."""
    line = lines[number]
    if not line.name.startswith(" "):
        return line.name
    above = next(one for one in reversed(lines[:number]) if not one.name.startswith(" "))
    return f"{above.name}: {line.name.strip()}"


def main() -> None:
    """Measure, compare, keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer paths, no scaling")
    parser.add_argument("--no-save", action="store_true", help="leave results.json as it is")
    options = parser.parse_args()
    before = json.loads(RESULTS.read_text())["values"] if RESULTS.exists() else {}
    lines = measure(is_quick=options.quick)
    about = machine()
    show(lines, before, about)
    if not options.no_save and not options.quick:
        values = {key_of(lines, number): line.value for number, line in enumerate(lines)}
        RESULTS.write_text(json.dumps({"machine": about, "values": values}, indent=1) + "\n")


if __name__ == "__main__":
    main()
