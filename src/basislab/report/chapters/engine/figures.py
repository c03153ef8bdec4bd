"""The venue engine over time and step by step, beside the study."""

from __future__ import annotations

from collections.abc import Iterator

from basislab.report import words
from basislab.report.chapters.engine.positions import Position, positions
from basislab.report.chapters.engine.rows import ENGINE, OWN, PESSIMISTIC, Engine, EngineFacts
from basislab.report.chapters.engine.sentences import step_name
from basislab.report.charts.base import Figure, Held, Line
from basislab.report.charts.events import price_panel
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.series import event_rows, long_form
from basislab.report.charts.waterfall import bar, steps, waterfall_chart
from basislab.report.study.curves import HURDLE, hurdle_usd
from basislab.report.study.market import market_facts
from basislab.report.study.runs import Runs
from basislab.types.market import FloatArray

STUDY = Line("study, best trigger", "rebalance")
RULES = Line("venue engine", "static")
WORSE = Line(PESSIMISTIC, "rotation")
ALONE = Line(OWN, "conditional")


def figures(runs: Runs, facts: EngineFacts) -> Iterator[Figure]:
    """Yield the equity by both rules, and the steps from one result to the other."""
    if facts.engine.runs:
        yield _equity(runs, facts.engine)
        yield _ladder(runs, facts.engine)


def _equity(runs: Runs, engine: Engine) -> Figure:
    held, focus = Held(), engine.nearest(runs.spec.focus)
    leverage = focus.leverage
    has_order = any(run.open.order_usd for run in engine.runs)
    lines = (STUDY, RULES, *([WORSE] if has_order else []), ALONE, HURDLE)
    rows, events = [], []
    for position in positions(runs).held:
        here = {"leverage": position.leverage}
        drawn = {line.name: curve for line, curve in _curves(runs, position) if line in lines}
        rows += [row | here for row in long_form(runs.market, drawn, "equity_usd")]
        events += event_rows(runs.market, position.leverage, runs.run(position.venue))
    equity = lines_chart(
        held,
        rows,
        lines,
        value="equity_usd",
        title="equity, USD",
        written=",.0f",
        height=320,
        leverage=leverage,
    )
    finals = [
        f"{line.name} {words.usd(focus.of(model).final_usd)}"
        for line, model in ((STUDY, "rebalance"), (RULES, ENGINE), (ALONE, OWN))
    ]
    return Figure(
        key="engine-equity",
        title="Equity by the venues' rules and by the study's; above it the engine's events",
        alt=(
            f"Lines over {runs.once(market_facts).window} at {words.multiple(leverage)}, trigger "
            f"{words.trigger(focus.trigger)}. Equity at the end, USD: {words.join(finals)}."
        ),
        data=held.rows,
        panels=[price_panel(held, runs.market, leverage, events), equity],
        legend=lines,
        leverages=[run.leverage for run in engine.runs],
        leverage=leverage,
    )


def _curves(runs: Runs, position: Position) -> list[tuple[Line, FloatArray]]:
    return [
        (STUDY, runs.run(position.study).equity_usd),
        (RULES, runs.run(position.venue).equity_usd),
        (WORSE, runs.run(position.worse).equity_usd),
        (ALONE, runs.run(position.own).equity_usd),
        (HURDLE, hurdle_usd(runs)),
    ]


def _ladder(runs: Runs, engine: Engine) -> Figure:
    held, leverage = Held(), engine.nearest(runs.spec.focus).leverage
    rows = []
    for run in engine.runs:
        start = run.ladder.study_usd - runs.spec.capital_usd
        changes = [(step_name(rung), rung.change_usd) for rung in run.ladder.rungs]
        rows.append(bar(run.leverage, "the study", 0.0, start, colour="ink"))
        rows += steps(run.leverage, changes, "the venue engine", start)
    told = [
        f"{row['account']} {words.signed_usd(row['amount_usd'])}"
        for row in rows
        if row["leverage"] == leverage and round(row["amount_usd"])
    ]
    order = list(dict.fromkeys(str(row["account"]) for row in rows))
    return Figure(
        key="engine-ladder",
        title="From the study's net result to the venue engine's, USD",
        alt=(
            f"Bars at {words.multiple(leverage)}, each step beginning where the one above ends: "
            f"{words.join(told)}."
        ),
        data=held.rows,
        panels=[waterfall_chart(held, rows, order, leverage)],
        leverages=[run.leverage for run in engine.runs],
        leverage=leverage,
    )
