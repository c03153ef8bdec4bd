"""One lane of `lanes`: a scaled position, its thresholds, and what happens when one is met."""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.events import LIQUIDATION, OPEN, REBALANCE, REOPEN, RUINED
from basislab.kernels.ledger import affordable
from basislab.kernels.legs import (
    MIN_EQUITY_USD,
    LongLeg,
    Position,
    ShortLeg,
    charged,
    hedged,
    long_equity,
    long_is_liquidated,
    moved,
    short_equity,
    short_is_liquidated,
    total_equity,
)
from basislab.kernels.path import Now
from basislab.kernels.rebalance import (
    MIN_MOVE_USD,
    Params,
    opening_cost,
    settlement,
    transfer,
)
from basislab.kernels.summary import (
    DRAWDOWN,
    FINAL,
    FIRST_COUNT,
    FIRST_LIQUIDATION,
    LOWEST_DEBT,
    N_COLUMNS,
    NEVER_HAPPENED,
)

LANES = 64
"""Configurations side by side: the state of a block fits the first-level cache."""

GUARD = 1e-9
"""Relative distance to a threshold below which the scalar kernel decides."""

# Where each lane array starts in the one flat buffer: constant offsets spare the compiler the
# question whether the arrays overlap.
COINS, DEBT, MARGIN, CONTRACTS = 0, LANES, 2 * LANES, 3 * LANES
LONG_TRIGGER, LONG_LIMIT, SHORT_TRIGGER, SHORT_LIMIT = 4 * LANES, 5 * LANES, 6 * LANES, 7 * LANES
PEAK, WORST, WORST_PEAK, ENTRY = 8 * LANES, 9 * LANES, 10 * LANES, 11 * LANES
SINCE_DEBT, SINCE_EARNED, SINCE_FUNDING = 12 * LANES, 13 * LANES, 14 * LANES
SINCE_DRIFT, SINCE_PRICE = 15 * LANES, 16 * LANES
BUFFER_SIZE = 17 * LANES

CARRY, FUNDING, TRADING_FEES, GAS, TRANSFER_FEES, SLIPPAGE, PENALTY, REVALUATION, SHORTFALL = range(
    1, 10
)
"""Columns of the accounts in a summary row."""


def params_of(rows: FloatArray, config: int) -> Params:
    """Return one row of the parameter matrix as `Params`."""
    return Params(
        rows[config, 0],
        rows[config, 1],
        rows[config, 2],
        rows[config, 3],
        rows[config, 4],
        rows[config, 5],
        rows[config, 6],
        rows[config, 7],
        int(rows[config, 8]),
        rows[config, 9],
    )


def place(buffer: FloatArray, lane: int, params: Params, position: Position, now: Now) -> None:
    """Scale a position into its lane, with the thresholds that it fires at."""
    long, short = position.long, position.short
    coins, contracts = long.quantity / now.growth, short.contracts
    inverse = 1.0 / params.trigger
    buffer[COINS + lane] = coins
    buffer[DEBT + lane] = long.debt / now.debt_growth
    buffer[MARGIN + lane] = short.margin + contracts * (short.entry - now.funding_sum)
    buffer[CONTRACTS + lane] = contracts
    buffer[ENTRY + lane] = short.entry
    buffer[LONG_TRIGGER + lane] = coins * (1.0 - inverse - GUARD)
    buffer[LONG_LIMIT + lane] = coins * (1.0 - params.maintenance - GUARD)
    buffer[SHORT_TRIGGER + lane] = contracts * (1.0 + inverse + GUARD)
    buffer[SHORT_LIMIT + lane] = contracts * (1.0 + params.maintenance + GUARD)


def retire(buffer: FloatArray, lane: int) -> None:
    """Empty a lane so that it never fires again and its equity is 0."""
    for array in (COINS, DEBT, MARGIN, CONTRACTS):
        buffer[array + lane] = 0.0
    for array in (LONG_TRIGGER, LONG_LIMIT):
        buffer[array + lane] = 1.0
    for array in (SHORT_TRIGGER, SHORT_LIMIT):
        buffer[array + lane] = -1.0


