"""The tables of a study: the seven sections, then the comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase

from basislab.report import words
from basislab.report.certificate.tables import certificate_summary
from basislab.report.engine.tables import engine_tables
from basislab.report.tables import Column, Facts, Table, event_table

_LEVERAGE = Column("Lev", "leverage", words.multiple)
_ANNUAL = Column("Return/yr", "annualized", words.percent)
_EXCESS = Column("Excess pts", "excess_annualized", words.points)
_DRAWDOWN = Column("Drawdown", "drawdown", words.share)
_REBALANCES = Column("Moves", "rebalances_count", words.usd)
_LIQUIDATIONS = Column("Liq.", "liquidations_count", words.usd)


def study_tables(facts: Facts) -> list[Table]:
    """Return the study's seven sections and the comparisons after them.

    Parameters
    ----------
    facts : dict
        From `compute_facts`.

    Returns
    -------
    list of Table
    """
    tables = [_matrix(facts), *_triggers(facts), _fees(facts), *_event_logs(facts)]
    tables += [_fee_sensitivity(facts), _waterfall(facts), _neutrality(facts)]
    tables += [_models(facts), _venues(facts), _entry(facts), _breakeven(facts)]
    return [*tables, *certificate_summary(facts), *engine_tables(facts)]


def _matrix(facts: Facts) -> Table:
    hurdle = words.percent(facts["hurdle"]["hurdle_annualized"])
    return Table(
        "1",
        "Performance matrix: return a year by size and leverage, default trigger",
        [
            Column("Capital USD", "capital_usd", words.usd),
            _LEVERAGE,
            Column("Static", "static_annualized", words.percent),
            Column("Rebalance", "annualized", words.percent),
            Column("Rotation", "rotation_annualized", words.percent),
            _EXCESS,
            _DRAWDOWN,
            _REBALANCES,
            _LIQUIDATIONS,
        ],
        facts["matrix"],
        [
            (
                "Static, with book slippage, is the study's ceiling; rotation its floor, which a "
                f"rebalance can fall below. Excess: rebalance less the hurdle of {hurdle} a year, "
                "in percentage points. Moves: capital moved between the legs; Liq.: liquidations. "
                "Returns are simple."
            ),
        ],
    )


def _triggers(facts: Facts) -> list[Table]:
    tables = []
    blocks = facts["triggers"]
    for letter, block in zip(_letters(len(blocks)), blocks, strict=True):
        rows = [
            row
            | {
                "is_marked": row["is_best"],
                "mark": "best" if row["is_best"] else "default" if row["is_default"] else "",
            }
            for row in block["rows"]
        ]
        tables.append(
            Table(
                f"2{letter}",
                f"Rebalance trigger at {words.multiple(block['leverage'])}",
                [
                    Column("Trigger", "trigger", words.trigger),
                    _ANNUAL,
                    _EXCESS,
                    _DRAWDOWN,
                    Column("Moves", "rebalances_count", words.usd),
                    Column("Liquidations", "liquidations_count", words.usd),
                    Column("", "mark"),
                ],
                rows,
                ["Best means best on this one path."] if block is blocks[-1] else [],
            )
        )
    return tables


def _letters(count: int) -> Sequence[str]:
    return (
        ascii_lowercase[:count] if count <= len(ascii_lowercase) else [str(i) for i in range(count)]
    )


def _fees(facts: Facts) -> Table:
    return Table(
        "3",
        "Fees at the default trigger, USD",
        [
            _LEVERAGE,
            Column("Opening", "opening_usd", words.usd),
            Column("Reopening", "reopening_usd", words.usd),
            Column("Transfers", "transfers_usd", words.usd),
            Column("Closing", "closing_usd", words.usd),
            Column("All fees", "fees_usd", words.usd),
            Column("Share", "fees_share", _share2),
            Column("Penalties", "penalty_usd", words.usd),
        ],
        facts["fees"],
        [
            (
                "Opening and reopening include gas; reopening also closes the old short. "
                "Penalties are the venue's share at a liquidation, not fees."
            ),
        ],
    )


def _share2(value: float) -> str:
    return words.share(value, 2)


def _event_logs(facts: Facts) -> list[Table]:
    logs = facts["event_logs"]
    note = (
        "USD. Long and short: equity of the legs before the event; moved: from the long to the "
        "short leg; paid: fees or penalty; equity: both legs after it."
    )
    return [
        event_table(
            f"4{letter}",
            f"Event log at {words.multiple(log['leverage'])}, default trigger",
            log["rows"],
            [note] if log is logs[-1] else [],
        )
        for letter, log in zip(_letters(len(logs)), logs, strict=True)
    ]


def _fee_sensitivity(facts: Facts) -> Table:
    leverage = words.multiple(facts["study"]["fee_leverage"])
    return Table(
        "5",
        f"Sensitivity to the open fee at {leverage}",
        [
            Column("Open fee, bps", "open_fee_bps", _plain),
            _ANNUAL,
            _EXCESS,
            Column("Net, USD", "net_usd", words.signed_usd),
            _REBALANCES,
            _LIQUIDATIONS,
        ],
        facts["fee_sensitivity"],
    )


def _plain(value: float) -> str:
    return f"{value:g}"


def _waterfall(facts: Facts) -> Table:
    accounts = [
        ("Carry", "carry_usd"),
        ("Fund.", "funding_usd"),
        ("Fees", "trading_fees_usd"),
        ("Gas", "gas_usd"),
        ("Move", "transfer_fees_usd"),
        ("Penalty", "liquidation_penalty_usd"),
        ("Reval", "revaluation_usd"),
        ("Forg.", "shortfall_usd"),
        ("Net", "net_usd"),
    ]
    return Table(
        "6",
        "P&L waterfall, USD: where every dollar came from and went",
        [
            _LEVERAGE,
            Column("Trig", "trigger", words.trigger),
            *(Column(header, key, words.signed_usd) for header, key in accounts),
        ],
        [row | {"is_marked": not row["is_default"]} for row in facts["waterfall"]],
        [
            (
                "Default trigger, and below it the best one of the grid where that is another. "
                "Reval: the net coin earned or owed, marked at every close. Forg.: equity below "
                "zero that the study's convention sets to zero at a liquidation. The hurdle: "
                f"{words.signed_usd(facts['hurdle']['net_usd'])} USD."
            ),
        ],
    )


def _neutrality(facts: Facts) -> Table:
    asset = facts["market"]["asset"]
    return Table(
        "7",
        "Delta-neutral check at the default trigger",
        [
            _LEVERAGE,
            Column(f"{asset} price", "price_change", words.percent),
            Column("Equity", "equity_change", words.percent),
            Column("Correlation", "price_correlation", words.decimal),
            Column("Beta", "price_beta", _beta),
            Column("Reval./capital", "revaluation_share", words.percent),
            Column("Unexplained USD", "unexplained_usd", words.decimal),
        ],
        facts["neutrality"],
        [
            (
                "Equity: first to last recorded close. Correlation and beta: of daily equity "
                "changes (as a share of capital) with daily price changes. Unexplained: sum of "
                "the ledger less change of equity."
            ),
        ],
    )


def _beta(value: float | None) -> str:
    return words.decimal(value, 3)


def _models(facts: Facts) -> Table:
    return Table(
        "A",
        "The models compared",
        [
            _LEVERAGE,
            Column("Model", "model"),
            _ANNUAL,
            _EXCESS,
            Column("Net, USD", "net_usd", words.signed_usd),
            _DRAWDOWN,
        ],
        facts["models"],
        [
            (
                "Static has no liquidations, rotation no price risk: bounds by intent. Rebalance "
                "is the study's realistic model, conditional its later dashboard's."
            ),
        ],
    )


def _venues(facts: Facts) -> Table:
    hurdle = words.percent(facts["hurdle"]["hurdle_annualized"])
    return Table(
        "B",
        "Perpetual venues compared (default trigger)",
        [
            Column("Venue", "perp"),
            _LEVERAGE,
            Column("Return", "annualized", words.percent),
            Column("Excess", "excess_annualized", words.points),
            _LIQUIDATIONS,
            Column("Forg.", "shortfall_usd", words.usd),
            Column("Strict", "unforgiven_annualized", words.percent),
            Column("Best", "best_annualized", words.percent),
            Column("at", "best_trigger", words.trigger),
        ],
        facts["venues"],
        [
            (
                f"Returns a year; excess in points over the hurdle of {hurdle}. Forg.: losses "
                "beyond a leg's equity that the study's convention forgives, USD; strict: the "
                "return if they had to be paid. Best: best trigger of the grid, in hindsight."
            ),
        ],
    )


def _entry(facts: Facts) -> Table:
    entry = facts["entry"]
    position = f"{words.usd(entry['capital_usd'])} USD at {words.multiple(entry['leverage'])}"
    return Table(
        "C",
        f"Entry days: static position of {position}, every start day",
        [
            Column("Held, days", "holding_days", words.usd),
            Column("Starts", "starts_count", words.usd),
            Column("Won", "win_rate", words.share),
            Column("Median P&L, USD", "median_pnl_usd", _cents),
            Column("Smart starts", "smart_starts_count", words.usd),
            Column("Smart won", "smart_win_rate", words.share),
        ],
        entry["rows"],
        [
            (
                "Won: P&L above zero after the round trip's "
                f"{words.usd(entry['round_trip_usd'], 2)} USD. Smart: the day before had positive "
                f"funding. {words.usd(entry['profitable_starts_count'])} of "
                f"{words.usd(entry['all_starts_count'])} starts were ever above zero, the median "
                f"one after {words.decimal(entry['median_wait_days'], 0)} days. Streaks of days "
                f"with positive P&L: {words.usd(entry['streaks_count'])}, the longest "
                f"{words.usd(entry['longest_streak_days'])} days."
            ),
        ],
    )


def _cents(value: float | None) -> str:
    return words.signed_usd(value, 2)


def _breakeven(facts: Facts) -> Table:
    return Table(
        "D",
        "Break-even and liquidation distance at the window's average rates",
        [
            _LEVERAGE,
            Column("Gross/yr", "gross_apy", words.percent),
            Column("Round trip", "round_trip_share", _share2),
            Column("Days to even", "breakeven_days", _days),
            Column("Funding to even", "breakeven_funding_apy", words.percent),
            Column("to hurdle", "hurdle_funding_apy", words.percent),
            Column("Long dies at", "long_distance", _down),
            Column("Short dies at", "short_distance", words.percent),
        ],
        facts["breakeven"],
        [
            (
                "Funding to even, to hurdle: the funding a year at which a position held for one "
                "year earns nothing, or what the hurdle earns. Long and short die at: price move "
                "from the entry, before any rebalancing."
            ),
        ],
    )


def _days(value: float | None) -> str:
    return "never" if value is None else words.decimal(value, 0)


def _down(value: float) -> str:
    return words.percent(-value)
