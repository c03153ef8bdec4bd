"""The worst of every leverage at its default trigger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basislab.metrics import drawdown
from basislab.report.fields import (
    COUNT,
    DAYS,
    DRAWDOWN,
    LEVERAGE,
    RETURN,
    TRIGGER,
    USD,
    unit,
)
from basislab.report.study.legs import lowest_debt
from basislab.report.study.market import month_slices
from basislab.report.study.runs import Runs, trigger_of
from basislab.types.market import FloatArray
from basislab.types.result import time_labels


@dataclass(frozen=True, kw_only=True)
class RiskRow:
    """The worst day, the longest time under water, what a liquidation costs in carry.

    `penalty_months` is None where nothing was liquidated or nothing was earned.
    """

    leverage: float = unit(LEVERAGE)
    trigger: float = unit(TRIGGER)
    worst_day_return: float = unit(RETURN)
    worst_day: str
    drawdown: float = unit(DRAWDOWN)
    underwater_days: int = unit(DAYS)
    liquidations_count: int = unit(COUNT)
    penalty_each_usd: float | None = unit(USD)
    earned_monthly_usd: float = unit(USD)
    penalty_months: float | None = unit("months of the run's mean carry and funding")
    shortfall_usd: float = unit(USD)
    lowest_debt_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class RisksFacts:
    """Of the chapter."""

    risks: tuple[RiskRow, ...]


def risks_facts(runs: Runs) -> RisksFacts:
    """Compute the chapter's facts."""
    return RisksFacts(risks=tuple(_risk(runs, leverage) for leverage in runs.spec.leverages))


def _risk(runs: Runs, leverage: float) -> RiskRow:
    result = runs.rebalance(leverage)
    equity = np.concatenate(([result.initial_usd], result.equity_usd))
    moves = np.diff(equity) / result.initial_usd
    worst = int(moves.argmin())
    count = result.counts["liquidations"]
    months = len(list(month_slices(runs.market)))
    earned = (result.ledger.carry + result.ledger.funding) / months
    penalty = -result.ledger.liquidation_penalty / count if count else None
    return RiskRow(
        leverage=leverage,
        trigger=trigger_of(result),
        worst_day_return=float(moves[worst]),
        worst_day=time_labels(result.times, result.bar_seconds)[worst],
        drawdown=result.max_drawdown,
        underwater_days=longest_underwater(result.equity_usd, result.initial_usd),
        liquidations_count=count,
        penalty_each_usd=penalty,
        earned_monthly_usd=earned,
        penalty_months=penalty / earned if penalty is not None and earned > 0 else None,
        shortfall_usd=result.ledger.shortfall,
        lowest_debt_usd=lowest_debt(runs, leverage),
    )


def longest_underwater(equity: FloatArray, initial: float) -> int:
    """Return the longest run of bars below an earlier peak.

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
