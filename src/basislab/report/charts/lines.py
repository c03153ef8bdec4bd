"""Daily lines with a reading line: the form of every figure over time."""

from __future__ import annotations

import re
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
    signed_axis,
    sized,
    time_axis,
    zoom,
)
from basislab.report.charts.palette import role


def literal(name: str) -> str:
    r"""Return a column's name as a field that is not read as a path.

    Examples
    --------
    >>> print(literal("a.b"))
    a\.b
    """
    return re.sub(r"([.\[\]])", r"\\\1", name)


def dashes(lines: Sequence[Line]) -> alt.Scale:
    """Return the dash scale of some series."""
    return alt.Scale(
        domain=[line.name for line in lines],
        range=[[5, 4] if line.is_dashed else [1, 0] for line in lines],
    )


def lines_chart(
    held: Held,
    rows: Rows,
    lines: Sequence[Line],
    *,
    value: str,
    title: str,
    written: str,
    height: int = 300,
    leverage: float | None = None,
) -> Chart:
    """Return daily lines, one a series, with a reading line that names all values of a day.

    Rows have ``t`` (milliseconds), ``day``, ``series``, `value` and, where a leverage is chosen,
    ``leverage``; `written` is a d3 format.
    """
    base = alt.Chart(held.add(rows)).transform_filter(shown())
    params: list[alt.Parameter] = [hidden()]
    if leverage is not None:
        base = base.transform_filter(AT_CHOSEN_LEVERAGE)
        params.append(chosen(leverage))
    hover = alt.selection_point(
        name="hover", fields=["t"], nearest=True, on="pointermove", clear="pointerout", empty=False
    )
    axis = signed_axis(written, title=title)
    drawn = base.mark_line(strokeWidth=2, interpolate="linear").encode(
        x=time_axis(),
        y=alt.Y(f"{value}:Q", axis=axis, scale=alt.Scale(zero=False)),
        color=alt.Color("series:N", scale=colours(lines)),
        strokeDash=alt.StrokeDash("series:N", scale=dashes(lines)),
    )
    tips = [alt.Tooltip("day:N", title="day")]
    tips += [
        alt.Tooltip(field=literal(line.name), type="quantitative", format=written, title=line.name)
        for line in lines
    ]
    reading = (
        base.transform_pivot("series", value=value, groupby=["t", "day"])
        .mark_rule(color=role("soft"), strokeWidth=1)
        .encode(
            x=time_axis(),
            opacity=alt.condition(hover, alt.value(0.8), alt.value(0)),
            tooltip=tips,
        )
        .add_params(hover)
    )
    return sized(alt.layer(drawn.add_params(zoom()), reading).add_params(*params), height)
