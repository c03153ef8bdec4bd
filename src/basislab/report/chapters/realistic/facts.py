"""The rebalance model by size and trigger, its events, its ledger, its hedge."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from basislab.metrics import correlation
from basislab.report.fields import (
    ANNUALIZED,
    BETA,
    CORRELATION,
    FRACTION,
    LEVERAGE,
    USD,
    inline,
    unit,
)
from basislab.report.study.events import EventRow, event_row
from basislab.report.study.outcome import RebalanceOutcome, number_or_none, outcome
from basislab.report.study.results import (
    TriggerRow,
    WaterfallRow,
    trigger_rows,
    waterfall_rows,
)
from basislab.report.study.runs import Runs
from basislab.types.configs import RotationConfig, StaticConfig


@dataclass(frozen=True, kw_only=True)
class MatrixRow:
    """The default trigger at a size and a leverage, between its bounds."""

    capital_usd: float = unit(USD)
    leverage: float = unit(LEVERAGE)
    static_annualized: float = unit(ANNUALIZED)
    rotation_annualized: float = unit(ANNUALIZED)
    hurdle_annualized: float = unit(ANNUALIZED)
    outcome: RebalanceOutcome = inline()


@dataclass(frozen=True, kw_only=True)
class TriggerGrid:
    """A leverage's triggers."""

    leverage: float = unit(LEVERAGE)
    rows: tuple[TriggerRow, ...]


@dataclass(frozen=True, kw_only=True)
class EventLog:
    """A leverage's events at the default trigger."""

    leverage: float = unit(LEVERAGE)
    rows: tuple[EventRow, ...]


@dataclass(frozen=True, kw_only=True)
class NeutralityRow:
    """How much of the price move reached the equity."""

    leverage: float = unit(LEVERAGE)
    price_change: float = unit(FRACTION)
    equity_change: float | None = unit(FRACTION)
    price_correlation: float | None = unit(CORRELATION)
    price_beta: float | None = unit(BETA)
    revaluation_share: float = unit(FRACTION)
    unexplained_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class RealisticFacts:
    """Of the chapter."""

    matrix: tuple[MatrixRow, ...]
    triggers: tuple[TriggerGrid, ...]
    event_logs: tuple[EventLog, ...]
    waterfall: tuple[WaterfallRow, ...]
    neutrality: tuple[NeutralityRow, ...]


def realistic_facts(runs: Runs) -> RealisticFacts:
    """Compute the chapter's facts."""
    spec = runs.spec
    return RealisticFacts(
        matrix=tuple(
            _matrix(runs, capital, leverage)
            for capital in spec.capitals_usd
            for leverage in spec.leverages
        ),
        triggers=tuple(
            TriggerGrid(leverage=leverage, rows=trigger_rows(runs, leverage))
            for leverage in spec.leverages
        ),
        event_logs=tuple(
            EventLog(
                leverage=leverage,
                rows=tuple(event_row(event) for event in runs.rebalance(leverage).event_list),
            )
            for leverage in spec.event_log_leverages
        ),
        waterfall=runs.once(waterfall_rows),
        neutrality=tuple(_neutrality(runs, leverage) for leverage in spec.leverages),
    )


def _matrix(runs: Runs, capital: float, leverage: float) -> MatrixRow:
    base = runs.base(capital_usd=capital, leverage=leverage)
    result = runs.rebalance(leverage, capital_usd=capital)
    return MatrixRow(
        capital_usd=capital,
        leverage=leverage,
        static_annualized=runs.run(StaticConfig(slippage="book", **base)).annualized_return,
        rotation_annualized=runs.run(RotationConfig(**base)).annualized_return,
        hurdle_annualized=result.hurdle_annualized,
        outcome=outcome(result, RebalanceOutcome),
    )


def _neutrality(runs: Runs, leverage: float) -> NeutralityRow:
    closes = runs.market.reference_price.close
    moves = np.diff(closes) / closes[:-1]
    result = runs.rebalance(leverage)
    equity = result.equity_usd
    gains = np.diff(equity) / runs.spec.capital_usd
    spread = float(moves.var()) if len(moves) else 0.0
    beta = float(np.cov(moves, gains, bias=True)[0, 1]) / spread if spread > 0 else math.nan
    net = result.final_usd - result.initial_usd
    return NeutralityRow(
        leverage=leverage,
        price_change=float(closes[-1] / closes[0] - 1),
        equity_change=float(equity[-1] / equity[0] - 1) if equity[0] > 0 else None,
        price_correlation=number_or_none(correlation(moves, gains)),
        price_beta=number_or_none(beta),
        revaluation_share=result.ledger.revaluation / result.initial_usd,
        unexplained_usd=round(result.ledger.total - net, 6),
    )
