"""Figures whose bars begin where the one above ends: a run's ledger, and the venues' difference."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from basislab.report import words
from basislab.report.engine.sentences import step_name
from basislab.report.engine.tables import focus_run
from basislab.report.figures.base import (
    AT_CHOSEN_LEVERAGE,
    Chart,
    Figure,
    Held,
    Rows,
    chosen,
    sized,
)
from basislab.report.figures.palette import role
from basislab.report.runs import Facts, Runs

_ACCOUNTS = (
    ("carry", "carry_usd"),
    ("funding", "funding_usd"),
    ("trading fees", "trading_fees_usd"),
    ("gas", "gas_usd"),
    ("transfers", "transfer_fees_usd"),
    ("liquidation penalty", "liquidation_penalty_usd"),
    ("revaluation", "revaluation_usd"),
    ("forgiven losses", "shortfall_usd"),
)


def waterfall_figure(runs: Runs, facts: Facts) -> Figure:
    """Return where the realistic run's dollars came from and went, default trigger.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    rows: Rows = []
    for row in facts["waterfall"]:
        if row["is_default"]:
            rows += _steps(row, facts["hurdle"]["net_usd"])
    focus = runs.spec.focus
    net = next(row["net_usd"] for row in facts["waterfall"] if row["leverage"] == focus)
    order = [*(name for name, _ in _ACCOUNTS), "net", "hurdle"]
    return Figure(
        key="waterfall",
        title=f"From income to net result, USD on {words.usd(runs.spec.capital_usd)}",
        alt=(
            f"Bars at {words.multiple(focus)}, each beginning where the one above ends: "
            + words.join(
                [
                    f"{row['account']} {words.signed_usd(row['amount_usd'])}"
                    for row in rows
                    if row["leverage"] == focus and row["amount_usd"]
                ]
            )
            + f"; net {words.signed_usd(net)} USD."
        ),
        data=held.rows,
        panels=[_floating(held, rows, order, runs.spec.focus)],
        leverages=runs.spec.leverages,
        leverage=focus,
    )


def _steps(row: Facts, hurdle: float) -> Rows:
    steps: Rows = []
    level = 0.0
    for name, key in _ACCOUNTS:
        steps.append(_step(row["leverage"], name, level, level + row[key]))
        level += row[key]
    steps.append(_step(row["leverage"], "net", 0.0, level, colour="ink"))
    steps.append(_step(row["leverage"], "hurdle", 0.0, hurdle, colour="price"))
    return steps


def _step(
    leverage: float, account: str, start: float, end: float, colour: str | None = None
) -> Facts:
    amount = end - start
    return {
        "leverage": leverage,
        "account": account,
        "from_usd": start,
        "to_usd": end,
        "right_usd": max(start, end),
        "amount_usd": amount,
        "label": words.signed_usd(amount).replace("-", "\u2212"),
        "colour": role(colour or ("gain" if amount >= 0 else "loss")),
    }


def _floating(held: Held, rows: Rows, order: Sequence[str], leverage: float) -> Chart:
    base = (
        alt.Chart(held.add(rows))
        .transform_filter(AT_CHOSEN_LEVERAGE)
        .encode(
            y=alt.Y(
                "account:N",
                sort=list(order),
                title=None,
                axis=alt.Axis(labelColor=role("ink"), labelLimit=140),
            ),
            tooltip=[
                alt.Tooltip("account:N"),
                alt.Tooltip("amount_usd:Q", title="USD", format="+,.2f"),
                alt.Tooltip("to_usd:Q", title="sum so far, USD", format="+,.2f"),
            ],
        )
    )
    axis = alt.Axis(format=",.0f", grid=True, tickCount=5, title="USD")
    bars = base.mark_bar(height=alt.RelativeBandSize(band=0.66)).encode(
        x=alt.X("from_usd:Q", axis=axis, scale=alt.Scale(padding=48)),
        x2="to_usd:Q",
        color=alt.Color("colour:N", scale=None),
    )
    texts = base.mark_text(align="left", dx=6, color=role("ink")).encode(
        x=alt.X("right_usd:Q"), text="label:N"
    )
    zero = (
        alt.Chart(held.add([{"zero": 0.0}])).mark_rule(color=role("soft")).encode(x=alt.X("zero:Q"))
    )
    layers = alt.layer(bars, zero, texts).add_params(chosen(leverage))
    return sized(layers, 30 * len(order))


def ladder_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the steps from the study's result to the venue engine's, above and below the capital.

    Parameters
    ----------
    runs : Runs
    facts : dict
        With at least one run of the engine.

    Returns
    -------
    Figure
    """
    held = Held()
    focus = focus_run(facts)
    rows: Rows = []
    for run in facts["engine"]["runs"]:
        leverage, level = run["leverage"], run["ladder"]["study_usd"] - runs.spec.capital_usd
        rows.append(_step(leverage, "the study", 0.0, level, colour="ink"))
        for rung in run["ladder"]["rungs"]:
            rows.append(_step(leverage, step_name(rung), level, level + rung["change_usd"]))
            level += rung["change_usd"]
        rows.append(_step(leverage, "the venue engine", 0.0, level, colour="ink"))
    told = [
        f"{row['account']} {words.signed_usd(row['amount_usd'])}"
        for row in rows
        if row["leverage"] == focus["leverage"] and round(row["amount_usd"])
    ]
    return Figure(
        key="engine-ladder",
        title="From the study's net result to the venue engine's, USD",
        alt=(
            f"Bars at {words.multiple(focus['leverage'])}, each step beginning where the one above "
            f"ends: {words.join(told)}."
        ),
        data=held.rows,
        panels=[
            _floating(
                held, rows, list(dict.fromkeys(r["account"] for r in rows)), focus["leverage"]
            )
        ],
        leverages=[run["leverage"] for run in facts["engine"]["runs"]],
        leverage=focus["leverage"],
    )


def venue_gap_figure(runs: Runs, facts: Facts) -> Figure:
    """Return, account by account, what the rival venue did better or worse.

    Parameters
    ----------
    runs : Runs
    facts : dict

    Returns
    -------
    Figure
    """
    held = Held()
    accounts = (
        ("carry", "carry_gap_usd"),
        ("funding", "funding_gap_usd"),
        ("fees", "costs_gap_usd"),
        ("liquidation penalty", "liquidation_penalty_gap_usd"),
        ("revaluation", "revaluation_gap_usd"),
        ("forgiven losses", "shortfall_gap_usd"),
    )
    rows: Rows = []
    for row in facts["venue_gap"]:
        level = 0.0
        for name, key in accounts:
            rows.append(_step(row["leverage"], name, level, level + row[key]))
            level += row[key]
        rows.append(_step(row["leverage"], "difference", 0.0, level, colour="ink"))
    order = [*(name for name, _ in accounts), "difference"]
    own, rival = runs.perps()
    spoken = [
        f"{words.multiple(row['leverage'])} {words.signed_usd(row['net_gap_usd'])}"
        for row in facts["venue_gap"]
    ]
    return Figure(
        key="venue-gap",
        title=f"Where {rival} did better or worse than {own}, USD",
        alt=f"Bars by account; difference in net result, USD: {words.join(spoken)}.",
        data=held.rows,
        panels=[_floating(held, rows, order, runs.spec.focus)],
        leverages=runs.spec.leverages,
        leverage=runs.spec.focus,
    )
