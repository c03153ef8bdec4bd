"""What is written down at every close, beside the equity."""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.legs import short_equity
from basislab.kernels.venue import lending
from basislab.kernels.venue.bars import Bar
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.policies import distances
from basislab.kernels.venue.state import State

COLUMNS = (
    "long_usd",
    "short_usd",
    "ltv",
    "margin_ratio",
    "long_distance",
    "short_distance",
    "net_coins",
    "idle_usd",
    "transit_usd",
    "liquidation_oracle",
    "liquidation_mark",
    "liquidation_cost_usd",
)


def recorded(params: Params, state: State, bar: Bar, row: FloatArray) -> None:
    """Write one row; a margin ratio and distances are inf where there is nothing to liquidate."""
    long, short, quote = state.position.long, state.position.short, bar.close
    to_long, to_short = distances(params, state, quote)
    notional = short.contracts * quote.mark
    worth = short_equity(short, quote.mark)
    row[0] = long.quantity * quote.spot - long.debt
    row[1] = worth
    row[2] = lending.loan_to_value(long, quote.oracle)
    row[3] = worth / notional if notional > 0.0 else np.inf
    row[4] = to_long
    row[5] = to_short
    row[6] = long.quantity - short.contracts
    row[7] = state.idle
    row[8] = state.transit.amount
    row[9] = state.hits.oracle
    row[10] = state.hits.mark
    row[11] = state.hits.lending_cost + state.hits.perp_cost


compile_module(globals(), owners=())
