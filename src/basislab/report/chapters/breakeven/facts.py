"""Costs, break-even and liquidation distances at the window's mean rates."""

from __future__ import annotations

import math
from dataclasses import dataclass

from basislab.presets import load_venue
from basislab.report.fields import APY, DAYS, DISTANCE, FRACTION, LEVERAGE, USD, unit
from basislab.report.study.breakeven import hurdle_funding, round_trip_share
from basislab.report.study.market import mean_rates
from basislab.report.study.runs import Runs
from basislab.research import breakeven as be
from basislab.types.configs import StaticConfig


@dataclass(frozen=True, kw_only=True)
class BreakevenRow:
    """A leverage at the study's size; the position is held for a year."""

    leverage: float = unit(LEVERAGE)
    gross_apy: float = unit(APY)
    round_trip_share: float = unit(FRACTION)
    breakeven_days: float | None = unit(DAYS)
    breakeven_funding_apy: float = unit(APY)
    hurdle_funding_apy: float = unit(APY)
    long_distance: float = unit(DISTANCE)
    short_distance: float = unit(DISTANCE)


@dataclass(frozen=True, kw_only=True)
class BreakevenCell:
    """Days until a size has earned its round trip, and until it has matched the hurdle too."""

    capital_usd: float = unit(USD)
    leverage: float = unit(LEVERAGE)
    round_trip_share: float = unit(FRACTION)
    breakeven_days: float | None = unit(DAYS)
    hurdle_days: float | None = unit(DAYS)


@dataclass(frozen=True, kw_only=True)
class MinimumFundingRow:
    """The funding that a holding period needs, to earn its costs and to match the hurdle."""

    holding_days: int = unit(DAYS)
    leverage: float = unit(LEVERAGE)
    spread_share: float = unit(FRACTION)
    breakeven_funding_apy: float = unit(APY)
    hurdle_funding_apy: float = unit(APY)
    seen_funding_apy: float = unit(APY)
    is_marked: bool


@dataclass(frozen=True, kw_only=True)
class BreakevenFacts:
    """Of the chapter."""

    breakeven: tuple[BreakevenRow, ...]
    breakeven_grid: tuple[BreakevenCell, ...]
    minimum_funding: tuple[MinimumFundingRow, ...]


def breakeven_facts(runs: Runs) -> BreakevenFacts:
    """Compute the chapter's facts."""
    spec = runs.spec
    return BreakevenFacts(
        breakeven=tuple(_row(runs, leverage) for leverage in spec.leverages),
        breakeven_grid=tuple(
            _cell(runs, capital, leverage)
            for capital in spec.breakeven_capitals_usd
            for leverage in spec.leverages
        ),
        minimum_funding=tuple(
            _minimum(runs, days, leverage)
            for days in spec.holding_days
            for leverage in spec.leverages
        ),
    )


def _finite(days: float) -> float | None:
    return None if math.isinf(days) else days


def _row(runs: Runs, leverage: float) -> BreakevenRow:
    rates, cost = mean_rates(runs), round_trip_share(runs, leverage)
    gross = be.gross_apy(leverage, rates.supply, rates.borrow, rates.funding)
    margin = load_venue(runs.spec.perp).maintenance_margin
    return BreakevenRow(
        leverage=leverage,
        gross_apy=gross,
        round_trip_share=cost,
        breakeven_days=_finite(be.days_to_breakeven(cost, gross)),
        breakeven_funding_apy=be.breakeven_funding(leverage, rates.supply, rates.borrow, cost),
        hurdle_funding_apy=hurdle_funding(runs, leverage),
        long_distance=be.long_liquidation_distance(leverage, margin),
        short_distance=be.short_liquidation_distance(leverage, margin),
    )


def _cell(runs: Runs, capital: float, leverage: float) -> BreakevenCell:
    rates = mean_rates(runs)
    config = StaticConfig(slippage="book", **runs.base(capital_usd=capital, leverage=leverage))
    cost = -runs.run(config).ledger.costs / capital
    gross = be.gross_apy(leverage, rates.supply, rates.borrow, rates.funding)
    return BreakevenCell(
        capital_usd=capital,
        leverage=leverage,
        round_trip_share=cost,
        breakeven_days=_finite(be.days_to_breakeven(cost, gross)),
        hurdle_days=_finite(be.days_to_breakeven(cost, gross - rates.hurdle)),
    )


def _minimum(runs: Runs, days: int, leverage: float) -> MinimumFundingRow:
    rates = mean_rates(runs)
    config = StaticConfig(**runs.base(leverage=leverage))
    cost = -runs.run(config).ledger.costs / runs.spec.capital_usd
    even, matched = (
        be.breakeven_funding(leverage, rates.supply, rates.borrow, cost, days, apy)
        for apy in (0.0, rates.hurdle)
    )
    return MinimumFundingRow(
        holding_days=days,
        leverage=leverage,
        spread_share=be.breakeven_spread(leverage, cost),
        breakeven_funding_apy=even,
        hurdle_funding_apy=matched,
        seen_funding_apy=rates.funding,
        is_marked=rates.funding > matched,
    )
