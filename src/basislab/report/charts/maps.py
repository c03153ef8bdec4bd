"""Maps: one value for every pair of two choices, in classes of colour."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import altair as alt

from basislab.report import words
from basislab.report.charts.base import Chart, Held, Rows, sized
from basislab.report.charts.palette import map_class, role

NARROW_CELL = 52
"""Pixels below which a cell shows its percent without the decimals."""

MOST_HEADS = 16
"""Columns up to which there is room for the head of each, and for a text in each cell."""

CELL = 34
"""Pixels of a row."""

WIDEST = 0.2
"""Excess a year from which the colour of a map of returns does not deepen."""


def map_chart(
    held: Held,
    rows: Rows,
    *,
    x: str,
    y: str,
    titles: tuple[str | None, str | None],
    orders: tuple[Sequence[str], Sequence[str]],
    tips: Sequence[tuple[str, str]],
    frame: float = 1.0,
) -> Chart:
    """Return a map: one cell a row of data, its text on it.

    Rows have text columns `x`, `y` and ``label``, ``step`` (the class of the colour) and, where a
    cell is framed, ``is_marked``. Tips are columns with their titles. A `frame` below 1 lies within
    its cell, so that those of neighbours are told apart.
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
                labelOverlap="greedy" if len(orders[0]) > MOST_HEADS else False,
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
    framed = base.transform_filter("datum.is_marked")
    marked = framed.mark_rect(fill="transparent", stroke=role("ink"), strokeWidth=2.5)
    if frame < 1.0:
        inset = alt.RelativeBandSize(frame)
        marked = framed.mark_rect(
            fill="transparent", stroke=role("ink"), strokeWidth=2.5, width=inset, height=inset
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


@dataclass(frozen=True, kw_only=True)
class Return:
    """A run in a map of returns.

    Parameters
    ----------
    column : float
        Value across.
    row : str
        Name of the row.
    annualized, excess, drawdown : float
        Return a year, what of it is above the hurdle, largest loss; fractions.
    liquidations : int, optional
        Left out of the map where a model does not count them.
    is_marked : bool
        Whether the cell is framed.
    """

    column: float
    row: str
    annualized: float
    excess: float
    drawdown: float
    liquidations: int | None = None
    is_marked: bool = False


def returns_map(
    held: Held,
    runs: Sequence[Return],
    write: Callable[[float], str],
    *,
    title: str,
    what: str,
) -> Chart:
    """Return returns a year, coloured by what is above the hurdle.

    `title` is that of the columns' axis, `what` names a column where it is pointed at.
    """
    bound = min(largest([run.excess for run in runs]), WIDEST)
    tips = [("row", "run"), ("column", what), ("label", "return a year")]
    tips += [("excess", "against the hurdle"), ("drawdown", "drawdown")]
    if any(run.liquidations is not None for run in runs):
        tips.append(("liquidations", "liquidations"))
    return map_chart(
        held,
        [
            {
                "column": write(run.column),
                "row": run.row,
                "label": words.percent(run.annualized),
                "excess": f"{words.points(run.excess)} points",
                "drawdown": words.share(run.drawdown),
                "liquidations": str(run.liquidations or 0),
                "step": map_class(run.excess, bound),
                "is_marked": run.is_marked,
            }
            for run in runs
        ],
        x="column",
        y="row",
        titles=(title, None),
        orders=(
            [write(value) for value in sorted({run.column for run in runs})],
            list(dict.fromkeys(run.row for run in runs)),
        ),
        tips=tips,
    )


def returns_alt(runs: Sequence[Return], what: str) -> str:
    """Say what a map of returns shows; `what` names a column."""
    above = sum(run.excess > 0 for run in runs)
    return (
        f"Map of {len(runs)} runs by {what}; above the hurdle: {above}. Best "
        f"{words.percent(max(run.annualized for run in runs))}, worst "
        f"{words.percent(min(run.annualized for run in runs))} a year."
    )
