"""Figures of one run: equity beside the hurdle, drawdown, the legs' leverage, the waterfall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.metrics import drawdown
from basislab.report import words
from basislab.report.charts.base import Chart, Figure, Held, Line, Rows, colours, time_axis
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.palette import role
from basislab.report.charts.waterfall import bar, steps, waterfall_chart
from basislab.report.study.legs import leg_paths
from basislab.simulate.rates import rate_of
from basislab.types.configs import NEVER, RebalanceConfig
from basislab.types.market import FloatArray
from basislab.types.result import Result, time_labels
from basislab.types.venue_result import VenueResult
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

EQUITY, HURDLE = Line("equity", "rebalance"), Line("hurdle", "hurdle", is_dashed=True)
LEGS = (Line("long", "static"), Line("short", "rebalance"))

MARKS = {
    "rebalance": "capital moved",
    "deleverage": "capital moved",
    "liquidation": "liquidation",
    "liquidation_penalty": "liquidation",
    "ruined": "ruined",
}
"""What is marked on the equity, by the kind of the event; openings and ends are left out."""
SHAPES = {
    "capital moved": ("static", "circle"),
    "liquidation": ("loss", "triangle-down"),
    "ruined": ("ink", "cross"),
}

MOST_BARS = 2_000
"""Bars up to which each is drawn; of longer runs the days are."""


def equity_figure(result: Result) -> Figure:
    """Draw equity at the closes beside the hurdle, with what happened."""
    held, market = Held(), result.market
    rate = rate_of(market, "supply", result.config.protocol, market.quote)
    bar_years = result.bar_seconds / SECONDS_PER_DAY / DAYS_PER_YEAR
    hurdle = result.initial_usd * np.cumprod((1.0 + rate.apy) ** bar_years)
    curves = {EQUITY.name: result.equity_usd, HURDLE.name: np.asarray(hurdle)}
    lines = lines_chart(
        held,
        _rows(result, {name: _last(result, values) for name, values in curves.items()}),
        (EQUITY, HURDLE),
        value="value",
        title="equity, USD",
        written=",.0f",
        height=320,
    )
    marks = _marks(result)
    drawn = lines if not marks else _with_marks(held, lines, marks)
    counts = ", ".join(f"{name} {count}" for name, count in result.counts.items())
    return Figure(
        key="equity",
        title=f"{_name(result)}: equity beside the hurdle",
        alt=(
            f"Lines from {result.start} to {result.end}: equity ends at "
            f"{words.usd(result.final_usd)} USD after {words.usd(result.initial_usd)}, the hurdle "
            f"earned {words.percent(result.hurdle_return)}; {counts or 'nothing happened'}."
        ),
        data=held.rows,
        panels=[drawn],
        legend=(EQUITY, HURDLE),
    )


def drawdown_figure(result: Result) -> Figure:
    """Draw the loss from the highest equity so far."""
    held = Held()
    loss = -np.asarray(drawdown(result.equity_usd, result.initial_usd))
    chart = lines_chart(
        held,
        _rows(result, {"loss": np.minimum.reduceat(loss, _starts(result))}),
        (Line("loss", "rebalance"),),
        value="value",
        title="loss from the peak",
        written=".1%",
        height=230,
    )
    return Figure(
        key="drawdown",
        title=f"{_name(result)}: loss from the highest equity so far",
        alt=f"A line; the deepest loss is {words.share(result.max_drawdown)}.",
        data=held.rows,
        panels=[chart],
    )


def legs_figure(result: Result) -> Figure:
    """Draw the effective leverage of both legs, against the trigger where there is one."""
    trigger = getattr(result.config, "trigger_leverage", NEVER)
    is_watched = trigger is not None and trigger < NEVER
    cap = 3.0 * (trigger if is_watched else 2.0 * result.config.leverage)
    starts = _starts(result)
    used = {
        leg: np.minimum(np.maximum.reduceat(values, starts), cap)
        for leg, values in _leverages(result).items()
    }
    held = Held()
    chart: Chart = lines_chart(
        held,
        _rows(result, used),
        LEGS,
        value="value",
        title=f"notional over equity, cut at {cap:.3g}x",
        written=".1f",
        height=260,
    )
    if is_watched:
        rule = alt.Chart(held.add([{"trigger": trigger}])).mark_rule(
            color=role("ink"), strokeDash=[6, 4], strokeWidth=1.5
        )
        chart = chart + rule.encode(y="trigger:Q")
    told = f"; the trigger, dashed, is {trigger:.3g}x" if is_watched else ""
    return Figure(
        key="legs",
        title=f"{_name(result)}: effective leverage of the legs{told}",
        alt=f"Two lines, the long and the short leg's leverage over time{told}.",
        data=held.rows,
        panels=[chart],
        legend=LEGS,
    )


def waterfall_figure(result: Result) -> Figure:
    """Draw the way from income over costs to the net result, with the hurdle below."""
    held, leverage = Held(), result.config.leverage
    amounts = [(name.replace("_", " "), amount) for name, amount in result.ledger.to_dict().items()]
    hurdle = result.hurdle_return * result.initial_usd
    rows = [
        *steps(leverage, amounts, "net"),
        bar(leverage, HURDLE.name, 0.0, hurdle, colour="price"),
    ]
    order = [row["account"] for row in rows]
    told = [f"{name} {words.signed_usd(amount)}" for name, amount in amounts if amount]
    return Figure(
        key="waterfall",
        title=f"{_name(result)}: from income to net result, USD",
        alt=(
            f"Bars, each beginning where the one above ends: {words.join(told)}; net "
            f"{words.signed_usd(result.ledger.total)} USD, the hurdle {words.signed_usd(hurdle)}."
        ),
        data=held.rows,
        panels=[waterfall_chart(held, rows, order, leverage)],
    )


RUN_KINDS = {
    "equity": equity_figure,
    "drawdown": drawdown_figure,
    "legs": legs_figure,
    "waterfall": waterfall_figure,
}


def _name(result: Result) -> str:
    return f"{result.model} {result.config.levered}, {result.market_name}"


def _leverages(result: Result) -> dict[str, FloatArray]:
    """Return notional over equity of both legs at every close."""
    if isinstance(result, VenueResult):
        with np.errstate(divide="ignore"):
            long = 1.0 / np.maximum(1.0 - result.column("ltv"), 1e-9)
            return {"long": long, "short": 1.0 / np.maximum(result.column("margin_ratio"), 1e-9)}
    if not isinstance(result.config, RebalanceConfig):
        raise ConfigError(
            f"plot: model {result.model!r} keeps no two legs; 'legs' is for rebalance and venue."
        )
    paths = leg_paths(result)
    return {"long": paths.long_leverage, "short": paths.short_leverage}


def _starts(result: Result) -> NDArray[np.int64]:
    """Return the first bar of everything that is drawn as one point: a bar, or a day."""
    n_bars = len(result.times)
    if n_bars <= MOST_BARS:
        return np.arange(n_bars)
    days = result.times.astype("datetime64[D]")
    return np.flatnonzero(np.r_[True, days[1:] != days[:-1]])


def _last(result: Result, values: FloatArray) -> FloatArray:
    """Return the last value of every point."""
    ends = np.r_[_starts(result)[1:], len(values)] - 1
    return np.asarray(values[ends])


def _rows(result: Result, curves: Mapping[str, FloatArray]) -> Rows:
    times = result.times[_starts(result)]
    stamps = (times.astype("datetime64[s]").astype(np.int64) * 1000).tolist()
    is_daily = len(times) < len(result.times)
    labels = time_labels(times, SECONDS_PER_DAY if is_daily else result.bar_seconds)
    return [
        {"t": t, "day": day, "series": name, "value": value}
        for name, values in curves.items()
        for t, day, value in zip(stamps, labels, values.tolist(), strict=True)
    ]


def _marks(result: Result) -> Rows:
    stamps = (result.times.astype("datetime64[s]").astype(np.int64) * 1000).tolist()
    return [
        {
            "t": stamps[event.bar],
            "day": event.time,
            "series": MARKS[event.kind],
            "leg": event.leg or "",
            "value": event.equity_usd,
            "price_usd": event.price_usd,
            "moved_usd": abs(event.moved_usd),
            "paid_usd": event.cost_usd + event.penalty_usd,
        }
        for event in result.event_list
        if event.kind in MARKS
    ]


def _with_marks(held: Held, lines: Chart, marks: Rows) -> Chart:
    happened = {row["series"] for row in marks}
    used = [name for name in SHAPES if name in happened]
    tips: Sequence[alt.Tooltip] = [
        alt.Tooltip("day:N"),
        alt.Tooltip("series:N", title="event"),
        alt.Tooltip("leg:N"),
        alt.Tooltip("price_usd:Q", title="price, USD", format=",.2f"),
        alt.Tooltip("moved_usd:Q", title="moved, USD", format=",.0f"),
        alt.Tooltip("paid_usd:Q", title="paid, USD", format=",.0f"),
        alt.Tooltip("value:Q", title="equity after, USD", format=",.0f"),
    ]
    points = (
        alt.Chart(held.add(marks))
        .mark_point(filled=True, size=80, opacity=1, stroke=role("paper"), strokeWidth=1)
        .encode(
            x=time_axis(),
            y=alt.Y("value:Q"),
            color=alt.Color(
                "series:N", scale=colours([Line(name, SHAPES[name][0]) for name in used])
            ),
            shape=alt.Shape(
                "series:N", scale=alt.Scale(domain=used, range=[SHAPES[name][1] for name in used])
            ),
            tooltip=list(tips),
        )
    )
    own = (
        "independent"  # else the dashes of the lines would have a legend beside that of the colours
    )
    both: Chart = (lines + points).resolve_scale(color=own, strokeDash=own, shape=own)
    return both
