"""Table, figures and sentences of the ceiling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from basislab.presets import load_venue
from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.static.facts import StaticFacts
from basislab.report.charts.base import Figure, Held, Line, Rows
from basislab.report.charts.lines import lines_chart
from basislab.report.charts.maps import largest, map_chart
from basislab.report.charts.palette import map_class
from basislab.report.charts.series import long_form
from basislab.report.study.curves import HURDLE, hurdle_usd
from basislab.report.study.market import MonthRow, hurdle_facts, month_rows
from basislab.report.study.results import ceiling_at_focus
from basislab.report.study.runs import Runs
from basislab.report.tables import ANNUAL, CAPITAL, EXCESS, LEVERAGE, NET, Column, table
from basislab.simulate import lower_market
from basislab.units import DAYS_PER_YEAR

INCOME = (Line("carry", "static"), Line("funding", "rebalance"), Line("both", "ink"), HURDLE)

MONTH_ROW = 26
"""Pixels of a month in the map."""


def tables(_: Runs, facts: StaticFacts) -> Tables:
    """Return the chapter's table."""
    columns = [
        CAPITAL,
        LEVERAGE,
        Column("Notional a leg, USD", "notional_usd", words.usd),
        Column("Carry, USD", "carry_usd", words.signed_usd),
        Column("Funding, USD", "funding_usd", words.signed_usd),
        Column("Fees, USD", "trading_fees_usd", words.signed_usd),
        Column("Book, USD", "slippage_usd", words.signed_usd),
        NET,
        ANNUAL,
        EXCESS,
    ]
    return {"static": [table("The ceiling by size and leverage", columns, facts.static)]}


def figures(runs: Runs, _: StaticFacts) -> Iterator[Figure]:
    """Yield what the ceiling earned over time, and month by month."""
    yield _income(runs)
    yield _months(runs)


def _income(runs: Runs) -> Figure:
    held, leverage = Held(), runs.spec.focus
    sums = ceiling_at_focus(runs).ledger
    chart = lines_chart(
        held,
        _income_rows(runs),
        INCOME,
        value="sum_usd",
        title="cumulative, USD",
        written=",.0f",
        height=300,
        leverage=leverage,
    )
    return Figure(
        key="income",
        title="What the position earned before costs: lending carry and funding, cumulative",
        alt=(
            f"Lines at {words.multiple(leverage)} on constant notional. At the end: carry "
            f"{words.signed_usd(sums.carry_usd)} USD, funding "
            f"{words.signed_usd(sums.funding_usd)} USD; the hurdle "
            f"{words.signed_usd(runs.once(hurdle_facts).net_usd)} USD."
        ),
        data=held.rows,
        panels=[chart],
        legend=INCOME,
        leverages=runs.spec.leverages,
        leverage=leverage,
    )


def _income_rows(runs: Runs) -> Rows:
    """Return cumulative carry and funding of the ceiling, and the hurdle's interest."""
    spec = runs.spec
    bars = lower_market(runs.market, load_venue(spec.perp).funding, spec.lending)
    rows = []
    for leverage in spec.leverages:
        notional = spec.capital_usd / 2 * leverage
        borrowed = notional - spec.capital_usd / 2
        carry = np.cumsum(notional * bars.supply - borrowed * bars.borrow)
        funding = np.cumsum(notional * bars.funding)
        earned = (carry, funding, carry + funding, hurdle_usd(runs) - spec.capital_usd)
        named = {line.name: sums for line, sums in zip(INCOME, earned, strict=True)}
        rows += [row | {"leverage": leverage} for row in long_form(runs.market, named, "sum_usd")]
    return rows


def _months(runs: Runs) -> Figure:
    held, months = Held(), runs.once(month_rows)
    best = max(months, key=lambda row: row.static[-1].pnl_return)
    worst = min(months, key=lambda row: row.static[-1].pnl_return)
    leverages = [words.multiple(leverage) for leverage in runs.spec.leverages]
    panel = map_chart(
        held,
        _month_cells(months),
        x="at",
        y="month",
        titles=(None, None),
        orders=([*leverages, HURDLE.name], [row.month for row in months]),
        tips=[
            ("month", "month"),
            ("at", "run"),
            ("label", "earned"),
            ("excess", "against the hurdle"),
        ],
    )
    return Figure(
        key="months",
        title="What the ceiling earned each month, share of capital before costs",
        alt=(
            "Map of months against leverage, coloured by the difference to the hurdle. At "
            f"{leverages[-1]} the best month is {best.month} "
            f"({words.percent(best.static[-1].pnl_return, 2)}), the worst {worst.month} "
            f"({words.percent(worst.static[-1].pnl_return, 2)})."
        ),
        data=held.rows,
        panels=[panel.properties(height=MONTH_ROW * len(months))],
    )


def _month_cells(months: tuple[MonthRow, ...]) -> Rows:
    hurdles = {
        row.month: (1 + row.hurdle_apy) ** (row.days_count / DAYS_PER_YEAR) - 1 for row in months
    }
    excess = [item.pnl_return - hurdles[row.month] for row in months for item in row.static]
    bound = largest(excess)
    cells: Rows = []
    for row in months:
        for item in row.static:
            value = item.pnl_return - hurdles[row.month]
            cells.append(
                {
                    "month": row.month,
                    "at": words.multiple(item.leverage),
                    "label": words.percent(item.pnl_return, 2),
                    "excess": f"{words.decimal(value * 100)} points",
                    "step": map_class(value, bound),
                }
            )
        label = words.percent(hurdles[row.month], 2)
        beside = {"at": HURDLE.name, "label": label, "excess": "", "step": None}
        cells.append({"month": row.month} | beside)
    return cells


def sentences(runs: Runs, facts: StaticFacts) -> list[str]:
    """Return what the ceiling says."""
    row = ceiling_at_focus(runs)
    earned = row.ledger.carry_usd + row.ledger.funding_usd
    below = [
        words.multiple(item.leverage)
        for item in facts.static
        if item.capital_usd == row.capital_usd and item.outcome.excess_annualized <= 0
    ]
    most = max(facts.static, key=lambda item: item.slippage_share)
    return [
        (
            f"At {words.multiple(row.leverage)} the ceiling is "
            f"{words.percent(row.outcome.annualized)} a year, "
            f"{words.points(row.outcome.excess_annualized)} points against the hurdle; funding is "
            f"{words.share(row.ledger.funding_usd / earned if earned else None, 0)} of its income "
            "before costs."
        ),
        "At every leverage the ceiling lies above the hurdle."
        if not below
        else f"Even without a single liquidation the hurdle is not reached at {words.join(below)}.",
        (
            f"The order book takes most at {words.usd(most.capital_usd)} USD and "
            f"{words.multiple(most.leverage)}: {words.share(most.slippage_share, 2)} of capital."
        ),
    ]
