"""From a venue config to the scalars that the venue engine's kernels read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from basislab.kernels.venue import params as vp
from basislab.simulate.venue.bars import change_days, frozen
from basislab.types.faults import FAULT_KINDS
from basislab.types.market import FloatArray
from basislab.types.venue import PENALTY_KINDS, StudyVenue
from basislab.types.venue_config import (
    PATH_ORDERS,
    POLICY_KINDS,
    RESPONSES,
    VenueConfig,
    resolved,
)
from basislab.types.venue_terms import (
    FUNDING_PRICES,
    LOAN_PROCEDURES,
    PERP_PROCEDURES,
    LendingMarket,
    PerpVenue,
    Route,
)
from basislab.units import from_bps


def lower_many(
    configs: Sequence[VenueConfig], bar_seconds: int
) -> list[tuple[vp.Params, list[int], FloatArray]]:
    """Return the parameters of many: those of equal terms, where they stand, their decisions.

    What hangs on venues and conventions is lowered once; decisions have shape (n, 19), as the
    kernel's ``decided_by`` reads them.
    """
    found: dict[tuple[Any, ...], list[int]] = {}
    for position, config in enumerate(configs):
        terms = (config.perp, config.lending, config.opening, config.swap, config.transfer)
        # the same object, not an equal one: comparing terms takes longer than lowering them
        key = (*map(id, terms), id(config.study), config.conventions, id(config.faults))
        found.setdefault(key, []).append(position)
    return [
        (
            lower_params(configs[positions[0]], bar_seconds),
            positions,
            np.array([_decisions(configs[position]) for position in positions], float),
        )
        for positions in found.values()
    ]


def _decisions(config: VenueConfig) -> tuple[float, ...]:
    order, leverage = PATH_ORDERS.index(config.path_order), config.leverages.long
    others = (config.capital_usd, leverage, order, config.share, config.is_debtless)
    return (*_policy(config), *others)


def lower_params(config: VenueConfig, bar_seconds: int) -> vp.Params:
    """Return the kernel's parameters: fractions, USD, bars."""
    study = resolved(config.study, StudyVenue)
    names = ("accrue_at_opening", "funding_first", "flat_margin", "settle_at_close", "instant")
    switches = [config.has(name) for name in (*names, "study_costs", "negative_debt")]
    return vp.Params(
        capital=config.capital_usd,
        leverage=config.leverages.long,
        perp=_perp(config, study),
        loan=_loan(config, resolved(config.lending, LendingMarket), study),
        costs=_costs(config, study, bar_seconds),
        policy=_policy(config),
        conventions=vp.Conventions(*switches),
        study=vp.StudyTerms(
            study.maintenance_margin,
            PENALTY_KINDS.index(study.liquidation_penalty.kind),
            study.liquidation_penalty.rate,
            from_bps(resolved(config.opening, Route).cost_bps),
            from_bps(study.taker_fee_bps),
            study.gas_usd,
        ),
        path_order=PATH_ORDERS.index(config.path_order),
        share=config.share,
        is_debtless=config.is_debtless,
        faults=_faults(config, bar_seconds),
        dated=_dated(config, study),
    )


def _perp(config: VenueConfig, study: StudyVenue) -> vp.PerpTerms:
    venue = resolved(config.perp, PerpVenue)
    tiers = venue.margin_tiers
    bounds = np.array([tier.above_usd for tier in tiers])
    rates = np.array([tier.maintenance_rate for tier in tiers])
    if config.has("flat_margin"):
        bounds, rates = np.zeros(1), np.array([study.maintenance_margin])
    deductions = np.cumsum(np.diff(rates, prepend=rates[0]) * bounds)
    initial = np.array([1 / tier.max_leverage for tier in tiers[: len(rates)]])
    kept = 0.0 if config.has("study_costs") else 1.0
    return vp.PerpTerms(
        bounds=frozen(bounds),
        rates=frozen(rates),
        deductions=frozen(deductions),
        initial=frozen(initial),
        withdrawal_floor=venue.withdrawal_floor,
        procedure=PERP_PROCEDURES.index(venue.procedure),
        full_below=venue.full_below_usd,
        first_share=venue.first_share,
        backstop_ratio=venue.backstop_ratio,
        liquidation_fee=from_bps(venue.liquidation_fee_bps),
        buffer=venue.liquidation_buffer,
        liquidator_fee=venue.liquidator_fee,
        insurance_fee=venue.insurance_fee,
        slippage=kept * from_bps(venue.slippage_bps),
        impact=kept * from_bps(venue.impact_bps_per_100k),
        liquidation_slippage=from_bps(venue.liquidation_slippage_bps),
        mark_step=venue.mark_step,
        funding_price=FUNDING_PRICES.index(venue.funding_price),
        min_order=venue.min_order_usd,
        size_step=venue.size_step,
    )


