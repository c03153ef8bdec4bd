"""The venue engine's books: every dollar is posted where it arises, signed from our side.

The assets are the state itself: long leg, short leg, idle cash, cash in transit. Every change of
them is posted to exactly one of these accounts, none of which is a remainder; that the two sides
agree is therefore a test of the engine (docs/venue-engine.md, eq. 1).
"""

from __future__ import annotations

from typing import NamedTuple

from basislab.kernels._jit import compile_module
from basislab.kernels.fields import sums_of


class Accounts(NamedTuple):
    """Cumulative accounts in USD, signed from our side.

    Costs and liquidations are <= 0, ``loss_borne_by_venue`` is >= 0.
    """

    supply_interest: float
    borrow_interest: float
    collateral_yield: float
    funding: float
    trading_fees: float
    gas: float
    transfer_fees: float
    slippage: float
    lending_liquidation: float
    perp_liquidation: float
    loss_borne_by_venue: float
    basis: float
    net_delta: float
    naked: float


def empty_accounts() -> Accounts:
    """Return accounts of a run that has not begun."""
    return Accounts(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


post = sums_of(Accounts)
"""Return ``accounts`` with the given amounts added: USD, signed from our side."""


compile_module(globals(), owners=())
