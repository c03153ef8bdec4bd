"""Results of a study that several chapters show: models, ceiling, waterfall, fees, triggers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from basislab.report.fields import (
    ANNUALIZED,
    FRACTION,
    LEVERAGE,
    TRIGGER,
    USD,
    inline,
    rounded,
    unit,
)
from basislab.report.study.outcome import (
    Accounts,
    ConditionalOutcome,
    Outcome,
    RebalanceOutcome,
    RotationOutcome,
    accounts,
    at_focus,
    outcome,
    unforgiven_annualized,
)
from basislab.report.study.runs import Runs, trigger_of
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
)
from basislab.types.result import Result


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model's outcome at the study's size."""

    leverage: float = unit(LEVERAGE)
    model: str
    outcome: Outcome = inline()


_OUTCOMES: dict[type[ModelConfig], type[Outcome]] = {
    StaticConfig: Outcome,
    RebalanceConfig: RebalanceOutcome,
    RotationConfig: RotationOutcome,
    ConditionalConfig: ConditionalOutcome,
}
"""The study's models, in the order in which they are compared."""


def models_at(runs: Runs, leverage: float) -> dict[str, Result]:
    """Return the run of every model at a leverage."""
    base = runs.base(leverage=leverage)
    configs: list[ModelConfig] = [
        StaticConfig(slippage="book", **base),
        RebalanceConfig(**base),
        RotationConfig(**base),
        ConditionalConfig(**base),
    ]
    return {config.model: runs.run(config) for config in configs}


def model_rows(runs: Runs) -> tuple[ModelRow, ...]:
    """Compare the models at every leverage."""
    return tuple(
        ModelRow(
            leverage=leverage,
            model=model,
            outcome=outcome(result, _OUTCOMES[type(result.config)]),
        )
        for leverage in runs.spec.leverages
        for model, result in models_at(runs, leverage).items()
    )


@dataclass(frozen=True, kw_only=True)
class CeilingAccounts:
    """The ledger of the static model, signed from our side."""

    carry_usd: float = unit(USD)
    funding_usd: float = unit(USD)
    trading_fees_usd: float = unit(USD)
    gas_usd: float = unit(USD)
    slippage_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class CeilingRow:
    """The ceiling at a size and a leverage, with what the order book takes."""

    capital_usd: float = unit(USD)
    leverage: float = unit(LEVERAGE)
    notional_usd: float = unit(USD)
    hurdle_annualized: float = unit(ANNUALIZED)
    slippage_share: float = unit(FRACTION)
    ledger: CeilingAccounts = inline()
    outcome: Outcome = inline()


def ceiling_rows(runs: Runs) -> tuple[CeilingRow, ...]:
    """Return the ceiling by size and leverage."""
    return tuple(
        _ceiling(runs, capital, leverage)
        for capital in runs.capitals()
        for leverage in runs.spec.leverages
    )


def _ceiling(runs: Runs, capital: float, leverage: float) -> CeilingRow:
    base = runs.base(capital_usd=capital, leverage=leverage)
    result = runs.run(StaticConfig(slippage="book", **base))
    ledger = {f"{name}_usd": value for name, value in result.ledger.to_dict().items()}
    return CeilingRow(
        capital_usd=capital,
        leverage=leverage,
        notional_usd=result.config.notional_usd,
        hurdle_annualized=result.hurdle_annualized,
        slippage_share=-result.ledger.slippage / capital,
        ledger=CeilingAccounts(**ledger),
        outcome=outcome(result, Outcome),
    )


def ceiling_at_focus(runs: Runs) -> CeilingRow:
    """Return the ceiling at the study's own size and the leverage that is shown first."""
    capital = rounded(runs.spec.capital_usd)
    return at_focus(runs, [row for row in runs.once(ceiling_rows) if row.capital_usd == capital])


@dataclass(frozen=True, kw_only=True)
class WaterfallRow:
    """The ledger and the outcome of a realistic run, and its return with nothing forgiven."""

    leverage: float = unit(LEVERAGE)
    trigger: float = unit(TRIGGER)
    is_default: bool
    ledger: Accounts = inline()
    outcome: RebalanceOutcome = inline()
    unforgiven_annualized: float = unit(ANNUALIZED)
    unforgiven_excess_annualized: float = unit(ANNUALIZED)


def waterfall_rows(runs: Runs) -> tuple[WaterfallRow, ...]:
    """Return every leverage's run at the default trigger, and the best one where it is another."""
    return tuple(
        _waterfall(leverage, result)
        for leverage in runs.spec.leverages
        for result in dict.fromkeys((runs.rebalance(leverage), runs.best(leverage)))
    )


def _waterfall(leverage: float, result: Result) -> WaterfallRow:
    strict = unforgiven_annualized(result)
    return WaterfallRow(
        leverage=leverage,
        trigger=trigger_of(result),
        is_default=trigger_of(result) == 2 * leverage,
        ledger=accounts(result),
        outcome=outcome(result, RebalanceOutcome),
        unforgiven_annualized=strict,
        unforgiven_excess_annualized=strict - result.hurdle_annualized,
    )


@dataclass(frozen=True, kw_only=True)
class FeeRow:
    """The costs of a run at the default trigger, by what caused them."""

    leverage: float = unit(LEVERAGE)
    opening_usd: float = unit(USD)
    reopening_usd: float = unit(USD)
    transfers_usd: float = unit(USD)
    closing_usd: float = unit(USD)
    fees_usd: float = unit(USD)
    fees_share: float = unit(FRACTION)
    penalty_usd: float = unit(USD)
    outcome: RebalanceOutcome = inline()


def fee_rows(runs: Runs) -> tuple[FeeRow, ...]:
    """Split the costs at the default trigger of every leverage."""
    return tuple(_fees(runs.rebalance(leverage)) for leverage in runs.spec.leverages)


def _fees(result: Result) -> FeeRow:
    costs = {"open": 0.0, "reopen": 0.0, "rebalance": 0.0}
    for event in result.event_list:
        if event.kind in costs:
            costs[event.kind] += event.cost_usd
    return FeeRow(
        leverage=result.config.leverage,
        opening_usd=costs["open"],
        reopening_usd=costs["reopen"],
        transfers_usd=costs["rebalance"],
        closing_usd=float(result.equity_usd[-1]) - result.final_usd,
        fees_usd=-result.ledger.costs,
        fees_share=-result.ledger.costs / result.initial_usd,
        penalty_usd=-result.ledger.liquidation_penalty,
        outcome=outcome(result, RebalanceOutcome),
    )


@dataclass(frozen=True, kw_only=True)
class TriggerRow:
    """A trigger of the grid, and what came of it."""

    trigger: float = unit(TRIGGER)
    is_default: bool
    is_best: bool
    outcome: RebalanceOutcome = inline()


def trigger_rows(runs: Runs, leverage: float, **changes: Any) -> tuple[TriggerRow, ...]:
    """Return one row a trigger; `changes` are config fields that differ from the study's."""
    results = runs.triggers(leverage, **changes)
    best = max((result.final_usd for result in results), default=math.nan)
    return tuple(
        TriggerRow(
            trigger=trigger_of(result),
            is_default=trigger_of(result) == 2 * leverage,
            is_best=result.final_usd == best,
            outcome=outcome(result, RebalanceOutcome),
        )
        for result in results
    )
