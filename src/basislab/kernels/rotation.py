"""Full rotation: the study's floor. Both legs are closed near liquidation and reopened next day.

Liquidation prices are fixed at the opening and P&L is carry and funding on today's capital: price
moves never enter it, which makes it a bound and not a model (docs/models.md, section "Full
rotation").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bar, Bars, FloatArray, bar_at
from basislab.kernels.events import (
    BOTH,
    BUFFER_LONG,
    BUFFER_SHORT,
    CLOSE,
    LIQUIDATION_LONG,
    LIQUIDATION_PENALTY,
    LIQUIDATION_SHORT,
    LONG,
    MIN_APY,
    NO_LEG,
    NO_REASON,
    OPEN,
    RUINED,
    SHORT,
    EventLog,
    new_log,
    record,
)
from basislab.kernels.ledger import Accounts, affordable, book, empty_accounts
from basislab.kernels.outcome import Outcome

MIN_CAPITAL_USD = 100.0
"""The study does not reopen with this or less."""

APY_WINDOW = 7
"""Deployed days in the mean that the minimum-APY rule looks at; it survives rotations."""

DAYS_PER_YEAR = 365


class Params(NamedTuple):
    """Capital and gas in USD, the rest as fractions; ``min_apy`` is -inf where there is no rule."""

    capital: float
    leverage: float
    buffer: float
    min_apy: float
    open_fee: float
    taker_fee: float
    gas: float
    maintenance: float
    rotation_penalty: float


class State(NamedTuple):
    """Capital, whether it is deployed, the fixed liquidation prices, deployed days, the books."""

    capital: float
    is_open: bool
    long_liquidation: float
    short_liquidation: float
    deployed_days: int
    accounts: Accounts


def open_position(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Pay the round trip at once and fix both liquidation prices from the close."""
    notional = state.capital / 2 * params.leverage
    cost = affordable(
        notional * (params.open_fee + 2 * params.taker_fee), params.gas, state.capital
    )
    accounts = book(state.accounts, trading_fees=-cost.trading, gas=-cost.gas)
    capital = state.capital - cost.total
    record(log, bar.number, OPEN, cost=cost.total, equity=capital)
    if capital <= 0.0:
        return ruined(State(capital, False, 0.0, 0.0, state.deployed_days, accounts), bar, log)
    distance = (1 - params.maintenance) / params.leverage
    return State(
        capital,
        True,
        bar.close * (1 - distance),
        bar.close * (1 + distance),
        state.deployed_days,
        accounts,
    )


def ruined(state: State, bar: Bar, log: EventLog) -> State:
    """End with nothing; a capital below zero is booked as shortfall."""
    record(log, bar.number, RUINED, equity=0.0)
    accounts = book(state.accounts, shortfall=-state.capital)
    return State(0.0, False, 0.0, 0.0, state.deployed_days, accounts)


def accrue(params: Params, state: State, bar: Bar, recent: FloatArray) -> State:
    """Add carry and funding on today's capital and remember the day's return."""
    notional = state.capital / 2 * params.leverage
    carry = notional * bar.supply - (notional - state.capital / 2) * bar.borrow
    funding = bar.funding * notional
    recent[state.deployed_days % APY_WINDOW] = (carry + funding) / state.capital
    return State(
        state.capital + carry + funding,
        True,
        state.long_liquidation,
        state.short_liquidation,
        state.deployed_days + 1,
        book(state.accounts, carry=carry, funding=funding),
    )


def exit_reason(params: Params, state: State, bar: Bar, recent: FloatArray) -> int:
    """Return the reason to close, `NO_REASON` for none; a later rule replaces an earlier one."""
    reason = NO_REASON
    if bar.low <= state.long_liquidation:
        reason = LIQUIDATION_LONG
    elif (bar.low - state.long_liquidation) / bar.low < params.buffer:
        reason = BUFFER_LONG
    if bar.high >= state.short_liquidation:
        reason = LIQUIDATION_SHORT
    elif (state.short_liquidation - bar.high) / bar.high < params.buffer:
        reason = BUFFER_SHORT
    if state.deployed_days >= APY_WINDOW:
        total = 0.0
        for day in range(APY_WINDOW):
            total += recent[day]
        if total / APY_WINDOW * DAYS_PER_YEAR < params.min_apy:
            reason = MIN_APY
    return reason


def close(params: Params, state: State, bar: Bar, reason: int, log: EventLog) -> State:
    """Close at no further fee; a liquidation as recorded reason costs the penalty once."""
    is_long = bar.low <= state.long_liquidation
    is_short = bar.high >= state.short_liquidation
    touched = BOTH if is_long and is_short else LONG if is_long else SHORT if is_short else NO_LEG
    capital, accounts = state.capital, state.accounts
    if reason in (LIQUIDATION_LONG, LIQUIDATION_SHORT):
        penalty = params.rotation_penalty * capital
        capital -= penalty
        accounts = book(accounts, liquidation_penalty=-penalty)
        record(log, bar.number, LIQUIDATION_PENALTY, leg=touched, penalty=penalty, equity=capital)
    record(log, bar.number, CLOSE, leg=touched, reason=reason, equity=capital)
    return State(capital, False, 0.0, 0.0, state.deployed_days, accounts)


def step(params: Params, state: State, bar: Bar, recent: FloatArray, log: EventLog) -> State:
    """Accrue and check the exits while open; reopen at the close while there is capital."""
    if not state.is_open:
        if state.capital > MIN_CAPITAL_USD:
            return open_position(params, state, bar, log)
        return state
    now = accrue(params, state, bar, recent)
    if now.capital <= 0.0:
        return ruined(now, bar, log)
    reason = exit_reason(params, now, bar, recent)
    if reason == NO_REASON:
        return now
    now = close(params, now, bar, reason, log)
    return now if now.capital > 0.0 else ruined(now, bar, log)


def run(params: Params, bars: Bars) -> Outcome:
    """Open at the first close, accrue from the next bar on."""
    n_bars = len(bars.close)
    log: EventLog = new_log(n_bars)
    recent = np.zeros(APY_WINDOW)
    equity = np.empty(n_bars)
    state = State(params.capital, False, 0.0, 0.0, 0, empty_accounts())
    for index in range(n_bars):
        bar = bar_at(bars, index)
        if index == 0:
            state = open_position(params, state, bar, log)
        else:
            state = step(params, state, bar, recent, log)
        equity[index] = state.capital
    return Outcome(equity, state.capital, state.accounts, log, 0.0)


compile_module(globals())
