"""One configuration opened at many bars and held to the last: what a fan of start days keeps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.ahead import Ahead
from basislab.kernels.venue.bars import Bars, Candles, IntArray
from basislab.kernels.venue.ledger import Accounts
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.state import State
from basislab.kernels.venue.totals import totals

N_ACCOUNTS = len(Accounts._fields)


class Starts(NamedTuple):
    """What is kept of runs that begin at some bars and end at the last.

    ``final`` has shape (n_starts,), USD after closing; ``accounts`` (n_starts, N_ACCOUNTS);
    ``is_sunk`` (n_bars,): on which bars a leg of any of the runs was liquidated.
    """

    final: FloatArray
    accounts: FloatArray
    is_sunk: NDArray[np.bool_]


def candles_from(price: Candles, first: int) -> Candles:
    """Return the bars from `first` on, without copying."""
    return Candles(price.open[first:], price.high[first:], price.low[first:], price.close[first:])


def bars_from(bars: Bars, first: int) -> Bars:
    """Return what a run that opens at `first` reads, without copying."""
    return Bars(
        candles_from(bars.mark, first),
        candles_from(bars.perp, first),
        candles_from(bars.spot, first),
        candles_from(bars.oracle, first),
        bars.worst_mark[first:],
        bars.worst_oracle[first:],
        bars.supply[first:],
        bars.borrow[first:],
        bars.stake[first:],
        bars.funding[first:],
        bars.taker[first:],
        bars.is_look[first:],
        bars.sigma[first:],
        bars.carry[first:],
        bars.faults[first:],
        bars.terms[first:],
    )


def ahead_from(ahead: Ahead, first: int) -> Ahead:
    """Return the running sums from `first` on: only differences and ratios of them are read."""
    return Ahead(
        ahead.coins[first:],
        ahead.debt[first:],
        ahead.paid[first:],
        ahead.least[first:],
        ahead.supplied[first:],
        ahead.staked[first:],
        ahead.rise[first:],
        ahead.climb[first:],
        ahead.spans,
        ahead.begin + first,
    )


def starts(params: Params, bars: Bars, ahead: Ahead, firsts: IntArray, nothing: State) -> Starts:
    """Open at each of the bars `firsts` and hold to the last, run by run as `totals` does."""
    kept = Starts(
        np.empty(len(firsts)),
        np.empty((len(firsts), N_ACCOUNTS)),
        np.zeros(len(bars.funding), np.bool_),
    )
    for row in range(len(firsts)):
        first = firsts[row]
        part, sums = bars_from(bars, first), ahead_from(ahead, first)
        run = totals(params, part, sums, nothing, False)
        kept.final[row] = run.final
        for column in range(N_ACCOUNTS):
            kept.accounts[row, column] = run.accounts[column]
        for event in range(min(run.log.filled[0], len(run.log.rows))):
            if run.log.rows[event, 1] == ev.LIQUIDATION:
                kept.is_sunk[first + int(run.log.rows[event, 0])] = True
    return kept


compile_module(
    globals(), inline=False, owners=("ahead_from", "bars_from", "candles_from", "starts")
)
