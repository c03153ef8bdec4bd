"""Figures of the policy lab: frontier, regret, differences, the map of sizes, the start days."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import altair as alt
import numpy as np

from basislab.errors import ConfigError
from basislab.report import words
from basislab.report.charts.base import (
    Figure,
    Held,
    Line,
    Rows,
    colours,
    signed_axis,
    sized,
)
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.maps import largest, map_chart
from basislab.report.charts.palette import map_class, role
from basislab.types.policies import PolicyComparison
from basislab.types.policy_parts import GATED

FAMILIES = (
    Line("never", "hurdle"),
    Line("transfers", "rebalance"),
    Line("resize", "static"),
    Line("resize to the edge", "conditional"),
)
FAN_COLOURS = ("static", "rebalance", "conditional", "rotation")
ROW = 19
"""Pixels of a policy's row."""


def frontier_figure(found: PolicyComparison) -> Figure:
    """Draw the excess over the hurdle against the drawdown, a point a policy."""
    held = Held()
    rows: Rows = []
    for policy in found.policies:
        interval = found.interval(policy.name)
        rows.append(
            {
                "policy": policy.name,
                "series": policy.family,
                "gate": "with a gate" if policy.is_gated else "always in",
                "drawdown": found.value(policy.name, "max_drawdown"),
                "excess": found.value(policy.name, "excess_return"),
                "low": interval.low,
                "high": interval.high,
            }
        )
    base = alt.Chart(held.add(rows))
    tips = [
        alt.Tooltip("policy:N"),
        alt.Tooltip("excess:Q", format="+.1%", title="above the hurdle, a year"),
        alt.Tooltip("low:Q", format="+.1%", title="90 %, low"),
        alt.Tooltip("high:Q", format="+.1%", title="90 %, high"),
        alt.Tooltip("drawdown:Q", format=".1%"),
    ]
    points = base.mark_point(size=90, strokeWidth=2).encode(
        x=alt.X("drawdown:Q", axis=alt.Axis(format=".1~%"), title="largest drawdown"),
        y=alt.Y("excess:Q", axis=signed_axis("+.0%", title="above the hurdle, a year")),
        color=alt.Color("series:N", scale=colours(FAMILIES)),
        shape=alt.Shape(
            "gate:N",
            scale=alt.Scale(domain=["always in", "with a gate"], range=["circle", "triangle-up"]),
        ),
        tooltip=tips,
    )
    zero = alt.Chart(held.add([{"zero": 0.0}])).mark_rule(color=role("soft"))
    best = max(rows, key=lambda row: row["excess"])
    return Figure(
        key="frontier",
        title="Return above the hurdle against the largest drawdown; triangles have a gate",
        alt=(
            f"{len(rows)} points; {best['policy']} is highest with {_points(best['excess'])} at a "
            f"drawdown of {words.share(best['drawdown'])}."
        ),
        data=held.rows,
        panels=[sized(alt.layer(zero.encode(y="zero:Q"), points), 320)],
        legend=FAMILIES,
    )


def regret_figure(found: PolicyComparison) -> Figure:
    """Draw what each policy kept of the excess that foresight would have made, the most first."""
    held = Held()
    kept = {name: found.kept(name) for name in found.names}
    known = sorted((name for name in kept if kept[name] == kept[name]), key=lambda one: -kept[one])
    if not known:
        raise ConfigError("plot: foresight found nothing above the hurdle; there is no regret.")
    rows = [
        {
            "policy": name,
            "kept": kept[name],
            "told": words.percent(kept[name], 0),
            "fill": role("gain" if kept[name] > 0.0 else "loss"),
        }
        for name in known
    ]
    base = alt.Chart(held.add(rows)).encode(y=_policy_axis(known))
    bars = base.mark_bar(height={"band": 0.7}).encode(
        x=alt.X(
            "kept:Q",
            axis=signed_axis("+.0%", title="kept of the attainable excess; 100 % is foresight"),
        ),
        color=alt.Color("fill:N", scale=None),
        tooltip=[alt.Tooltip("policy:N"), alt.Tooltip("told:N", title="kept")],
    )
    whole = alt.Chart(held.add([{"all": 1.0}])).mark_rule(strokeDash=[5, 4], color=role("hurdle"))
    attainable = float(np.median(found.bound_return)) - found.hurdle_return
    return Figure(
        key="regret",
        title=f"What was kept of {_points(attainable)} a year that foresight would have made",
        alt=f"Bars; {known[0]} kept most, {rows[0]['told']}; {known[-1]} least.",
        data=held.rows,
        panels=[sized(alt.layer(bars, whole.encode(x="all:Q")), ROW * len(known))],
    )


