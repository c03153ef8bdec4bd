"""The tables of the venue engine; two of them end a study's text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.engine.limits import seconds, unsigned_points
from basislab.report.chapters.engine.rows import (
    ENGINE,
    KEPT,
    Bars,
    Engine,
    EngineFacts,
    EngineRun,
    ModelRow,
    PathsRow,
    Rules,
)
from basislab.report.chapters.engine.sentences import STEPS, step_name
from basislab.report.fields import flat
from basislab.report.study.market import hurdle_facts
from basislab.report.study.runs import Runs
from basislab.report.tables import ANNUAL, EXCESS, LEVERAGE, Column, Table, as_number, table, to
from basislab.types.ensemble import LEVEL

Row = dict[str, Any]


def tables(runs: Runs, facts: EngineFacts) -> Tables:
    """Return the chapter's tables; none of them where the engine was not run."""
    engine = facts.engine
    if not engine.runs or engine.bars is None:
        return dict.fromkeys(_NAMES, ())
    made = (
        _paths(engine),
        _cases(engine.runs),
        _models(engine),
        _ladder(engine.runs),
        _rules(engine.venues),
        _steps(engine.runs),
        _ledgers(engine.runs),
        _deaths(engine.runs),
        _constants(engine.nearest(runs.spec.focus), runs.once(hurdle_facts).hurdle_annualized),
        _open(engine.runs, engine.bars),
    )
    return {name: [one] for name, one in zip(_NAMES, made, strict=True)}


_NAMES = (
    "engine-paths",
    "engine-cases",
    "engine",
    "engine-ladder",
    "engine-venues",
    "engine-steps",
    "engine-ledgers",
    "engine-deaths",
    "engine-constants",
    "engine-open",
)


def _models(engine: Engine) -> Table:
    rows = [
        flat(row)
        | {
            "leverage": run.leverage,
            "liquidations": _both(row),
            "is_marked": row.model == ENGINE,
        }
        for run in engine.runs
        for row in run.models
    ]
    columns = [
        LEVERAGE,
        Column("Model", "model"),
        Column("Trig", "used_trigger", _trigger, "Trigger"),
        Column("Final", "final_usd", words.usd, "Final equity, USD"),
        Column("Return", "annualized", words.percent, ANNUAL.long),
        Column("Excess", "excess_annualized", words.points, EXCESS.long),
        Column("Liq.", "liquidations", as_number, "Liquidations"),
        Column("Naked", "naked_days", _days, "Naked, days"),
        Column("Borne", "borne_usd", words.usd, "Borne by venues, USD"),
        Column("Fees", "fees_usd", words.usd, "Fees, USD"),
    ]
    note = (
        "Trigger: the best of the study's grid, in hindsight; own: the engine's default. Return a "
        "year, excess in points over the hurdle. Liq.: liquidations of the long + of the short "
        "leg. Naked: days with a leg gone and the other left. Borne: losses that venues and "
        "lenders take, or the study forgives, USD. Fees in USD."
    )
    title = "The venue engine on bars of a day, beside the study's models"
    return table(title, columns, rows, note)


_ENDS = f"{words.share((1 - LEVEL) / 2, 0)} to {words.share((1 + LEVEL) / 2, 0)}"


