"""The venue engine's figure over time: its equity beside the study's, under the price."""

from __future__ import annotations

from basislab.report import words
from basislab.report.engine.positions import Position, positions
from basislab.report.engine.sentences import ENGINE, OWN, PESSIMISTIC, named
from basislab.report.engine.tables import focus_run
from basislab.report.figures import series
from basislab.report.figures.base import Figure, Held, Line
from basislab.report.figures.events import price_panel, window
from basislab.report.figures.lines import lines_chart
from basislab.report.runs import Facts, Runs
from basislab.types.market import FloatArray

STUDY = Line("study, best trigger", "rebalance")
RULES = Line("venue engine", "static")
WORSE = Line(PESSIMISTIC, "rotation")
ALONE = Line(OWN, "conditional")
HURDLE = Line(series.HURDLE, "hurdle", is_dashed=True)


def engine_figure(runs: Runs, facts: Facts) -> Figure:
    """Return the equity by the venues' rules and by the study's, and the engine's events.

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
    leverage = focus["leverage"]
    has_order = any(run["open"]["order_usd"] for run in facts["engine"]["runs"])
    lines = (STUDY, RULES, *([WORSE] if has_order else []), ALONE, HURDLE)
    rows, events = [], []
    for position in positions(runs).held:
        here = {"leverage": position.leverage}
        drawn = {line.name: curve for line, curve in _curves(runs, position) if line in lines}
        rows += [row | here for row in series.long_form(runs, drawn, "equity_usd")]
        events += series.events_of(runs, position.leverage, runs.run(position.venue))
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
        f"{line.name} {words.usd(named(focus, model)['final_usd'])}"
        for line, model in ((STUDY, "rebalance"), (RULES, ENGINE), (ALONE, OWN))
    ]
    return Figure(
        key="engine-equity",
        title="Equity by the venues' rules and by the study's; above it the engine's events",
        alt=(
            f"Lines over {window(facts)} at {words.multiple(leverage)}, trigger "
            f"{words.trigger(focus['trigger'])}. Equity at the end, USD: {words.join(finals)}."
        ),
        data=held.rows,
        panels=[price_panel(held, runs, leverage, events), equity],
        legend=lines,
        leverages=[run["leverage"] for run in facts["engine"]["runs"]],
        leverage=leverage,
    )


def _curves(runs: Runs, position: Position) -> list[tuple[Line, FloatArray]]:
    return [
        (STUDY, runs.run(position.study).equity_usd),
        (RULES, runs.run(position.venue).equity_usd),
        (WORSE, runs.run(position.worse).equity_usd),
        (ALONE, runs.run(position.own).equity_usd),
        (HURDLE, series.hurdle_usd(runs)),
    ]
