"""What is decided and what the venues rule, as scalars; codes for the choices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels.bars import FloatArray

MARKET, PARTIAL = range(2)
"""How a perpetual venue liquidates: by market orders, or by selling a part to a liquidator."""

KAMINO, RESTORE, AAVE = range(3)
"""How a lending protocol liquidates."""

ORACLE_PRICE, MARK_PRICE, PERP_PRICE = range(3)
"""Price of the notional that funding is paid on."""

NEVER, TRIGGER, BANDS, DISTANCE, VOLATILITY = range(5)
"""When a leg counts as stretched."""

REHEDGE, REOPEN, EXIT = range(3)
"""What is done after a liquidation."""

NEAREST, PESSIMISTIC = range(2)
"""Order of high and low within a bar."""

ADL, OUTAGE, DELAY, FAILURE, GONE = range(5)
"""What goes wrong: the short is cut, nothing passes, a transfer takes longer or comes back, or the
perpetual venue is gone with the margin."""

DATED = (
    "max_ltv",
    "liquidation_ltv",
    "close_factor",
    "bonus",
    "max_bonus",
    "bad_debt_bonus",
    "max_call",
)
"""The loan's terms that may change within a run."""


class PerpTerms(NamedTuple):
    """A perpetual venue's rules; fractions, USD; tier arrays of shape (n_tiers,), lowest first.

    ``maintenance = rate * notional - deduction`` of the tier that the notional lies in.
    """

    bounds: FloatArray
    rates: FloatArray
    deductions: FloatArray
    initial: FloatArray
    withdrawal_floor: float
    procedure: int
    full_below: float
    first_share: float
    backstop_ratio: float
    liquidation_fee: float
    buffer: float
    liquidator_fee: float
    insurance_fee: float
    slippage: float
    impact: float
    liquidation_slippage: float
    mark_step: float
    funding_price: int
    min_order: float = 0.0
    size_step: float = 0.0


class LoanTerms(NamedTuple):
    """A lending protocol's rules; fractions of collateral or debt, USD."""

    max_ltv: float
    liquidation_ltv: float
    procedure: int
    close_factor: float
    bonus: float
    max_bonus: float
    bad_debt_bonus: float
    full_ltv: float
    full_below: float
    min_leftover: float
    oracle_step: float
    max_call: float = np.inf


class Costs(NamedTuple):
    """Opening, swaps and transfers; rates as fractions, flat costs in USD, delay in bars."""

    open_fee: float
    flash_fee: float
    gas: float
    swap_fee: float
    transfer_usd: float
    transfer_rate: float
    delay_bars: int


class Policy(NamedTuple):
    """What the trader does; ``kind`` and ``response`` are codes of this module.

    ``trigger`` is the long's leverage and ``trigger * short_ratio`` the short's, ``ltv_band`` the
    loan's LTV, ``margin_band`` the perpetual's equity over notional, ``distance`` to liquidation a
    fraction of price, ``sigma_multiple`` a number of standard deviations over the reaction time.
    ``entry_apy`` is -inf where the position is simply held. ``band`` of the size is a fraction of
    the target, inf where the size is not kept; ``is_to_edge`` resizes to the inner half's edge.
    """

    kind: int
    trigger: float
    ltv_band: float
    margin_band: float
    distance: float
    sigma_multiple: float
    has_deleverage: bool
    reserve: float
    entry_apy: float
    exit_apy: float
    response: int
    short_ratio: float = 1.0
    band: float = np.inf
    is_to_edge: bool = False


class Conventions(NamedTuple):
    """Switches back to the study: what of it a kernel must know (docs/venue-engine.md).

    The others (one price, simple rates, flat margin's constants, the study's costs) change only
    what is lowered.
    """

    accrue_at_opening: bool
    funding_first: bool
    flat_margin: bool
    settle_at_close: bool
    instant: bool
    split_costs: bool
    negative_debt: bool


class StudyTerms(NamedTuple):
    """The study's constants, where a convention asks for them."""

    maintenance: float
    penalty_kind: int
    penalty_rate: float
    open_fee: float
    taker_fee: float
    gas: float


class Params(NamedTuple):
    """Everything that a run is given beside the market; capital in USD.

    ``leverage`` is the long's, ``share`` the long's share of the equity: each leg has a notional
    of ``share * leverage`` times the capital, and the short a leverage of
    ``share * leverage / (1 - share)``. A debtless long never borrows. ``faults`` has a row a fault
    (code, value, beyond); a bar names those that hold in it by the bits of ``Bar.faults``.
    ``dated`` has a row for each of the loan's terms (`DATED`), and ``Bar.terms`` says which holds;
    it is empty where they never change.
    """

    capital: float
    leverage: float
    perp: PerpTerms
    loan: LoanTerms
    costs: Costs
    policy: Policy
    conventions: Conventions
    study: StudyTerms
    path_order: int
    share: float
    is_debtless: bool
    faults: FloatArray
    dated: FloatArray
