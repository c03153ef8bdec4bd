"""The grids of a study: sizes, thresholds, holding periods and venues against leverage."""

from __future__ import annotations

import math

import numpy as np

from basislab.presets import load_venue
from basislab.report.runs import Facts, Runs
from basislab.report.sections import ledger_facts, number_or_none, outcome, trigger_rows
from basislab.research import breakeven as be
from basislab.types.configs import ConditionalConfig, RotationConfig, StaticConfig
from basislab.types.result import Event, Result
from basislab.units import DAYS_PER_YEAR


def static_section(runs: Runs) -> list[Facts]:
    """Return the ceiling by size and leverage, with what the order book takes."""
    rows = []
    for capital in runs.capitals():
        for leverage in runs.spec.leverages:
            base = runs.base(capital_usd=capital, leverage=leverage)
            result = runs.run(StaticConfig(slippage="book", **base))
            rows.append(
                {
                    "capital_usd": capital,
                    "leverage": leverage,
                    "notional_usd": result.config.notional_usd,
                    "hurdle_annualized": result.hurdle_annualized,
                    "slippage_share": -result.ledger.slippage / capital,
                    **ledger_facts(result),
                    **outcome(result),
                }
            )
    return rows


def scaling_section(runs: Runs) -> list[Facts]:
    """Return what the realistic run's costs are worth at each size."""
    rows = []
    for capital in runs.capitals():
        for leverage in runs.spec.leverages:
            result = runs.rebalance(leverage, capital_usd=capital)
            flat = -(result.ledger.gas + result.ledger.transfer_fees)
            rows.append(
                {
                    "capital_usd": capital,
                    "leverage": leverage,
                    "fees_usd": -result.ledger.costs,
                    "flat_usd": flat,
                    "fees_share": -result.ledger.costs / capital,
                    "flat_share": flat / capital,
                    **outcome(result),
                }
            )
    return rows


def rotation_fees_section(runs: Runs) -> list[Facts]:
    """Set the costs of moving capital beside those of closing and reopening."""
    rows = []
    for leverage in runs.spec.leverages:
        moved = runs.rebalance(leverage)
        rotated = runs.run(RotationConfig(**runs.base(leverage=leverage)))
        rows.append(
            {
                "leverage": leverage,
                "moves_count": moved.counts["rebalances"],
                "rebalance_fees_usd": -moved.ledger.costs,
                "rebalance_penalty_usd": -moved.ledger.liquidation_penalty,
                "rotations_count": rotated.counts["rotations"],
                "rotation_fees_usd": -rotated.ledger.costs,
                "rotation_penalty_usd": -rotated.ledger.liquidation_penalty,
                "fees_gap_usd": rotated.ledger.costs - moved.ledger.costs,
            }
        )
    return rows


def mean_rates(runs: Runs) -> tuple[float, float, float, float]:
    """Return the window's mean supply, borrow, funding and hurdle rates, fractions per year.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    tuple of float
    """
    market, lending = runs.market, runs.spec.lending
    funding = market.funding[load_venue(runs.spec.perp).funding].rate
    return (
        float(market.supply[lending, market.asset].apy.mean()),
        float(market.borrow[lending, market.quote].apy.mean()),
        float(funding.mean() * DAYS_PER_YEAR),
        float(market.supply[lending, market.quote].apy.mean()),
    )


def breakeven_grid_section(runs: Runs) -> list[Facts]:
    """Return the days to break even by size and leverage, at the window's mean rates."""
    supply, borrow, funding, hurdle = mean_rates(runs)
    rows = []
    for capital in runs.spec.breakeven_capitals_usd:
        for leverage in runs.spec.leverages:
            base = runs.base(capital_usd=capital, leverage=leverage)
            costs = -runs.run(StaticConfig(slippage="book", **base)).ledger.costs
            gross = be.gross_apy(leverage, supply, borrow, funding)
            waits = [be.days_to_breakeven(costs / capital, apy) for apy in (gross, gross - hurdle)]
            rows.append(
                {
                    "capital_usd": capital,
                    "leverage": leverage,
                    "round_trip_share": costs / capital,
                    "breakeven_days": None if math.isinf(waits[0]) else waits[0],
                    "hurdle_days": None if math.isinf(waits[1]) else waits[1],
                }
            )
    return rows


