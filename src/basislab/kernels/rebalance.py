"""Capital rebalance: the study's realistic model.

Real state per leg; equity derived from it; capital moved between the legs when one leg's leverage
is too high; both closed and reopened after a liquidation (docs/models.md, section "Capital
rebalance").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import Bar, Bars, bar_at
from basislab.kernels.events import (
    BOTH,
    LIQUIDATION,
    LONG,
    OPEN,
    REBALANCE,
    REOPEN,
    RUINED,
    SHORT,
    EventLog,
    new_log,
    record,
)
from basislab.kernels.fields import fields_of
from basislab.kernels.ledger import Accounts, Charge, affordable, book, empty_accounts
from basislab.kernels.legs import (
    Position,
    accrued,
    charged,
    effective_leverage,
    flat,
    hedged,
    long_equity,
    long_is_liquidated,
    marked,
    moved,
    seized,
    short_equity,
    short_is_liquidated,
    total_equity,
)
from basislab.kernels.outcome import Outcome

MIN_MOVE_USD = 5.0
"""The study does not move less than this between the legs."""


class Params(NamedTuple):
    """Capital and flat costs in USD, fees and rates as fractions, trigger as a leg's leverage."""

    capital: float
    leverage: float
    trigger: float
    open_fee: float
    taker_fee: float
    gas: float
    transfer_cost: float
    maintenance: float
    penalty_kind: int
    penalty_rate: float


class State(NamedTuple):
    """Both legs, the books, the last close, and whether there is anything left to trade."""

    position: Position
    accounts: Accounts
    price: float
    is_alive: bool
    lowest_debt: float


with_books = fields_of(State, "position", "accounts")
with_lowest_debt = fields_of(State, "lowest_debt")


def opening_cost(params: Params) -> Charge:
    """Return what opening with the whole capital costs, USD."""
    notional = params.capital / 2 * params.leverage
    return affordable(notional * (params.open_fee + params.taker_fee), params.gas, params.capital)


def open_position(params: Params, bar: Bar, log: EventLog) -> State:
    """Open both halves at the close; half the cost goes on the debt, half off the margin."""
    cost = opening_cost(params)
    accounts = book(empty_accounts(), trading_fees=-cost.trading, gas=-cost.gas)
    position = charged(hedged(params.capital, params.leverage, bar.close), cost.total)
    left = params.capital - cost.total
    record(log, bar.number, OPEN, cost=cost.total, equity=left)
    if left <= 0.0:
        return ruined(accounts, left, bar, log, position.long.debt)
    return State(position, accounts, bar.close, True, position.long.debt)


def ruined(accounts: Accounts, equity: float, bar: Bar, log: EventLog, lowest_debt: float) -> State:
    """End the run with nothing; an equity below zero is booked as shortfall."""
    record(log, bar.number, RUINED, equity=0.0)
    return State(flat(), book(accounts, shortfall=-equity), bar.close, False, lowest_debt)


class Settlement(NamedTuple):
    """A liquidation in USD: what is taken from each leg, what is kept, what reopening costs."""

    kept_long: float
    kept_short: float
    penalty_long: float
    penalty_short: float
    shortfall_long: float
    shortfall_short: float
    equity: float
    cost: Charge
    left: float


def settlement(
    params: Params, position: Position, price: float, is_long: bool, is_short: bool
) -> Settlement:
    """Settle the liquidated legs at `price` and price the reopening with what is left (eq. 12)."""
    long, short = position.long, position.short
    penalty_long, penalty_short, shortfall_long, shortfall_short = 0.0, 0.0, 0.0, 0.0
    kept_long, kept_short = long_equity(long, price), short_equity(short, price)
    if is_long:
        notional = long.quantity * price
        seizure = seized(kept_long, notional, params.penalty_kind, params.penalty_rate)
        kept_long, penalty_long = seizure.kept, seizure.penalty
        shortfall_long = seizure.shortfall
    if is_short:
        notional = short.contracts * price
        seizure = seized(kept_short, notional, params.penalty_kind, params.penalty_rate)
        kept_short, penalty_short = seizure.kept, seizure.penalty
        shortfall_short = seizure.shortfall
    equity = kept_long + kept_short
    cost = affordable(
        equity / 2 * params.leverage * (params.open_fee + params.taker_fee)
        + short.contracts * price * params.taker_fee,
        params.gas,
        equity,
    )
    return Settlement(
        kept_long,
        kept_short,
        penalty_long,
        penalty_short,
        shortfall_long,
        shortfall_short,
        equity,
        cost,
        equity - cost.total,
    )


