"""Tables, figure and sentences of prices and rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.environment.facts import EnvironmentFacts
from basislab.report.charts.base import Figure, Held, Line
from basislab.report.charts.months import month_bars, month_lines
from basislab.report.fields import flat
from basislab.report.study.curves import HURDLE, venue_lines
from basislab.report.study.market import MarketFacts, MonthRow, market_facts
from basislab.report.study.runs import Runs
from basislab.report.tables import Column, Table, table, to


def tables(runs: Runs, facts: EnvironmentFacts) -> Tables:
    """Return the chapter's tables."""
    columns = [
        Column("Rate, APY", "what"),
        Column("Mean", "mean_apy", to(2, words.percent)),
        Column("Median", "median_apy", to(2, words.percent)),
        Column("Lowest day", "lowest_apy", words.percent),
        Column("Highest day", "highest_apy", words.percent),
        Column("Days above zero", "positive_days_share", words.share),
    ]
    return {
        "rates": [table("Rates over the window", columns, facts.rates)],
        "months": [_months(runs.once(market_facts), facts.months)],
    }


def _months(market: MarketFacts, months: Sequence[MonthRow]) -> Table:
    rows = [
        flat(row)
        | {f"funding {item.venue}": item.funding_apy for item in row.funding}
        | {f"static {item.leverage}": item.pnl_return for item in row.static}
        for row in months
    ]
    columns = [
        Column("Month", "month"),
        Column("Days", "days_count", words.usd),
        Column("Price", "price_change", words.percent, is_direction=True),
        Column(f"{market.asset} lending", "supply_apy", words.percent),
        Column(f"{market.quote} borrowing", "borrow_apy", words.percent),
        Column("Hurdle", "hurdle_apy", words.percent),
        *(
            Column(f"Funding {item.venue}", f"funding {item.venue}", words.percent)
            for item in months[0].funding
        ),
        *(
            Column(
                f"Ceiling {words.multiple(item.leverage)}, month",
                f"static {item.leverage}",
                to(2, words.percent),
            )
            for item in months[0].static
        ),
    ]
    note = "Rates: mean APY of the month. Ceiling: share of capital earned in it, before costs."
    return table("Month by month", columns, rows, note)


def figures(runs: Runs, facts: EnvironmentFacts) -> Iterator[Figure]:
    """Yield funding and lending rates by month."""
    held, market = Held(), runs.once(market_facts)
    venues = venue_lines(market)
    lending = (
        (Line(f"{market.asset} lending", "conditional"), "supply_apy"),
        (Line(f"{market.quote} borrowing", "rotation"), "borrow_apy"),
        (HURDLE, "hurdle_apy"),
    )
    lines = (*venues, *(line for line, _ in lending))
    paid = [
        {"month": row.month, "series": item.venue, "apy": item.funding_apy}
        for row in facts.months
        for item in row.funding
    ]
    lent = [
        {"month": row.month, "series": line.name, "apy": getattr(row, key)}
        for row in facts.months
        for line, key in lending
    ]
    means = [f"{row.what} {words.percent(row.mean_apy)}" for row in facts.rates]
    yield Figure(
        key="rates",
        title="Funding and lending rates by month, APY",
        alt=f"Bars (funding) and lines (lending) by month; means: {words.join(means)}.",
        data=held.rows,
        panels=[
            month_bars(held, paid, lines, [line.name for line in venues], "funding, APY"),
            month_lines(held, lent, lines, "lending and borrowing, APY"),
        ],
        legend=lines,
    )


def sentences(runs: Runs, facts: EnvironmentFacts) -> list[str]:
    """Return what prices and rates say."""
    market = runs.once(market_facts)
    spread = market.supply_apy - market.borrow_apy
    text = [
        (
            f"{market.asset} {_moved(market.price_change)} "
            f"({words.percent(market.price_change)}) over "
            f"{words.plural(market.bars_count, 'day')}: from "
            f"{words.usd(market.first_close_usd, 2)} to "
            f"{words.usd(market.last_close_usd, 2)} USD, "
            f"between {words.usd(market.lowest_usd, 2)} on {market.lowest_on} and "
            f"{words.usd(market.highest_usd, 2)} on {market.highest_on}."
        ),
        (
            f"Lending {market.asset} earned {words.share(market.supply_apy, 2)} a year, "
            f"borrowing {market.quote} cost {words.share(market.borrow_apy, 2)}: the "
            f"borrowed part {'pays for itself' if spread > 0 else 'costs money before funding'} "
            f"({words.points(spread)} points)."
        ),
    ]
    text += [
        f"Funding on {row.venue} {'paid' if row.funding_apy > 0 else 'cost'} a short "
        f"{words.share(abs(row.funding_apy), 2)} of notional a year; it was positive on "
        f"{words.share(row.positive_days_share, 0)} of the days."
        for row in market.funding
    ]
    months = facts.months
    red = [row.month for row in months if row.static[-1].pnl_return < 0]
    text.append(
        f"Carry and funding together were negative in {len(red)} of "
        f"{words.plural(len(months), 'month')}{' (' + words.join(red) + ')' if red else ''}, at "
        "the highest leverage."
    )
    if market.partial_bars:
        text.append(
            f"Days whose data are partial, kept as they are: {words.join(market.partial_bars)}."
        )
    return text


def _moved(change: float) -> str:
    return "rose" if change > 0 else "fell" if change < 0 else "ended where it began"
