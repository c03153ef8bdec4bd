"""The short perpetual: margin tiers, liquidation as a state machine, what can be withdrawn.

docs/venue-engine.md, eqs. 6 to 11.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.legs import ShortLeg, short_equity
from basislab.kernels.venue.params import MARKET, PerpTerms

INSURANCE_SHARE = 0.95
"""Drift: share of the margin left after the liquidator's fee that insurance may take."""

IMPACT_USD = 100_000.0
"""The impact is stated for this notional."""


class PerpLiquidation(NamedTuple):
    """What a liquidation leaves of the short, and what it cost; USD, contracts; all >= 0.

    Equity after less equity before, both at the mark, is ``borne - cost``.
    """

    leg: ShortLeg
    closed: float
    cost: float
    borne: float


def tier_of(terms: PerpTerms, notional: float) -> int:
    """Return the index of the margin tier that a notional lies in."""
    tier = 0
    for index in range(1, len(terms.bounds)):
        if notional > terms.bounds[index]:
            tier = index
    return tier


def maintenance_margin(terms: PerpTerms, notional: float) -> float:
    """Return ``rate * notional - deduction`` of the notional's tier, USD.

    The deductions make it continuous: ``d_n = d_(n-1) + bound_n * (rate_n - rate_(n-1))``.

    References
    ----------
    Hyperliquid docs, trading/margin-tiers, read 2026-08-22.
    """
    tier = tier_of(terms, notional)
    return float(terms.rates[tier] * notional - terms.deductions[tier])


def liquidation_price(terms: PerpTerms, leg: ShortLeg) -> float:
    """Return the mark at which the short's equity equals its maintenance margin.

    Solves ``m + c (e - p) = max_k (rate_k c p - deduction_k)``: maintenance is convex in the
    notional, so the smallest solution over the tiers is the one.

    Returns
    -------
    float
        USD per coin; inf where there are no contracts.
    """
    lowest = np.inf
    if leg.contracts <= 0.0:
        return lowest
    for tier in range(len(terms.rates)):
        funds = leg.margin + leg.contracts * leg.entry + terms.deductions[tier]
        lowest = min(lowest, funds / (leg.contracts * (1 + terms.rates[tier])))
    return lowest


def fill_slippage(terms: PerpTerms, notional: float) -> float:
    """Return the slippage of a fill, a fraction of its price, growing with its notional."""
    return terms.slippage + terms.impact * notional / IMPACT_USD


def withdrawable(terms: PerpTerms, leg: ShortLeg, mark: float) -> float:
    """Return what the venue lets go: equity above max(initial margin, floor * notional), USD >= 0.

    References
    ----------
    Hyperliquid docs, trading/margining, read 2026-08-22.
    """
    notional = leg.contracts * mark
    kept = max(terms.initial[tier_of(terms, notional)], terms.withdrawal_floor) * notional
    return float(max(short_equity(leg, mark) - kept, 0.0))


def is_liquidatable(terms: PerpTerms, leg: ShortLeg, mark: float) -> bool:
    """Whether equity at the mark is at or below maintenance; never without contracts."""
    if leg.contracts <= 0.0:
        return False
    return short_equity(leg, mark) <= maintenance_margin(terms, leg.contracts * mark)


def bought_back(
    terms: PerpTerms, leg: ShortLeg, size: float, mark: float, perp: float, taker: float
) -> PerpLiquidation:
    """Buy back `size` contracts by a liquidation order; a margin below zero is the venue's loss."""
    price = perp * (1 + terms.liquidation_slippage)
    fee = size * price * (taker + terms.liquidation_fee)
    margin = leg.margin + size * (leg.entry - price) - fee
    left = leg.contracts - size
    cost = size * (price - mark) + fee
    if left <= 0.0 and margin < 0.0:
        # what the order loses beyond the margin is not ours: the cost is capped by what was there
        return PerpLiquidation(ShortLeg(0.0, 0.0, 0.0), size, cost, -margin)
    return PerpLiquidation(
        ShortLeg(left, leg.entry if left > 0.0 else 0.0, margin), size, cost, 0.0
    )


