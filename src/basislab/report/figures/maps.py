"""Figures that are maps: one value for every pair of two choices, in classes of colour."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import altair as alt

from basislab.report import words
from basislab.report.figures.base import Chart, Figure, Held, Rows, sized
from basislab.report.figures.palette import map_class, role
from basislab.report.runs import Facts, Runs

NARROW_CELL = 52
"""Pixels below which a cell shows its percent without the decimals."""

CELL = 34
"""Pixels of a row."""


def map_chart(
    held: Held,
    rows: Rows,
    *,
    x: str,
    y: str,
    titles: tuple[str | None, str | None],
    orders: tuple[Sequence[str], Sequence[str]],
    tips: Sequence[tuple[str, str]],
) -> Chart:
    """Return a map: one cell a row of data, its text on it.

    Parameters
    ----------
    rows : list of dict
        With text columns `x`, `y` and ``label``, and ``step``, the class of the colour.
    x, y : str
        Columns.
    titles : (str or None, str or None)
        Of the axes.
    orders : (sequence of str, sequence of str)
        Of the values on the axes.
    tips : sequence of (column, title)

    Returns
    -------
    altair chart
    """
    painted = [
        row
        | {
            "label": _typeset(row["label"]),
            "short": _typeset(_whole(row["label"])),
            "fill": role(f"map{row['step']}") if row["step"] is not None else "transparent",
            "on": role(f"on{row['step']}") if row["step"] is not None else role("soft"),
            "is_marked": row.get("is_marked", False),
        }
        for row in rows
    ]
    base = alt.Chart(held.add(painted)).encode(
        x=alt.X(
            f"{x}:N",
            sort=list(orders[0]),
            title=titles[0],
            axis=alt.Axis(
                labelAngle=0,
                orient="top",
                domain=False,
                ticks=False,
                labelOverlap=False,
                labelFontSize=alt.ExprRef("width < 420 ? 10 : 12"),
            ),
        ),
        y=alt.Y(
            f"{y}:N", sort=list(orders[1]), title=titles[1], axis=alt.Axis(titleY=-14, titleX=-6)
        ),
        tooltip=[alt.Tooltip(f"{column}:N", title=title) for column, title in tips],
    )
    cells = base.mark_rect(stroke=role("paper"), strokeWidth=2).encode(
        color=alt.Color("fill:N", scale=None)
    )
    marked = base.transform_filter("datum.is_marked").mark_rect(
        fill="transparent", stroke=role("ink"), strokeWidth=2.5
    )
    texts = (
        base.transform_calculate(
            written=f"width < {NARROW_CELL * len(orders[0])} ? datum.short : datum.label"
        )
        .mark_text(fontSize=alt.ExprRef("width < 420 ? 11 : 12"))
        .encode(text="written:N", color=alt.Color("on:N", scale=None))
    )
    return sized(alt.layer(cells, marked, texts), CELL * len(orders[1]))


def _typeset(text: str) -> str:
    return re.sub(r"^-(?=\d)", "\u2212", text)


def _whole(text: str) -> str:
    if not text.endswith("%"):
        return text
    whole = round(float(text[:-1]))
    return f"{whole:+d}" if whole else "0"


def largest(values: Sequence[float | None]) -> float:
    """Return the largest magnitude, 1 where there is none: the bound of a scale."""
    return max((abs(value) for value in values if value is not None), default=1.0) or 1.0


def triggers_figure(_: Runs, facts: Facts) -> Figure:
    """Return the return a year by trigger and leverage, coloured by what is above the hurdle.

    Parameters
    ----------
    _ : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    rows = [
        row | {"leverage": block["leverage"]}
        for block in facts["triggers"]
        for row in block["rows"]
    ]
    bar = words.percent(facts["hurdle"]["hurdle_annualized"])
    return Figure(
        key="triggers",
        title=f"Return a year by trigger and leverage; the colour is against the hurdle of {bar}",
        alt=_grid_alt(rows, "trigger"),
        data=held.rows,
        panels=[_excess_map(held, rows, "trigger", words.trigger, ("trigger", None), _at)],
    )


