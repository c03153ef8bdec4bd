"""Conditional deployment: idle cash until the trailing carry pays.

Opened and accrued like the rebalance model, closed near liquidation or when the carry fades, never
liquidated (docs/models.md, section "Conditional deployment").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bar, Bars, FloatArray, bar_at
from basislab.kernels.events import (
    APY,
    CLOSE,
    NO_REASON,
    OPEN,
    PROXIMITY,
    RUINED,
    EventLog,
    new_log,
    record,
)
from basislab.kernels.ledger import Accounts, affordable, book, empty_accounts
from basislab.kernels.legs import (
    Position,
    accrued,
    charged,
    flat,
    hedged,
    long_equity,
    long_liquidation_price,
    marked,
    short_equity,
    short_liquidation_price,
    total_equity,
)
from basislab.kernels.outcome import Outcome

DAYS_PER_YEAR = 365


class Params(NamedTuple):
    """Capital and gas in USD, fees, thresholds and rates as fractions, lookback in daily bars."""

    capital: float
    leverage: float
    entry_apy: float
    buffer: float
    lookback_days: int
    open_fee: float
    taker_fee: float
    gas: float
    maintenance: float


class State(NamedTuple):
    """Idle cash or both legs, the books, the last close."""

    cash: float
    position: Position
    is_open: bool
    accounts: Accounts
    price: float
    lowest_debt: float


def gross_apy(leverage: float, bar: Bar) -> float:
    """Annualise one bar's carry and funding on capital: ``L/2 (s + f) - (L - 1)/2 b``."""
    earned = leverage / 2 * (bar.supply + bar.funding) - (leverage - 1) / 2 * bar.borrow
    return earned * DAYS_PER_YEAR


def trailing_apy(params: Params, bars: Bars) -> FloatArray:
    """Mean of `gross_apy` over the last ``lookback_days`` bars, or as many as there are so far.

    Returns
    -------
    ndarray of shape (n_bars,), fraction per year
        Element i depends on bars up to i only.
    """
    n_bars = len(bars.close)
    means = np.empty(n_bars)
    for index in range(n_bars):
        first = max(0, index + 1 - params.lookback_days)
        total = 0.0
        for day in range(first, index + 1):
            total += gross_apy(params.leverage, bar_at(bars, day))
        means[index] = total / (index + 1 - first)
    return means


def open_position(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Open both halves at the close with all cash; nothing accrues on that bar."""
    notional = state.cash / 2 * params.leverage
    cost = affordable(notional * (params.open_fee + params.taker_fee), params.gas, state.cash)
    accounts = book(state.accounts, trading_fees=-cost.trading, gas=-cost.gas)
    left = state.cash - cost.total
    record(log, bar.number, OPEN, cost=cost.total, equity=left)
    if left <= 0.0:
        return ruined(accounts, left, bar, state.lowest_debt, log)
    position = charged(hedged(state.cash, params.leverage, bar.close), cost.total)
    lowest = min(state.lowest_debt, position.long.debt)
    return State(0.0, position, True, accounts, bar.close, lowest)


def ruined(accounts: Accounts, equity: float, bar: Bar, lowest_debt: float, log: EventLog) -> State:
    """End with nothing; an equity below zero is booked as shortfall."""
    record(log, bar.number, RUINED, equity=0.0)
    books = book(accounts, shortfall=-equity)
    return State(0.0, flat(), False, books, bar.close, lowest_debt)


def exit_reason(params: Params, position: Position, close: float, apy: float) -> int:
    """Return why to close: a liquidation price too near, else carry below threshold."""
    to_long = close - long_liquidation_price(position.long, params.maintenance)
    to_short = short_liquidation_price(position.short, params.maintenance) - close
    if min(to_long, to_short) / close <= params.buffer:
        return PROXIMITY
    return APY if apy < params.entry_apy else NO_REASON


def close_position(params: Params, state: State, bar: Bar, reason: int, log: EventLog) -> State:
    """Buy back the short and withdraw everything to cash."""
    position = state.position
    equity = total_equity(position, bar.close)
    cost = affordable(position.short.contracts * bar.close * params.taker_fee, params.gas, equity)
    accounts = book(state.accounts, trading_fees=-cost.trading, gas=-cost.gas)
    left = equity - cost.total
    record(
        log,
        bar.number,
        CLOSE,
        reason=reason,
        cost=cost.total,
        long_equity=long_equity(position.long, bar.close),
        short_equity=short_equity(position.short, bar.close),
        equity=left,
    )
    if left <= 0.0:
        return ruined(accounts, left, bar, state.lowest_debt, log)
    return State(left, flat(), False, accounts, bar.close, state.lowest_debt)


def step(params: Params, state: State, bar: Bar, apy: float, log: EventLog) -> State:
    """Open where `apy` exceeds the threshold; once open, accrue, then close by the rules."""
    if not state.is_open:
        if state.cash > 0.0 and apy > params.entry_apy:
            return open_position(params, state, bar, log)
        return state
    accounts = marked(state.accounts, state.position, state.price, bar.close)
    position, accounts = accrued(state.position, accounts, bar)
    lowest = min(state.lowest_debt, position.long.debt)
    equity = total_equity(position, bar.close)
    if equity <= 0.0:
        return ruined(accounts, equity, bar, lowest, log)
    now = State(0.0, position, True, accounts, bar.close, lowest)
    reason = exit_reason(params, position, bar.close, apy)
    return now if reason == NO_REASON else close_position(params, now, bar, reason, log)


def run(params: Params, bars: Bars) -> Outcome:
    """Start idle; what is open at the end is closed without gas and outside the curve."""
    n_bars = len(bars.close)
    log: EventLog = new_log(n_bars)
    apys = trailing_apy(params, bars)
    equity = np.empty(n_bars)
    state = State(params.capital, flat(), False, empty_accounts(), bars.close[0], np.inf)
    for index in range(n_bars):
        state = step(params, state, bar_at(bars, index), apys[index], log)
        equity[index] = state.cash + total_equity(state.position, bars.close[index])
    left = equity[-1]
    closing = state.position.short.contracts * bars.close[-1] * params.taker_fee
    cost = affordable(closing, 0.0, left)
    accounts = book(state.accounts, trading_fees=-cost.trading)
    return Outcome(equity, left - cost.total, accounts, log, state.lowest_debt)


compile_module(globals())