def minimum_funding_section(runs: Runs) -> list[Facts]:
    """Return the funding that a holding period needs, to earn its costs and to match the hurdle."""
    supply, borrow, funding, hurdle = mean_rates(runs)
    rows = []
    for days in runs.spec.holding_days:
        for leverage in runs.spec.leverages:
            config = StaticConfig(**runs.base(leverage=leverage))
            cost = -runs.run(config).ledger.costs / runs.spec.capital_usd
            needed = [
                be.breakeven_funding(leverage, supply, borrow, cost, days, apy)
                for apy in (0.0, hurdle)
            ]
            rows.append(
                {
                    "holding_days": days,
                    "leverage": leverage,
                    "spread_share": be.breakeven_spread(leverage, cost),
                    "breakeven_funding_apy": needed[0],
                    "hurdle_funding_apy": needed[1],
                    "seen_funding_apy": funding,
                    "is_marked": funding > needed[1],
                }
            )
    return rows


def conditional_grid_section(runs: Runs) -> list[Facts]:
    """Return conditional deployment by threshold and leverage."""
    rows = []
    for threshold in runs.spec.entry_apys:
        for leverage in runs.spec.leverages:
            base = runs.base(leverage=leverage, entry_apy=threshold)
            result = runs.run(ConditionalConfig(**base))
            deployed = sum(cycle["held_days"] for cycle in cycles(result))
            rows.append(
                {
                    "threshold_apy": threshold,
                    "leverage": leverage,
                    "deployed_share": deployed / len(result.times),
                    **outcome(result),
                }
            )
    return rows


def cycles_section(runs: Runs) -> Facts:
    """Return the deployments of the conditional model at the study's main leverage."""
    leverage = runs.spec.focus
    result = runs.run(ConditionalConfig(**runs.base(leverage=leverage)))
    found = cycles(result)
    return {
        "leverage": leverage,
        "threshold_apy": ConditionalConfig(leverage=leverage).entry_apy,
        "won_count": sum(cycle["net_usd"] > 0 for cycle in found),
        "cycles_count": len(found),
        "median_held_days": number_or_none(_median([cycle["held_days"] for cycle in found])),
        "rows": found,
    }


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else math.nan


def cycles(result: Result) -> list[Facts]:
    """Return every deployment of a conditional run: from, to, days, why it ended, what it made.

    Parameters
    ----------
    result : Result

    Returns
    -------
    list of dict
        A deployment still open at the end has the reason "end of the data".
    """
    found = []
    opened: Event | None = None
    for event in result.event_list:
        if event.kind == "open":
            opened = event
        elif event.kind == "close" and opened is not None:
            found.append(_cycle(opened, event.bar, event.time, event.reason, event.equity_usd))
            opened = None
    if opened is not None:
        found.append(
            _cycle(opened, len(result.times) - 1, result.end, "end of the data", result.final_usd)
        )
    return found


def _cycle(opened: Event, bar: int, time: str, reason: str | None, equity: float) -> Facts:
    return {
        "opened_on": opened.time,
        "closed_on": time,
        "held_days": bar - opened.bar,
        "reason": (reason or "").replace("_", " "),
        "net_usd": equity - (opened.equity_usd + opened.cost_usd),
        "entry_price_usd": opened.price_usd,
    }


def venue_triggers_section(runs: Runs) -> list[Facts]:
    """Return the trigger grid of every venue and leverage in one list."""
    return [
        {"perp": perp, "leverage": leverage, **row}
        for perp in runs.perps()
        for leverage in runs.spec.leverages
        for row in trigger_rows(runs, leverage, perp=perp)
    ]


def venue_matrix_section(runs: Runs) -> list[Facts]:
    """Return the realistic run at its default trigger by venue, size and leverage."""
    return [
        {
            "perp": perp,
            "capital_usd": capital,
            "leverage": leverage,
            **outcome(runs.rebalance(leverage, perp=perp, capital_usd=capital)),
        }
        for perp in runs.perps()
        for capital in runs.spec.capitals_usd
        for leverage in runs.spec.leverages
    ]
