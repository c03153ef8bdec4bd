"""One run of the venue engine without curve, record or event rows: what a search keeps of it.

The same run as `step.run`: quiet bars are left alone together (`reach`, `ahead`), every other bar
is `step`'s. Counts are the same, amounts to some 1e-12 of what went through the books.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.events import EventLog
from basislab.kernels.fields import fields_of
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.ahead import Ahead, is_one_sided, left_alone
from basislab.kernels.venue.bars import Bars, BoolArray, IntArray, bar_at
from basislab.kernels.venue.faults import ruled, ruled_until
from basislab.kernels.venue.ledger import Accounts
from basislab.kernels.venue.params import Params, Policy
from basislab.kernels.venue.reach import (
    Held,
    Limits,
    Lines,
    equities,
    first_event,
    held_at,
    limits_of,
    lines_of,
)
from basislab.kernels.venue.skip import is_content, is_safe, worth_within
from basislab.kernels.venue.spans import BLOCK, span_at
from basislab.kernels.venue.state import ENDED, NO_ORDER, NOWHERE, OPEN, State, equity
from basislab.kernels.venue.step import open_position, step
from basislab.kernels.venue.whole import closing_cost


class Totals(NamedTuple):
    """What is kept of a run; USD, fractions. ``log`` holds every event.

    ``curve`` of shape (n_bars,) is the equity at the closes, before the closing costs.
    """

    final: float
    drawdown: float
    lowest_debt: float
    naked_bars: int
    accounts: Accounts
    log: EventLog
    curve: FloatArray


class Scratch(NamedTuple):
    """Room for a block: equity at its closes, USD, and which of its bars may hold an event.

    ``whole`` of shape (n_bars,) is the equity at every close, (0,) where nobody asks for it.
    """

    curve: FloatArray
    due: BoolArray
    whole: FloatArray


class Water(NamedTuple):
    """The highest equity so far, USD, and the deepest fall from a peak, a fraction."""

    peak: float
    drawdown: float


def lowered(water: Water, equity: float) -> Water:
    """Return the water line after one more close."""
    peak = max(water.peak, equity)
    return Water(peak, max(water.drawdown, 1.0 - equity / peak))


def lowered_by(water: Water, curve: FloatArray, count: int) -> Water:
    """Return the water line after the first `count` closes of a curve; few closes change it."""
    peak, drawdown = water.peak, water.drawdown
    floor = peak * (1.0 - drawdown)
    for i in range(count):
        if curve[i] > peak:
            peak = curve[i]
            floor = peak * (1.0 - drawdown)
        elif curve[i] < floor:
            drawdown = max(drawdown, 1.0 - curve[i] / peak)
            floor = curve[i]
    return Water(peak, drawdown)


def highest(curve: FloatArray, count: int) -> float:
    """Return the largest of the first `count` values (> 0), which are written over.

    Halves are compared pair by pair: a vector register holds eight pairs.
    """
    while count > 1:
        half = np.uint64((count + 1) // 2)
        for i in range(np.uint64(count) - half):
            curve[i] = max(curve[i], curve[i + half])
        count = int(half)
    return float(curve[0])


def is_left_alone(params: Params, state: State) -> bool:
    """Whether nothing is ordered, under way or to be mended; and the study's order of a bar off."""
    switches = params.conventions
    if switches.settle_at_close or switches.funding_first or state.is_hurt:
        return False
    is_calm = state.order.kind == NO_ORDER and state.transit.target == NOWHERE
    return is_calm and state.status == OPEN and state.position.short.contracts > 0.0


def waded(
    held: Held,
    limits: Limits,
    lines: Lines,
    ahead: Ahead,
    first: int,
    end: int,
    water: Water,
    scratch: Scratch,
) -> tuple[int, Water]:
    """Return the first bar of ``[first, end)`` that is not quiet, and the water line until then.

    The equity at the closes before it is written to the whole curve, where there is one.
    """
    is_whole = len(scratch.whole) > 0
    while first < end:
        block = (first + ahead.begin) // BLOCK
        last, span = min((block + 1) * BLOCK - ahead.begin, end), span_at(ahead.spans, block)
        low, high = worth_within(held, span)
        until = last
        if not (is_safe(held, limits, span) and is_content(held, limits, span, low, high)):
            until = first_event(held, limits, lines, first, last, scratch.due)
        peak = max(water.peak, high)
        is_deep = low < peak * (1.0 - water.drawdown)
        if until > first and (is_whole or is_deep or peak > water.peak):
            equities(held, lines, first, until, scratch.curve)
            if is_whole:
                for i in range(until - first):
                    scratch.whole[first + i] = scratch.curve[i]
            if is_deep:
                water = lowered_by(water, scratch.curve, until - first)
            else:
                peak = max(water.peak, highest(scratch.curve, until - first))
                water = Water(peak, water.drawdown)
        first = until
        if until < last:
            break
    return first, water


