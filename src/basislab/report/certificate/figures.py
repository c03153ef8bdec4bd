"""Figures of certificates: start days, splits, neighbours, walk-forward; one leverage at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt
import numpy as np

from basislab.report import words
from basislab.report.certificate.rows import CertificateFacts
from basislab.report.charts.base import (
    AT_CHOSEN_LEVERAGE,
    Chart,
    Figure,
    Held,
    Line,
    Rows,
    chosen,
    signed_axis,
    sized,
)
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.palette import map_class, role
from basislab.report.fields import given

FAN = (Line("against the hurdle", "rebalance"), Line("against the capital", "static"))
WALK = (Line("walk-forward", "rebalance"), Line("hurdle", "hurdle", is_dashed=True))
ROW = 14
"""Pixels of a row of the neighbourhood map."""

LARGEST_STEP = 0.1
"""Annual excess from which the map's colour does not deepen."""


def certificate_figures(certificates: Sequence[CertificateFacts]) -> list[Figure]:
    """Return the figures of some certificates, at most one a leverage, without empty ones."""
    if not certificates or not certificates[0].start:
        return []
    made = [_fan(certificates)]
    if all(one.neighbourhood for one in certificates):
        made.append(_map(certificates))
    if all(one.cscv for one in certificates):
        made.append(_splits(certificates))
    if all(one.walk.windows for one in certificates):
        made.append(_walk(certificates))
    return made


def _figure(
    certificates: Sequence[CertificateFacts],
    key: str,
    title: str,
    text: str,
    held: Held,
    panels: Sequence[Chart],
    legend: Sequence[Line] = (),
) -> Figure:
    return Figure(
        key=key,
        title=title,
        alt=text,
        data=held.rows,
        panels=panels,
        legend=legend,
        leverages=[one.leverage for one in certificates if one.leverage is not None],
        leverage=certificates[0].leverage,
    )


def _milliseconds(day: str) -> int:
    return int(np.datetime64(day, "ms").astype(np.int64))


def _fan(certificates: Sequence[CertificateFacts]) -> Figure:
    held = Held()
    rows: Rows = [
        {
            "t": _milliseconds(day),
            "day": day,
            "leverage": one.leverage,
            "series": line.name,
            "value": value,
        }
        for one in certificates
        for line, values in zip(FAN, (one.fan.excess_return, one.fan.total_return), strict=True)
        for day, value in zip(one.fan.start_days, values, strict=True)
    ]
    panel = lines_chart(
        held,
        rows,
        FAN,
        value="value",
        title="return to the end, not annualised",
        written="+.1%",
        leverage=certificates[0].leverage,
    )
    text = "; ".join(
        f"{one.label}: {words.share(one.fan.above_share)} of the counted start days end "
        f"above the hurdle"
        for one in certificates
    )
    title = "The same decision opened on each day and held to the end of the data"
    return _figure(certificates, "certificate-fan", title, f"{text}.", held, [panel], FAN)


def _walk_rows(one: CertificateFacts) -> Iterator[dict[str, object]]:
    walk = one.walk
    growth, hurdle, done = iter(walk.equity_growth), 1.0, 0
    for window in walk.windows:
        days = walk.equity_days[done:]
        length = days.index(window.lived_to) + 1
        for number, day in enumerate(days[:length], start=1):
            grown = hurdle * (1 + window.hurdle_return) ** (number / length)
            for line, value in zip(WALK, (next(growth), grown), strict=True):
                yield {
                    "t": _milliseconds(day),
                    "day": day,
                    "leverage": one.leverage,
                    "series": line.name,
                    "value": value,
                    "choice": window.label,
                }
        hurdle *= 1 + window.hurdle_return
        done += length


def _walk(certificates: Sequence[CertificateFacts]) -> Figure:
    held = Held()
    panel = lines_chart(
        held,
        [row for one in certificates for row in _walk_rows(one)],
        WALK,
        value="value",
        title="multiple of the first capital",
        written=".3f",
        leverage=certificates[0].leverage,
    )
    text = "; ".join(
        f"{one.label}: {words.points(one.walk.excess_annualized)} points a year against "
        f"the hurdle, above it in {words.usd(one.walk.beaten_count)} of "
        f"{words.plural(one.walk.windows_count, 'window')}"
        for one in certificates
    )
    title = "Walk-forward: each window lives by what its past chose, and pays its own opening"
    return _figure(certificates, "certificate-walk", title, f"{text}.", held, [panel], WALK)


