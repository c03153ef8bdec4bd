"""The venue engine over time and step by step, beside the study."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from basislab.report import words
from basislab.report.chapters.engine.positions import Position, positions
from basislab.report.chapters.engine.rows import KEPT, Engine, EngineFacts
from basislab.report.chapters.engine.sentences import step_name
from basislab.report.charts.base import Figure, Held, Line
from basislab.report.charts.events import price_panel
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.series import event_rows, long_form
from basislab.report.charts.waterfall import bar, steps, waterfall_chart
from basislab.report.study.curves import HURDLE, hurdle_usd
from basislab.report.study.market import market_facts
from basislab.report.study.runs import Runs
from basislab.research.ensemble import closes_by_day
from basislab.simulate import simulate
from basislab.types.ensemble import LEVEL
from basislab.types.market import FloatArray

STUDY = Line("study, best trigger", "rebalance")
MEDIAN = Line("venue engine, size kept", "static")
ENDS = tuple(
    Line(f"{words.share(share, 0)} of paths below", "static", is_dashed=True)
    for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
)


SHOWN = ("size traded back", "liquidation", "ruined")
"""Events on the price; a position that is looked at every hour has hundreds of transfers."""


def figures(runs: Runs, facts: EngineFacts) -> Iterator[Figure]:
    """Yield the equity by both rules, and the steps from one result to the other."""
    if facts.engine.runs:
        yield _equity(runs, facts.engine)
        yield _ladder(runs, facts.engine)


def _equity(runs: Runs, engine: Engine) -> Figure:
    held, focus = Held(), engine.nearest(runs.spec.focus)
    leverage = focus.leverage
    lines = (STUDY, MEDIAN, *(ENDS if engine.is_on_paths else ()), HURDLE)
    rows, events = [], []
    for position in positions(runs).held:
        here = {"leverage": position.leverage}
        drawn = _curves(runs, position)
        rows += [row | here for row in long_form(runs.market, drawn, "equity_usd")]
        if not engine.is_on_paths:
            result = simulate(runs.stored, position.kept)
            rows_of = event_rows(runs.stored, position.leverage, result)
            events += [row for row in rows_of if row["series"] in SHOWN]
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
    kept = focus.on_paths(KEPT)
    above = "" if engine.is_on_paths else "; above it the engine's events"
    return Figure(
        key="engine-equity",
        title=f"Equity by the venues' rules, size kept, and by the study's{above}",
        alt=(
            f"Lines over {runs.once(market_facts).window} at {words.multiple(leverage)}. A year: "
            f"the study {words.percent(focus.study_annualized)}, the venue engine with its size "
            f"kept {words.percent(kept.median_annualized)} on the median path."
        ),
        data=held.rows,
        panels=[*([price_panel(held, runs.market, leverage, events)] if events else []), equity],
        legend=lines,
        leverages=[run.leverage for run in engine.runs],
        leverage=leverage,
    )


def _curves(runs: Runs, position: Position) -> dict[str, FloatArray]:
    paths = closes_by_day(runs.stored, runs.market.times, position.kept)
    drawn = {
        STUDY.name: runs.run(position.study).equity_usd,
        MEDIAN.name: np.median(paths, axis=0),
    }
    if len(paths) > 1:
        ends = np.quantile(paths, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
        drawn |= {line.name: curve for line, curve in zip(ENDS, ends, strict=True)}
    return drawn | {HURDLE.name: hurdle_usd(runs)}


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
        title="From the study's net result to the venue engine's median, USD",
        alt=(
            f"Bars at {words.multiple(leverage)}, each step beginning where the one above ends: "
            f"{words.join(told)}."
        ),
        data=held.rows,
        panels=[waterfall_chart(held, rows, order, leverage)],
        leverages=[run.leverage for run in engine.runs],
        leverage=leverage,
    )
