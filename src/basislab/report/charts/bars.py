"""Bars: stacked along a row, or beside each other over a column."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from basislab.report.charts.base import Chart, Held, Line, Rows, colours, hidden, shown, sized
from basislab.report.charts.palette import role

ROW = 54
"""Pixels of a row of stacked bars."""


def stacked_bars(
    held: Held,
    rows: Rows,
    lines: Sequence[Line],
    *,
    order: Sequence[str],
    title: str,
    tips: Sequence[alt.Tooltip],
) -> Chart:
    """Return one bar a row, made of its series from left to right.

    Rows have ``at``, ``series``, ``place`` (of the series) and ``amount_usd``.
    """
    chart = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .mark_bar(height=alt.RelativeBandSize(band=0.6))
        .encode(
            y=alt.Y("at:N", sort=list(order), title=None, axis=alt.Axis(labelFontSize=14)),
            x=alt.X(
                "amount_usd:Q", title=title, axis=alt.Axis(grid=True, format=",.0f", tickCount=5)
            ),
            color=alt.Color("series:N", scale=colours(lines)),
            order=alt.Order("place:Q"),
            tooltip=list(tips),
        )
    )
    return sized(chart.add_params(hidden()), ROW * len(order))


def share_bars(
    held: Held,
    rows: Rows,
    lines: Sequence[Line],
    *,
    order: Sequence[str],
    titles: tuple[str, str],
    tips: Sequence[alt.Tooltip],
) -> Chart:
    """Return bars of shares of a whole, one a series beside each other, each with its percent.

    Rows have ``held`` (the column), ``series`` and ``share``; the titles are those of the axes.
    """
    base = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .encode(
            x=alt.X("held:N", sort=list(order), title=titles[0], axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("series:N", sort=[line.name for line in lines]),
            y=alt.Y(
                "share:Q",
                axis=alt.Axis(format=".0%", title=titles[1]),
                scale=alt.Scale(domain=[0, 1]),
            ),
            tooltip=list(tips),
        )
    )
    bars = base.mark_bar().encode(color=alt.Color("series:N", scale=colours(lines)))
    texts = base.mark_text(dy=-8, color=role("ink")).encode(text=alt.Text("share:Q", format=".0%"))
    return sized(alt.layer(bars, texts).add_params(hidden()), 260)
