"""Tables, figure and sentences of the fees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.fees.facts import FeesFacts, OpenFeeRow, RotationRow, ScalingRow
from basislab.report.charts.bars import stacked_bars
from basislab.report.charts.base import Figure, Held, Line
from basislab.report.study.outcome import at_focus
from basislab.report.study.results import CeilingRow, FeeRow, ceiling_rows
from basislab.report.study.runs import Runs
from basislab.report.tables import (
    ANNUAL,
    CAPITAL,
    EXCESS,
    LEVERAGE,
    LIQUIDATIONS,
    MOVES,
    NET,
    Column,
    Table,
    table,
    to,
)


def tables(runs: Runs, facts: FeesFacts) -> Tables:
    """Return the chapter's tables."""
    return {
        "fees": [_fees(facts.fees)],
        "fee-sensitivity": [_open_fee(runs, facts.fee_sensitivity)],
        "rotation": [_rotation(facts.rotation_fees)],
        "scaling": [_scaling(facts.scaling)],
        "slippage": [_slippage(runs.once(ceiling_rows))],
    }


def _fees(rows: Sequence[FeeRow]) -> Table:
    columns = [
        LEVERAGE,
        Column("Opening", "opening_usd", words.usd, "Opening, USD"),
        Column("Reopening", "reopening_usd", words.usd, "Reopening, USD"),
        Column("Transfers", "transfers_usd", words.usd, "Transfers, USD"),
        Column("Closing", "closing_usd", words.usd, "Closing, USD"),
        Column("All fees", "fees_usd", words.usd, "All fees, USD"),
        Column("Share", "fees_share", to(2, words.share), "Share of capital"),
        Column("Penalties", "penalty_usd", words.usd, "Penalties, USD"),
    ]
    note = (
        "Opening and reopening include gas; reopening also closes the old short. "
        "Penalties are the venue's share at a liquidation, not fees."
    )
    return Table("3", "Fees at the default trigger, USD", columns, rows, [note])


def _open_fee(runs: Runs, rows: Sequence[OpenFeeRow]) -> Table:
    title = f"Sensitivity to the open fee at {words.multiple(runs.spec.fee_leverage)}"
    columns = [
        Column("Open fee, bps", "open_fee_bps", "{:g}".format),
        ANNUAL,
        EXCESS,
        NET,
        MOVES,
        LIQUIDATIONS,
    ]
    return Table("5", title, columns, rows)


def _rotation(rows: Sequence[RotationRow]) -> Table:
    columns = [
        LEVERAGE,
        Column("Moves", "moves_count", words.usd),
        Column("Fees moving, USD", "rebalance_fees_usd", words.usd),
        Column("Penalties moving, USD", "rebalance_penalty_usd", words.usd),
        Column("Rotations", "rotations_count", words.usd),
        Column("Fees rotating, USD", "rotation_fees_usd", words.usd),
        Column("Penalties rotating, USD", "rotation_penalty_usd", words.usd),
    ]
    return table("Moving capital against rotating", columns, rows)


def _scaling(rows: Sequence[ScalingRow]) -> Table:
    columns = [
        CAPITAL,
        LEVERAGE,
        Column("All fees, USD", "fees_usd", words.usd),
        Column("of which flat, USD", "flat_usd", words.usd),
        Column("All, share of capital", "fees_share", to(2, words.share)),
        Column("Flat, share of capital", "flat_share", to(2, words.share)),
        ANNUAL,
        EXCESS,
    ]
    note = "Flat: gas and transfers, which do not grow with the position."
    return table("How the costs scale with the size", columns, rows, note)


def _slippage(rows: Sequence[CeilingRow]) -> Table:
    columns = [
        CAPITAL,
        LEVERAGE,
        Column("Notional a leg, USD", "notional_usd", words.usd),
        Column("Book, USD", "slippage_usd", to(2, words.signed_usd)),
        Column("Share of capital", "slippage_share", to(3, words.share)),
        ANNUAL,
        EXCESS,
    ]
    return table("What the order book takes, both ways", columns, rows)


def figures(runs: Runs, facts: FeesFacts) -> Iterator[Figure]:
    """Yield what the costs of the realistic run consist of, penalties beside them."""
    held = Held()
    parts = (
        (Line("opening", "static"), "opening_usd"),
        (Line("reopening", "other"), "reopening_usd"),
        (Line("transfers", "conditional"), "transfers_usd"),
        (Line("closing", "rotation"), "closing_usd"),
        (Line("penalties", "rebalance"), "penalty_usd"),
    )
    lines = [line for line, _ in parts]
    panel = stacked_bars(
        held,
        [
            {
                "at": words.multiple(row.leverage),
                "series": line.name,
                "place": place,
                "amount_usd": getattr(row, key),
            }
            for row in facts.fees
            for place, (line, key) in enumerate(parts)
        ],
        lines,
        order=[words.multiple(leverage) for leverage in runs.spec.leverages],
        title="USD",
        tips=[
            alt.Tooltip("at:N", title="leverage"),
            alt.Tooltip("series:N", title="cost"),
            alt.Tooltip("amount_usd:Q", title="USD", format=",.2f"),
        ],
    )
    spoken = [
        f"{words.multiple(row.leverage)} {words.usd(row.fees_usd)} and {words.usd(row.penalty_usd)}"
        for row in facts.fees
    ]
    yield Figure(
        key="fees",
        title="Fees and penalties at the default trigger, USD",
        alt=f"Stacked bars; fees and penalties in USD: {words.join(spoken)}.",
        data=held.rows,
        panels=[panel],
        legend=lines,
    )


def sentences(runs: Runs, facts: FeesFacts) -> list[str]:
    """Return what the fees say."""
    row, rotation = at_focus(runs, facts.fees), at_focus(runs, facts.rotation_fees)
    small = min(facts.scaling, key=lambda item: item.capital_usd)
    tried = [item.outcome.annualized for item in facts.fee_sensitivity]
    return [
        f"At {words.multiple(row.leverage)} all fees are {words.usd(row.fees_usd)} USD "
        f"({words.share(row.fees_share, 2)} of capital); liquidation penalties are "
        f"{words.usd(row.penalty_usd)} USD. "
        + (
            "What a liquidation costs outweighs every fee."
            if row.penalty_usd > row.fees_usd
            else "Fees outweigh liquidations."
        ),
        (
            f"The open fee moves the return by {words.decimal((max(tried) - min(tried)) * 100)} "
            "points over the range tried."
        ),
        (
            f"Rotation opened {words.plural(rotation.rotations_count, 'time')} and paid "
            f"{words.usd(rotation.rotation_fees_usd)} USD in fees; moving capital took "
            f"{words.plural(rotation.moves_count, 'move')} and "
            f"{words.usd(rotation.rebalance_fees_usd)} USD in all."
        ),
        (
            f"Flat costs (gas, transfers) weigh {words.share(small.flat_share, 2)} of capital "
            f"at {words.usd(small.capital_usd)} USD and {words.multiple(small.leverage)}."
        ),
    ]
