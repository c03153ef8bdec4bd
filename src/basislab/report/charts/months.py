"""Rates by month: bars beside each other, or lines with a dot a month."""

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


def month_bars(
    held: Held, rows: Rows, lines: Sequence[Line], order: Sequence[str], title: str
) -> Chart:
    """Return bars of ``apy`` by ``month``, the ``series`` of a month beside each other in order."""
    chart = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .mark_bar()
        .encode(
            x=_month(rows),
            xOffset=alt.XOffset("series:N", sort=list(order)),
            y=alt.Y("apy:Q", axis=signed_axis("+.0%", title=title)),
            color=alt.Color("series:N", scale=colours(lines)),
            tooltip=_tips(),
        )
    )
    return sized(chart.add_params(hidden()), 230)


def month_lines(held: Held, rows: Rows, lines: Sequence[Line], title: str) -> Chart:
    """Return lines of ``apy`` by ``month``, one a ``series``."""
    base = alt.Chart(held.add(rows)).transform_filter(shown())
    encoded = {
        "x": _month(rows),
        "y": alt.Y("apy:Q", axis=alt.Axis(format=".0%", title=title)),
        "color": alt.Color("series:N", scale=colours(lines)),
        "tooltip": _tips(),
    }
    drawn = base.mark_line(strokeWidth=2).encode(**encoded)
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(**encoded)
    return sized(alt.layer(drawn, dots).add_params(hidden()), 190)


def _month(rows: Rows) -> alt.X:
    months = list(dict.fromkeys(row["month"] for row in rows))
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy")
    return alt.X("month:N", sort=months, title=None, axis=axis)


def _tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("month:N"),
        alt.Tooltip("series:N", title="rate"),
        alt.Tooltip("apy:Q", title="APY", format="+.1%"),
    ]
