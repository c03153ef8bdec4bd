"""What a trader who knew everything would have made: the bound that policies are measured by.

At every look the trader is out of the market or holds one of some leverage pairs, kept at its size
without cost; only changing from one to another costs. Nothing is liquidated. A dynamic programme
finds the best of all sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from basislab.kernels.venue.bars import Bars
from basislab.kernels.venue.params import MARK_PRICE, ORACLE_PRICE, Params
from basislab.types.market import BoolArray, FloatArray, IntArray

OUT = 0
"""The state of being out of the market."""


class Choice(NamedTuple):
    """A leverage pair as the programme sees it.

    ``growth`` has shape (n_bars,): what a dollar of equity becomes over the bar, held from the
    close before it. ``size`` is the notional of a leg over the equity, ``opening`` and ``closing``
    what a dollar of notional costs at every close; ``flash`` is paid once on a fresh loan, as a
    fraction of the equity.
    """

    growth: FloatArray
    size: float
    opening: FloatArray
    closing: FloatArray
    flash: float


class Bound(NamedTuple):
    """The best sequence: equity over capital at every close, and the state held after it."""

    curve: FloatArray
    states: IntArray


def choice_of(params: Params, bars: Bars) -> Choice:
    """Return what holding a pair earned in every bar, and what entering and leaving cost.

    Costs are the proportional ones; fixed amounts and the impact of size are left out, so that the
    bound lies above and not below.
    """
    size, costs = params.share * params.leverage, params.costs
    debt = size - params.share
    spot, mark = bars.spot.close, bars.mark.close
    by_kind = {ORACLE_PRICE: bars.oracle, MARK_PRICE: bars.mark}
    paid_on = by_kind.get(params.perp.funding_price, bars.perp).close
    growth = np.ones(len(spot))
    held = spot[1:] / spot[:-1] * (1.0 + bars.supply[1:] + bars.stake[1:]) - 1.0
    shorted = (mark[1:] - mark[:-1] - bars.funding[1:] * paid_on[1:]) / spot[:-1]
    growth[1:] += size * (held - shorted) - debt * bars.borrow[1:]
    of_perp = (bars.taker + params.perp.slippage) * bars.perp.close / spot
    return Choice(
        growth=growth,
        size=size,
        opening=costs.open_fee + costs.swap_fee + of_perp,
        closing=costs.swap_fee + of_perp,
        flash=debt * costs.flash_fee,
    )


def switching(choices: Sequence[Choice]) -> FloatArray:
    """Return what is left of a dollar that changes state, shape (n_bars, n_states, n_states).

    Rows are the state before, columns the state after; what is added pays the opening, what is
    taken off the closing.
    """
    n_bars, sizes = len(choices[0].growth), [0.0, *(choice.size for choice in choices)]
    left = np.ones((n_bars, len(sizes), len(sizes)))
    for before in range(len(sizes)):
        for after in range(len(sizes)):
            change = sizes[after] - sizes[before]
            if before == after:
                continue
            if change > 0:
                paid = change * choices[after - 1].opening
            else:
                paid = -change * choices[(after or before) - 1].closing
            if before == OUT:
                paid = paid + choices[after - 1].flash
            left[:, before, after] = 1.0 - paid
    return left


def best_sequence(growth: FloatArray, left: FloatArray, may_change: BoolArray) -> Bound:
    """Return the best sequence of states, which begins and ends out of the market.

    Parameters
    ----------
    growth : ndarray of shape (n_bars, n_states)
        Of a dollar in every state, over the bar before each close.
    left : ndarray of shape (n_bars, n_states, n_states)
        Of a dollar that changes state at each close.
    may_change : ndarray of bool, shape (n_bars,)
        The first close, at which it opens, always counts.
    """
    n_bars, n_states = growth.shape
    with np.errstate(divide="ignore"):
        gains, kept = np.log(np.maximum(growth, 0.0)), np.log(np.maximum(left, 0.0))
    came_from = np.tile(np.arange(n_states), (n_bars, 1))
    worth = np.where(np.arange(n_states) == OUT, gains[0], -np.inf)
    for bar in range(n_bars):
        if bar:
            worth = worth + gains[bar]
        if bar == 0 or may_change[bar]:
            reached = worth[:, None] + kept[bar]
            came_from[bar] = reached.argmax(axis=0)
            worth = reached.max(axis=0)
    last = int((worth + kept[-1][:, OUT]).argmax())
    return _retraced(gains, kept, came_from, last)


def _retraced(gains: FloatArray, kept: FloatArray, came_from: IntArray, last: int) -> Bound:
    """Walk the best sequence back from its end, then forward for its curve."""
    n_bars = len(gains)
    states, before = np.empty(n_bars, np.int64), np.empty(n_bars, np.int64)
    state = last
    for bar in range(n_bars - 1, -1, -1):
        states[bar], before[bar] = state, came_from[bar, state]
        state = before[bar]
    bars = np.arange(n_bars)
    steps = gains[bars, before] + kept[bars, before, states]
    steps[-1] += kept[-1, last, OUT]
    return Bound(np.exp(np.cumsum(steps)), states)


def foresight(choices: Sequence[Choice], hurdle: FloatArray, may_change: BoolArray) -> Bound:
    """Return the bound over some pairs and being out, where a dollar earns the hurdle.

    Parameters
    ----------
    choices : sequence of Choice
    hurdle : ndarray of shape (n_bars,)
        What a dollar lent becomes over each bar.
    may_change : ndarray of bool, shape (n_bars,)
        At which closes the trader looks.
    """
    growth = np.stack([hurdle, *(choice.growth for choice in choices)], axis=1)
    return best_sequence(growth, switching(choices), may_change)