def _dated(config: VenueConfig, study: StudyVenue) -> FloatArray:
    """Return a row for each of the loan's terms, the opening's first; none where they stay."""
    loan, rows = resolved(config.lending, LendingMarket), []
    for one in (loan, *(loan.at(day) for day in change_days(loan))) if loan.dated else ():
        terms = _loan(config, one, study)
        rows.append([getattr(terms, name) for name in vp.DATED])
    return frozen(np.array(rows, float).reshape(-1, len(vp.DATED)))


def _faults(config: VenueConfig, bar_seconds: int) -> FloatArray:
    rows = [
        (
            FAULT_KINDS.index(fault.kind),
            fault.share if fault.kind == "adl" else math.ceil(fault.seconds / bar_seconds),
            fault.beyond,
        )
        for fault in config.faults
    ]
    return frozen(np.array(rows, float).reshape(-1, 3))


def _loan(config: VenueConfig, loan: LendingMarket, study: StudyVenue) -> vp.LoanTerms:
    liquidation_ltv = loan.liquidation_ltv
    if config.has("flat_margin"):
        liquidation_ltv = 1.0 - study.maintenance_margin
    return vp.LoanTerms(
        max_ltv=min(loan.max_ltv, liquidation_ltv),
        liquidation_ltv=liquidation_ltv,
        procedure=LOAN_PROCEDURES.index(loan.procedure),
        close_factor=loan.close_factor,
        bonus=loan.bonus,
        max_bonus=loan.max_bonus,
        bad_debt_bonus=loan.bad_debt_bonus,
        full_ltv=loan.full_ltv,
        full_below=loan.full_below_usd,
        min_leftover=loan.min_leftover_usd,
        oracle_step=loan.oracle_step,
        max_call=loan.max_call_usd or math.inf,
    )


def _costs(config: VenueConfig, study: StudyVenue, bar_seconds: int) -> vp.Costs:
    opening, swap = resolved(config.opening, Route), resolved(config.swap, Route)
    transfer = resolved(config.transfer, Route)
    delay = math.ceil(transfer.delay_seconds / bar_seconds)
    if config.has("study_costs"):
        gas, moving = study.gas_usd, study.transfer_cost_usd
        return vp.Costs(from_bps(opening.cost_bps), 0.0, gas, 0.0, moving, 0.0, delay)
    is_routed = resolved(config.lending, LendingMarket).lends  # coin that is held is only swapped
    return vp.Costs(
        open_fee=from_bps(opening.cost_bps) if is_routed else 0.0,
        flash_fee=from_bps(resolved(config.lending, LendingMarket).flash_loan_fee_bps),
        gas=opening.cost_usd if is_routed else 0.0,
        swap_fee=from_bps(swap.cost_bps),
        transfer_usd=transfer.cost_usd,
        transfer_rate=from_bps(transfer.cost_bps),
        delay_bars=delay,
    )


def _policy(config: VenueConfig) -> vp.Policy:
    entry = -math.inf if config.entry_apy is None else config.entry_apy
    leave = entry if config.exit_apy is None else config.exit_apy
    return vp.Policy(
        kind=POLICY_KINDS.index(config.policy),
        trigger=config.triggers.long,
        ltv_band=config.ltv_band,
        margin_band=config.margin_band,
        distance=config.distance,
        sigma_multiple=config.sigma_multiple,
        has_deleverage=config.has_deleverage,
        reserve=config.reserve,
        entry_apy=entry,
        exit_apy=leave,
        response=RESPONSES.index(config.response),
        short_ratio=config.triggers.short / config.triggers.long,
        band=math.inf if config.size_band is None else config.size_band,
        is_to_edge=config.resize_to == "edge",
    )
