"""Figures over time: price and events, equity, legs, drawdown, income, deployments."""

from __future__ import annotations

import altair as alt

from basislab.report import words
from basislab.report.figures import series
from basislab.report.figures.base import (
    AT_CHOSEN_LEVERAGE,
    Figure,
    Held,
    Line,
    sized,
)
from basislab.report.figures.events import price_panel, window
from basislab.report.figures.lines import lines_chart
from basislab.report.figures.palette import role
from basislab.report.runs import Facts, Runs

MODELS = (
    Line("rebalance", "rebalance"),
    Line("static", "static"),
    Line("conditional", "conditional"),
    Line("rotation", "rotation"),
)
HURDLE = Line(series.HURDLE, "hurdle", is_dashed=True)
LEGS = (Line("long", "static"), Line("short", "rebalance"))
INCOME = (
    Line("carry", "static"),
    Line("funding", "rebalance"),
    Line("both", "ink"),
    Line(series.HURDLE, "hurdle", is_dashed=True),
)
VENUE_COLOURS = ("static", "rebalance", "conditional", "rotation", "other")


def venue_lines(facts: Facts) -> tuple[Line, ...]:
    """Return a line for every venue whose funding the market has.

    Parameters
    ----------
    facts : dict

    Returns
    -------
    tuple of Line
    """
    names = [row["venue"] for row in facts["market"]["funding"]]
    return tuple(
        Line(name, VENUE_COLOURS[number % len(VENUE_COLOURS)]) for number, name in enumerate(names)
    )


def equity_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the equity of the models and of the hurdle under the price and its events.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    leverage, capital = runs.spec.focus, words.usd(runs.spec.capital_usd)
    finals = [
        f"{row['model']} {words.usd(row['final_usd'])}"
        for row in facts["models"]
        if row["leverage"] == leverage
    ]
    events = series.event_rows(runs)
    equity = lines_chart(
        held,
        series.equity_rows(runs),
        (*MODELS, HURDLE),
        value="equity_usd",
        title="equity, USD",
        written=",.0f",
        height=320,
        leverage=leverage,
    )
    return Figure(
        key="equity",
        title=f"Equity of {capital} USD, the price above it",
        alt=(
            f"Lines over {window(facts)} at {words.multiple(leverage)}. Equity at the end, USD: "
            f"{words.join(finals)}; the hurdle earned {words.usd(facts['hurdle']['net_usd'])}."
        ),
        data=held.rows,
        panels=[price_panel(held, runs, leverage, events), equity],
        legend=(*MODELS, HURDLE),
        leverages=runs.spec.leverages,
        leverage=leverage,
    )


def drawdown_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the drawdown of the models.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    leverage = runs.spec.focus
    worst = [
        f"{row['model']} {words.share(row['drawdown'])}"
        for row in facts["models"]
        if row["leverage"] == leverage
    ]
    chart = lines_chart(
        held,
        series.drawdown_rows(runs),
        MODELS,
        value="drawdown",
        title="loss from the peak",
        written=".0%",
        height=230,
        leverage=leverage,
    )
    return Figure(
        key="drawdown",
        title="Drawdown: loss from the highest equity so far",
        alt=f"Lines at {words.multiple(leverage)}; deepest: {words.join(worst)}.",
        data=held.rows,
        panels=[chart],
        legend=MODELS,
        leverages=runs.spec.leverages,
        leverage=leverage,
    )


def legs_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the equity of both legs, and their effective leverage against the trigger.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    leverage = runs.spec.focus
    equity_rows, leverage_rows, trigger_rows = series.leg_rows(runs)
    equity = lines_chart(
        held,
        equity_rows,
        LEGS,
        value="equity_usd",
        title="equity of the leg, USD",
        written=",.0f",
        height=210,
        leverage=leverage,
    )
    used = lines_chart(
        held,
        leverage_rows,
        LEGS,
        value="effective",
        title="effective leverage before any move, capped",
        written=".1f",
        height=210,
        leverage=leverage,
    )
    rule = (
        alt.Chart(held.add(trigger_rows))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .mark_rule(color=role("ink"), strokeDash=[6, 4], strokeWidth=1.5)
        .encode(y="trigger:Q", tooltip=[alt.Tooltip("trigger:Q", format=".1f")])
    )
    moves = next(row for row in facts["risks"] if row["leverage"] == leverage)
    return Figure(
        key="legs",
        title="The two legs: equity, and effective leverage against the trigger (dashed)",
        alt=(
            f"Lines at {words.multiple(leverage)}, trigger {words.trigger(moves['trigger'])}: when "
            "the effective leverage of a leg crosses the dashed trigger, capital moves to it; "
            f"liquidations: {moves['liquidations_count']}."
        ),
        data=held.rows,
        panels=[equity, sized(used + rule, 210)],
        legend=LEGS,
        leverages=runs.spec.leverages,
        leverage=leverage,
    )


def income_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the cumulative carry and funding of the ceiling.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    leverage = runs.spec.focus
    sums = next(
        row
        for row in facts["static"]
        if row["leverage"] == leverage and row["capital_usd"] == runs.spec.capital_usd
    )
    chart = lines_chart(
        held,
        series.income_rows(runs),
        INCOME,
        value="sum_usd",
        title="cumulative, USD",
        written=",.0f",
        height=300,
        leverage=leverage,
    )
    return Figure(
        key="income",
        title="What the position earned before costs: lending carry and funding, cumulative",
        alt=(
            f"Lines at {words.multiple(leverage)} on constant notional. At the end: carry "
            f"{words.signed_usd(sums['carry_usd'])} USD, funding "
            f"{words.signed_usd(sums['funding_usd'])} USD; the hurdle "
            f"{words.signed_usd(facts['hurdle']['net_usd'])} USD."
        ),
        data=held.rows,
        panels=[chart],
        legend=INCOME,
        leverages=runs.spec.leverages,
        leverage=leverage,
    )


def funding_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the cumulative funding of every venue.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    lines = venue_lines(facts)
    means = [
        f"{row['venue']} {words.percent(row['funding_apy'])} a year"
        for row in facts["market"]["funding"]
    ]
    chart = lines_chart(
        held,
        series.funding_rows(runs),
        lines,
        value="sum_share",
        title="of notional",
        written="+.1%",
        height=260,
    )
    return Figure(
        key="funding",
        title="Funding received by a short, cumulative share of notional",
        alt=f"Lines over {window(facts)}; average: {words.join(means)}.",
        data=held.rows,
        panels=[chart],
        legend=lines,
    )
