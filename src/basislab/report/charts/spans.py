"""Spans of time: as wide as they lasted, as high as what they made."""

from __future__ import annotations

import altair as alt

from basislab.report.charts.base import Chart, Held, Rows, sized, time_axis, zoom
from basislab.report.charts.palette import role
from basislab.report.charts.series import days
from basislab.types.market import Market


def spans_chart(held: Held, market: Market, spans: Rows, *, title: str) -> Chart:
    """Return a bar a span.

    Spans have the days ``opened_on``, ``closed_on``, and ``held_days``, ``net_usd``, ``reason``.
    """
    stamps = dict(zip(*reversed(days(market)), strict=True))
    rows = [
        span
        | {
            "t": stamps[span["opened_on"]],
            "t2": stamps[span["closed_on"]],
            "zero": 0.0,
            "colour": role("gain" if span["net_usd"] > 0 else "loss"),
        }
        for span in spans
    ]
    chart = (
        alt.Chart(held.add(rows))
        .mark_rect(opacity=0.85, strokeWidth=2)
        .encode(
            x=time_axis(),
            x2="t2:T",
            y=alt.Y("net_usd:Q", title=title),
            y2="zero:Q",
            color=alt.Color("colour:N", scale=None),
            stroke=alt.Stroke("colour:N", scale=None),
            tooltip=[
                alt.Tooltip("opened_on:N", title="opened"),
                alt.Tooltip("closed_on:N", title="closed"),
                alt.Tooltip("held_days:Q", title="days"),
                alt.Tooltip("net_usd:Q", title="made, USD", format="+,.0f"),
                alt.Tooltip("reason:N"),
            ],
        )
        .add_params(zoom())
    )
    return sized(chart, 220)
