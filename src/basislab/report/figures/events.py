"""Figures of what happened: events on the price, events by leverage, deployments."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from basislab.report import words
from basislab.report.figures import series
from basislab.report.figures.base import (
    AT_CHOSEN_LEVERAGE,
    Chart,
    Figure,
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
from basislab.report.figures.palette import role
from basislab.report.runs import Facts, Runs

EVENTS = (
    Line("capital moved", "static"),
    Line("liquidation", "rebalance"),
    Line("ruined", "ink"),
)


def window(facts: Facts) -> str:
    """Return the days of a study as a phrase."""
    return f"{facts['market']['start']} to {facts['market']['end']}"


def price_panel(held: Held, runs: Runs, leverage: float, rows: Rows, height: int = 190) -> Chart:
    """Return the price with the events of the realistic run on it.

    Parameters
    ----------
    runs : Runs
    leverage : float
        Chosen at first.
    rows : list of dict
        From `series.event_rows`.
    height : int, pixels

    Returns
    -------
    altair chart
    """
    asset = runs.market.asset
    price = alt.Chart(held.add(series.price_rows(runs)))
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
        alt.Chart(held.add(rows))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .mark_point(filled=True, size=95, opacity=1, stroke=role("paper"), strokeWidth=1)
        .encode(
            x=time_axis(),
            y=y,
            color=alt.Color("series:N", scale=colours(EVENTS)),
            shape=alt.Shape("series:N", scale=event_shapes()),
            tooltip=event_tips(),
        )
    )
    layers = alt.layer(band, line.add_params(zoom()), marks).add_params(chosen(leverage), hidden())
    return sized(layers, height)


def event_shapes(lines: Sequence[Line] = EVENTS) -> alt.Scale:
    """Return the shapes of the events: never told apart by colour alone."""
    shapes = dict(zip(EVENTS, ("circle", "triangle-down", "cross"), strict=True))
    return alt.Scale(domain=[line.name for line in lines], range=[shapes[line] for line in lines])


def event_tips() -> list[alt.Tooltip]:
    """Return what an event says when it is pointed at."""
    return [
        alt.Tooltip("day:N"),
        alt.Tooltip("series:N", title="event"),
        alt.Tooltip("leg:N"),
        alt.Tooltip("close_usd:Q", title="close, USD", format=",.2f"),
        alt.Tooltip("moved_usd:Q", title="moved, USD", format=",.0f"),
        alt.Tooltip("paid_usd:Q", title="paid, USD", format=",.0f"),
        alt.Tooltip("equity_usd:Q", title="equity after, USD", format=",.0f"),
    ]


def timeline_figure(runs: Runs, facts: Facts) -> Figure:
    """Return all moves and liquidations of the realistic run, one row a leverage.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    rows = [row | {"at": words.multiple(row["leverage"])} for row in series.event_rows(runs)]
    order = [words.multiple(leverage) for leverage in runs.spec.leverages]
    happened = {row["series"] for row in rows}
    used = [line for line in EVENTS if line.name in happened]
    chart = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .mark_point(filled=True, size=110, opacity=0.9)
        .encode(
            x=time_axis(),
            y=alt.Y("at:N", title=None, sort=order, scale=alt.Scale(domain=order)),
            color=alt.Color("series:N", scale=colours(used)),
            shape=alt.Shape("series:N", scale=event_shapes(used)),
            tooltip=event_tips(),
        )
        .add_params(zoom())
    )
    counts = [
        f"{words.multiple(row['leverage'])} {row['liquidations_count']}" for row in facts["risks"]
    ]
    return Figure(
        key="timeline",
        title="When capital moved and when a leg was liquidated, default trigger",
        alt=f"Marks over {window(facts)}, one row a leverage; liquidations: {words.join(counts)}.",
        data=held.rows,
        panels=[sized(chart.add_params(hidden()), 46 * len(order) + 10)],
        legend=used,
    )


def cycles_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the deployments of the conditional model: when, how long, what each made.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    cycles = facts["cycles"]
    stamps = dict(zip(*reversed(series.days(runs)), strict=True))
    rows = [
        row
        | {
            "t": stamps[row["opened_on"]],
            "t2": stamps[row["closed_on"]],
            "zero": 0.0,
            "colour": role("gain" if row["net_usd"] > 0 else "loss"),
        }
        for row in cycles["rows"]
    ]
    chart = (
        alt.Chart(held.add(rows))
        .mark_rect(opacity=0.85, strokeWidth=2)
        .encode(
            x=time_axis(),
            x2="t2:T",
            y=alt.Y("net_usd:Q", title="made by the deployment, USD"),
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
    return Figure(
        key="cycles",
        title=(
            f"Deployments of the conditional model at {words.multiple(cycles['leverage'])}, "
            f"threshold {words.share(cycles['threshold_apy'], 0)}"
        ),
        alt=(
            f"Bars over {window(facts)}: width is the time deployed, height what it made. "
            f"{cycles['won_count']} of {cycles['cycles_count']} deployments made money."
        ),
        data=held.rows,
        panels=[sized(chart, 220)],
    )
