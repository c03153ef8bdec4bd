"""Tables and sentences of the realistic model."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.realistic.facts import (
    EventLog,
    MatrixRow,
    NeutralityRow,
    RealisticFacts,
    TriggerGrid,
)
from basislab.report.fields import flat
from basislab.report.study.events import event_table
from basislab.report.study.market import hurdle_facts
from basislab.report.study.results import FeeRow, WaterfallRow, fee_rows, model_rows
from basislab.report.study.runs import Runs
from basislab.report.tables import (
    ANNUAL,
    CAPITAL,
    DRAWDOWN,
    EXCESS,
    LEVERAGE,
    LIQUIDATIONS,
    MOVES,
    Column,
    Table,
    table,
    to,
)

HEDGED = 0.1
"""A beta below this is called a hedge: a tenth of the price move or less reaches the equity."""


def tables(runs: Runs, facts: RealisticFacts) -> Tables:
    """Return the chapter's tables."""
    return {
        "events": [_events(runs.once(fee_rows))],
        "matrix": [_matrix(runs, facts.matrix)],
        "triggers": _triggers(facts.triggers),
        "event-logs": _event_logs(facts.event_logs),
        "waterfall": [_waterfall(runs, facts.waterfall)],
        "neutrality": [_neutrality(runs, facts.neutrality)],
    }


def _events(rows: Sequence[FeeRow]) -> Table:
    columns = [
        LEVERAGE,
        MOVES,
        LIQUIDATIONS,
        Column("Opening, USD", "opening_usd", words.usd),
        Column("All fees, USD", "fees_usd", words.usd),
        Column("Penalties, USD", "penalty_usd", words.usd),
        ANNUAL,
        EXCESS,
        DRAWDOWN,
    ]
    return table("Events by leverage, default trigger", columns, rows)


def _matrix(runs: Runs, rows: Sequence[MatrixRow]) -> Table:
    columns = [
        CAPITAL,
        LEVERAGE,
        Column("Static", "static_annualized", words.percent, "Static a year"),
        Column("Rebalance", "annualized", words.percent, "Rebalance a year"),
        Column("Rotation", "rotation_annualized", words.percent, "Rotation a year"),
        EXCESS,
        DRAWDOWN,
        MOVES,
        LIQUIDATIONS,
    ]
    hurdle = words.percent(runs.once(hurdle_facts).hurdle_annualized)
    note = (
        "Static, with book slippage, is the study's ceiling; rotation its floor, which a "
        f"rebalance can fall below. Excess: rebalance less the hurdle of {hurdle} a year, "
        "in percentage points. Moves: capital moved between the legs; Liq.: liquidations. "
        "Returns are simple."
    )
    title = "Performance matrix: return a year by size and leverage, default trigger"
    return Table("1", title, columns, rows, [note])


def _triggers(grids: Sequence[TriggerGrid]) -> list[Table]:
    columns = [
        Column("Trigger", "trigger", words.trigger),
        ANNUAL,
        EXCESS,
        DRAWDOWN,
        MOVES,
        Column("Liquidations", "liquidations_count", words.usd),
        Column("", "mark", long="Note"),
    ]
    made = []
    for letter, grid in zip(_letters(len(grids)), grids, strict=True):
        rows = [
            flat(row)
            | {
                "is_marked": row.is_best,
                "mark": "best" if row.is_best else "default" if row.is_default else "",
            }
            for row in grid.rows
        ]
        title = f"Rebalance trigger at {words.multiple(grid.leverage)}"
        notes = ["Best means best on this one path."] if grid is grids[-1] else []
        made.append(Table(f"2{letter}", title, columns, rows, notes))
    return made


def _letters(count: int) -> Sequence[str]:
    return (
        ascii_lowercase[:count] if count <= len(ascii_lowercase) else [str(i) for i in range(count)]
    )


def _event_logs(logs: Sequence[EventLog]) -> list[Table]:
    note = (
        "USD. Long and short: equity of the legs before the event; moved: from the long to the "
        "short leg; paid: fees or penalty; equity: both legs after it."
    )
    return [
        event_table(
            f"4{letter}",
            f"Event log at {words.multiple(log.leverage)}, default trigger",
            log.rows,
            [note] if log is logs[-1] else [],
        )
        for letter, log in zip(_letters(len(logs)), logs, strict=True)
    ]


