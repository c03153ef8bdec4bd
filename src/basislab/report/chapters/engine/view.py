"""The tables of the venue engine; two of them end a study's text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.engine.limits import unsigned_points
from basislab.report.chapters.engine.rows import (
    KEPT,
    STUDY,
    ConstantRow,
    EndRow,
    Engine,
    EngineFacts,
    EngineRun,
    PathsRow,
    Rules,
)
from basislab.report.chapters.engine.sentences import STEPS, step_name
from basislab.report.fields import flat
from basislab.report.study.runs import Runs
from basislab.report.tables import LEVERAGE, Column, Table, as_number, table, to
from basislab.research.ladder import FINER
from basislab.types.ensemble import LEVEL

Row = dict[str, Any]


def tables(runs: Runs, facts: EngineFacts) -> Tables:
    """Return the chapter's tables; none of them where the engine was not run."""
    engine = facts.engine
    if not engine.runs or engine.bars is None:
        return dict.fromkeys(_NAMES, ())
    return {
        "engine-paths": [_paths(engine)],
        "engine-cases": [_cases(engine.runs)] if engine.is_on_paths else [],
        "engine-way": [_way(engine.runs)],
        "engine-ladder": _ladders(engine, runs.spec.focus),
        "engine-venues": [_rules(engine.venues)],
        "engine-steps": [_steps(engine.runs)],
        "engine-ledgers": [_ledgers(engine.runs)],
        "engine-deaths": [_deaths(engine.runs)],
        "engine-constants": [_constants(engine.nearest(runs.spec.focus), engine.constants)],
    }


_NAMES = (
    "engine-paths",
    "engine-cases",
    "engine-way",
    "engine-ladder",
    "engine-venues",
    "engine-steps",
    "engine-ledgers",
    "engine-deaths",
    "engine-constants",
)


_ENDS = f"{words.share((1 - LEVEL) / 2, 0)} to {words.share((1 + LEVEL) / 2, 0)}"


def _paths(engine: Engine) -> Table:
    rows: list[Row] = []
    for run in engine.runs:
        on_days: Row = {"median": run.study_annualized, "range": words.NONE}
        on_days |= {"hurdle": run.paths[0].hurdle_annualized, "liquidated": words.NONE}
        rows.append({"leverage": run.leverage, "model": STUDY} | on_days)
        rows += [
            {"leverage": run.leverage, "model": row.model, "is_marked": row.model == KEPT}
            | {"median": row.median_annualized, "hurdle": row.hurdle_annualized}
            | {"range": _range(row.low_annualized, row.high_annualized, words.percent)}
            | {"liquidated": _liquidated(row)}
            for row in run.paths
        ]
    columns = [
        LEVERAGE,
        Column("Model", "model"),
        Column("Median", "median", words.percent, "Return a year, median path"),
        Column(_ENDS, "range", as_number, f"{_ENDS} of the paths"),
        Column("Hurdle", "hurdle", words.percent, "Hurdle a year"),
        Column("Liquidated", "liquidated", as_number, "Paths with a liquidation"),
    ]
    note = (
        "The study: its best trigger, in hindsight, on days. Study's trigger: the same on the "
        "engine. Own trigger: the engine's default. Size kept: the own trigger, and both legs "
        "traded back to what the equity carries. "
    )
    note += (
        "Liquidated: share of paths, least and most by what the oracle sees of the wicks. Near a "
        "liquidation the lower half of the range is widened (docs/intraday.md)."
        if engine.is_on_paths
        else "The engine runs on the market's own bars: one path, and no range."
    )
    refused = [f"Not shown: {one.why}." for one in engine.refused]
    return Table("F", "The venue engine's results", columns, rows, [note, *refused])


def _liquidated(row: PathsRow) -> str:
    ends = (row.least_liquidated_share, row.most_liquidated_share)
    share = partial(words.share, digits=0)
    return share(ends[0]) if ends[0] == ends[1] else _range(*ends, share)


