"""The conditional model by threshold and leverage, and its deployments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from basislab.report.fields import APY, COUNT, DAYS, FRACTION, LEVERAGE, USD, inline, unit
from basislab.report.study.outcome import ConditionalOutcome, outcome
from basislab.report.study.runs import Runs
from basislab.types.configs import ConditionalConfig
from basislab.types.result import Event, Result


@dataclass(frozen=True, kw_only=True)
class ThresholdRow:
    """A threshold at a leverage."""

    threshold_apy: float = unit(APY)
    leverage: float = unit(LEVERAGE)
    deployed_share: float = unit(FRACTION)
    outcome: ConditionalOutcome = inline()


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A deployment: from, to, why it ended, what it made."""

    opened_on: str
    closed_on: str
    held_days: int = unit(DAYS)
    reason: str
    net_usd: float = unit(USD)
    entry_price_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class Deployments:
    """Every deployment at the leverage that is shown first and the model's own threshold."""

    leverage: float = unit(LEVERAGE)
    threshold_apy: float = unit(APY)
    won_count: int = unit(COUNT)
    cycles_count: int = unit(COUNT)
    median_held_days: float | None = unit(DAYS)
    rows: tuple[Deployment, ...]


@dataclass(frozen=True, kw_only=True)
class ConditionalFacts:
    """Of the chapter."""

    conditional_grid: tuple[ThresholdRow, ...]
    cycles: Deployments


def conditional_facts(runs: Runs) -> ConditionalFacts:
    """Compute the chapter's facts."""
    spec = runs.spec
    return ConditionalFacts(
        conditional_grid=tuple(
            _threshold(runs, threshold, leverage)
            for threshold in spec.entry_apys
            for leverage in spec.leverages
        ),
        cycles=_deployments(runs, spec.focus),
    )


def _threshold(runs: Runs, threshold: float, leverage: float) -> ThresholdRow:
    result = runs.run(ConditionalConfig(**runs.base(leverage=leverage, entry_apy=threshold)))
    deployed = sum(row.held_days for row in deployments(result))
    return ThresholdRow(
        threshold_apy=threshold,
        leverage=leverage,
        deployed_share=deployed / len(result.times),
        outcome=outcome(result, ConditionalOutcome),
    )


def _deployments(runs: Runs, leverage: float) -> Deployments:
    config = ConditionalConfig(**runs.base(leverage=leverage))
    found = tuple(deployments(runs.run(config)))
    return Deployments(
        leverage=leverage,
        threshold_apy=config.entry_apy,
        won_count=sum(row.net_usd > 0 for row in found),
        cycles_count=len(found),
        median_held_days=float(np.median([row.held_days for row in found])) if found else None,
        rows=found,
    )


def deployments(result: Result) -> Iterator[Deployment]:
    """Yield the deployments of a conditional run; one still open ends with the data."""
    opened: Event | None = None
    for event in result.event_list:
        if event.kind == "open":
            opened = event
        elif event.kind == "close" and opened is not None:
            yield _deployment(opened, event.bar, event.time, event.reason, event.equity_usd)
            opened = None
    if opened is not None:
        last = len(result.times) - 1
        yield _deployment(opened, last, result.end, "end of the data", result.final_usd)


def _deployment(
    opened: Event, bar: int, time: str, reason: str | None, equity: float
) -> Deployment:
    return Deployment(
        opened_on=opened.time,
        closed_on=time,
        held_days=bar - opened.bar,
        reason=(reason or "").replace("_", " "),
        net_usd=equity - (opened.equity_usd + opened.cost_usd),
        entry_price_usd=opened.price_usd,
    )
