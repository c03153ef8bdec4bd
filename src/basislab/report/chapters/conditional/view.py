"""Tables, figures and sentences of conditional deployment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from basislab.report import words
from basislab.report.chapter import Tables
from basislab.report.chapters.conditional.facts import (
    ConditionalFacts,
    Deployments,
    ThresholdRow,
)
from basislab.report.charts.base import Figure, Held
from basislab.report.charts.maps import returns_alt, returns_map
from basislab.report.charts.spans import spans_chart
from basislab.report.fields import flat
from basislab.report.study.curves import map_cell
from basislab.report.study.market import hurdle_facts, market_facts
from basislab.report.study.runs import Runs
from basislab.report.tables import ANNUAL, DRAWDOWN, EXCESS, LEVERAGE, Column, Table, table


def tables(_: Runs, facts: ConditionalFacts) -> Tables:
    """Return the chapter's tables."""
    return {
        "conditional": [_conditional(facts.conditional_grid)],
        "cycles": [_cycles(facts.cycles)],
    }


def _conditional(grid: Sequence[ThresholdRow]) -> Table:
    columns = [
        Column("Threshold", "threshold_apy", words.share),
        LEVERAGE,
        Column("Deployed", "deployed_share", words.share),
        Column("Deployments", "opens_count", words.usd),
        ANNUAL,
        EXCESS,
        DRAWDOWN,
    ]
    rows = [flat(row) | {"is_marked": row.outcome.excess_annualized > 0} for row in grid]
    return table("Conditional deployment", columns, rows, "Bold: above the hurdle.")


def _cycles(cycles: Deployments) -> Table:
    columns = [
        Column("Opened", "opened_on"),
        Column("Closed", "closed_on"),
        Column("Days", "held_days", words.usd),
        Column("Ended by", "reason"),
        Column("Made, USD", "net_usd", words.signed_usd),
    ]
    return table(f"Every deployment at {words.multiple(cycles.leverage)}", columns, cycles.rows)


def figures(runs: Runs, facts: ConditionalFacts) -> Iterator[Figure]:
    """Yield the map of thresholds, and the deployments over time."""
    yield _grid(runs, facts.conditional_grid)
    if facts.cycles.rows:
        yield _over_time(runs, facts.cycles)


def _grid(runs: Runs, grid: Sequence[ThresholdRow]) -> Figure:
    held = Held()
    cells = [map_cell(row.outcome, row.threshold_apy, words.multiple(row.leverage)) for row in grid]
    hurdle = words.percent(runs.once(hurdle_facts).hurdle_annualized)
    title = "deployed above this mean gross APY"
    return Figure(
        key="conditional",
        title=f"Conditional deployment: return a year by threshold, against the hurdle of {hurdle}",
        alt=returns_alt(cells, "threshold"),
        data=held.rows,
        panels=[returns_map(held, cells, words.share, title=title, what="threshold")],
    )


def _over_time(runs: Runs, cycles: Deployments) -> Figure:
    held = Held()
    return Figure(
        key="cycles",
        title=(
            f"Deployments of the conditional model at {words.multiple(cycles.leverage)}, "
            f"threshold {words.share(cycles.threshold_apy, 0)}"
        ),
        alt=(
            f"Bars over {runs.once(market_facts).window}: width is the time deployed, height what "
            f"it made. {cycles.won_count} of {cycles.cycles_count} deployments made money."
        ),
        data=held.rows,
        panels=[
            spans_chart(
                held,
                runs.market,
                [flat(row) for row in cycles.rows],
                title="made by the deployment, USD",
            )
        ],
    )


def sentences(_: Runs, facts: ConditionalFacts) -> list[str]:
    """Return what the thresholds and the deployments say."""
    grid, cycles = facts.conditional_grid, facts.cycles
    best = max(grid, key=lambda row: row.outcome.annualized)
    above = sum(row.outcome.excess_annualized > 0 for row in grid)
    text = [
        (
            f"{above} of {len(grid)} pairs of threshold and leverage end above the hurdle; "
            f"the highest is {words.percent(best.outcome.annualized)} a year (threshold "
            f"{words.share(best.threshold_apy)}, {words.multiple(best.leverage)}), a choice made "
            "in hindsight."
        )
    ]
    if cycles.median_held_days is not None:
        text.append(
            f"At {words.multiple(cycles.leverage)} and a threshold of "
            f"{words.share(cycles.threshold_apy, 0)} there were "
            f"{words.plural(cycles.cycles_count, 'deployment')}, {cycles.won_count} of which made "
            f"money; the median one lasted {words.plural(round(cycles.median_held_days), 'day')}."
        )
    return text