def liquidate(
    params: Params, state: State, bar: Bar, is_long: bool, is_short: bool, log: EventLog
) -> State:
    """Penalise the liquidated legs at the close, close everything, and reopen with what is left."""
    position = state.position
    done = settlement(params, position, bar.close, is_long, is_short)
    accounts = book(
        state.accounts, liquidation_penalty=-done.penalty_long, shortfall=done.shortfall_long
    )
    accounts = book(
        accounts, liquidation_penalty=-done.penalty_short, shortfall=done.shortfall_short
    )
    accounts = book(accounts, trading_fees=-done.cost.trading, gas=-done.cost.gas)
    record(
        log,
        bar.number,
        LIQUIDATION,
        leg=BOTH if is_long and is_short else LONG if is_long else SHORT,
        penalty=done.penalty_long + done.penalty_short,
        long_equity=long_equity(position.long, bar.close),
        short_equity=short_equity(position.short, bar.close),
        equity=done.equity,
    )
    if done.left <= 0.0:
        return ruined(accounts, done.left, bar, log, state.lowest_debt)
    record(
        log,
        bar.number,
        REOPEN,
        cost=done.cost.total,
        long_equity=done.kept_long,
        short_equity=done.kept_short,
        equity=done.left,
    )
    reopened = hedged(done.left, params.leverage, bar.close)
    return State(reopened, accounts, bar.close, True, state.lowest_debt)


class Transfer(NamedTuple):
    """Capital to move between the legs at a close, USD, and whether it is due."""

    is_due: bool
    amount: float
    cost: float
    equity: float


def transfer(params: Params, position: Position, price: float) -> Transfer:
    """Make both halves equal where a leg's leverage is above the trigger (eqs. 13, 14)."""
    equity_long = long_equity(position.long, price)
    equity_short = short_equity(position.short, price)
    highest = max(
        effective_leverage(position.long.quantity * price, equity_long),
        effective_leverage(position.short.contracts * price, equity_short),
    )
    total = equity_long + equity_short
    amount = equity_long - total / 2
    is_due = highest > params.trigger and abs(amount) > MIN_MOVE_USD
    return Transfer(is_due, amount, min(params.transfer_cost, max(total, 0.0)), total)


def rebalance(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Move capital until both halves are equal, where a leg's leverage is above the trigger."""
    position = state.position
    due = transfer(params, position, bar.close)
    if not due.is_due:
        return state
    record(
        log,
        bar.number,
        REBALANCE,
        moved=due.amount,
        cost=due.cost,
        long_equity=long_equity(position.long, bar.close),
        short_equity=short_equity(position.short, bar.close),
        equity=due.equity - due.cost,
    )
    accounts = book(state.accounts, transfer_fees=-due.cost)
    if due.cost >= due.equity:
        return ruined(accounts, due.equity - due.cost, bar, log, state.lowest_debt)
    return with_books(state, charged(moved(position, due.amount), due.cost), accounts)


def step(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Advance one bar: mark, accrue, check both legs at the extremes, then move capital."""
    if not state.is_alive:
        return state
    accounts = marked(state.accounts, state.position, state.price, bar.close)
    position, accounts = accrued(state.position, accounts, bar)
    lowest_debt = min(state.lowest_debt, position.long.debt)
    now = State(position, accounts, bar.close, True, lowest_debt)
    is_long = long_is_liquidated(position.long, bar.low, params.maintenance)
    is_short = short_is_liquidated(position.short, bar.high, params.maintenance)
    if is_long or is_short:
        now = liquidate(params, now, bar, is_long, is_short, log)
    else:
        now = rebalance(params, now, bar, log)
    if not now.is_alive:
        return now
    left = total_equity(now.position, bar.close)
    if left <= 0.0:
        return ruined(now.accounts, left, bar, log, now.lowest_debt)
    debt = now.position.long.debt
    return with_lowest_debt(now, min(now.lowest_debt, debt))


def run(params: Params, bars: Bars) -> Outcome:
    """Open at the first close, step through all bars, close the short at the end."""
    n_bars = len(bars.close)
    log: EventLog = new_log(n_bars)
    equity = np.empty(n_bars)
    state = open_position(params, bar_at(bars, 0), log)
    for index in range(n_bars):
        state = step(params, state, bar_at(bars, index), log)
        equity[index] = total_equity(state.position, bars.close[index])
    left = equity[-1]
    closing = state.position.short.contracts * bars.close[-1] * params.taker_fee
    cost = affordable(closing, 0.0, left)
    accounts = book(state.accounts, trading_fees=-cost.trading)
    return Outcome(equity, left - cost.total, accounts, log, state.lowest_debt)


compile_module(globals())
