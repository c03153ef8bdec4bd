"""Figures of the realistic model: equity, events, legs, drawdown, triggers, waterfall."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import altair as alt
import numpy as np

from basislab.metrics import drawdown
from basislab.report import words
from basislab.report.chapters.realistic.facts import RealisticFacts, TriggerGrid
from basislab.report.charts.base import (
    AT_CHOSEN_LEVERAGE,
    Chart,
    Figure,
    Held,
    Line,
    Rows,
    sized,
)
from basislab.report.charts.events import EVENTS, price_panel, timeline
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.maps import returns_alt, returns_map
from basislab.report.charts.palette import role
from basislab.report.charts.series import event_rows, long_form
from basislab.report.charts.waterfall import bar, steps, waterfall_chart
from basislab.report.study.curves import HURDLE, MODELS, hurdle_usd, map_cell
from basislab.report.study.legs import leg_paths
from basislab.report.study.market import hurdle_facts, market_facts
from basislab.report.study.outcome import Accounts
from basislab.report.study.results import WaterfallRow, fee_rows, model_rows, models_at
from basislab.report.study.runs import Runs, trigger_of
from basislab.types.market import FloatArray

LEGS = (Line("long", "static"), Line("short", "rebalance"))

ACCOUNTS: dict[str, Callable[[Accounts], float]] = {
    "carry": lambda ledger: ledger.carry_usd,
    "funding": lambda ledger: ledger.funding_usd,
    "trading fees": lambda ledger: ledger.trading_fees_usd,
    "gas": lambda ledger: ledger.gas_usd,
    "transfers": lambda ledger: ledger.transfer_fees_usd,
    "liquidation penalty": lambda ledger: ledger.liquidation_penalty_usd,
    "revaluation": lambda ledger: ledger.revaluation_usd,
    "forgiven losses": lambda ledger: ledger.shortfall_usd,
}


def figures(runs: Runs, facts: RealisticFacts) -> Iterator[Figure]:
    """Yield the chapter's figures."""
    events = [
        row
        for leverage in runs.spec.leverages
        for row in event_rows(runs.market, leverage, runs.rebalance(leverage))
    ]
    yield _equity(runs, events)
    if events:
        yield _timeline(runs, events)
    yield _legs(runs)
    yield _drawdown(runs)
    if any(grid.rows for grid in facts.triggers):
        yield _triggers(runs, facts.triggers)
    yield _waterfall(runs, facts.waterfall)


def _curves(runs: Runs, curves: Callable[[float], Mapping[str, FloatArray]], value: str) -> Rows:
    """Return rows by day and leverage of the curves that each leverage has."""
    return [
        row | {"leverage": leverage}
        for leverage in runs.spec.leverages
        for row in long_form(runs.market, curves(leverage), value)
    ]


def _equity(runs: Runs, events: Rows) -> Figure:
    held, leverage = Held(), runs.spec.focus
    lines = (*MODELS, HURDLE)

    def curves(at: float) -> dict[str, FloatArray]:
        equity = {name: run.equity_usd for name, run in models_at(runs, at).items()}
        return equity | {HURDLE.name: hurdle_usd(runs)}

    equity = lines_chart(
        held,
        _curves(runs, curves, "equity_usd"),
        lines,
        value="equity_usd",
        title="equity, USD",
        written=",.0f",
        height=320,
        leverage=leverage,
    )
    finals = [
        f"{row.model} {words.usd(row.outcome.final_usd)}"
        for row in runs.once(model_rows)
        if row.leverage == leverage
    ]
    return Figure(
        key="equity",
        title=f"Equity of {words.usd(runs.spec.capital_usd)} USD, the price above it",
        alt=(
            f"Lines over {runs.once(market_facts).window} at {words.multiple(leverage)}. Equity at "
            f"the end, USD: {words.join(finals)}; the hurdle earned "
            f"{words.usd(runs.once(hurdle_facts).net_usd)}."
        ),
        data=held.rows,
        panels=[price_panel(held, runs.market, leverage, events), equity],
        legend=lines,
        leverages=runs.spec.leverages,
        leverage=leverage,
    )


def _timeline(runs: Runs, events: Rows) -> Figure:
    held = Held()
    happened = {row["series"] for row in events}
    used = [line for line in EVENTS if line.name in happened]
    counts = [
        f"{words.multiple(row.leverage)} {row.outcome.liquidations_count}"
        for row in runs.once(fee_rows)
    ]
    panel = timeline(
        held,
        [row | {"at": words.multiple(row["leverage"])} for row in events],
        used,
        [words.multiple(leverage) for leverage in runs.spec.leverages],
    )
    return Figure(
        key="timeline",
        title="When capital moved and when a leg was liquidated, default trigger",
        alt=(
            f"Marks over {runs.once(market_facts).window}, one row a leverage; liquidations: "
            f"{words.join(counts)}."
        ),
        data=held.rows,
        panels=[panel],
        legend=used,
    )


