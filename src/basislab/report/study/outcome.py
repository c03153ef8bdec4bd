"""What every table may show of a run: its result, its counts, its ledger."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from basislab.metrics import annualized_return
from basislab.report.fields import (
    ANNUALIZED,
    COUNT,
    DRAWDOWN,
    RETURN,
    USD,
    rounded,
    unit,
)
from basislab.report.study.runs import Runs
from basislab.types.result import Result


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run earned."""

    final_usd: float = unit(USD)
    net_usd: float = unit(USD)
    total_return: float = unit(RETURN)
    annualized: float = unit(ANNUALIZED)
    excess_annualized: float = unit(ANNUALIZED)
    drawdown: float = unit(DRAWDOWN)


@dataclass(frozen=True, kw_only=True)
class RebalanceOutcome(Outcome):
    """The same of the rebalance model."""

    rebalances_count: int = unit(COUNT)
    rotations_count: int = unit(COUNT)
    liquidations_count: int = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class RotationOutcome(Outcome):
    """The same of the rotation model."""

    rotations_count: int = unit(COUNT)
    liquidations_count: int = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class ConditionalOutcome(Outcome):
    """The same of the conditional model."""

    opens_count: int = unit(COUNT)
    closes_count: int = unit(COUNT)


O = TypeVar("O", bound=Outcome)  # noqa: E741 - of outcomes


def outcome(result: Result, kind: type[O]) -> O:
    """Return what a run earned and what is counted of its model."""
    counts = {f"{name}_count": count for name, count in result.counts.items()}
    return kind(
        final_usd=result.final_usd,
        net_usd=result.final_usd - result.initial_usd,
        total_return=result.total_return,
        annualized=result.annualized_return,
        excess_annualized=result.annualized_return - result.hurdle_annualized,
        drawdown=result.max_drawdown,
        **counts,
    )


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The ledger of a realistic run, signed from our side."""

    carry_usd: float = unit(USD)
    funding_usd: float = unit(USD)
    trading_fees_usd: float = unit(USD)
    gas_usd: float = unit(USD)
    transfer_fees_usd: float = unit(USD)
    liquidation_penalty_usd: float = unit(USD)
    revaluation_usd: float = unit(USD)
    shortfall_usd: float = unit(USD)


def accounts(result: Result) -> Accounts:
    """Return the ledger of a realistic run."""
    return Accounts(**{f"{name}_usd": value for name, value in result.ledger.to_dict().items()})


def unforgiven_annualized(result: Result) -> float:
    """Return the return a year as if the losses that the study forgives had been paid."""
    forgiven = result.ledger.shortfall / result.initial_usd
    return annualized_return(result.total_return - forgiven, len(result.times))


def number_or_none(value: float) -> float | None:
    """Return a number, or None where it is not one: JSON has no NaN."""
    return None if math.isnan(value) else float(value)


class OfLeverage(Protocol):
    """A row of facts that belongs to a leverage."""

    @property
    def leverage(self) -> float:
        """Multiple of one leg's capital."""


Row = TypeVar("Row", bound=OfLeverage)


def at_focus(runs: Runs, rows: Sequence[Row]) -> Row:
    """Return the row of the leverage that is shown first."""
    return next(row for row in rows if row.leverage == rounded(runs.spec.focus))