def restart_books(buffer: FloatArray, lane: int, now: Now) -> None:
    """Let interest earned, funding and revaluation of a lane count from this close."""
    buffer[SINCE_EARNED + lane] = now.earned
    buffer[SINCE_FUNDING + lane] = now.funding_sum
    buffer[SINCE_DRIFT + lane] = now.drift
    buffer[SINCE_PRICE + lane] = now.close


def book_debt(buffer: FloatArray, lane: int, now: Now, out: FloatArray, config: int) -> None:
    """Book the interest owed since the debt last changed."""
    grown = now.debt_growth - buffer[SINCE_DEBT + lane]
    out[config, CARRY] -= buffer[DEBT + lane] * grown
    buffer[SINCE_DEBT + lane] = now.debt_growth


def book_holding(buffer: FloatArray, lane: int, now: Now, out: FloatArray, config: int) -> None:
    """Book interest earned, funding and revaluation since the quantities last changed."""
    coins, contracts = buffer[COINS + lane], buffer[CONTRACTS + lane]
    out[config, CARRY] += coins * (now.earned - buffer[SINCE_EARNED + lane])
    out[config, FUNDING] += contracts * (now.funding_sum - buffer[SINCE_FUNDING + lane])
    out[config, REVALUATION] += coins * (now.drift - buffer[SINCE_DRIFT + lane]) + (
        coins - contracts
    ) * (now.close - buffer[SINCE_PRICE + lane])


def is_undecided(params: Params, position: Position, now: Now) -> bool:
    """Whether a threshold is met so closely that rounding decides."""
    long, short = position.long, position.short
    at_low, at_high = long.quantity * now.low, short.contracts * now.high
    notional_long, notional_short = long.quantity * now.close, short.contracts * now.close
    equity_long, equity_short = long_equity(long, now.close), short_equity(short, now.close)
    total = equity_long + equity_short
    scale = GUARD * (notional_long + notional_short)
    return (
        (abs(long_equity(long, now.low) - params.maintenance * at_low) <= GUARD * at_low)
        | (abs(short_equity(short, now.high) - params.maintenance * at_high) <= GUARD * at_high)
        | (abs(notional_long - params.trigger * max(equity_long, MIN_EQUITY_USD)) <= scale)
        | (abs(notional_short - params.trigger * max(equity_short, MIN_EQUITY_USD)) <= scale)
        | (abs(equity_long) <= scale)
        | (abs(equity_short) <= scale)
        | (abs(abs(equity_long - total / 2) - MIN_MOVE_USD) <= scale)
        | (total <= scale)
    )


def give_up(buffer: FloatArray, lane: int, out: FloatArray, config: int) -> None:
    """Leave a lane to the scalar kernel."""
    out[config, FINAL] = np.nan
    retire(buffer, lane)


def position_of(buffer: FloatArray, lane: int, now: Now) -> Position:
    """Unscale a lane."""
    contracts, entry = buffer[CONTRACTS + lane], buffer[ENTRY + lane]
    margin = buffer[MARGIN + lane] - contracts * (entry - now.funding_sum)
    return Position(
        LongLeg(buffer[COINS + lane] * now.growth, buffer[DEBT + lane] * now.debt_growth),
        ShortLeg(contracts, entry, margin),
    )


def fire(
    buffer: FloatArray, lane: int, params: Params, now: Now, out: FloatArray, config: int
) -> None:
    """Unscale a lane that met a threshold and let the functions of `rebalance` decide."""
    position = position_of(buffer, lane, now)
    if is_undecided(params, position, now):
        give_up(buffer, lane, out, config)
    elif long_is_liquidated(position.long, now.low, params.maintenance) or short_is_liquidated(
        position.short, now.high, params.maintenance
    ):
        liquidate_lane(buffer, lane, params, position, now, out, config)
    else:
        move_lane(buffer, lane, params, position, now, out, config)


