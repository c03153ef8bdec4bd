"""The measured ledger: every dollar is booked where it arises, signed from our side.

No account is a remainder. The identity ``sum of accounts = change of equity`` is therefore a test
of the engine and not its definition (docs/models.md, eq. 3).
"""

from __future__ import annotations

from typing import NamedTuple

from basislab.kernels._jit import compile_module
from basislab.kernels.fields import sums_of


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


book = sums_of(Accounts)
"""Return ``accounts`` with the given amounts added: USD, signed from our side."""


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
