"""What opening, moving, rotating and closing cost."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.report.fields import BPS, COUNT, FRACTION, LEVERAGE, USD, inline, unit
from basislab.report.study.outcome import RebalanceOutcome, outcome
from basislab.report.study.results import FeeRow, fee_rows
from basislab.report.study.runs import Runs
from basislab.types.configs import RotationConfig


@dataclass(frozen=True, kw_only=True)
class OpenFeeRow:
    """The outcome at an open fee of the long leg."""

    open_fee_bps: float = unit(BPS)
    leverage: float = unit(LEVERAGE)
    outcome: RebalanceOutcome = inline()


@dataclass(frozen=True, kw_only=True)
class ScalingRow:
    """What the costs of the realistic run are worth at a size; flat: gas and transfers."""

    capital_usd: float = unit(USD)
    leverage: float = unit(LEVERAGE)
    fees_usd: float = unit(USD)
    flat_usd: float = unit(USD)
    fees_share: float = unit(FRACTION)
    flat_share: float = unit(FRACTION)
    outcome: RebalanceOutcome = inline()


@dataclass(frozen=True, kw_only=True)
class RotationRow:
    """The costs of moving capital beside those of closing and reopening."""

    leverage: float = unit(LEVERAGE)
    moves_count: int = unit(COUNT)
    rebalance_fees_usd: float = unit(USD)
    rebalance_penalty_usd: float = unit(USD)
    rotations_count: int = unit(COUNT)
    rotation_fees_usd: float = unit(USD)
    rotation_penalty_usd: float = unit(USD)
    fees_gap_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class FeesFacts:
    """Of the chapter."""

    fees: tuple[FeeRow, ...]
    fee_sensitivity: tuple[OpenFeeRow, ...]
    scaling: tuple[ScalingRow, ...]
    rotation_fees: tuple[RotationRow, ...]


def fees_facts(runs: Runs) -> FeesFacts:
    """Compute the chapter's facts."""
    spec = runs.spec
    return FeesFacts(
        fees=fee_rows(runs),
        fee_sensitivity=tuple(_open_fee(runs, fee) for fee in spec.open_fees_bps),
        scaling=tuple(
            _scaling(runs, capital, leverage)
            for capital in runs.capitals()
            for leverage in spec.leverages
        ),
        rotation_fees=tuple(_rotation(runs, leverage) for leverage in spec.leverages),
    )


def _open_fee(runs: Runs, fee: float) -> OpenFeeRow:
    leverage = runs.spec.fee_leverage
    result = runs.rebalance(leverage, open_fee_bps=fee)
    return OpenFeeRow(
        open_fee_bps=fee, leverage=leverage, outcome=outcome(result, RebalanceOutcome)
    )


def _scaling(runs: Runs, capital: float, leverage: float) -> ScalingRow:
    result = runs.rebalance(leverage, capital_usd=capital)
    flat = -(result.ledger.gas + result.ledger.transfer_fees)
    return ScalingRow(
        capital_usd=capital,
        leverage=leverage,
        fees_usd=-result.ledger.costs,
        flat_usd=flat,
        fees_share=-result.ledger.costs / capital,
        flat_share=flat / capital,
        outcome=outcome(result, RebalanceOutcome),
    )


def _rotation(runs: Runs, leverage: float) -> RotationRow:
    moved = runs.rebalance(leverage)
    rotated = runs.run(RotationConfig(**runs.base(leverage=leverage)))
    return RotationRow(
        leverage=leverage,
        moves_count=moved.counts["rebalances"],
        rebalance_fees_usd=-moved.ledger.costs,
        rebalance_penalty_usd=-moved.ledger.liquidation_penalty,
        rotations_count=rotated.counts["rotations"],
        rotation_fees_usd=-rotated.ledger.costs,
        rotation_penalty_usd=-rotated.ledger.liquidation_penalty,
        fees_gap_usd=rotated.ledger.costs - moved.ledger.costs,
    )
