"""The two legs of a realistic run, bar by bar: what the figures of a study draw.

A result keeps the equity only; the legs come from stepping the same kernel once more, so that what
is drawn is what was run.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basislab.kernels import rebalance
from basislab.kernels.bars import bar_at
from basislab.kernels.events import new_log
from basislab.kernels.legs import effective_leverage, long_equity, short_equity
from basislab.report.study.runs import Runs
from basislab.simulate import model_of
from basislab.types.market import FloatArray
from basislab.types.result import Result


@dataclass(frozen=True, kw_only=True)
class LegPaths:
    """Both legs at every close.

    Parameters
    ----------
    long_usd, short_usd : ndarray of shape (n_bars,), USD
        Equity of the legs after the bar's events.
    long_leverage, short_leverage : ndarray of shape (n_bars,)
        Notional over equity before the bar's events: what is compared with the trigger.
    debt_usd : ndarray of shape (n_bars,), USD
        Debt of the long leg after the bar's events.
    """

    long_usd: FloatArray
    short_usd: FloatArray
    long_leverage: FloatArray
    short_leverage: FloatArray
    debt_usd: FloatArray


def leg_paths(result: Result) -> LegPaths:
    """Step a run of the realistic model again and keep its legs."""
    model = model_of(result.config)
    bars = model.lower_bars(result.market, result.config)
    params = model.lower_params(result.config, result.market.bar_seconds)
    log = new_log(len(bars.close))
    state = rebalance.open_position(params, bar_at(bars, 0), log)
    rows = np.empty((len(bars.close), 5))
    before = {event.bar: event for event in result.event_list if event.kind in _MOVES}
    for number in range(len(bars.close)):
        held, price = state.position, float(bars.close[number])
        state = rebalance.step(params, state, bar_at(bars, number), log)
        long = long_equity(state.position.long, price)
        short = short_equity(state.position.short, price)
        was_long, was_short = long, short
        if number in before:
            was_long, was_short = before[number].long_equity_usd, before[number].short_equity_usd
        coins = held.long.quantity * (1 + float(bars.supply[number]))
        rows[number] = (
            long,
            short,
            effective_leverage(coins * price, was_long),
            effective_leverage(held.short.contracts * price, was_short),
            state.position.long.debt,
        )
    return LegPaths(
        long_usd=rows[:, 0],
        short_usd=rows[:, 1],
        long_leverage=rows[:, 2],
        short_leverage=rows[:, 3],
        debt_usd=rows[:, 4],
    )


_MOVES = ("rebalance", "liquidation")


def lowest_debt(runs: Runs, leverage: float) -> float:
    """Return the lowest debt of the long leg at the default trigger, USD."""
    return float(leg_paths(runs.rebalance(leverage)).debt_usd.min())
