"""Figures that compare amounts: hurdle, waterfall, rates by month, fees, entry days, venues."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from basislab.report import words
from basislab.report.figures.base import (
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
)
from basislab.report.figures.palette import role
from basislab.report.figures.paths import MODELS, venue_lines
from basislab.report.runs import Facts, Runs

BEST = "best trigger"


def hurdle_figure(runs: Runs, facts: Facts) -> Figure:
    """Return every model's return a year as a distance from the hurdle.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    bar = facts["hurdle"]["hurdle_annualized"]
    lines = (*MODELS, Line(BEST, "other"))
    best = [row | {"model": BEST} for row in facts["waterfall"] if not row["is_default"]]
    rows = [
        {
            "at": words.multiple(row["leverage"]),
            "series": row["model"],
            "annualized": row["annualized"],
            "hurdle": bar,
            "excess": f"{words.points(row['excess_annualized'])} points",
            "drawdown": words.share(row["drawdown"]),
        }
        for row in [*facts["models"], *best]
    ]
    names = [line.name for line in lines]
    order = [words.multiple(leverage) for leverage in runs.spec.leverages]
    base = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .encode(
            y=alt.Y("at:N", sort=order, title=None, axis=alt.Axis(labelFontSize=14)),
            yOffset=alt.YOffset("series:N", sort=names, scale=alt.Scale(domain=names)),
            color=alt.Color("series:N", scale=colours(lines), sort=names),
            tooltip=[
                alt.Tooltip("series:N", title="model"),
                alt.Tooltip("at:N", title="leverage"),
                alt.Tooltip("annualized:Q", title="return a year", format="+.1%"),
                alt.Tooltip("excess:N", title="against the hurdle"),
                alt.Tooltip("drawdown:N"),
            ],
        )
    )
    x = alt.X(
        "annualized:Q",
        title="return a year, simple",
        axis=signed_axis("+.0%", grid=True, tickCount=6),
    )
    stems = base.mark_rule(strokeWidth=3).encode(x=x, x2="hurdle:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=x, shape=alt.Shape("series:N", scale=_shapes(names), sort=names)
    )
    rule = (
        alt.Chart(held.add([{"hurdle": bar}]))
        .mark_rule(color=role("hurdle"), strokeWidth=1.5, strokeDash=[5, 4])
        .encode(x="hurdle:Q", tooltip=[alt.Tooltip("hurdle:Q", format="+.1%")])
    )
    above = sum(row["excess_annualized"] > 0 for row in facts["models"])
    return Figure(
        key="hurdle",
        title=f"Every model against the hurdle of {words.percent(bar)} a year (dashed)",
        alt=(
            f"Dots, one a model and leverage, joined to the hurdle; of {len(facts['models'])} runs "
            f"{above} are above it. Realistic model: "
            + words.join(
                [
                    f"{words.multiple(row['leverage'])} {words.percent(row['annualized'])}"
                    for row in facts["models"]
                    if row["model"] == "rebalance"
                ]
            )
            + "."
        ),
        data=held.rows,
        panels=[sized(alt.layer(stems, dots, rule).add_params(hidden()), 104 * len(order))],
        legend=lines if best else lines[:-1],
    )


def _shapes(names: Sequence[str]) -> alt.Scale:
    shapes = ["triangle-down", "circle", "square", "diamond", "cross"]
    return alt.Scale(domain=list(names), range=shapes[: len(names)])


