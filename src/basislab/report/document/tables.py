"""The tables of the document: those of the terminal with longer headers, and its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from basislab.report import words
from basislab.report.certificate.tables import marked_tables
from basislab.report.document.headers import HEADERS, NAMES
from basislab.report.document.quality import QUALITY_TABLES
from basislab.report.engine.tables import chapter_tables
from basislab.report.findings import focus_row
from basislab.report.runs import Facts
from basislab.report.study_tables import study_tables
from basislab.report.tables import Column, Table

LEVERAGE = Column("Leverage", "leverage", words.multiple)
ANNUAL = Column("Return a year", "annualized", words.percent)
EXCESS = Column("Against hurdle, points", "excess_annualized", words.points)
DRAWDOWN = Column("Drawdown", "drawdown", words.share)
CAPITAL = Column("Capital, USD", "capital_usd", words.usd)
MOVES = Column("Moves", "rebalances_count", words.usd)
LIQUIDATIONS = Column("Liquidations", "liquidations_count", words.usd)


def document_tables(facts: Facts) -> dict[str, list[Table]]:
    """Return every table of the document by the name that chapters use.

    Parameters
    ----------
    facts : dict
        From `compute_facts`.

    Returns
    -------
    dict of str to list of Table
        Empty where the study has nothing to show.
    """
    made: dict[str, list[Table]] = {name: [] for name in NAMES.values()}
    for table in study_tables(facts):
        key = re.match(r"\d+|[A-Z]", table.number)
        if key is not None:
            made[NAMES[key[0]]].append(_written_out(table))
    made |= {name: [make(facts)] for name, make in (_OWN | QUALITY_TABLES).items()}
    made |= marked_tables(facts["certificates"]) | chapter_tables(facts)
    return {name: [table for table in tables if table.rows] for name, tables in made.items()}


def _written_out(table: Table) -> Table:
    keys = {column.key for column in table.columns}
    extra = (EXCESS,) if "annualized" in keys and EXCESS.key not in keys else ()
    columns = [
        replace(column, header=HEADERS.get(column.header, column.header))
        for column in table.columns
    ]
    place = next((i + 1 for i, c in enumerate(columns) if c.key == "annualized"), len(columns))
    return replace(table, columns=[*columns[:place], *extra, *columns[place:]])


def _table(title: str, columns: Sequence[Column], rows: Sequence[Facts], *notes: str) -> Table:
    return Table("", title, columns, rows, notes)


def _constants(facts: Facts) -> Table:
    rows: dict[str, Facts] = {}
    for row in facts["constants"]:
        name = row["constant"].replace("_", " ").removesuffix(" usd").removesuffix(" bps")
        kept = rows.setdefault(name, row | {"constant": name})
        kept[row["perp"]] = row["value"]
    perps = list(dict.fromkeys(row["perp"] for row in facts["constants"]))
    columns = [Column("Constant", "constant"), *(Column(perp, perp) for perp in perps)]
    columns += [Column("Unit", "unit"), Column("Status", "status")]
    sources = sorted({row["source"] for row in facts["constants"]})
    filled = [dict.fromkeys(perps, words.NONE) | row for row in rows.values()]
    note = f"Sources: {words.join(sources)}."
    return _table("What the venues are assumed to cost", columns, filled, note)


def _rates(facts: Facts) -> Table:
    columns = [
        Column("Rate, APY", "what"),
        Column("Mean", "mean_apy", _percent2),
        Column("Median", "median_apy", _percent2),
        Column("Lowest day", "lowest_apy", words.percent),
        Column("Highest day", "highest_apy", words.percent),
        Column("Days above zero", "positive_days_share", words.share),
    ]
    return _table("Rates over the window", columns, facts["rates"])


def _percent2(value: float | None) -> str:
    return words.percent(value, 2)


def _share2(value: float | None) -> str:
    return words.share(value, 2)


def _months(facts: Facts) -> Table:
    rows = [
        row
        | {f"funding {item['venue']}": item["funding_apy"] for item in row["funding"]}
        | {f"static {item['leverage']}": item["pnl_return"] for item in row["static"]}
        for row in facts["months"]
    ]
    market = facts["market"]
    columns = [
        Column("Month", "month"),
        Column("Days", "days_count", words.usd),
        Column("Price", "price_change", words.percent),
        Column(f"{market['asset']} lending", "supply_apy", words.percent),
        Column(f"{market['quote']} borrowing", "borrow_apy", words.percent),
        Column("Hurdle", "hurdle_apy", words.percent),
    ]
    columns += [
        Column(f"Funding {item['venue']}", f"funding {item['venue']}", words.percent)
        for item in facts["months"][0]["funding"]
    ]
    columns += [
        Column(
            f"Ceiling {words.multiple(item['leverage'])}, month",
            f"static {item['leverage']}",
            _percent2,
        )
        for item in facts["months"][0]["static"]
    ]
    note = "Rates: mean APY of the month. Ceiling: share of capital earned in it, before costs."
    return _table("Month by month", columns, rows, note)


def _static(facts: Facts) -> Table:
    columns = [
        CAPITAL,
        LEVERAGE,
        Column("Notional a leg, USD", "notional_usd", words.usd),
        Column("Carry, USD", "carry_usd", words.signed_usd),
        Column("Funding, USD", "funding_usd", words.signed_usd),
        Column("Fees, USD", "trading_fees_usd", words.signed_usd),
        Column("Book, USD", "slippage_usd", words.signed_usd),
        Column("Net, USD", "net_usd", words.signed_usd),
        ANNUAL,
        EXCESS,
    ]
    return _table("The ceiling by size and leverage", columns, facts["static"])


def _slippage(facts: Facts) -> Table:
    columns = [
        CAPITAL,
        LEVERAGE,
        Column("Notional a leg, USD", "notional_usd", words.usd),
        Column("Book, USD", "slippage_usd", _cents),
        Column("Share of capital", "slippage_share", _share3),
        ANNUAL,
        EXCESS,
    ]
    return _table("What the order book takes, both ways", columns, facts["static"])


def _cents(value: float | None) -> str:
    return words.signed_usd(value, 2)


def _share3(value: float | None) -> str:
    return words.share(value, 3)


def _scaling(facts: Facts) -> Table:
    columns = [
        CAPITAL,
        LEVERAGE,
        Column("All fees, USD", "fees_usd", words.usd),
        Column("of which flat, USD", "flat_usd", words.usd),
        Column("All, share of capital", "fees_share", _share2),
        Column("Flat, share of capital", "flat_share", _share2),
        ANNUAL,
        EXCESS,
    ]
    note = "Flat: gas and transfers, which do not grow with the position."
    return _table("How the costs scale with the size", columns, facts["scaling"], note)


def _rotation(facts: Facts) -> Table:
    columns = [
        LEVERAGE,
        Column("Moves", "moves_count", words.usd),
        Column("Fees moving, USD", "rebalance_fees_usd", words.usd),
        Column("Penalties moving, USD", "rebalance_penalty_usd", words.usd),
        Column("Rotations", "rotations_count", words.usd),
        Column("Fees rotating, USD", "rotation_fees_usd", words.usd),
        Column("Penalties rotating, USD", "rotation_penalty_usd", words.usd),
    ]
    return _table("Moving capital against rotating", columns, facts["rotation_fees"])


def _events(facts: Facts) -> Table:
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
    return _table("Events by leverage, default trigger", columns, facts["fees"])


def _venue_matrix(facts: Facts) -> Table:
    columns = [Column("Venue", "perp"), CAPITAL, LEVERAGE, ANNUAL, EXCESS, DRAWDOWN, MOVES]
    columns.append(LIQUIDATIONS)
    title = "Both venues by size and leverage, default trigger"
    return _table(title, columns, facts["venue_matrix"] if facts["venue_gap"] else [])


def _venue_gap(facts: Facts) -> Table:
    accounts = [
        ("Carry", "carry_gap_usd"),
        ("Funding", "funding_gap_usd"),
        ("Fees", "costs_gap_usd"),
        ("Penalties", "liquidation_penalty_gap_usd"),
        ("Revaluation", "revaluation_gap_usd"),
        ("Forgiven", "shortfall_gap_usd"),
        ("Net", "net_gap_usd"),
        ("Net without forgiven", "unforgiven_gap_usd"),
    ]
    columns = [LEVERAGE, *(Column(f"{h}, USD", key, words.signed_usd) for h, key in accounts)]
    columns += [Column("Ahead", "winner"), Column("Largest reason", "driver")]
    note = f"{facts['study']['rival_perp']} less {facts['study']['perp']}, default trigger."
    return _table("Where the venues differ", columns, facts["venue_gap"], note)


def _minimum(facts: Facts) -> Table:
    columns = [
        Column("Held, days", "holding_days", words.usd),
        LEVERAGE,
        Column("Spread needed on notional", "spread_share", _share2),
        Column("Funding to even, APY", "breakeven_funding_apy", words.percent),
        Column("Funding to match hurdle, APY", "hurdle_funding_apy", words.percent),
        Column("Funding seen, APY", "seen_funding_apy", words.percent),
    ]
    note = "Bold: the window's mean funding was above what matching the hurdle asks."
    return _table("Shortest holding and lowest funding", columns, facts["minimum_funding"], note)


def _conditional(facts: Facts) -> Table:
    columns = [
        Column("Threshold", "threshold_apy", words.share),
        LEVERAGE,
        Column("Deployed", "deployed_share", words.share),
        Column("Deployments", "opens_count", words.usd),
        ANNUAL,
        EXCESS,
        DRAWDOWN,
    ]
    rows = [row | {"is_marked": row["excess_annualized"] > 0} for row in facts["conditional_grid"]]
    return _table("Conditional deployment", columns, rows, "Bold: above the hurdle.")


def _cycles(facts: Facts) -> Table:
    columns = [
        Column("Opened", "opened_on"),
        Column("Closed", "closed_on"),
        Column("Days", "held_days", words.usd),
        Column("Ended by", "reason"),
        Column("Made, USD", "net_usd", words.signed_usd),
    ]
    leverage = words.multiple(facts["cycles"]["leverage"])
    return _table(f"Every deployment at {leverage}", columns, facts["cycles"]["rows"])


def _risks(facts: Facts) -> Table:
    columns = [
        LEVERAGE,
        Column("Trigger", "trigger", words.trigger),
        Column("Worst day", "worst_day"),
        Column("lost, share of capital", "worst_day_return", words.percent),
        DRAWDOWN,
        Column("Days below a peak", "underwater_days", words.usd),
        LIQUIDATIONS,
        Column("Penalty each, USD", "penalty_each_usd", words.usd),
        Column("Earned a month, USD", "earned_monthly_usd", words.signed_usd),
        Column("Months to earn a penalty", "penalty_months", _months_text),
    ]
    return _table("How far it went wrong, default trigger", columns, facts["risks"])


def _months_text(value: float | None) -> str:
    return words.decimal(value, 1)


def _published(facts: Facts) -> Table:
    columns = [
        Column("Statement", "subject"),
        Column("Published", "said", _as_number),
        Column("Computed", "found", _as_number),
        Column("", "word"),
        Column("Why", "why"),
    ]
    return _table("Statement by statement", columns, facts["published"])


def _as_number(text: str) -> str:
    return text


def _provenance(facts: Facts) -> Table:
    market, study = facts["market"], facts["study"]
    rows = [
        ("Market", f"{market['name']}: {market['asset']} against {market['quote']}"),
        ("Window", f"{market['start']} to {market['end']}, {market['bars_count']} daily bars"),
        ("Fingerprint of the data", market["fingerprint"]),
        ("Perpetual venues", words.join(list(dict.fromkeys(r["perp"] for r in facts["venues"])))),
        ("Lending protocol", study["lending"]),
        ("Study", study["name"]),
        ("Program", f"basislab {facts['basislab']}, facts format {facts['version']}"),
    ]
    columns = [Column("What", "what"), Column("Which", "which")]
    return _table("Provenance", columns, [{"what": a, "which": b} for a, b in rows])


def _cards(facts: Facts) -> Table:
    """Return the headline numbers; the page shows them as cards."""
    defaults = [row for row in facts["waterfall"] if row["is_default"]]
    default = max(defaults, key=lambda row: row["annualized"])
    tuned = max(facts["waterfall"], key=lambda row: row["annualized"])
    ceiling = focus_row(facts, "static")
    hurdle = facts["hurdle"]
    rows = [
        _card("Hurdle", hurdle["hurdle_annualized"], hurdle["what"], None),
        _run_card("Realistic, default trigger", default),
        _run_card("Realistic, trigger chosen in hindsight", tuned),
        _card(
            "Ceiling",
            ceiling["annualized"],
            f"{words.multiple(ceiling['leverage'])}, no liquidation",
            ceiling["excess_annualized"],
        ),
    ]
    columns = [
        Column("", "name"),
        Column("Return a year", "annualized", words.percent),
        Column("Against hurdle, points", "excess_annualized", words.points),
        Column("Run", "note"),
    ]
    return _table("At a glance", columns, rows)


def _card(name: str, annualized: float, note: str, excess: float | None) -> Facts:
    return {"name": name, "annualized": annualized, "note": note, "excess_annualized": excess}


def _run_card(name: str, row: Facts) -> Facts:
    note = (
        f"{words.multiple(row['leverage'])}, trigger {words.trigger(row['trigger'])}, drawdown "
        f"{words.share(row['drawdown'])}"
    )
    return _card(name, row["annualized"], note, row["excess_annualized"])


_OWN: dict[str, Callable[[Facts], Table]] = {
    "cards": _cards,
    "constants": _constants,
    "rates": _rates,
    "months": _months,
    "static": _static,
    "slippage": _slippage,
    "scaling": _scaling,
    "rotation": _rotation,
    "events": _events,
    "venue-matrix": _venue_matrix,
    "venue-gap": _venue_gap,
    "minimum-funding": _minimum,
    "conditional": _conditional,
    "cycles": _cycles,
    "risks": _risks,
    "published": _published,
    "provenance": _provenance,
}
