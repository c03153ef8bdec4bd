"""The data that certificates are computed from, as CSV files: enough to find every number again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from basislab.report.render.downloads import Download
from basislab.research.overfit.certificate import Certificate
from basislab.research.overfit.cscv import block_of_rows
from basislab.research.overfit.runner import DECIMALS
from basislab.types.market import FloatArray

Rows = Iterable[Sequence[Any]]

PREFIX = "certificate"

WHAT: dict[str, str] = {
    "returns": "excess return over the hurdle of every trial on every day, and the block of the "
    "cross-validation that the day is in (zero where it is left out)",
    "panel": "the same market by market; the returns are their mean over the markets that have a "
    "day, which a pooled certificate rests on",
    "trials": "which trials each optimum was chosen among, and their excess a year",
    "starts": "the optimum opened on every day and held to the end",
    "windows": "every trial in every window of the walk-forward, inside and outside",
    "constants": "the excess at every value of every assumed constant, and where all move",
    "neighbours": "the excess of every combination around the optimum",
    "settings": "blocks, seeds, lengths and counts that the statistics were computed with",
}
"""What each file holds."""


def certificate_data(certificates: Sequence[Certificate]) -> dict[str, Download]:
    """Return the data of certificates that were made on the same days."""
    if not certificates:
        return {}
    files = {"returns": _returns(certificates)}
    if certificates[0].panel is not None:
        files["panel"] = _panel(certificates[0], certificates[0].panel)
    for name, (head, rows_of) in _FILES.items():
        rows = [(each.label, *row) for each in certificates for row in rows_of(each)]
        if rows:
            files[name] = _csv(("certificate", *head), rows)
    return {f"{PREFIX}-{name}.csv": Download(text, WHAT[name]) for name, text in files.items()}


def _csv(head: Sequence[str], rows: Rows) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    """Write a truth as 1 or 0, a missing number as nothing, any other number to ten digits."""
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.10g}"
    return value


def days_of(found: Certificate) -> tuple[str, ...]:
    """Return the labels of the rows; their numbers for bare returns."""
    return found.times or tuple(str(number) for number in range(found.bars))


def _returns(certificates: Sequence[Certificate]) -> str:
    """Write one row a day: the block of CSCV that it is in, the excess return of every trial."""
    first = certificates[0]
    columns: dict[str, FloatArray] = {}
    for each in certificates:
        for number, label in enumerate(each.labels):
            columns.setdefault(label, each.returns[:, number])
    blocks = block_of_rows(first.bars, first.rules.blocks, first.embargo)
    table = np.column_stack(list(columns.values()))
    rows = (
        (day, block, *map(_fixed, values))
        for day, block, values in zip(days_of(first), blocks.tolist(), table.tolist(), strict=True)
    )
    return _csv(("day", "cscv_block", *columns), rows)


def _panel(found: Certificate, panel: FloatArray) -> str:
    """Write one row a market and day that it has: the excess return of every trial."""
    rows = (
        (market.name, day, *map(_fixed, values.tolist()))
        for number, market in enumerate(found.markets)
        for day, values in zip(days_of(found), panel[:, number], strict=True)
        if np.isfinite(values).all()
    )
    return _csv(("market", "day", *found.labels), rows)


def _fixed(value: float) -> str:
    """Write a return to the digits that it was rounded to; what is left out is zero."""
    text = f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _trials(found: Certificate) -> Iterator[Sequence[Any]]:
    for number, label in enumerate(found.labels):
        yield label, number == found.candidate, number < found.family, found.excess[number]


def _starts(found: Certificate) -> Iterator[Sequence[Any]]:
    fan = found.fan
    columns = (fan.days, fan.is_counted, fan.returns, fan.hurdles, fan.excess)
    return zip(days_of(found), *columns, strict=True)


def _windows(found: Certificate) -> Iterator[Sequence[Any]]:
    days = days_of(found)
    for number, step in enumerate(found.walk.steps, start=1):
        window = step.window
        edges = (window.train, window.train_end - 1, window.test, window.test_end - 1)
        span = tuple(days[edge] for edge in edges)
        both = zip(step.every_inside, step.every_outside, strict=True)
        for trial, (inside, outside) in enumerate(both):
            is_chosen = trial == step.chosen
            hurdle = step.hurdle if is_chosen else np.nan
            yield number, *span, found.labels[trial], is_chosen, inside, outside, hurdle


def _constants(found: Certificate) -> Iterator[Sequence[Any]]:
    for each in found.constants:
        for row in zip(each.values, each.excess, each.still_best, strict=True):
            yield each.constant.name, each.constant.unit, *row


def _neighbours(found: Certificate) -> Iterator[Sequence[Any]]:
    area = found.neighbourhood
    if area is None:
        return
    names = [*area.axes, "", ""][:2]
    values = [*area.axes.values(), np.array([np.nan])][:2]
    cells = area.excess.reshape([len(axis) for axis in values])
    for i, down in enumerate(values[0]):
        for j, across in enumerate(values[1]):
            yield names[0], down, names[1], across, cells[i, j]


def _settings(found: Certificate) -> Iterator[Sequence[Any]]:
    rules = found.rules
    yield from (
        ("row_days", found.bar_days),
        ("cscv_blocks", rules.blocks),
        ("cscv_embargo_rows", found.embargo),
        ("bootstrap_seed", rules.seed),
        ("bootstrap_resamples", rules.resamples),
        ("bootstrap_mean_block_rows", found.spa.block_bars),
        ("start_least_days", rules.min_days),
        ("walk_train_days", rules.train_days),
        ("walk_test_days", rules.test_days),
        ("walk_purge_rows", found.walk.purge),
        ("episode_apart_days", rules.apart_days),
        ("raw_trials", found.raw.trials),
        ("effective_trials", found.effective.trials),
    )


_FILES: dict[str, tuple[Sequence[str], Callable[[Certificate], Iterator[Sequence[Any]]]]] = {
    "trials": (("trial", "is_optimum", "is_family", "excess_annualized"), _trials),
    "starts": (
        ("day", "held_days", "is_counted", "total_return", "hurdle_return", "excess_return"),
        _starts,
    ),
    "windows": (
        ("window", "chosen_from", "chosen_to", "lived_from", "lived_to", "trial", "is_chosen",
         "inside_return", "outside_return", "outside_hurdle_return"),
        _windows,
    ),
    "constants": (("constant", "unit", "value", "excess_annualized", "is_best"), _constants),
    "neighbours": (
        ("down", "down_value", "across", "across_value", "excess_annualized"),
        _neighbours,
    ),
    "settings": (("name", "value"), _settings),
}  # fmt: skip
"""Name, columns and rows of every file but the returns; the certificate's label comes first."""


def falsify(label: str) -> str:
    """Return the lines of Python that find a certificate's first figures again from its files."""
    return _FALSIFY.replace("LABEL", json.dumps(label, ensure_ascii=False))


_FALSIFY = """\
from itertools import combinations
import numpy as np, pandas as pd

files = [pd.read_csv(f"certificate-{name}.csv") for name in ("returns", "trials", "starts")]
days, trials, starts = files[:1] + [f[f.certificate == LABEL] for f in files[1:]]
family, above = list(trials.trial[trials.is_family == 1]), []
blocks = days[days.cscv_block > 0].groupby("cscv_block")[family].sum().to_numpy()
for half in combinations(blocks, len(blocks) // 2):
    inside = np.sum(half, axis=0).round(10)
    outside = (blocks.sum(axis=0) - inside).round(10)
    above.append(np.sign(outside - outside[inside.argmax()]).sum())
print("overfitting", (1 + np.sign(above).mean()) / 2)
print("Sharpe ratio a day", days[LABEL].mean() / days[LABEL].std())
print("start days above the hurdle", (starts.excess_return[starts.is_counted == 1] > 0).mean())
"""