def _cases(runs: Sequence[EngineRun]) -> Table:
    rows = [
        {"leverage": run.leverage, "model": row.model, "is_marked": row.model == KEPT}
        | {"case": case.case, "median": case.median_annualized}
        | {"range": _range(case.low_annualized, case.high_annualized, words.percent)}
        | {"liquidated": case.liquidated_share}
        for run in runs
        for row in run.paths
        for case in row.cases
    ]
    columns = [
        LEVERAGE,
        Column("Model", "model"),
        Column("The oracle", "case"),
        Column("Median", "median", words.percent, "Return a year, median path"),
        Column(_ENDS, "range", as_number, f"{_ENDS} of the paths"),
        Column("Liquidated", "liquidated", words.share, "Paths with a liquidation"),
    ]
    return table("By what the oracle sees", columns, rows)


def _range(low: float, high: float, write: Callable[[float], str]) -> str:
    return words.NONE if low == high else f"{write(low)} to {write(high)}"


def _way(runs: Sequence[EngineRun]) -> Table:
    rows = [
        flat(row) | {"leverage": run.leverage, "is_marked": row.model == KEPT}
        for run in runs
        for row in run.paths
    ]
    columns = [
        LEVERAGE,
        Column("Model", "model"),
        Column("Deepest fall", "drawdown", words.share, "Deepest fall, median path"),
        Column("Naked, days", "naked_days", to(1, words.decimal)),
        Column("Borne by venues, USD", "borne_usd", words.usd),
        Column("Fees, USD", "fees_usd", words.usd),
    ]
    note = (
        "Means of the paths, the deepest fall their median. Naked: days with a leg gone and the "
        "other left. Borne: losses that venues and lenders take."
    )
    return table("What happened on the way", columns, rows, note)


def _ladders(engine: Engine, focus: float) -> list[Table]:
    """Return the ladder of every leverage; the study's focus, which the terminal shows, first."""
    first = engine.nearest(focus)
    others = [run for run in engine.runs if run is not first]
    return [_ladder(first, "G"), *(_ladder(run) for run in others)]


def _ladder(run: EngineRun, number: str | None = None) -> Table:
    steps = run.ladder
    final = steps.rungs[-1]
    rows: list[Row] = [{"step": "the study", "change": words.usd(steps.study_usd), "range": ""}]
    rows += [
        {
            "step": step_name(rung),
            "change": words.signed_usd(rung.change_usd),
            "range": _range(rung.change_low_usd, rung.change_high_usd, words.signed_usd),
        }
        for rung in steps.rungs
    ]
    ends = _range(final.low_usd, final.high_usd, words.usd)
    rows.append({"step": "the venue engine", "change": words.usd(steps.engine_usd), "range": ends})
    rows[0]["is_marked"] = rows[-1]["is_marked"] = True
    columns = [
        Column("Step", "step"),
        Column("Change", "change", as_number, "Change of the median, USD"),
        Column(_ENDS, "range", as_number, f"{_ENDS} of the paths, USD"),
    ]
    title = f"From the study's result to the venue engine's, at {words.multiple(run.leverage)}"
    if number is None:
        return table(title, columns, rows)
    note = (
        "USD of final equity: what each step changes after the steps above it. Down to "
        f"\u201c{STEPS[FINER][0]}\u201d the engine looks once a day, as the study does. Another "
        "order would split the same sum otherwise."
    )
    return Table(number, title, columns, rows, [note])


def _steps(runs: Sequence[EngineRun]) -> Table:
    rows = [
        dict(zip(("step", "study", "engine"), STEPS[rung.convention], strict=True))
        for rung in runs[0].ladder.rungs
    ]
    columns = [
        Column("Step", "step"),
        Column("The study", "study"),
        Column("The venue engine", "engine"),
    ]
    return table("What the steps replace", columns, rows)


def _rules(rules: Sequence[Rules]) -> Table:
    columns = [
        Column("Role", "role"),
        Column("Preset", "name"),
        Column("What", "title"),
        Column("Constants", "constants_count", words.usd),
        Column("of which assumed numbers", "assumed_count", words.usd),
    ]
    return table("Whose rules", columns, rules)