def venue_triggers_figure(_: Runs, facts: Facts) -> Figure:
    """Return the same map for every venue.

    Parameters
    ----------
    _ : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    rows = facts["venue_triggers"]
    panel = _excess_map(held, rows, "trigger", words.trigger, ("trigger", None), _venue_at)
    bar = words.percent(facts["hurdle"]["hurdle_annualized"])
    return Figure(
        key="venue-triggers",
        title=f"Return a year by venue, leverage and trigger, against the hurdle of {bar}",
        alt=_grid_alt(rows, "trigger"),
        data=held.rows,
        panels=[panel],
    )


def conditional_figure(_: Runs, facts: Facts) -> Figure:
    """Return the conditional model's return by threshold and leverage.

    Parameters
    ----------
    _ : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    rows = facts["conditional_grid"]
    bar = words.percent(facts["hurdle"]["hurdle_annualized"])

    def write(value: float) -> str:
        return words.share(value)

    return Figure(
        key="conditional",
        title=f"Conditional deployment: return a year by threshold, against the hurdle of {bar}",
        alt=_grid_alt(rows, "threshold"),
        data=held.rows,
        panels=[
            _excess_map(
                held,
                rows,
                "threshold_apy",
                write,
                ("deployed above this mean gross APY", None),
                _at,
            )
        ],
    )


def _at(row: Facts) -> str:
    return words.multiple(row["leverage"])


def _venue_at(row: Facts) -> str:
    return f"{row['perp'].removesuffix('-study')} {words.multiple(row['leverage'])}"


def _grid_alt(rows: Rows, what: str) -> str:
    above = sum(row["excess_annualized"] > 0 for row in rows)
    return (
        f"Map of {len(rows)} runs by {what}; above the hurdle: {above}. Best "
        f"{words.percent(max(row['annualized'] for row in rows))}, worst "
        f"{words.percent(min(row['annualized'] for row in rows))} a year."
    )


def _excess_map(
    held: Held,
    rows: Rows,
    column: str,
    write: Callable[[float], str],
    titles: tuple[str | None, str | None],
    label: Callable[[Facts], str],
) -> Chart:
    bound = min(largest([row["excess_annualized"] for row in rows]), 0.2)
    cells: list[dict[str, Any]] = [
        {
            "column": write(row[column]),
            "row": label(row),
            "label": words.percent(row["annualized"]),
            "excess": f"{words.points(row['excess_annualized'])} points",
            "drawdown": words.share(row["drawdown"]),
            "liquidations": str(row.get("liquidations_count", 0)),
            "step": map_class(row["excess_annualized"], bound),
            "is_marked": row.get("is_default", False),
        }
        for row in rows
    ]
    ordered = sorted({row[column] for row in rows})
    tips = [
        ("row", "run"),
        ("column", column.split("_", maxsplit=1)[0]),
        ("label", "return a year"),
    ]
    tips += [("excess", "against the hurdle"), ("drawdown", "drawdown")]
    if any("liquidations_count" in row for row in rows):
        tips.append(("liquidations", "liquidations"))
    return map_chart(
        held,
        cells,
        x="column",
        y="row",
        titles=titles,
        orders=(
            [write(value) for value in ordered],
            list(dict.fromkeys(label(row) for row in rows)),
        ),
        tips=tips,
    )


def breakeven_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the days to break even by size and leverage.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    rows = facts["breakeven_grid"]
    reached = [row["breakeven_days"] for row in rows if row["breakeven_days"] is not None]
    low, high = min(reached, default=0.0), max(reached, default=1.0)
    cells = [
        {
            "size": f"{words.usd(row['capital_usd'])} USD",
            "at": words.multiple(row["leverage"]),
            "label": words.decimal(row["breakeven_days"], 0)
            if row["breakeven_days"] is not None
            else "never",
            "hurdle": words.decimal(row["hurdle_days"], 0)
            if row["hurdle_days"] is not None
            else "never",
            "cost": words.share(row["round_trip_share"], 2),
            "step": _wait_step(row["breakeven_days"], low, high),
        }
        for row in rows
    ]
    sizes = list(dict.fromkeys(f"{words.usd(row['capital_usd'])} USD" for row in rows))
    return Figure(
        key="breakeven",
        title="Days until the round trip is earned back, by capital and leverage",
        alt=(
            f"Map of {len(rows)} pairs at the window's mean rates; {len(reached)} break even, "
            f"between {words.decimal(low, 0)} and {words.decimal(high, 0)} days."
        ),
        data=held.rows,
        panels=[
            map_chart(
                held,
                cells,
                x="at",
                y="size",
                titles=(None, None),
                orders=([words.multiple(lev) for lev in runs.spec.leverages], sizes),
                tips=[
                    ("size", "capital, USD"),
                    ("at", "leverage"),
                    ("label", "days to even"),
                    ("hurdle", "days to match the hurdle"),
                    ("cost", "round trip"),
                ],
            )
        ],
    )


def _wait_step(value: float | None, low: float, high: float) -> int:
    """Return a class from blue (soon) to the paper (late); never is orange."""
    if value is None:
        return 1
    share = (value - low) / (high - low) if high > low else 0.0
    return 8 - round(4 * share)