def rates_figure(_: Runs, facts: Facts) -> Figure:
    """Return funding and lending rates by month.

    Parameters
    ----------
    _ : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    venues = venue_lines(facts)
    market = facts["market"]
    lines = (
        Line(f"{market['asset']} lending", "conditional"),
        Line(f"{market['quote']} borrowing", "rotation"),
        Line("hurdle", "hurdle", is_dashed=True),
    )
    funding = [
        {"month": row["month"], "series": item["venue"], "apy": item["funding_apy"]}
        for row in facts["months"]
        for item in row["funding"]
    ]
    keys = ("supply_apy", "borrow_apy", "hurdle_apy")
    lending = [
        {"month": row["month"], "series": line.name, "apy": row[key]}
        for row in facts["months"]
        for line, key in zip(lines, keys, strict=True)
    ]
    means = [f"{row['what']} {words.percent(row['mean_apy'])}" for row in facts["rates"]]
    every = (*venues, *lines)
    return Figure(
        key="rates",
        title="Funding and lending rates by month, APY",
        alt=f"Bars (funding) and lines (lending) by month; means: {words.join(means)}.",
        data=held.rows,
        panels=[_month_bars(held, funding, every, len(venues)), _month_lines(held, lending, every)],
        legend=every,
    )


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


def _month_bars(held: Held, rows: Rows, lines: Sequence[Line], venues: int) -> Chart:
    names = [line.name for line in lines[:venues]]
    chart = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .mark_bar()
        .encode(
            x=_month(rows),
            xOffset=alt.XOffset("series:N", sort=names),
            y=alt.Y("apy:Q", axis=signed_axis("+.0%", title="funding, APY")),
            color=alt.Color("series:N", scale=colours(lines)),
            tooltip=_tips(),
        )
    )
    return sized(chart.add_params(hidden()), 230)


def _month_lines(held: Held, rows: Rows, lines: Sequence[Line]) -> Chart:
    base = alt.Chart(held.add(rows)).transform_filter(shown())
    encoded = {
        "x": _month(rows),
        "y": alt.Y("apy:Q", axis=alt.Axis(format=".0%", title="lending and borrowing, APY")),
        "color": alt.Color("series:N", scale=colours(lines)),
        "tooltip": _tips(),
    }
    drawn = base.mark_line(strokeWidth=2).encode(**encoded)
    dots = base.mark_point(filled=True, size=45, opacity=1).encode(**encoded)
    return sized(alt.layer(drawn, dots).add_params(hidden()), 190)


def fees_figure(runs: Runs, facts: Facts) -> Figure:
    """Return what the costs of the realistic run consist of, penalties beside them.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    parts = (
        (Line("opening", "static"), "opening_usd"),
        (Line("reopening", "other"), "reopening_usd"),
        (Line("transfers", "conditional"), "transfers_usd"),
        (Line("closing", "rotation"), "closing_usd"),
        (Line("penalties", "rebalance"), "penalty_usd"),
    )
    rows = [
        {
            "at": words.multiple(row["leverage"]),
            "series": line.name,
            "place": place,
            "amount_usd": row[key],
        }
        for row in facts["fees"]
        for place, (line, key) in enumerate(parts)
    ]
    lines = [line for line, _ in parts]
    order = [words.multiple(leverage) for leverage in runs.spec.leverages]
    chart = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .mark_bar(height=alt.RelativeBandSize(band=0.6))
        .encode(
            y=alt.Y("at:N", sort=order, title=None, axis=alt.Axis(labelFontSize=14)),
            x=alt.X(
                "amount_usd:Q", title="USD", axis=alt.Axis(grid=True, format=",.0f", tickCount=5)
            ),
            color=alt.Color("series:N", scale=colours(lines)),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("at:N", title="leverage"),
                alt.Tooltip("series:N", title="cost"),
                alt.Tooltip("amount_usd:Q", title="USD", format=",.2f"),
            ],
        )
    )
    spoken = [
        f"{words.multiple(row['leverage'])} {words.usd(row['fees_usd'])} and "
        f"{words.usd(row['penalty_usd'])}"
        for row in facts["fees"]
    ]
    return Figure(
        key="fees",
        title="Fees and penalties at the default trigger, USD",
        alt=f"Stacked bars; fees and penalties in USD: {words.join(spoken)}.",
        data=held.rows,
        panels=[sized(chart.add_params(hidden()), 54 * len(order))],
        legend=lines,
    )


def entry_figure(_: Runs, facts: Facts) -> Figure:
    """Return the share of start days that won, by holding period.

    Parameters
    ----------
    _ : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    lines = (Line("every start day", "static"), Line("after a day of positive funding", "other"))
    rows = [
        {"held": f"{row['holding_days']} days", "series": line.name, "share": row[key]}
        for row in facts["entry"]["rows"]
        for line, key in zip(lines, ("win_rate", "smart_win_rate"), strict=True)
        if row[key] is not None
    ]
    order = [f"{row['holding_days']} days" for row in facts["entry"]["rows"]]
    base = (
        alt.Chart(held.add(rows))
        .transform_filter(shown())
        .encode(
            x=alt.X("held:N", sort=order, title="held for", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("series:N", sort=[line.name for line in lines]),
            y=alt.Y(
                "share:Q",
                axis=alt.Axis(format=".0%", title="share of start days that won"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            tooltip=[
                alt.Tooltip("held:N", title="held"),
                alt.Tooltip("series:N", title="start"),
                alt.Tooltip("share:Q", title="won", format=".1%"),
            ],
        )
    )
    bars = base.mark_bar().encode(color=alt.Color("series:N", scale=colours(lines)))
    texts = base.mark_text(dy=-8, color=role("ink")).encode(text=alt.Text("share:Q", format=".0%"))
    spoken = [
        f"{row['holding_days']} days {words.share(row['win_rate'])}"
        for row in facts["entry"]["rows"]
    ]
    return Figure(
        key="entry",
        title="How often a position of a given holding period won",
        alt=f"Bars; share of all start days that won: {words.join(spoken)}.",
        data=held.rows,
        panels=[sized(alt.layer(bars, texts).add_params(hidden()), 260)],
        legend=lines,
    )