def backstopped(leg: ShortLeg, mark: float) -> PerpLiquidation:
    """Hand everything to the backstop: what is left of the margin is lost, what lacks is borne."""
    equity = short_equity(leg, mark)
    return PerpLiquidation(
        ShortLeg(0.0, 0.0, 0.0), leg.contracts, max(equity, 0.0), max(-equity, 0.0)
    )


def market_liquidated(
    terms: PerpTerms, leg: ShortLeg, mark: float, perp: float, taker: float, has_been: bool
) -> PerpLiquidation:
    """Liquidate by market orders: a first share, then the whole rest while it is unhealthy.

    Parameters
    ----------
    leg : ShortLeg
        At or below maintenance.
    mark, perp : float, USD per coin
        The mark decides, the perp price is what the order fills at.
    taker : float, fraction of notional
    has_been : bool
        An order was sent already within this bar: the next one is full size.

    References
    ----------
    Hyperliquid docs, trading/liquidations, read 2026-08-22: full size up to 100 000 USD; above it
    20 %, then full size for 30 s; below 2/3 of maintenance the backstop takes everything.
    """
    notional = leg.contracts * mark
    if short_equity(leg, mark) < terms.backstop_ratio * maintenance_margin(terms, notional):
        return backstopped(leg, mark)
    is_full = has_been or notional <= terms.full_below
    size = leg.contracts if is_full else leg.contracts * terms.first_share
    first = bought_back(terms, leg, size, mark, perp, taker)
    if not is_liquidatable(terms, first.leg, mark):
        return first
    rest = first.leg
    floor = terms.backstop_ratio * maintenance_margin(terms, rest.contracts * mark)
    if short_equity(rest, mark) < floor:
        second = backstopped(rest, mark)
    else:
        second = bought_back(terms, rest, rest.contracts, mark, perp, taker)
    return PerpLiquidation(second.leg, leg.contracts, first.cost + second.cost, second.borne)


def partially_liquidated(terms: PerpTerms, leg: ShortLeg, mark: float) -> PerpLiquidation:
    """Sell to a liquidator, at the mark, what restores maintenance and a buffer.

    With rate r = maintenance / notional and shortage S below ``(r + buffer) * notional``, the slice
    is ``S / (r + buffer - fees)``; insurance takes at most ``0.95 (r + buffer - liquidator's fee -
    S / notional)``.

    References
    ----------
    drift-labs/protocol-v2, math/liquidation.rs, 2026-04-01.
    """
    notional = leg.contracts * mark
    target = maintenance_margin(terms, notional) / notional + terms.buffer
    equity = short_equity(leg, mark)
    shortage = target - equity / notional
    room = INSURANCE_SHARE * (target - terms.liquidator_fee - shortage)
    fees = terms.liquidator_fee + max(min(terms.insurance_fee, room), 0.0)
    share = min(shortage / (target - fees), 1.0)
    size = leg.contracts * share
    fee = fees * size * mark
    margin = leg.margin + size * (leg.entry - mark) - fee
    if share < 1.0:
        return PerpLiquidation(ShortLeg(leg.contracts - size, leg.entry, margin), size, fee, 0.0)
    return PerpLiquidation(
        ShortLeg(0.0, 0.0, max(margin, 0.0)), leg.contracts, fee, max(-margin, 0.0)
    )


def liquidated(
    terms: PerpTerms, leg: ShortLeg, mark: float, perp: float, taker: float, has_been: bool
) -> PerpLiquidation:
    """Liquidate a short that is at or below maintenance, by the venue's procedure."""
    if terms.procedure == MARKET:
        return market_liquidated(terms, leg, mark, perp, taker, has_been)
    return partially_liquidated(terms, leg, mark)


compile_module(globals(), owners=())
