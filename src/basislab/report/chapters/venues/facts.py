"""The realistic model on either venue, and why one did better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basislab.report.fields import ANNUALIZED, LEVERAGE, TRIGGER, USD, inline, unit
from basislab.report.study.outcome import (
    Accounts,
    RebalanceOutcome,
    accounts,
    outcome,
    unforgiven_annualized,
)
from basislab.report.study.results import TriggerRow, trigger_rows
from basislab.report.study.runs import Runs, trigger_of

ACCOUNTS = ("carry", "funding", "costs", "liquidation_penalty", "revaluation", "shortfall")
"""The accounts that explain why one venue did better; their sum is the difference."""


@dataclass(frozen=True, kw_only=True)
class VenueRow:
    """A venue at a leverage: default trigger, and the best one of the grid."""

    perp: str
    leverage: float = unit(LEVERAGE)
    outcome: RebalanceOutcome = inline()
    ledger: Accounts = inline()
    unforgiven_annualized: float = unit(ANNUALIZED)
    best_annualized: float = unit(ANNUALIZED)
    best_trigger: float = unit(TRIGGER)


@dataclass(frozen=True, kw_only=True)
class VenueTriggerRow:
    """A trigger of a venue's grid."""

    perp: str
    leverage: float = unit(LEVERAGE)
    run: TriggerRow = inline()


@dataclass(frozen=True, kw_only=True)
class VenueMatrixRow:
    """A venue at a size and a leverage, default trigger."""

    perp: str
    capital_usd: float = unit(USD)
    leverage: float = unit(LEVERAGE)
    outcome: RebalanceOutcome = inline()


@dataclass(frozen=True, kw_only=True)
class VenueGapRow:
    """The rival's accounts less those of the study's own venue."""

    leverage: float = unit(LEVERAGE)
    carry_gap_usd: float = unit(USD)
    funding_gap_usd: float = unit(USD)
    costs_gap_usd: float = unit(USD)
    liquidation_penalty_gap_usd: float = unit(USD)
    revaluation_gap_usd: float = unit(USD)
    shortfall_gap_usd: float = unit(USD)
    net_gap_usd: float = unit(USD)
    unforgiven_gap_usd: float = unit(USD)
    winner: str
    unforgiven_winner: str
    driver: str


@dataclass(frozen=True, kw_only=True)
class VenuesFacts:
    """Of the chapter; no gap where the market knows one venue."""

    venues: tuple[VenueRow, ...]
    venue_triggers: tuple[VenueTriggerRow, ...]
    venue_matrix: tuple[VenueMatrixRow, ...]
    venue_gap: tuple[VenueGapRow, ...]


def venues_facts(runs: Runs) -> VenuesFacts:
    """Compute the chapter's facts."""
    spec, perps = runs.spec, runs.perps()
    places = [(perp, leverage) for perp in perps for leverage in spec.leverages]
    return VenuesFacts(
        venues=tuple(_venue(runs, perp, leverage) for perp, leverage in places),
        venue_triggers=tuple(
            VenueTriggerRow(perp=perp, leverage=leverage, run=row)
            for perp, leverage in places
            for row in trigger_rows(runs, leverage, perp=perp)
        ),
        venue_matrix=tuple(_matrix(runs)),
        venue_gap=tuple(_gaps(runs)),
    )


def _venue(runs: Runs, perp: str, leverage: float) -> VenueRow:
    result, best = runs.rebalance(leverage, perp=perp), runs.best(leverage, perp=perp)
    return VenueRow(
        perp=perp,
        leverage=leverage,
        outcome=outcome(result, RebalanceOutcome),
        ledger=accounts(result),
        unforgiven_annualized=unforgiven_annualized(result),
        best_annualized=best.annualized_return,
        best_trigger=trigger_of(best),
    )


def _matrix(runs: Runs) -> Iterator[VenueMatrixRow]:
    for perp in runs.perps():
        for capital in runs.spec.capitals_usd:
            for leverage in runs.spec.leverages:
                result = runs.rebalance(leverage, perp=perp, capital_usd=capital)
                yield VenueMatrixRow(
                    perp=perp,
                    capital_usd=capital,
                    leverage=leverage,
                    outcome=outcome(result, RebalanceOutcome),
                )


def _gaps(runs: Runs) -> Iterator[VenueGapRow]:
    own, *rivals = runs.perps()
    for rival in rivals:
        for leverage in runs.spec.leverages:
            yield _gap(runs, own, rival, leverage)


def _gap(runs: Runs, own: str, rival: str, leverage: float) -> VenueGapRow:
    ours, theirs = (runs.rebalance(leverage, perp=perp) for perp in (own, rival))
    gaps = {name: getattr(theirs.ledger, name) - getattr(ours.ledger, name) for name in ACCOUNTS}
    net = theirs.final_usd - ours.final_usd
    driver = max(gaps, key=lambda name: gaps[name] if net >= 0 else -gaps[name])
    unforgiven = net - gaps["shortfall"]
    return VenueGapRow(
        leverage=leverage,
        **{f"{name}_gap_usd": value for name, value in gaps.items()},
        net_gap_usd=net,
        unforgiven_gap_usd=unforgiven,
        winner=rival if net > 0 else own,
        unforgiven_winner=rival if unforgiven > 0 else own,
        driver=driver.replace("_", " "),
    )
