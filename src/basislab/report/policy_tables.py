"""The tables of a comparison of policies: what each made, how sure, what foresight left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from basislab.report import words
from basislab.report.tables import Column, Table, as_number, to
from basislab.types.policies import PolicyComparison

_whole = to(0, words.decimal)
_one = to(1, words.decimal)


def policy_table(found: PolicyComparison) -> Table:
    """Return one row a policy, the highest excess first; the reference is marked."""
    known = found.table.to_dict("index")
    rows = [_row(found, name, known[name]) for name in found.names]
    rows.sort(key=lambda row: -row["excess"])
    return Table("", "What every policy made, a year", _COLUMNS, rows, _notes(found))


_COLUMNS = (
    Column("Policy", "label"),
    Column("Return", "annualized", words.percent, "Return a year", is_detail=True),
    Column("Excess", "excess", words.points, "Above the hurdle, points"),
    Column("90 %", "interval", as_number, "90 % interval, points", is_detail=True),
    Column("Kept", "kept", to(0, words.share), "Kept of what foresight had"),
    Column("Fall", "drawdown", words.share, "Largest drawdown"),
    Column("30 days", "worst_30d", words.percent, "Worst 30 days", is_detail=True),
    Column("90 days", "worst_90d", words.percent, "Worst 90 days", is_detail=True),
    Column("Moves", "moves", _whole),
    Column("Costs", "costs", words.share, "Costs a year", is_detail=True),
    Column("Liq.", "liquidations", _whole, "Liquidations", is_detail=True),
    Column("Naked", "naked_days", _one, "Naked, days", is_detail=True),
    Column("In market", "time_in_market", to(0, words.share), is_detail=True),
    Column("Exposure", "exposure", to(0, words.share), "Notional over equity", is_detail=True),
    Column("Above", "start_above", to(0, words.share), "Starts above", is_detail=True),
    Column("Liq.", "start_liquidated", to(0, words.share), "Starts liquidated"),
    Column("Against reference", "difference", as_number, "Against the reference, points"),
)


def _row(found: PolicyComparison, name: str, known: dict[Any, Any]) -> dict[str, Any]:
    facts = {str(key): _known(value) for key, value in known.items()}
    excess, against = found.interval(name), found.versus(name)
    is_reference = name == found.reference
    told = {"better": " better", "worse": " worse"}.get(found.standing(name), "")
    span = _span(against.low, against.high)
    return facts | {
        "label": name,
        "annualized": facts["annualized_return"],
        "excess": facts["excess_return"],
        "interval": _span(excess.low, excess.high),
        "drawdown": facts["max_drawdown"],
        "difference": "reference" if is_reference else f"{span}{told}",
        "is_marked": is_reference,
    }


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _span(low: float, high: float) -> str:
    return f"{words.points(low)} to {words.points(high)}"


def _notes(found: PolicyComparison) -> Sequence[str]:
    blocks = f"blocks of {found.block_days:.0f} days on average"
    drawn = f"daily returns drawn in {blocks}, which takes the luck of one history for skill"
    if found.n_histories:
        drawn = f"everything run again on {found.n_histories} histories drawn in {blocks}"
    days, horizon = len(found.starts.days), found.starts.horizon_days
    intervals = (
        f"Intervals: {drawn}; a difference is that of the same days. "
        "Better and worse: its interval leaves out zero."
    )
    kept = (
        "Kept: the share of the excess that a trader with foresight would have made; the rest is "
        f"the regret. Liq.: of {days} start days, each held {horizon} days, those that met a "
        "liquidation."
    )
    lent = (
        "Cash that is out of the market is lent at the hurdle. Excess, fall and counts are of the "
        "whole window, medians where there are several paths."
    )
    return intervals, kept, lent


def map_table(found: PolicyComparison) -> Table:
    """Return the map as a table: bands down, leverages across, the plateau starred."""
    pairs = list(dict.fromkeys(cell.leverages for cell in found.cells))
    bands = sorted({cell.band for cell in found.cells})
    made = {(cell.leverages, cell.band): cell for cell in found.cells}
    columns = [Column("Band", "label")]
    columns += [Column(f"{pair.long:g}x/{pair.short:g}x", str(pair), as_number) for pair in pairs]
    rows = []
    for band in bands:
        cells = {str(pair): _cell(made.get((pair, band))) for pair in pairs}
        rows.append({"label": f"{band:.0%}", **cells})
    title = "Kept sizes: points a year above the hurdle, by band and leverage (long/short)"
    note = "*: on the plateau: the 90 % interval of the size, and of its neighbours, is above zero."
    return Table("", title, columns, rows, (note,))


def _cell(cell: Any) -> str:
    if cell is None:
        return words.NONE
    return f"{words.points(cell.excess_return)}{'*' if cell.is_plateau else ''}"