def _map_rows(one: CertificateFacts) -> Iterator[dict[str, object]]:
    area = given(one.neighbourhood)
    values = [tuple(map(given, axis)) for axis in area.values_decision]
    middles = [given(axis[len(axis) // 2]) for axis in values]
    down, across = [*values, (1.0,)][:2]
    table = np.atleast_2d(np.array(area.excess_annualized, dtype=np.float64))
    if table.shape[0] != len(down):
        table = table.T
    for i, low in enumerate(down):
        for j, high in enumerate(across):
            excess = float(table[i, j])
            is_open = not np.isnan(excess)
            yield {
                "leverage": one.leverage,
                "down": _relative(low, middles[0]),
                "across": _relative(high, middles[1]) if len(middles) > 1 else "",
                "at": ", ".join(
                    f"{name.replace('_', ' ')} {value:.3g}"
                    for name, value in zip(area.axes, (low, high), strict=False)
                ),
                "excess": f"{words.points(excess)} points" if is_open else "cannot be opened",
                "fill": role(f"map{map_class(excess, LARGEST_STEP)}" if is_open else "price"),
                "is_optimum": low == middles[0] and high == (middles[1:] or [high])[0],
            }


def _relative(value: float, middle: float) -> str:
    return words.percent(value / middle - 1, 0) if middle else f"{value:g}"


def _map(certificates: Sequence[CertificateFacts]) -> Figure:
    held = Held()
    rows = [row for one in certificates for row in _map_rows(one)]
    area = given(certificates[0].neighbourhood)
    names = [*area.axes, ""][:2]
    down = list(dict.fromkeys(str(row["down"]) for row in rows))
    across = list(dict.fromkeys(str(row["across"]) for row in rows))
    base = (
        alt.Chart(held.add(rows))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .encode(
            x=alt.X("across:N", sort=across, title=names[1], axis=alt.Axis(labelAngle=0)),
            y=alt.Y("down:N", sort=down, title=names[0]),
            tooltip=[
                alt.Tooltip("at:N", title="at"),
                alt.Tooltip("excess:N", title="against the hurdle, a year"),
            ],
        )
    )
    cells = base.mark_rect().encode(color=alt.Color("fill:N", scale=None))
    marked = base.transform_filter("datum.is_optimum").mark_rect(
        fill="transparent", stroke=role("ink"), strokeWidth=2.5
    )
    layered = alt.layer(cells, marked).add_params(chosen(certificates[0].leverage))
    panel = sized(layered, ROW * len(down))
    text = "; ".join(
        f"around {one.label} {words.usd(given(one.neighbourhood).above_count)} of "
        f"{words.usd(given(one.neighbourhood).cells_count)} cells are above the hurdle"
        for one in certificates
    )
    title = "Neighbours of the optimum, which is framed: excess over the hurdle, orange below it"
    if any(given(one.neighbourhood).impossible_count for one in certificates):
        title += ", grey where it cannot be opened"
    return _figure(certificates, "certificate-map", title, f"{text}.", held, [panel])


def _rank_colour(logit: float) -> str:
    return "price" if logit == 0 else "loss" if logit < 0 else "gain"


def _splits(certificates: Sequence[CertificateFacts]) -> Figure:
    held = Held()
    points = [
        {"leverage": one.leverage, "inside": inside, "outside": outside}
        for one in certificates
        for inside, outside in zip(
            given(one.cscv).inside_annualized, given(one.cscv).outside_annualized, strict=True
        )
    ]
    bars = [
        {
            "leverage": one.leverage,
            "logit": f"{row.rank_logit:+.2f}",
            "order": row.rank_logit,
            "share": row.splits_count / given(one.cscv).splits_count,
            "fill": role(_rank_colour(given(row.rank_logit))),
        }
        for one in certificates
        for row in given(one.cscv).histogram
    ]
    first = certificates[0].leverage
    percent = signed_axis("+.0%")
    scatter = (
        alt.Chart(held.add(points))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .mark_circle(size=28, opacity=0.45, color=role("static"))
        .encode(
            x=alt.X("inside:Q", axis=percent, title="chosen half: mean excess a year"),
            y=alt.Y("outside:Q", axis=percent, title="other half: mean excess a year"),
            tooltip=[
                alt.Tooltip("inside:Q", format="+.1%"),
                alt.Tooltip("outside:Q", format="+.1%"),
            ],
        )
        .add_params(chosen(first))
    )
    histogram = (
        alt.Chart(held.add(bars))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .mark_bar()
        .encode(
            x=alt.X(
                "logit:O",
                sort=alt.EncodingSortField("order", op="min"),
                title="logit of the rank in the other half; at zero it is the median",
                axis=alt.Axis(labelAngle=0),
            ),
            y=alt.Y("share:Q", axis=alt.Axis(format=".0%"), title="share of splits"),
            color=alt.Color("fill:N", scale=None),
            tooltip=[alt.Tooltip("logit:O"), alt.Tooltip("share:Q", format=".1%")],
        )
        .add_params(chosen(first))
    )
    text = "; ".join(
        f"{one.label}: probability of backtest overfitting "
        f"{words.share(given(one.cscv).pbo_probability)}"
        for one in certificates
    )
    title = "Chosen in one half of the sample, seen in the other; and the rank it has there"
    panels = [sized(scatter, 260), sized(histogram, 180)]
    return _figure(certificates, "certificate-splits", title, f"{text}.", held, panels)
