"""What went wrong, how far it went, and which venue won: the computed part of the risks."""

from __future__ import annotations

import numpy as np

from basislab.metrics import drawdown
from basislab.report.environment import month_slices
from basislab.report.legs import leg_paths
from basislab.report.runs import Facts, Runs, trigger_of
from basislab.types.market import FloatArray
from basislab.types.result import Result, time_labels

ACCOUNTS = ("carry", "funding", "costs", "liquidation_penalty", "revaluation", "shortfall")
"""The accounts that explain why one venue did better; their sum is the difference."""


def risks_section(runs: Runs) -> list[Facts]:
    """Return the worst of every leverage at its default trigger."""
    return [risk_facts(runs, runs.rebalance(leverage)) for leverage in runs.spec.leverages]


def risk_facts(runs: Runs, result: Result) -> Facts:
    """Return the worst day, the longest time under water, and what a liquidation costs in carry.

    Parameters
    ----------
    runs : Runs
    result : Result

    Returns
    -------
    dict
        ``penalty_months`` is None where nothing was liquidated or nothing was earned.
    """
    equity = np.concatenate(([result.initial_usd], result.equity_usd))
    moves = np.diff(equity) / result.initial_usd
    worst = int(moves.argmin())
    count = result.counts["liquidations"]
    months = len(list(month_slices(runs.market)))
    earned = (result.ledger.carry + result.ledger.funding) / months
    penalty = -result.ledger.liquidation_penalty / count if count else None
    return {
        "leverage": result.config.leverage,
        "trigger": trigger_of(result),
        "worst_day_return": float(moves[worst]),
        "worst_day": time_labels(result.times, result.bar_seconds)[worst],
        "drawdown": result.max_drawdown,
        "underwater_days": longest_underwater(result.equity_usd, result.initial_usd),
        "liquidations_count": count,
        "penalty_each_usd": penalty,
        "earned_monthly_usd": earned,
        "penalty_months": penalty / earned if penalty is not None and earned > 0 else None,
        "shortfall_usd": result.ledger.shortfall,
        "lowest_debt_usd": float(leg_paths(runs, result).debt_usd.min()),
    }


def longest_underwater(equity: FloatArray, initial: float) -> int:
    """Return the longest run of bars below an earlier peak.

    Parameters
    ----------
    equity : ndarray of shape (n_bars,), USD
    initial : float, USD

    Returns
    -------
    int, bars

    Examples
    --------
    >>> longest_underwater(np.array([90.0, 95.0, 101.0, 100.0]), 100.0)
    2
    """
    longest = current = 0
    for below in drawdown(equity, initial) > 0:
        current = current + 1 if below else 0
        longest = max(longest, current)
    return longest


def venue_gap_section(runs: Runs) -> list[Facts]:
    """Explain, account by account, why one venue did better than the other.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    list of dict
        One row a leverage, gaps as the rival's less the study's own venue, USD; empty where the
        market knows one venue.
    """
    perps = runs.perps()
    if len(perps) != 2:
        return []
    rows = []
    for leverage in runs.spec.leverages:
        own, rival = (runs.rebalance(leverage, perp=perp) for perp in perps)
        gaps = {name: getattr(rival.ledger, name) - getattr(own.ledger, name) for name in ACCOUNTS}
        net = rival.final_usd - own.final_usd
        driver = max(gaps, key=lambda name: gaps[name] if net >= 0 else -gaps[name])
        unforgiven = net - gaps["shortfall"]
        rows.append(
            {
                "leverage": leverage,
                **{f"{name}_gap_usd": value for name, value in gaps.items()},
                "net_gap_usd": net,
                "unforgiven_gap_usd": unforgiven,
                "winner": perps[1] if net > 0 else perps[0],
                "unforgiven_winner": perps[1] if unforgiven > 0 else perps[0],
                "driver": driver.replace("_", " "),
            }
        )
    return rows
