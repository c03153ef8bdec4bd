"""The tables of the chapter on the venue engine, and the two at the end of a study's text."""

from __future__ import annotations

from collections.abc import Sequence

from basislab.report import words
from basislab.report.engine.limits import seconds
from basislab.report.engine.sentences import ENGINE, STEPS, constant_name, step_name
from basislab.report.runs import Facts
from basislab.report.tables import Column, Table, Writer

_LEVERAGE = Column("Lev", "leverage", words.multiple)


def engine_tables(facts: Facts) -> list[Table]:
    """Return the sections that stand at the end of a study's text.

    Parameters
    ----------
    facts : dict
        Of a study.

    Returns
    -------
    list of Table
        Empty where the engine was not run.
    """
    runs = facts["engine"]["runs"]
    return [_models(facts), _ladder(runs)] if runs else []


def chapter_tables(facts: Facts) -> dict[str, list[Table]]:
    """Return the tables that only the chapter has, by the names that it uses.

    Parameters
    ----------
    facts : dict
        Of a study.

    Returns
    -------
    dict of str to list of Table
        Empty lists where the engine was not run.
    """
    engine = facts["engine"]
    makers = {
        "engine-venues": _venues,
        "engine-steps": _steps,
        "engine-ledgers": _ledgers,
        "engine-deaths": _deaths,
        "engine-constants": _constants,
        "engine-open": _open,
    }
    return {name: [make(facts)] if engine["runs"] else [] for name, make in makers.items()}


def focus_run(facts: Facts) -> Facts:
    """Return the engine's run at the leverage nearest to the one that is shown first.

    Parameters
    ----------
    facts : dict
        Of a study in which the engine was run.

    Returns
    -------
    dict
    """
    wanted: float = facts["focus"]["leverage"]
    runs: list[Facts] = facts["engine"]["runs"]
    return min(runs, key=lambda run: abs(run["leverage"] - wanted))


def _models(facts: Facts) -> Table:
    rows = [
        row
        | {
            "leverage": run["leverage"],
            "liquidations": _both(row),
            "is_marked": row["model"] == ENGINE,
        }
        for run in facts["engine"]["runs"]
        for row in run["models"]
    ]
    columns = [
        _LEVERAGE,
        Column("Model", "model"),
        Column("Trig", "used_trigger", _trigger),
        Column("Final", "final_usd", words.usd),
        Column("Return", "annualized", words.percent),
        Column("Excess", "excess_annualized", words.points),
        Column("Liq.", "liquidations", _text),
        Column("Naked", "naked_days", _days),
        Column("Borne", "borne_usd", words.usd),
        Column("Fees", "fees_usd", words.usd),
    ]
    refused = [f"Not shown: {one['why']}." for one in facts["engine"]["refused"]]
    note = (
        "Trigger: the best of the study's grid, in hindsight; own: the engine's default. Return a "
        "year, excess in points over the hurdle. Liq.: liquidations of the long + of the short "
        "leg. Naked: days with a leg gone and the other left. Borne: losses that venues and "
        "lenders take, or the study forgives, USD. Fees in USD."
    )
    title = "The venue engine beside the study's models"
    return Table("F", title, columns, rows, [note, *refused])


def _both(row: Facts) -> str:
    long, short = row["long_liquidations_count"], row["short_liquidations_count"]
    return words.NONE if long is None else f"{long}+{short}"


def _trigger(value: float | None) -> str:
    return words.NONE if value is None else words.trigger(round(value, 1))


def _days(value: float | None) -> str:
    return words.NONE if value is None else f"{value:g}"


def _ladder(runs: Sequence[Facts]) -> Table:
    first: Facts = {"step": "the study", "is_marked": True}
    last: Facts = {"step": "the venue engine", "is_marked": True}
    rows: list[Facts] = [{"step": step_name(rung)} for rung in runs[0]["ladder"]["rungs"]]
    columns = [Column("Step", "step")]
    for run in runs:
        key, steps = words.multiple(run["leverage"]), run["ladder"]
        columns += [
            Column(key, key, _text),
            Column(f"{key} alone", f"{key} alone", _text),
        ]
        first |= {key: words.usd(steps["study_usd"]), f"{key} alone": ""}
        last |= {key: words.usd(steps["engine_usd"]), f"{key} alone": ""}
        for row, rung in zip(rows, steps["rungs"], strict=True):
            row[key] = words.signed_usd(rung["change_usd"])
            row[f"{key} alone"] = words.signed_usd(rung["alone_usd"])
    note = (
        "USD of final equity: what each step changes after the steps above it, and alone against "
        "the study. The steps meet each other: another order splits the same sum otherwise."
    )
    title = "From the study's result to the venue engine's, one assumption at a time"
    return Table("G", title, columns, [first, *rows, last], [note])


def _text(value: str) -> str:
    return value


def _steps(facts: Facts) -> Table:
    rungs = facts["engine"]["runs"][0]["ladder"]["rungs"]
    rows = [
        dict(zip(("step", "study", "engine"), STEPS[rung["convention"]], strict=True))
        for rung in rungs
    ]
    columns = [
        Column("Step", "step"),
        Column("The study", "study"),
        Column("The venue engine", "engine"),
    ]
    return Table("", "What the steps replace", columns, rows)


