"""The memo's figures: equity of the choice beside hurdle and study, and the half-years."""

from __future__ import annotations

from collections.abc import Iterator

import altair as alt
import numpy as np

from basislab.report import words
from basislab.report.charts.base import (
    Chart,
    Figure,
    Held,
    Line,
    Rows,
    colours,
    hidden,
    shown,
    signed_axis,
    sized,
    time_axis,
)
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.palette import role
from basislab.types.decision import Decision

CHOSEN = Line("chosen position", "rebalance")
HURDLE = Line("hurdle", "hurdle", is_dashed=True)
STUDY = Line("published study", "static")

MARKED = {
    "liquidation": "a leg liquidated",
    "deleverage": "both legs cut",
    "resize": "size traded back",
}
"""Kinds of events that the figure marks, and how it names them."""


def memo_figures(found: Decision) -> Iterator[Figure]:
    """Yield the memo's figures."""
    yield equity_figure(found)
    yield regime_figure(found)


def equity_figure(found: Decision) -> Figure:
    """Draw equity by day, and what happened to the position."""
    held, curves = Held(), found.curves
    series = {CHOSEN.name: curves.chosen_usd, HURDLE.name: curves.hurdle_usd}
    lines = [CHOSEN, HURDLE]
    if curves.rival_usd is not None:
        series[STUDY.name] = curves.rival_usd
        lines.append(STUDY)
    stamps = (curves.days.astype("datetime64[s]").astype(np.int64) * 1000).tolist()
    labels = curves.days.astype(str).tolist()
    rows: Rows = [
        {"t": t, "day": day, "series": name, "equity_usd": value}
        for name, values in series.items()
        for t, day, value in zip(stamps, labels, values.tolist(), strict=True)
    ]
    drawn = lines_chart(
        held, rows, lines, value="equity_usd", title="USD", written=",.0f", height=180
    )
    marks = _marks(found)
    panel = drawn + _points(held, marks) if marks else drawn
    ends = [f"{name} {words.usd(float(values[-1]))} USD" for name, values in series.items()]
    excess = found.made.annualized - found.made.hurdle_annualized
    side = "above" if excess > 0 else "below"
    return Figure(
        key="memo-equity",
        title=(
            f"The chosen position ends {side} the hurdle, {found.hurdle}: "
            f"{words.usd(found.capital_usd)} USD by day"
        ),
        alt=f"Lines of equity by day. At the end: {words.join(ends)}. Dots mark what was done.",
        data=held.rows,
        panels=[panel],
        legend=lines,
    )


def _marks(found: Decision) -> Rows:
    days = found.curves.days.astype(str).tolist()
    at = dict(zip(days, found.curves.chosen_usd.tolist(), strict=True))
    return [
        {
            "t": int(np.datetime64(event.time[:10], "s").astype(np.int64) * 1000),
            "time": event.time,
            "what": MARKED[event.kind],
            "equity_usd": at[event.time[:10]],
            "cost_usd": event.cost_usd + event.penalty_usd,
        }
        for event in found.curves.events
        if event.kind in MARKED and event.time[:10] in at
    ]


def _points(held: Held, marks: Rows) -> Chart:
    is_bad = alt.datum.what == MARKED["liquidation"]
    chart: Chart = (
        alt.Chart(held.add(marks))
        .mark_point(filled=True, opacity=0.9)
        .encode(
            x=time_axis(),
            y=alt.Y("equity_usd:Q"),
            size=alt.condition(is_bad, alt.value(90), alt.value(26)),
            color=alt.condition(is_bad, alt.value(role("loss")), alt.value(role("ink"))),
            tooltip=[
                alt.Tooltip("time:N", title="time"),
                alt.Tooltip("what:N", title="what"),
                alt.Tooltip("cost_usd:Q", format=",.2f", title="cost, USD"),
            ],
        )
    )
    return chart


def regime_figure(found: Decision) -> Figure:
    """Draw the return and the hurdle of every half-year beside each other."""
    held, lines = Held(), (CHOSEN, HURDLE)
    rows = [
        {"half": row.name, "series": name, "made": value}
        for row in found.half_years
        for name, value in ((CHOSEN.name, row.made_return), (HURDLE.name, row.hurdle_return))
    ]
    chart = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .mark_bar()
        .encode(
            x=alt.X("half:N", axis=alt.Axis(title=None, labelAngle=0), sort=None),
            xOffset=alt.XOffset("series:N", sort=[line.name for line in lines]),
            y=alt.Y("made:Q", axis=signed_axis("+.0%", title="return in the half-year")),
            color=alt.Color("series:N", scale=colours(lines)),
            tooltip=[
                alt.Tooltip("half:N", title="half-year"),
                alt.Tooltip("series:N", title="what"),
                alt.Tooltip("made:Q", format="+.1%", title="return"),
            ],
        )
        .add_params(hidden())
    )
    best = max(found.half_years, key=lambda row: row.excess_return)
    told = [
        f"{row.name} {words.percent(row.made_return)} against {words.percent(row.hurdle_return)}"
        for row in found.half_years
    ]
    return Figure(
        key="memo-regimes",
        title=f"{best.name} earned most: the position and the hurdle by half-year",
        alt=f"Two bars a half-year. {words.join(told)}.",
        data=held.rows,
        panels=[sized(chart, 150)],
        legend=lines,
    )
