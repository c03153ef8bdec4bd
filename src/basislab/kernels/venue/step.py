"""One bar of the venue engine, and a run over all of them (docs/venue-engine.md, section 2).

The order within a bar: what was in transit arrives, what was decided is done, interest accrues,
liquidations happen along the path, funding settles, health is checked at the close, the trader
decides. `step` is given one bar and the state, never the arrays: it cannot look ahead.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.events import NO_LEG, EventLog
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.bars import Bar, Bars, bar_at
from basislab.kernels.venue.faults import ruled, ruled_until
from basislab.kernels.venue.ledger import Accounts
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.quiet import is_quiet, is_wanted, quiet_bar
from basislab.kernels.venue.record import COLUMNS, recorded
from basislab.kernels.venue.state import ENDED, State, equity, idle_state
from basislab.kernels.venue.trades import opened
from basislab.kernels.venue.whole import closing_cost, decided_on, whole_bar


class Outcome(NamedTuple):
    """One finished run.

    ``equity`` has shape (n_bars,), USD at the closes; ``final`` is the equity after the closing
    costs, which the curve does not show; ``record`` has shape (n_bars, len(COLUMNS)).
    """

    equity: FloatArray
    final: float
    accounts: Accounts
    log: EventLog
    lowest_debt: float
    naked_bars: int
    record: FloatArray


def open_position(params: Params, bar: Bar, log: EventLog) -> State:
    """Start with cash; open at the first close unless the policy waits for carry."""
    state = idle_state(params.capital, bar.close)
    if params.policy.entry_apy > -np.inf:
        return state
    state = opened(params, state, params.capital, bar.close, bar.taker)
    ev.note(
        log,
        bar.number,
        ev.OPEN,
        state,
        NO_LEG,
        ev.NO_REASON,
        0.0,
        params.capital - equity(state),
        0.0,
    )
    if state.status == ENDED:
        ev.note(log, bar.number, ev.RUINED, state, NO_LEG, ev.NO_REASON, 0.0, 0.0, 0.0)
    return state


def step(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Advance one bar; a quiet one by the short way."""
    if state.status == ENDED:
        return state
    if not is_quiet(params, state, bar):
        return whole_bar(params, state, bar, log)
    state = quiet_bar(params, state, bar)
    if is_wanted(params, state, bar):
        return decided_on(params, state, bar, log)
    return state


def stepped(
    params: Params, bars: Bars, log: EventLog, curve: FloatArray, record: FloatArray
) -> State:
    """Open at the first close, step through the bars after it, close everything at the end."""
    n_bars = len(bars.funding)
    state = open_position(params, bar_at(bars, 0), log)
    first = 0
    while first < n_bars:
        rules, end = ruled(params, bars.terms[first]), ruled_until(params, bars, first)
        for index in range(first, end):
            bar = bar_at(bars, index)
            if index > 0 or params.conventions.accrue_at_opening:
                state = step(rules, state, bar, log)
            curve[index] = equity(state)
            recorded(rules, state, bar, record[index])
        first = end
    return closing_cost(params, state, bar_at(bars, n_bars - 1))


def run(params: Params, bars: Bars) -> Outcome:
    """Return one run with its curve, its record and its events."""
    n_bars = len(bars.funding)
    log: EventLog = ev.new_log(ev.EVENTS_A_BAR * n_bars + 2)
    curve, record = np.empty(n_bars), np.zeros((n_bars, len(COLUMNS)))
    last = stepped(params, bars, log, curve, record)
    debt, naked = last.lowest_debt, last.naked_bars
    return Outcome(curve, equity(last), last.accounts, log, debt, naked, record)


compile_module(globals(), inline=("step", "stepped"), owners=("run",))