def _paths(engine: Engine) -> Table:
    rows = [
        {"leverage": run.leverage, "model": row.model, "is_marked": row.model == KEPT}
        | {"median": row.median_annualized, "hurdle": row.hurdle_annualized}
        | {"range": _range(row.low_annualized, row.high_annualized, words.percent)}
        | {"liquidated": _liquidated(row)}
        for run in engine.runs
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
        "Engine: the study's best trigger. Own trigger: the engine's default. Size kept: the own "
        "trigger, and both legs traded back to what the equity carries. Liquidated: share of "
        "paths, least and most by what the oracle sees of the wicks. Near a liquidation the lower "
        "half of the range is widened (docs/intraday.md)."
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


def _both(row: ModelRow) -> str:
    long, short = row.long_liquidations_count, row.short_liquidations_count
    return words.NONE if long is None else f"{long}+{short}"


def _trigger(value: float | None) -> str:
    return words.NONE if value is None else words.trigger(round(value, 1))


def _days(value: float | None) -> str:
    return words.NONE if value is None else f"{value:g}"


def _ladder(runs: Sequence[EngineRun]) -> Table:
    first: Row = {"step": "the study", "is_marked": True}
    last: Row = {"step": "the venue engine", "is_marked": True}
    rows: list[Row] = [{"step": step_name(rung)} for rung in runs[0].ladder.rungs]
    columns = [Column("Step", "step")]
    for run in runs:
        key, steps = words.multiple(run.leverage), run.ladder
        columns += [Column(each, each, as_number) for each in (key, f"{key} alone")]
        first |= {key: words.usd(steps.study_usd), f"{key} alone": ""}
        last |= {key: words.usd(steps.engine_usd), f"{key} alone": ""}
        for row, rung in zip(rows, steps.rungs, strict=True):
            row[key] = words.signed_usd(rung.change_usd)
            row[f"{key} alone"] = words.signed_usd(rung.alone_usd)
    note = (
        "USD of final equity: what each step changes after the steps above it, and alone against "
        "the study. The steps meet each other: another order splits the same sum otherwise. A "
        "transfer takes a whole day here: the last row is no result, table F has those."
    )
    title = "From the study's result to the venue engine's, on bars of a day"
    return Table("G", title, columns, [first, *rows, last], [note])


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
    columns = [
        LEVERAGE,
        Column("Account", "account"),
        Column("Rebalance, USD", "study_usd", words.signed_usd),
        Column("Venue engine, USD", "engine_usd", words.signed_usd),
        Column("Difference, USD", "gap_usd", words.signed_usd),
    ]
    note = (
        "Carry: interest earned less paid. Liquidation: what it took from us, less what venues and "
        "lenders bore. Price: basis, net coin, and what a naked leg made or lost."
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


def _constants(run: EngineRun, hurdle: float) -> Table:
    rows = [
        flat(row)
        | {
            "what": row.title,
            "assumed": f"{row.value_constant:g}",
            "range": f"{row.low_constant:g} to {row.high_constant:g}",
            "low": _less(row.low_annualized, hurdle),
            "high": _less(row.high_annualized, hurdle),
            "sign": "depends on it" if row.is_deciding else "stays",
            "is_marked": row.is_deciding,
        }
        for row in sorted(run.constants, key=lambda row: -row.span_annualized)
    ]
    columns = [
        Column("Assumed constant", "what"),
        Column("Value", "assumed", as_number),
        Column("Range", "range"),
        Column("Excess at its low, points", "low", words.points),
        Column("at its high", "high", words.points),
        Column("Widest change", "span_annualized", unsigned_points),
        Column("Sign of the excess", "sign"),
    ]
    at = f"{words.multiple(run.leverage)}, trigger {words.trigger(run.trigger)}"
    title = f"What the assumed constants of the venues decide: {at}"
    note = (
        "One constant at a time over its range, the others as assumed. A hyphen: the position "
        "cannot be opened there."
    )
    return table(title, columns, rows, note)


def _less(value: float | None, hurdle: float) -> float | None:
    return None if value is None else value - hurdle


def _open(runs: Sequence[EngineRun], bars: Bars) -> Table:
    columns = [Column("What the bars do not say", "what")]
    transfers = f"Transfers of {seconds(bars.delay_seconds)} that take whole bars"
    rows: list[Row] = [{"what": text} for text in (*_ASKED[:3], transfers, *_ASKED[3:])]
    for run in runs:
        key, left = words.multiple(run.leverage), run.open
        columns.append(Column(key, key, as_number))
        answers = (
            words.usd(left.both_count),
            words.usd(left.hit_count),
            words.signed_usd(left.order_usd),
            words.usd(left.transfers_count),
            words.signed_usd(left.prompt_usd),
            words.usd(left.funding_usd),
            unsigned_points(left.steps_annualized),
        )
        for row, answer in zip(rows, answers, strict=True):
            row[key] = answer
    note = (
        "Changes are of the final equity, or of the return a year, against the run as it is; "
        "funding is what may or may not have been received."
    )
    return table("What daily bars cannot decide", columns, rows, note)


_ASKED = (
    "Bars that reach both legs' liquidation prices: which died first",
    "Bars with a liquidation: at which hour",
    "The worse order of high and low, USD",
    "If transfers took no time, USD",
    "Funding of bars in which the short was liquidated, USD",
    "Jumps of oracle and mark over their range, points a year",
)
"""What the bars do not say; how long transfers wait stands in the middle."""
