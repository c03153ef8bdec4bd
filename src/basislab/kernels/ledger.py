"""The measured ledger: every dollar is booked where it arises, signed from our side.

No account is a remainder. The identity ``sum of accounts = change of equity`` is therefore a test
of the engine and not its definition (docs/models.md, eq. 3).
"""

from __future__ import annotations

from typing import NamedTuple

from basislab.kernels._jit import compile_module


class Accounts(NamedTuple):
    """Cumulative accounts in USD, signed from our side (fees and penalties are <= 0)."""

    carry: float
    funding: float
    trading_fees: float
    gas: float
    transfer_fees: float
    slippage: float
    liquidation_penalty: float
    revaluation: float
    shortfall: float


def empty_accounts() -> Accounts:
    """Return accounts of a run that has not begun."""
    return Accounts(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def book(
    accounts: Accounts,
    carry: float = 0.0,
    funding: float = 0.0,
    trading_fees: float = 0.0,
    gas: float = 0.0,
    transfer_fees: float = 0.0,
    slippage: float = 0.0,
    liquidation_penalty: float = 0.0,
    revaluation: float = 0.0,
    shortfall: float = 0.0,
) -> Accounts:
    """Return `accounts` with the given amounts added.

    Parameters
    ----------
    accounts : Accounts
    carry, funding, trading_fees, gas, transfer_fees, slippage, liquidation_penalty, revaluation, \
shortfall : float, USD
        Signed from our side.

    Returns
    -------
    Accounts

    Examples
    --------
    >>> book(empty_accounts(), carry=2.0, gas=-0.5).carry
    2.0
    """
    return Accounts(
        accounts.carry + carry,
        accounts.funding + funding,
        accounts.trading_fees + trading_fees,
        accounts.gas + gas,
        accounts.transfer_fees + transfer_fees,
        accounts.slippage + slippage,
        accounts.liquidation_penalty + liquidation_penalty,
        accounts.revaluation + revaluation,
        accounts.shortfall + shortfall,
    )


class Charge(NamedTuple):
    """Costs as far as they could be paid, USD, >= 0."""

    trading: float
    gas: float
    total: float


def affordable(trading: float, gas: float, equity: float) -> Charge:
    """Cap costs at what is there; trading fees are paid before gas.

    Parameters
    ----------
    trading, gas : float, USD
        Costs due, >= 0.
    equity : float, USD
        What they are paid from.

    Returns
    -------
    Charge
        ``equity - total`` is exactly 0 where the costs take everything: who has nothing left is
        ruined, not the owner of a rounding error.

    Examples
    --------
    >>> affordable(10.0, 2.0, 11.0)
    Charge(trading=10.0, gas=1.0, total=11.0)
    """
    left = max(equity, 0.0)
    paid_trading = min(trading, left)
    paid_gas = min(gas, left - paid_trading)
    total = left if trading + gas >= left else paid_trading + paid_gas
    return Charge(paid_trading, paid_gas, total)


compile_module(globals())
