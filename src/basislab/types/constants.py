"""Constants of venues that are more than a number: tiers, dated fees and terms, assumptions."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

DATED_TERMS = (
    "max_ltv",
    "liquidation_ltv",
    "close_factor",
    "bonus",
    "max_bonus",
    "bad_debt_bonus",
    "max_call_usd",
)
"""Lending constants that may change within a run."""


class Assumption(NamedTuple):
    """A constant that nobody has verified, and the range that it may lie in.

    Parameters
    ----------
    field : str
        Field of the terms.
    low, high : float
        In the field's own unit.
    """

    field: str
    low: float
    high: float


class MarginTier(NamedTuple):
    """Margin of the part of a position above a notional.

    Parameters
    ----------
    above_usd : float, USD
        Lower bound of the tier; 0 for the first.
    maintenance_rate : float, fraction of notional
    """

    above_usd: float
    maintenance_rate: float
    max_leverage: float


class DatedFee(NamedTuple):
    """A taker fee and the first day that it holds.

    Parameters
    ----------
    bps : float, bps of notional
    """

    since: date
    bps: float


class VolumeFee(NamedTuple):
    """A taker fee above a volume, in place of the last dated one.

    Parameters
    ----------
    above_usd : float, USD
        Weighted volume of the venue's own period (14 days at Hyperliquid).
    bps : float, bps of notional
    """

    above_usd: float
    bps: float


class DatedTerm(NamedTuple):
    """A lending constant that changes, and the first day that it holds.

    Parameters
    ----------
    field : str
        Field of `LendingMarket`, one of `DATED_TERMS`.
    """

    since: date
    field: str
    value: float