def _venues(facts: Facts) -> Table:
    columns = [
        Column("Role", "role"),
        Column("Preset", "name"),
        Column("What", "title"),
        Column("Constants", "constants_count", words.usd),
        Column("of which assumed numbers", "assumed_count", words.usd),
    ]
    return Table("", "Whose rules", columns, facts["engine"]["venues"])


def _ledgers(facts: Facts) -> Table:
    rows = [
        row | {"leverage": run["leverage"], "is_marked": row["account"] == "net"}
        for run in facts["engine"]["runs"]
        for row in run["ledgers"]
    ]
    columns = [
        Column("Leverage", "leverage", words.multiple),
        Column("Account", "account"),
        Column("Rebalance, USD", "study_usd", words.signed_usd),
        Column("Venue engine, USD", "engine_usd", words.signed_usd),
        Column("Difference, USD", "gap_usd", words.signed_usd),
    ]
    note = (
        "Carry: interest earned less paid. Liquidation: what it took from us, less what venues and "
        "lenders bore. Price: basis, net coin, and what a naked leg made or lost."
    )
    return Table("", "The ledgers under the parents that they share", columns, rows, [note])


def _deaths(facts: Facts) -> Table:
    rows = [
        death
        | {
            "leverage": run["leverage"],
            "used_trigger": run["trigger"],
            "order": "first" if rank == 0 else "then",
            "away": -death["price_distance"] if death["leg"] == "long" else death["price_distance"],
            "fires": "can fire" if death["leg"] in run["firing"] else "cannot",
        }
        for run in facts["engine"]["runs"]
        for rank, death in enumerate(run["deaths"])
    ]
    columns = [
        Column("Leverage", "leverage", words.multiple),
        Column("Order", "order"),
        Column("Leg", "leg"),
        Column("Dies at price, USD", "price_usd", _price),
        Column("Away", "away", words.percent),
        Column("at leverage", "death_leverage", _one),
        Column("Takes of the leg", "leg_share", _whole),
        Column("Costs, USD", "cost_usd", _cents),
        Column("Trigger", "used_trigger", words.trigger),
        Column("This leg", "fires"),
    ]
    note = (
        "As opened, before any capital moves. A leg cannot fire a trigger above the leverage at "
        "which it is liquidated. Costs: of the first liquidation, at the price at which it happens."
    )
    return Table("", "Which leg dies first, and which can fire the trigger", columns, rows, [note])


def _price(value: float) -> str:
    return words.usd(value, 2 if abs(value) >= 1 else 6)


def _one(value: float) -> str:
    return words.decimal(value, 1)


def _whole(value: float) -> str:
    return words.share(value, 0)


def _cents(value: float) -> str:
    return words.usd(value, 2)


def _constants(facts: Facts) -> Table:
    run = focus_run(facts)
    hurdle = facts["hurdle"]["hurdle_annualized"]
    rows = [
        row
        | {
            "what": constant_name(row),
            "assumed": f"{row['value_constant']:g}",
            "range": f"{row['low_constant']:g} to {row['high_constant']:g}",
            "low": _less(row["low_annualized"], hurdle),
            "high": _less(row["high_annualized"], hurdle),
            "sign": "depends on it" if row["is_deciding"] else "stays",
            "is_marked": row["is_deciding"],
        }
        for row in sorted(run["constants"], key=lambda row: -row["span_annualized"])
    ]
    columns = [
        Column("Assumed constant", "what"),
        Column("Value", "assumed", _text),
        Column("Range", "range"),
        Column("Excess at its low, points", "low", words.points),
        Column("at its high", "high", words.points),
        Column("Widest change", "span_annualized", _points),
        Column("Sign of the excess", "sign"),
    ]
    at = f"{words.multiple(run['leverage'])}, trigger {words.trigger(run['trigger'])}"
    title = f"What the assumed constants of the venues decide: {at}"
    note = (
        "One constant at a time over its range, the others as assumed. A hyphen: the position "
        "cannot be opened there."
    )
    return Table("", title, columns, rows, [note])


def _less(value: float | None, hurdle: float) -> float | None:
    return None if value is None else value - hurdle


def _open(facts: Facts) -> Table:
    engine = facts["engine"]
    columns = [Column("What the bars do not say", "what")]
    asked: list[tuple[str, str, Writer]] = [
        (
            "Bars that reach both legs' liquidation prices: which died first",
            "both_count",
            words.usd,
        ),
        ("Bars with a liquidation: at which hour", "hit_count", words.usd),
        ("The worse order of high and low, USD", "order_usd", words.signed_usd),
        (
            f"Transfers of {seconds(engine['delay_seconds'])} that take whole bars",
            "transfers_count",
            words.usd,
        ),
        ("If transfers took no time, USD", "prompt_usd", words.signed_usd),
        ("Funding of bars in which the short was liquidated, USD", "funding_usd", words.usd),
        ("Jumps of oracle and mark over their range, points a year", "steps_annualized", _points),
    ]
    rows: list[Facts] = [{"what": text} for text, _, _ in asked]
    for run in engine["runs"]:
        key = words.multiple(run["leverage"])
        columns.append(Column(key, key, _text))
        for row, (_, name, write) in zip(rows, asked, strict=True):
            row[key] = write(run["open"][name])
    note = (
        "Changes are of the final equity, or of the return a year, against the run as it is; "
        "funding is what may or may not have been received."
    )
    return Table("", "What daily bars cannot decide", columns, rows, [note])


def _points(value: float | None) -> str:
    return words.points(value).removeprefix("+")