def _waterfall(runs: Runs, rows: Sequence[WaterfallRow]) -> Table:
    accounts = [
        ("Carry", "carry_usd", "Carry"),
        ("Fund.", "funding_usd", "Funding"),
        ("Fees", "trading_fees_usd", "Fees"),
        ("Gas", "gas_usd", "Gas"),
        ("Move", "transfer_fees_usd", "Transfers"),
        ("Penalty", "liquidation_penalty_usd", "Penalty"),
        ("Reval", "revaluation_usd", "Revaluation"),
        ("Forg.", "shortfall_usd", "Forgiven"),
        ("Net", "net_usd", "Net"),
    ]
    columns = [
        LEVERAGE,
        Column("Trig", "trigger", words.trigger, "Trigger"),
        *(Column(short, key, words.signed_usd, f"{long}, USD") for short, key, long in accounts),
    ]
    note = (
        "Default trigger, and below it the best one of the grid where that is another. "
        "Reval: the net coin earned or owed, marked at every close. Forg.: equity below "
        "zero that the study's convention sets to zero at a liquidation. The hurdle: "
        f"{words.signed_usd(runs.once(hurdle_facts).net_usd)} USD."
    )
    title = "P&L waterfall, USD: where every dollar came from and went"
    shown = [flat(row) | {"is_marked": not row.is_default} for row in rows]
    return Table("6", title, columns, shown, [note])


def _neutrality(runs: Runs, rows: Sequence[NeutralityRow]) -> Table:
    price = f"{runs.market.asset} price"
    columns = [
        LEVERAGE,
        Column(price, "price_change", words.percent, is_direction=True),
        Column("Equity", "equity_change", words.percent),
        Column("Correlation", "price_correlation", words.decimal),
        Column("Beta", "price_beta", to(3, words.decimal)),
        Column(
            "Reval./capital", "revaluation_share", words.percent, "Revaluation, share of capital"
        ),
        Column("Unexplained USD", "unexplained_usd", words.decimal, "Unexplained, USD"),
    ]
    note = (
        "Equity: first to last recorded close. Correlation and beta: of daily equity "
        "changes (as a share of capital) with daily price changes. Unexplained: sum of "
        "the ledger less change of equity."
    )
    return Table("7", "Delta-neutral check at the default trigger", columns, rows, [note])


def sentences(runs: Runs, facts: RealisticFacts) -> list[str]:
    """Return what the realistic model says."""
    ceilings = {
        row.leverage: row.outcome.annualized
        for row in runs.once(model_rows)
        if row.model == "static"
    }
    text = [
        _against_ceiling(row, ceilings[row.leverage]) for row in facts.waterfall if row.is_default
    ]
    text += [_best_and_worst(grid) for grid in facts.triggers if grid.rows]
    return [*text, *_hedge(facts.neutrality)]


def _against_ceiling(row: WaterfallRow, ceiling: float) -> str:
    made, ledger = row.outcome, row.ledger
    losses = {
        "liquidation penalties": ledger.liquidation_penalty_usd,
        "fees and gas": ledger.trading_fees_usd + ledger.gas_usd + ledger.transfer_fees_usd,
        "revaluation of the net coin": ledger.revaluation_usd,
    }
    name = min(losses, key=lambda key: losses[key])
    return (
        f"{words.multiple(row.leverage)}: {words.percent(made.annualized)} a year, "
        f"{words.points(made.excess_annualized)} points against the hurdle and "
        f"{words.points(made.annualized - ceiling)} against its ceiling; the largest loss is "
        f"{name} ({words.signed_usd(losses[name])} USD)."
    )


def _best_and_worst(grid: TriggerGrid) -> str:
    best = max(grid.rows, key=lambda row: row.outcome.annualized)
    worst = min(grid.rows, key=lambda row: row.outcome.annualized)
    verdict = "above" if best.outcome.excess_annualized > 0 else "still below"
    return (
        f"Trigger at {words.multiple(grid.leverage)}: the highest return is "
        f"{words.percent(best.outcome.annualized)} ({words.trigger(best.trigger)}), the lowest "
        f"{words.percent(worst.outcome.annualized)} ({words.trigger(worst.trigger)}); the highest "
        f"is {verdict} the hurdle."
    )


def _hedge(rows: Sequence[NeutralityRow]) -> list[str]:
    betas = {row: row.price_beta for row in rows if row.price_beta is not None}
    if not betas:
        return []
    most = max(betas, key=lambda row: abs(betas[row]))
    return [
        (
            f"The hedge {'holds' if abs(betas[most]) < HEDGED else 'leaks'}: with the price at "
            f"{words.percent(most.price_change)}, the largest beta of equity to price is "
            f"{words.decimal(betas[most], 3)} (at {words.multiple(most.leverage)})."
        )
    ]
