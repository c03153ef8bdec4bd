"""Dots joined to a rule: how far each of some returns lies from the hurdle."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from basislab.report.charts.base import (
    Chart,
    Held,
    Line,
    Rows,
    colours,
    hidden,
    shown,
    signed_axis,
    sized,
)
from basislab.report.charts.palette import role

ROW = 104
"""Pixels of a row: one dot a series below each other."""

SHAPES = ("triangle-down", "circle", "square", "diamond", "cross")


def distances_chart(
    held: Held, rows: Rows, lines: Sequence[Line], *, bar: float, order: Sequence[str]
) -> Chart:
    """Return one row for each value of ``at``, in order, and the hurdle `bar` as a dashed rule.

    Rows have ``at``, ``series``, ``annualized``, ``hurdle``, texts ``excess``, ``drawdown``.
    """
    names = [line.name for line in lines]
    base = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .encode(
            y=alt.Y("at:N", sort=list(order), title=None, axis=alt.Axis(labelFontSize=14)),
            yOffset=alt.YOffset("series:N", sort=names, scale=alt.Scale(domain=names)),
            color=alt.Color("series:N", scale=colours(lines), sort=names),
            tooltip=[
                alt.Tooltip("series:N", title="model"),
                alt.Tooltip("at:N", title="leverage"),
                alt.Tooltip("annualized:Q", title="return a year", format="+.1%"),
                alt.Tooltip("excess:N", title="against the hurdle"),
                alt.Tooltip("drawdown:N"),
            ],
        )
    )
    axis = signed_axis("+.0%", grid=True, tickCount=6)
    x = alt.X("annualized:Q", title="return a year, simple", axis=axis)
    shapes = alt.Scale(domain=names, range=list(SHAPES[: len(names)]))
    stems = base.mark_rule(strokeWidth=3).encode(x=x, x2="hurdle:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x, shape=alt.Shape("series:N", scale=shapes, sort=names)
    )
    rule = (
        alt.Chart(held.add([{"hurdle": bar}]))
        .mark_rule(color=role("hurdle"), strokeWidth=1.5, strokeDash=[5, 4])
        .encode(x="hurdle:Q", tooltip=[alt.Tooltip("hurdle:Q", format="+.1%")])
    )
    return sized(alt.layer(stems, dots, rule).add_params(hidden()), ROW * len(order))