def differences_figure(found: PolicyComparison) -> Figure:
    """Draw every policy's paired difference from the reference with its 90 % interval."""
    held, tones = Held(), {"better": "gain", "worse": "loss"}
    rows: Rows = []
    for name in found.names:
        if name != found.reference:
            one = found.versus(name)
            tone = role(tones.get(found.standing(name), "price"))
            rows.append(
                {"policy": name, "middle": one.median, "low": one.low, "high": one.high}
                | {"fill": tone, "standing": found.standing(name)}
            )
    if not rows:
        raise ConfigError("plot: there is no policy beside the reference.")
    rows.sort(key=lambda row: -row["middle"])
    base = alt.Chart(held.add(rows)).encode(
        y=_policy_axis([row["policy"] for row in rows]), color=alt.Color("fill:N", scale=None)
    )
    tips = [
        alt.Tooltip("policy:N"),
        alt.Tooltip("standing:N"),
        *(alt.Tooltip(f"{name}:Q", format="+.1%") for name in ("low", "middle", "high")),
    ]
    axis = signed_axis("+.0%", title=f"a year more than {found.reference}, on the same days")
    spans = base.mark_rule(strokeWidth=3).encode(x=alt.X("low:Q", axis=axis), x2="high:Q")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x="middle:Q", tooltip=tips)
    zero = alt.Chart(held.add([{"zero": 0.0}])).mark_rule(color=role("soft")).encode(x="zero:Q")
    apart = sum(row["standing"] != "not told apart" for row in rows)
    return Figure(
        key="differences",
        title=f"Paired differences from {found.reference}, 90 % intervals; grey: not told apart",
        alt=f"{apart} of {len(rows)} intervals leave out zero.",
        data=held.rows,
        panels=[sized(alt.layer(zero, spans, dots), ROW * len(rows))],
    )


def map_figure(found: PolicyComparison) -> Figure:
    """Draw the kept sizes: band down, leverages across, the plateau framed."""
    if not found.cells:
        raise ConfigError("plot: no size of the map could be opened.")
    held = Held()
    bound = largest([cell.excess_return for cell in found.cells])
    rows: Rows = [
        {
            "down": f"{cell.band:.0%}",
            "across": _pair(cell.leverages),
            "label": words.percent(cell.excess_return),
            "step": map_class(cell.excess_return, bound),
            "is_marked": cell.is_plateau,
            "standing": "plateau" if cell.is_plateau else "",
        }
        for cell in found.cells
    ]
    best = max(found.cells, key=lambda cell: cell.excess_return)
    count = sum(cell.is_plateau for cell in found.cells)
    across = list(dict.fromkeys(row["across"] for row in rows))
    down = list(dict.fromkeys(row["down"] for row in rows))
    tips = [("down", "band"), ("across", "long/short"), ("label", "above the hurdle, a year")]
    panel = map_chart(
        held,
        rows,
        x="across",
        y="down",
        titles=("leverage, long/short", "band"),
        orders=(across, down),
        tips=[*tips, ("standing", "")],
        frame=0.88,
    )
    return Figure(
        key="map",
        title="Above the hurdle a year by band and leverage; framed: surely, as are its neighbours",
        alt=(
            f"{count} of {len(rows)} sizes are on the plateau; highest is {best.band:.0%} "
            f"at {_pair(best.leverages)} with {_points(best.excess_return)}."
        ),
        data=held.rows,
        panels=[panel],
    )


def fan_figure(found: PolicyComparison, policies: Sequence[str] | None = None) -> Figure:
    """Draw the excess over the horizon by the day on which the position was begun."""
    names = [found.reference, found.reference + GATED, "trigger", "never"]
    names = [name for name in names if name in found.names] if policies is None else list(policies)
    if not found.starts.days or not 1 <= len(names) <= len(FAN_COLOURS):
        raise ConfigError(
            f"plot: {len(found.starts.days)} start days and {len(names)} policies; there must be a "
            f"start day, and up to {len(FAN_COLOURS)} policies."
        )
    lines = [Line(name, colour) for name, colour in zip(names, FAN_COLOURS, strict=False)]
    held, days = Held(), found.starts.days
    stamps = [int(np.datetime64(day, "ms").astype(np.int64)) for day in days]
    rows: Rows = [
        {"t": t, "day": day, "series": name, "value": value}
        for name in names
        for t, day, value in zip(
            stamps,
            days,
            np.median(found.starts.excess[found.index(name)], axis=0).tolist(),
            strict=True,
        )
    ]
    panel = lines_chart(
        held,
        rows,
        lines,
        value="value",
        title=f"above the hurdle over {found.starts.horizon_days} days",
        written="+.1%",
    )
    above = [
        f"{name} {float((found.starts.excess[found.index(name)] > 0).mean()):.0%}" for name in names
    ]
    return Figure(
        key="fan",
        title=f"Begun on each day and held {found.starts.horizon_days} days: above the hurdle",
        alt=f"Lines over {len(days)} start days; above the hurdle: {words.join(above)} of them.",
        data=held.rows,
        panels=[panel],
        legend=lines,
    )


POLICY_KINDS: dict[str, Callable[..., Figure]] = {
    "frontier": frontier_figure,
    "regret": regret_figure,
    "differences": differences_figure,
    "map": map_figure,
    "fan": fan_figure,
}


def _policy_axis(names: Sequence[str]) -> alt.Y:
    return alt.Y(
        "policy:N", title=None, sort=list(names), axis=alt.Axis(labelLimit=220, labelOverlap=False)
    )


def _pair(leverages: Sequence[float]) -> str:
    return "/".join(f"{one:g}x" for one in leverages)


def _points(value: float) -> str:
    return f"{words.points(value)} points"


def policy_figures(found: PolicyComparison) -> dict[str, Figure]:
    """Return every figure that the comparison has something for, by its kind."""
    made: dict[str, Figure] = {}
    for kind, draw in POLICY_KINDS.items():
        try:
            made[kind] = draw(found)
        except ConfigError:  # nothing to draw: the page goes without it
            continue
    return made