def liquidate_lane(
    buffer: FloatArray,
    lane: int,
    params: Params,
    position: Position,
    now: Now,
    out: FloatArray,
    config: int,
) -> None:
    """Book a liquidation; reopen, or retire the lane where nothing is left."""
    is_long = long_is_liquidated(position.long, now.low, params.maintenance)
    is_short = short_is_liquidated(position.short, now.high, params.maintenance)
    done = settlement(params, position, now.close, is_long, is_short)
    if done.equity > 0.0 and done.left <= GUARD * done.equity:
        give_up(buffer, lane, out, config)
        return
    book_debt(buffer, lane, now, out, config)
    book_holding(buffer, lane, now, out, config)
    restart_books(buffer, lane, now)
    out[config, PENALTY] -= done.penalty_long + done.penalty_short
    out[config, SHORTFALL] += done.shortfall_long + done.shortfall_short
    out[config, TRADING_FEES] -= done.cost.trading
    out[config, GAS] -= done.cost.gas
    out[config, FIRST_COUNT + LIQUIDATION] += 1.0
    out[config, FIRST_LIQUIDATION] = min(out[config, FIRST_LIQUIDATION], float(now.bar))
    lowest = min(out[config, LOWEST_DEBT], position.long.debt)
    if done.left > 0.0:
        reopened = hedged(done.left, params.leverage, now.close)
        out[config, FIRST_COUNT + REOPEN] += 1.0
        lowest = min(lowest, reopened.long.debt)
        place(buffer, lane, params, reopened, now)
    else:
        out[config, FIRST_COUNT + RUINED] += 1.0
        retire(buffer, lane)
    out[config, LOWEST_DEBT] = lowest


def move_lane(
    buffer: FloatArray,
    lane: int,
    params: Params,
    position: Position,
    now: Now,
    out: FloatArray,
    config: int,
) -> None:
    """Move capital where it is due: debt and margin change, the quantities do not."""
    due = transfer(params, position, now.close)
    if not due.is_due:
        return
    if due.equity - due.cost <= GUARD * due.equity:
        give_up(buffer, lane, out, config)
        return
    book_debt(buffer, lane, now, out, config)
    after = charged(moved(position, due.amount), due.cost)
    buffer[DEBT + lane] = after.long.debt / now.debt_growth
    buffer[MARGIN + lane] += after.short.margin - position.short.margin
    out[config, TRANSFER_FEES] -= due.cost
    out[config, FIRST_COUNT + REBALANCE] += 1.0
    lowest = min(position.long.debt, after.long.debt)
    out[config, LOWEST_DEBT] = min(out[config, LOWEST_DEBT], lowest)


def open_lane(
    buffer: FloatArray, lane: int, params: Params, close: float, out: FloatArray, config: int
) -> None:
    """Open one lane at the first close, before the first bar accrues."""
    for column in range(N_COLUMNS):
        out[config, column] = 0.0
    out[config, FIRST_LIQUIDATION] = NEVER_HAPPENED
    before = Now(0, close, close, close, 1.0, 1.0, 0.0, 0.0, 0.0)
    buffer[SINCE_DEBT + lane] = 1.0
    restart_books(buffer, lane, before)
    cost = opening_cost(params)
    if params.capital - cost.total <= GUARD * params.capital:
        give_up(buffer, lane, out, config)
        return
    position = charged(hedged(params.capital, params.leverage, close), cost.total)
    out[config, FIRST_COUNT + OPEN] = 1.0
    out[config, TRADING_FEES] = -cost.trading
    out[config, GAS] = -cost.gas
    out[config, LOWEST_DEBT] = position.long.debt
    place(buffer, lane, params, position, before)


def close_lane(
    buffer: FloatArray, lane: int, params: Params, now: Now, out: FloatArray, config: int
) -> None:
    """Close the short at the last close and write what the lane gave."""
    position = position_of(buffer, lane, now)
    out[config, LOWEST_DEBT] = min(out[config, LOWEST_DEBT], position.long.debt)
    book_debt(buffer, lane, now, out, config)
    book_holding(buffer, lane, now, out, config)
    left = total_equity(position, now.close)
    cost = affordable(buffer[CONTRACTS + lane] * now.close * params.taker_fee, 0.0, left)
    out[config, TRADING_FEES] -= cost.trading
    out[config, FINAL] = left - cost.total
    out[config, DRAWDOWN] = 1.0 - buffer[WORST + lane] / buffer[WORST_PEAK + lane]


compile_module(globals())
