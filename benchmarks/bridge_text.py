"""Constants and tables written from what `benchmarks/bridge.py` measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from basislab.research import intraday_constants as known

BEGIN, END = "<!-- measured: {} -->", "<!-- end -->"


def write_constants(kept: dict[str, Any], root: Path) -> None:
    """Write the constants of the bridge."""
    weights = [f"{weight:.2f}" for weight in kept["hour_weights"]]
    halves = [", ".join(weights[:12]), ", ".join(weights[12:])]
    kinds = [
        f"    ({', '.join(f'({shape}, {left_out})' for shape, left_out in both)}),"
        for both in kept["kinds"]
    ]
    factors = ", ".join(f'"{name}": {factor}' for name, factor in kept["widening"].items())
    lines = [
        '"""What real hours say of the inside of a day: written by `benchmarks/bridge.py`."""',
        "",
        "HOUR_WEIGHTS = (",
        *(f"    {half}," for half in halves),
        ")  # fmt: skip",
        '"""Each UTC hour\'s share in the variance of a day, times 24."""',
        "",
        f"WIDTHS = ({', '.join(f'{width:.2f}' for width in known.WIDTHS)})",
        '"""log(high / low) of a day at which the next level begins."""',
        "",
        "KINDS = (",
        *kinds,
        ")",
        '"""For each level two kinds of walks: gamma shape of the clock, share left out."""',
        "",
        'NEARNESS = (("near", 0.05), ("middle", 0.15), ("far", float("inf")))',
        '"""Class of a trade, and below which distance to liquidation it ends."""',
        "",
        f"WIDENING = {{{factors}}}",
        '"""By how much the lower half of the band of each class is widened."""',
    ]
    path = root / "src" / "basislab" / "research" / "intraday_constants.py"
    path.write_text("\n".join(lines) + "\n")


def write_page(kept: dict[str, Any], root: Path) -> None:
    """Write the tables of docs/intraday.md between their marks."""
    path = root / "docs" / "intraday.md"
    text = path.read_text()
    tables = {"hours": hours, "coverage": coverage, "elsewhere": elsewhere}
    for name, table in tables.items():
        begin = BEGIN.format(name)
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(END)
        text = f"{head}{begin}\n{table(kept)}\n{END}{tail}"
    path.write_text(text)


def _table(head: str, rows: list[list[str]]) -> str:
    names = head.split("|")
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [names, ["---"] * len(names), *rows])


def hours(kept: dict[str, Any]) -> str:
    """Return real and drawn hours beside each other."""
    rows = [
        [
            coin.upper(),
            {"real": "real hours", "bridge": "paths"}[kind],
            f"{one['largest_hour_mean']:.2f}",
            f"{one['largest_hour_p90']:.2f}",
            f"{one['falls']:.1f}",
            f"{one['fall_hours']:.0f}",
            f"{one['fall_returns']:.1f}",
        ]
        for coin, both in kept["hours"].items()
        for kind, one in both.items()
    ]
    head = "coin||largest hour, mean|largest hour, 90 %|falls of 25 %|hours from -10 to -25 %|"
    return _table(head + "returns above -10 %", rows)


def coverage(kept: dict[str, Any]) -> str:
    """Return how often the band held the truth, by coin, length and class."""
    rows = [
        [
            one["coin"].upper(),
            str(one["days"]),
            one["class"],
            str(one["cases"]),
            f"{one['plain']:.0%}",
            f"{one['widened']:.0%}",
            f"{one['below']:.0%}",
            f"{100 * one['width']:.1f}",
            f"{one['liquidated']:.0%}",
            f"{one['liquidated_paths']:.0%}",
        ]
        for one in kept["coverage"]
    ]
    head = "coin|days|class|cases|plain band|widened band|truth below it|width, points|"
    return _table(head + "liquidated in truth|on the paths", rows)


def elsewhere(kept: dict[str, Any]) -> str:
    """Return coverage by factors that were found elsewhere."""
    rows = [
        [
            one["class"],
            one["coin"].upper(),
            one["found_on"],
            str(one["days"]),
            f"{one['factor']:.2f}",
            f"{one['held']:.0%}",
        ]
        for one in kept["out_of_sample"]
    ]
    return _table("class|tested on|factor found on|days|factor|held", rows)
