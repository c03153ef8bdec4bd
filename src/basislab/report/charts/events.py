"""What happened to a position: marks on the price, marks by leverage."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from basislab.report.charts.base import (
    AT_CHOSEN_LEVERAGE,
    Chart,
    Held,
    Line,
    Rows,
    chosen,
    colours,
    hidden,
    shown,
    sized,
    time_axis,
    zoom,
)
from basislab.report.charts.palette import role
from basislab.report.charts.series import price_rows
from basislab.types.market import Market

EVENTS = (
    Line("capital moved", "static"),
    Line("size traded back", "conditional"),
    Line("liquidation", "rebalance"),
    Line("ruined", "ink"),
)
"""The series of `series.event_rows`."""


def price_panel(held: Held, market: Market, leverage: float, events: Rows) -> Chart:
    """Return the price with the events of a run on it; the leverage is the one chosen first."""
    asset = market.asset
    price = alt.Chart(held.add(price_rows(market)))
    y = alt.Y("close_usd:Q", title=f"{asset}, USD", scale=alt.Scale(zero=False))
    band = price.mark_area(color=role("price"), opacity=0.25).encode(
        x=time_axis(), y=alt.Y("low_usd:Q", title=f"{asset}, USD"), y2="high_usd:Q"
    )
    line = price.mark_line(color=role("price"), strokeWidth=1.5).encode(
        x=time_axis(),
        y=y,
        tooltip=[
            alt.Tooltip("day:N"),
            alt.Tooltip("close_usd:Q", title=f"{asset}, USD", format=",.2f"),
        ],
    )
    marks = (
        alt.Chart(held.add(events))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .mark_point(filled=True, size=95, opacity=1, stroke=role("paper"), strokeWidth=1)
        .encode(
            x=time_axis(),
            y=y,
            color=alt.Color("series:N", scale=colours(EVENTS)),
            shape=alt.Shape("series:N", scale=_shapes(EVENTS)),
            tooltip=_tips(),
        )
    )
    layers = alt.layer(band, line.add_params(zoom()), marks).add_params(chosen(leverage), hidden())
    return sized(layers, 190)


def timeline(held: Held, events: Rows, used: Sequence[Line], order: Sequence[str]) -> Chart:
    """Return the events over time, one row of the chart for each value of ``at``, in order."""
    chart = (
        alt.Chart(held.add(events))
        .transform_filter(shown())
        .mark_point(filled=True, size=110, opacity=0.9)
        .encode(
            x=time_axis(),
            y=alt.Y("at:N", title=None, sort=list(order), scale=alt.Scale(domain=list(order))),
            color=alt.Color("series:N", scale=colours(used)),
            shape=alt.Shape("series:N", scale=_shapes(used)),
            tooltip=_tips(),
        )
        .add_params(zoom())
    )
    return sized(chart.add_params(hidden()), 46 * len(order) + 10)


def _shapes(lines: Sequence[Line]) -> alt.Scale:
    """Return the shapes of the events: never told apart by colour alone."""
    shapes = dict(zip(EVENTS, ("circle", "diamond", "triangle-down", "cross"), strict=True))
    return alt.Scale(domain=[line.name for line in lines], range=[shapes[line] for line in lines])


def _tips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("day:N"),
        alt.Tooltip("series:N", title="event"),
        alt.Tooltip("leg:N"),
        alt.Tooltip("close_usd:Q", title="close, USD", format=",.2f"),
        alt.Tooltip("moved_usd:Q", title="moved, USD", format=",.0f"),
        alt.Tooltip("paid_usd:Q", title="paid, USD", format=",.0f"),
        alt.Tooltip("equity_usd:Q", title="equity after, USD", format=",.0f"),
    ]
