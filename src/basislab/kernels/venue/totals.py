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
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.ahead import Ahead, is_one_sided, left_alone
from basislab.kernels.venue.bars import Bars, bar_at
from basislab.kernels.venue.faults import ruled, ruled_until
from basislab.kernels.venue.ledger import Accounts
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.reach import (
    BLOCK,
    Held,
    Limits,
    Lines,
    count_events,
    equities,
    first_event,
    held_at,
    limits_of,
    lines_of,
)
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


def is_left_alone(params: Params, state: State) -> bool:
    """Whether nothing is ordered, under way or to be mended; and the study's order of a bar off."""
    switches = params.conventions
    if switches.settle_at_close or switches.funding_first or state.is_hurt:
        return False
    is_calm = state.order.kind == NO_ORDER and state.transit.target == NOWHERE
    return is_calm and state.status == OPEN and state.position.short.contracts > 0.0


def waded(
    held: Held, limits: Limits, lines: Lines, first: int, end: int, water: Water, curve: FloatArray
) -> tuple[int, Water]:
    """Return the first bar of ``[first, end)`` that is not quiet, and the water line until then.

    The equity at the closes before it is written to `curve`.
    """
    while first < end:
        last = min(first + BLOCK, end)
        is_over = count_events(held, limits, lines, first, last) > 0
        if is_over:
            last = first_event(held, limits, lines, first, last)
        equities(held, lines, first, last, curve[first:last])
        water = lowered_by(water, curve[first:last], last - first)
        first = last
        if is_over:
            break
    return first, water


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
    log, curve = ev.new_log(ev.EVENTS_A_BAR * n_bars + 2), np.empty(n_bars)
    state = held
    if not is_held:
        state = open_position(params, bar_at(bars, 0), log)
        if params.conventions.accrue_at_opening:
            state = step(params, state, bar_at(bars, 0), log)
    curve[0] = equity(state)
    water, index = lowered(Water(params.capital, 0.0), curve[0]), 1
    while index < n_bars and state.status != ENDED:
        rules, end = ruled(params, bars.terms[index]), ruled_until(params, bars, index)
        while index < end and state.status != ENDED:
            if is_left_alone(rules, state):
                at = index - 1
                notional = state.position.short.contracts * bars.mark.close[at]
                limits = limits_of(rules, notional)
                lines, legs = lines_of(bars, ahead, limits), held_at(state, ahead, at)
                index, wet = waded(legs, limits, lines, index, end, water, curve)
                if index > at + 1 and is_one_sided(state, ahead, at, index - 2):
                    state, water = left_alone(state, bars, ahead, at, index - 1), wet
                else:
                    index = at + 1
            if index < end:
                state = step(rules, state, bar_at(bars, index), log)
                curve[index] = equity(state)
                water = lowered(water, curve[index])
                index += 1
    if index < n_bars:
        curve[index:] = equity(state)
        water = lowered(water, curve[index])
    last = closing_cost(params, state, bar_at(bars, n_bars - 1))
    debt, naked = last.lowest_debt, last.naked_bars
    return Totals(equity(last), water.drawdown, debt, naked, last.accounts, log, curve)


compile_module(globals(), inline=False)
