"""The loan behind the long leg: LTV, liquidation as a state machine, what can be borrowed.

docs/venue-engine.md, eqs. 12 to 17.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.legs import LongLeg
from basislab.kernels.venue.params import AAVE, KAMINO, LoanTerms

NEAR_BAD_DEBT_LTV = 0.99
"""Kamino: from this LTV on the bonus is that of bad debt."""

ROUNDING = 1e-9
"""A restored loan is healthy by this share, so that rounding does not liquidate it again."""

MAX_ROUNDS = 1_000
"""A close factor of 10 % reaches the tiny rest of any loan in fewer."""


class LoanLiquidation(NamedTuple):
    """What a liquidation leaves of the loan; coins, USD; all >= 0.

    ``seized`` coins went for ``repaid`` USD of debt; ``bad_debt`` is what the lenders bear.
    """

    leg: LongLeg
    seized: float
    repaid: float
    bad_debt: float


def loan_to_value(leg: LongLeg, oracle: float) -> float:
    """Return debt over collateral value; inf where there is debt and no collateral.

    Examples
    --------
    >>> loan_to_value(LongLeg(10.0, 600.0), 100.0)
    0.6
    """
    if leg.debt <= 0.0:
        return 0.0
    value = leg.quantity * oracle
    return leg.debt / value if value > 0.0 else np.inf


def is_unhealthy(terms: LoanTerms, leg: LongLeg, oracle: float) -> bool:
    """Whether ``debt >= liquidation_ltv * collateral value``; never without debt."""
    return leg.debt > 0.0 and leg.debt >= terms.liquidation_ltv * leg.quantity * oracle


def liquidation_price(terms: LoanTerms, leg: LongLeg) -> float:
    """Return the oracle price at which liquidation starts; 0 without debt.

    Solves ``debt = liquidation_ltv * quantity * p``.
    """
    if leg.debt <= 0.0 or leg.quantity <= 0.0:
        return 0.0
    return leg.debt / (leg.quantity * terms.liquidation_ltv)


def borrowable(terms: LoanTerms, leg: LongLeg, oracle: float) -> float:
    """Return what may still be borrowed, up to the maximum LTV; USD, >= 0."""
    return max(terms.max_ltv * leg.quantity * oracle - leg.debt, 0.0)


def kamino_bonus(terms: LoanTerms, ltv: float) -> float:
    """Return Kamino's bonus, growing with the LTV beyond the liquidation LTV.

    Below an LTV of 0.99 ``min(max(min_bonus, ltv - liquidation_ltv), max_bonus, 1 - ltv)``, from
    there ``max(bad_debt_bonus, 1 - ltv)``: from 1 on that is the bad-debt bonus.

    References
    ----------
    Kamino-Finance/klend, liquidation_operations.rs, 2026-03-23.
    """
    if ltv >= NEAR_BAD_DEBT_LTV:
        return max(terms.bad_debt_bonus, 1.0 - ltv)
    return min(max(terms.bonus, ltv - terms.liquidation_ltv), terms.max_bonus, 1.0 - ltv)


def seized_for(leg: LongLeg, repaid: float, bonus: float, oracle: float) -> LoanLiquidation:
    """Repay `repaid` of the debt for collateral worth ``repaid * (1 + bonus)``.

    Never more than there is: then all of it goes for ``value / (1 + bonus)`` and the rest of the
    debt is the lenders'.
    """
    value = leg.quantity * oracle
    wanted = repaid * (1.0 + bonus)
    if wanted >= value:
        paid = min(value / (1.0 + bonus), leg.debt)
        return LoanLiquidation(LongLeg(0.0, 0.0), leg.quantity, paid, leg.debt - paid)
    coins = wanted / oracle
    return LoanLiquidation(LongLeg(leg.quantity - coins, leg.debt - repaid), coins, repaid, 0.0)


def kamino_round(terms: LoanTerms, leg: LongLeg, oracle: float) -> LoanLiquidation:
    """One of Kamino's liquidations: a close factor, or everything where insolvent or tiny.

    No call repays more than its cap; calls repeat at the same price.
    """
    ltv = loan_to_value(leg, oracle)
    is_full = ltv > terms.full_ltv or leg.debt <= terms.full_below
    repaid = leg.debt if is_full else terms.close_factor * leg.debt
    return seized_for(leg, min(repaid, terms.max_call), kamino_bonus(terms, ltv), oracle)


def aave_round(terms: LoanTerms, leg: LongLeg, oracle: float) -> LoanLiquidation:
    """One of Aave's liquidations: half, or all where far gone, small, or too little were left.

    References
    ----------
    aave-v3-origin, docs of version 3.3.
    """
    value = leg.quantity * oracle
    is_full = loan_to_value(leg, oracle) > terms.full_ltv
    is_full = is_full or min(leg.debt, value) < terms.full_below
    repaid = leg.debt if is_full else terms.close_factor * leg.debt
    left = min(leg.debt - repaid, value - repaid * (1.0 + terms.bonus))
    if left < terms.min_leftover:
        repaid = leg.debt
    return seized_for(leg, repaid, terms.bonus, oracle)


def restore_round(terms: LoanTerms, leg: LongLeg, oracle: float) -> LoanLiquidation:
    """Seize just enough for health, at a discount that does not repay debt.

    With l the liquidation LTV and f the fees, ``l (V - x) = d - (1 - f) x``; a net worth below the
    threshold is closed whole.

    References
    ----------
    0dotxyz/marginfi-v2 guides, 2026-07-23: cannot raise health above 0.
    """
    value = leg.quantity * oracle
    kept = 1.0 - terms.bonus
    if value - leg.debt < terms.full_below:
        return seized_for(leg, leg.debt, 1.0 / kept - 1.0, oracle)
    excess = leg.debt - terms.liquidation_ltv * value
    worth = (excess + ROUNDING * leg.debt) / (kept - terms.liquidation_ltv)
    return seized_for(leg, min(worth * kept, leg.debt), 1.0 / kept - 1.0, oracle)


def liquidated(terms: LoanTerms, leg: LongLeg, oracle: float) -> LoanLiquidation:
    """Liquidate round by round, at one oracle price, until the loan is healthy or gone."""
    seized, repaid, bad_debt = 0.0, 0.0, 0.0
    for _ in range(MAX_ROUNDS):
        if terms.procedure == KAMINO:
            done = kamino_round(terms, leg, oracle)
        elif terms.procedure == AAVE:
            done = aave_round(terms, leg, oracle)
        else:
            done = restore_round(terms, leg, oracle)
        seized += done.seized
        repaid += done.repaid
        bad_debt += done.bad_debt
        leg = done.leg
        if not is_unhealthy(terms, leg, oracle):
            break
    return LoanLiquidation(leg, seized, repaid, bad_debt)


compile_module(globals(), owners=())