def passed_over(
    params: Params,
    state: State,
    bars: Bars,
    ahead: Ahead,
    first: int,
    end: int,
    water: Water,
    scratch: Scratch,
) -> tuple[int, State, Water]:
    """Leave a position alone for as many of the bars ``[first, end)`` as are quiet."""
    at = first - 1
    limits = limits_of(params, state.position.short.contracts * bars.mark.close[at])
    lines, held = lines_of(bars, ahead, limits), held_at(state, ahead, at)
    index, wet = waded(held, limits, lines, ahead, first, end, water, scratch)
    if index > first and is_one_sided(state, ahead, at, index - 2):
        return index, left_alone(state, bars, ahead, at, index - 1), wet
    return first, state, water


def noted_from(scratch: Scratch, first: int, last: int, worth: float) -> None:
    """Write the equity of the closes ``[first, last)`` to the whole curve, where there is one."""
    if len(scratch.whole) > 0:
        scratch.whole[first:last] = worth


def searched(
    params: Params,
    bars: Bars,
    ahead: Ahead,
    held: State,
    is_held: bool,
    log: EventLog,
    scratch: Scratch,
) -> tuple[State, Water]:
    """Run one configuration: the state after the closing costs, and the water line before them."""
    n_bars, state = len(bars.funding), held
    if not is_held:
        state = open_position(params, bar_at(bars, 0), log)
        if params.conventions.accrue_at_opening:
            state = step(params, state, bar_at(bars, 0), log)
    noted_from(scratch, 0, 1, equity(state))
    water, index = lowered(Water(params.capital, 0.0), equity(state)), 1
    while index < n_bars and state.status != ENDED:
        rules, end = ruled(params, bars.terms[index]), ruled_until(params, bars, index)
        while index < end and state.status != ENDED:
            if is_left_alone(rules, state):
                index, state, water = passed_over(
                    rules, state, bars, ahead, index, end, water, scratch
                )
            if index < end:
                state = step(rules, state, bar_at(bars, index), log)
                worth = equity(state)
                noted_from(scratch, index, index + 1, worth)
                water = lowered(water, worth)
                index += 1
    if index < n_bars:
        noted_from(scratch, index, n_bars, equity(state))
        water = lowered(water, equity(state))
    return closing_cost(params, state, bar_at(bars, n_bars - 1)), water


def new_scratch(n_bars: int) -> Scratch:
    """Return room for a block, and for a whole curve of so many bars, 0 for none."""
    return Scratch(np.empty(BLOCK), np.empty(BLOCK, np.bool_), np.empty(n_bars))


def totals(params: Params, bars: Bars, ahead: Ahead, held: State, is_held: bool) -> Totals:
    """Run one configuration and keep its totals.

    Parameters
    ----------
    ahead : Ahead
        `look_ahead` of these bars, with this venue's price of funding.
    held : State
        What is held at the first close with `is_held`; else a position is opened there.
    """
    n_bars = len(bars.funding)
    log, scratch = ev.new_log(ev.EVENTS_A_BAR * n_bars + 2), new_scratch(n_bars)
    last, water = searched(params, bars, ahead, held, is_held, log, scratch)
    debt, naked = last.lowest_debt, last.naked_bars
    curve = scratch.whole
    return Totals(equity(last), water.drawdown, debt, naked, last.accounts, log, curve)


def tallied(log: EventLog, counted: IntArray, row: FloatArray) -> None:
    """Count the log's events into the head of `row`: one count a row (kind, legs) of `counted`.

    Legs are the bits of those that the event may be on.
    """
    row[: len(counted)] = 0.0
    for event in range(min(log.filled[0], len(log.rows))):
        kind, leg = int(log.rows[event, 1]), int(log.rows[event, 2])
        for i in range(len(counted)):
            if counted[i, 0] == kind and (counted[i, 1] >> leg) & 1:
                row[i] += 1.0


with_decisions = fields_of(
    Params, "policy", "capital", "leverage", "path_order", "share", "is_debtless"
)


def decided_by(params: Params, row: FloatArray) -> Params:
    """Return the parameters with one row of decisions: a policy's fields, then the others'."""
    policy = Policy(
        int(row[0]), row[1], row[2], row[3], row[4], row[5], row[6] > 0.0, row[7],
        row[8], row[9], int(row[10]), row[11], row[12], row[13] > 0.0,
    )  # fmt: skip
    return with_decisions(params, policy, row[14], row[15], int(row[16]), row[17], row[18] > 0.0)


def tabulated(
    params: Params,
    decisions: FloatArray,
    bars: Bars,
    ahead: Ahead,
    nothing: State,
    counted: IntArray,
    log: EventLog,
    scratch: Scratch,
    table: FloatArray,
) -> None:
    """Run configurations that differ by a row of decisions, and write a row of the table each.

    `Totals` without its log, counts before accounts. The log is used again from its beginning.
    Each opens at the first close; `nothing` is what it holds before.
    """
    for index in range(len(decisions)):
        log.filled[0] = 0
        one, row = decided_by(params, decisions[index]), table[index]
        last, water = searched(one, bars, ahead, nothing, False, log, scratch)
        row[0], row[1] = equity(last), water.drawdown
        row[2], row[3] = last.lowest_debt, last.naked_bars
        tallied(log, counted, row[4:])
        for i, amount in enumerate(last.accounts):
            row[4 + len(counted) + i] = amount


compile_module(globals(), inline=("noted_from",), owners=("totals", "new_scratch"))
