"""The venue engine's books: every dollar is posted where it arises, signed from our side.

The assets are the state itself: long leg, short leg, idle cash, cash in transit. Every change of
them is posted to exactly one of these accounts, none of which is a remainder; that the two sides
agree is therefore a test of the engine (docs/venue-engine.md, eq. 1).
"""

from __future__ import annotations

from typing import NamedTuple

from basislab.kernels._jit import compile_module


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


def post(
    accounts: Accounts,
    supply_interest: float = 0.0,
    borrow_interest: float = 0.0,
    collateral_yield: float = 0.0,
    funding: float = 0.0,
    trading_fees: float = 0.0,
    gas: float = 0.0,
    transfer_fees: float = 0.0,
    slippage: float = 0.0,
    lending_liquidation: float = 0.0,
    perp_liquidation: float = 0.0,
    loss_borne_by_venue: float = 0.0,
    basis: float = 0.0,
    net_delta: float = 0.0,
    naked: float = 0.0,
) -> Accounts:
    """Return `accounts` with the given amounts added.

    Parameters
    ----------
    accounts : Accounts
    supply_interest, borrow_interest, collateral_yield, funding, trading_fees, gas, transfer_fees, \
slippage, lending_liquidation, perp_liquidation, loss_borne_by_venue, basis, net_delta, naked : \
float, USD
        Signed from our side.

    Returns
    -------
    Accounts

    Examples
    --------
    >>> post(empty_accounts(), basis=2.0, gas=-0.5).basis
    2.0
    """
    return Accounts(
        accounts.supply_interest + supply_interest,
        accounts.borrow_interest + borrow_interest,
        accounts.collateral_yield + collateral_yield,
        accounts.funding + funding,
        accounts.trading_fees + trading_fees,
        accounts.gas + gas,
        accounts.transfer_fees + transfer_fees,
        accounts.slippage + slippage,
        accounts.lending_liquidation + lending_liquidation,
        accounts.perp_liquidation + perp_liquidation,
        accounts.loss_borne_by_venue + loss_borne_by_venue,
        accounts.basis + basis,
        accounts.net_delta + net_delta,
        accounts.naked + naked,
    )


compile_module(globals())
