"""Series of a market by their key; a missing one is named with what there is."""

from __future__ import annotations

import numpy as np

from basislab.errors import DataError
from basislab.types.market import FloatArray, Market, RateSeries
from basislab.types.venue_terms import NO_LENDER


def rate_of(market: Market, side: str, protocol: str, asset: str) -> RateSeries:
    """Return a lending rate of the market, `side` "supply" or "borrow"."""
    rates = market.supply if side == "supply" else market.borrow
    if (protocol, asset) not in rates:
        have = ", ".join("/".join(key) for key in rates) or "none"
        raise DataError(
            f"market {market.name!r}: no {side} rate of {protocol}/{asset}; it has: {have}. "
            "Choose another lending protocol or import that series."
        )
    return rates[protocol, asset]


def hurdle_apy(market: Market, protocol: str) -> FloatArray:
    """Return what the quote coin earns supplied there, a year; NaN where the market cannot say.

    Where nothing is lent, the first lender of the market that takes the quote coin stands for it.
    """
    if protocol == NO_LENDER:
        found = [key for key in market.supply if key[1] == market.quote]
        if not found:
            return np.full(len(market), np.nan)
        protocol = found[0][0]
    return rate_of(market, "supply", protocol, market.quote).apy


def funding_of(market: Market, name: str) -> FloatArray:
    """Return the funding of a venue, fraction of notional per bar."""
    if name not in market.funding:
        have = ", ".join(market.funding) or "none"
        raise DataError(
            f"market {market.name!r}: no funding of {name!r}; it has: {have}. "
            "Choose another perp or import that venue's funding."
        )
    return market.funding[name].rate