def _ledgers(runs: Sequence[EngineRun]) -> Table:
    rows = [
        flat(row) | {"leverage": run.leverage, "is_marked": row.account == "net"}
        for run in runs
        for row in run.ledgers
    ]
    for row in rows:
        row["range"] = _range(row["engine_low_usd"], row["engine_high_usd"], words.signed_usd)
        row["kept_range"] = _range(row["kept_low_usd"], row["kept_high_usd"], words.signed_usd)
    columns = [
        LEVERAGE,
        Column("Account", "account"),
        Column("The study, USD", "study_usd", words.signed_usd),
        Column("Engine, USD", "engine_usd", words.signed_usd),
        Column(_ENDS, "range", as_number),
        Column("Difference, USD", "gap_usd", words.signed_usd),
        Column("Size kept, USD", "kept_usd", words.signed_usd),
        Column(f"kept, {_ENDS}", "kept_range", as_number),
    ]
    note = (
        "Means of the paths, which add up, and the range of the paths. Carry: interest earned less "
        "paid. Liquidation: what it took from us, less what venues and lenders bore. Price: basis, "
        "net coin, and what a naked leg made or lost."
    )
    return table("The ledgers under the parents that they share", columns, rows, note)


def _deaths(runs: Sequence[EngineRun]) -> Table:
    rows = [
        flat(death)
        | {
            "leverage": run.leverage,
            "used_trigger": run.trigger,
            "order": "first" if rank == 0 else "then",
            "away": death.away,
            "fires": "can fire" if death.leg in run.firing else "cannot",
        }
        for run in runs
        for rank, death in enumerate(run.deaths)
    ]
    columns = [
        LEVERAGE,
        Column("Order", "order"),
        Column("Leg", "leg"),
        Column("Dies at price, USD", "price_usd", words.price),
        Column("Away", "away", words.percent, is_direction=True),
        Column("at leverage", "death_leverage", to(1, words.decimal)),
        Column("Takes of the leg", "leg_share", to(0, words.share)),
        Column("Costs, USD", "cost_usd", to(2, words.usd)),
        Column("Trigger", "used_trigger", words.trigger),
        Column("This leg", "fires"),
    ]
    note = (
        "As opened, before any capital moves. A leg cannot fire a trigger above the leverage at "
        "which it is liquidated. Costs: of the first liquidation, at the price at which it happens."
    )
    return table("Which leg dies first, and which can fire the trigger", columns, rows, note)


def _constants(run: EngineRun, constants: Sequence[ConstantRow]) -> Table:
    rows = [
        flat(row)
        | {
            "what": row.title,
            "assumed": f"{row.value_constant:g}",
            "range": f"{row.low_constant:g} to {row.high_constant:g}",
            "low": _change(row.at_low),
            "high": _change(row.at_high),
            "sign": "depends on it" if row.is_deciding else "stays",
            "is_marked": row.is_deciding,
        }
        for row in sorted(constants, key=lambda row: -row.span_annualized)
    ]
    columns = [
        Column("Assumed constant", "what"),
        Column("Value", "assumed", as_number),
        Column("Range", "range"),
        Column("Change at its low, points a year", "low", as_number),
        Column("at its high", "high", as_number),
        Column("Widest change", "span_annualized", unsigned_points),
        Column("Verdict on the hurdle", "sign"),
    ]
    title = f"What the assumed constants of the venues decide: {words.multiple(run.leverage)}, kept"
    note = (
        "One constant at a time over its range, the others as assumed, the size kept; on the same "
        f"paths. Median, and {_ENDS} of the paths in brackets. A hyphen: the position cannot be "
        "opened there."
    )
    return table(title, columns, rows, note)


def _change(end: EndRow | None) -> str:
    """Return the change at an end of a range, and its interval where it has one."""
    if end is None:
        return words.NONE
    low, high = end.change_low_annualized, end.change_high_annualized
    middle = words.points(end.change_annualized)
    return middle if low == high else f"{middle} ({_range(low, high, words.points)})"
