"""Static: the study's ceiling. Constant notional, no price risk, round-trip costs paid once.

docs/models.md, section "Static". It has no liquidation and no margin call: an equity below zero is
simply recorded (the result carries a warning).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bar, Bars, bar_at
from basislab.kernels.events import EventLog, new_log
from basislab.kernels.fields import fields_of
from basislab.kernels.ledger import Accounts, book, empty_accounts
from basislab.kernels.outcome import Outcome

BOOK_SLIPPAGE = 1
BOOK_BASE_BPS = 0.1
BOOK_FREE_USD = 20_000.0
BOOK_STEP_BPS = 0.09
BOOK_STEP_USD = 10_000.0


class Params(NamedTuple):
    """Capital in USD, leverage of a half, fees as fractions of notional, gas in USD."""

    capital: float
    leverage: float
    open_fee: float
    taker_fee: float
    gas: float
    slippage: int


class State(NamedTuple):
    """Equity, constant notional and borrowed amount, USD."""

    equity: float
    notional: float
    borrowed: float
    accounts: Accounts


earned = fields_of(State, "equity", "accounts")


def book_slippage(notional: float) -> float:
    """Return the study's one-way order-book slippage as a fraction of notional.

    0.1 bps up to 20 000 USD, then a further 0.09 bps per 10 000 USD, linearly.

    Examples
    --------
    >>> round(book_slippage(30_000.0) * 1e4, 12)
    0.19
    """
    beyond = max(notional - BOOK_FREE_USD, 0.0)
    return (BOOK_BASE_BPS + BOOK_STEP_BPS * beyond / BOOK_STEP_USD) / 10_000


def open_position(params: Params) -> State:
    """Pay all costs of the round trip: open fee, both perp sides, gas, and slippage where asked."""
    notional = params.capital / 2 * params.leverage
    trading = notional * params.open_fee + 2 * notional * params.taker_fee
    slippage = 0.0
    if params.slippage == BOOK_SLIPPAGE:
        slippage = 2 * notional * book_slippage(notional)
    accounts = book(empty_accounts(), trading_fees=-trading, gas=-params.gas, slippage=-slippage)
    equity = params.capital - trading - params.gas - slippage
    return State(equity, notional, notional - params.capital / 2, accounts)


def step(state: State, bar: Bar) -> State:
    """Add one bar's carry and funding on the constant notional."""
    carry = state.notional * bar.supply - state.borrowed * bar.borrow
    funding = bar.funding * state.notional
    accounts = book(state.accounts, carry=carry, funding=funding)
    return earned(state, state.equity + carry + funding, accounts)


def run(params: Params, bars: Bars) -> Outcome:
    """Run over all bars, the first one included."""
    log: EventLog = new_log(0)
    state = open_position(params)
    equity = np.empty(len(bars.close))
    for index in range(len(equity)):
        state = step(state, bar_at(bars, index))
        equity[index] = state.equity
    return Outcome(equity, state.equity, state.accounts, log, state.borrowed)


compile_module(globals())