def _legs(runs: Runs) -> Figure:
    held, leverage = Held(), runs.spec.focus
    paths = {at: leg_paths(runs.rebalance(at)) for at in runs.spec.leverages}
    triggers = {at: trigger_of(runs.rebalance(at)) for at in runs.spec.leverages}

    def equities(at: float) -> dict[str, FloatArray]:
        return {"long": paths[at].long_usd, "short": paths[at].short_usd}

    def leverages(at: float) -> dict[str, FloatArray]:
        used = {"long": paths[at].long_leverage, "short": paths[at].short_leverage}
        return {leg: np.minimum(values, 3 * triggers[at]) for leg, values in used.items()}

    panels = [
        lines_chart(
            held,
            _curves(runs, curves, value),
            LEGS,
            value=value,
            title=title,
            written=written,
            height=210,
            leverage=leverage,
        )
        for curves, value, title, written in (
            (equities, "equity_usd", "equity of the leg, USD", ",.0f"),
            (leverages, "effective", "effective leverage before any move, capped", ".1f"),
        )
    ]
    rule = _trigger_rule(held, triggers)
    count = runs.rebalance(leverage).counts["liquidations"]
    return Figure(
        key="legs",
        title="The two legs: equity, and effective leverage against the trigger (dashed)",
        alt=(
            f"Lines at {words.multiple(leverage)}, trigger {words.trigger(triggers[leverage])}: "
            "when the effective leverage of a leg crosses the dashed trigger, capital moves to it; "
            f"liquidations: {count}."
        ),
        data=held.rows,
        panels=[panels[0], sized(panels[1] + rule, 210)],
        legend=LEGS,
        leverages=runs.spec.leverages,
        leverage=leverage,
    )


def _trigger_rule(held: Held, triggers: Mapping[float, float]) -> Chart:
    rows = [{"leverage": leverage, "trigger": trigger} for leverage, trigger in triggers.items()]
    base = alt.Chart(held.add(rows)).transform_filter(AT_CHOSEN_LEVERAGE)
    rule: Chart = base.mark_rule(color=role("ink"), strokeDash=[6, 4], strokeWidth=1.5).encode(
        y="trigger:Q", tooltip=[alt.Tooltip("trigger:Q", format=".1f")]
    )
    return rule


def _drawdown(runs: Runs) -> Figure:
    held, leverage = Held(), runs.spec.focus
    capital = runs.spec.capital_usd

    def curves(at: float) -> dict[str, FloatArray]:
        return {
            name: np.asarray(-drawdown(run.equity_usd, capital))
            for name, run in models_at(runs, at).items()
        }

    chart = lines_chart(
        held,
        _curves(runs, curves, "drawdown"),
        MODELS,
        value="drawdown",
        title="loss from the peak",
        written=".0%",
        height=230,
        leverage=leverage,
    )
    worst = [
        f"{row.model} {words.share(row.outcome.drawdown)}"
        for row in runs.once(model_rows)
        if row.leverage == leverage
    ]
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


def _triggers(runs: Runs, grids: Sequence[TriggerGrid]) -> Figure:
    held = Held()
    cells = [
        map_cell(row.outcome, row.trigger, words.multiple(grid.leverage), is_marked=row.is_default)
        for grid in grids
        for row in grid.rows
    ]
    hurdle = words.percent(runs.once(hurdle_facts).hurdle_annualized)
    return Figure(
        key="triggers",
        title=(
            f"Return a year by trigger and leverage; the colour is against the hurdle of {hurdle}"
        ),
        alt=returns_alt(cells, "trigger"),
        data=held.rows,
        panels=[returns_map(held, cells, words.trigger, title="trigger", what="trigger")],
    )


def _waterfall(runs: Runs, waterfall: Sequence[WaterfallRow]) -> Figure:
    held, focus = Held(), runs.spec.focus
    hurdle = runs.once(hurdle_facts).net_usd
    rows: Rows = []
    for row in waterfall:
        if row.is_default:
            amounts = [(name, amount(row.ledger)) for name, amount in ACCOUNTS.items()]
            rows += steps(row.leverage, amounts, "net")
            rows.append(bar(row.leverage, HURDLE.name, 0.0, hurdle, colour="price"))
    net = next(row.outcome.net_usd for row in waterfall if row.leverage == focus)
    told = [
        f"{row['account']} {words.signed_usd(row['amount_usd'])}"
        for row in rows
        if row["leverage"] == focus and row["amount_usd"]
    ]
    return Figure(
        key="waterfall",
        title=f"From income to net result, USD on {words.usd(runs.spec.capital_usd)}",
        alt=(
            f"Bars at {words.multiple(focus)}, each beginning where the one above ends: "
            f"{words.join(told)}; net {words.signed_usd(net)} USD."
        ),
        data=held.rows,
        panels=[waterfall_chart(held, rows, [*ACCOUNTS, "net", HURDLE.name], focus)],
        leverages=runs.spec.leverages,
        leverage=focus,
    )
