"""The size that is kept: the notional that both legs should have, and whether they are off it.

docs/venue-engine.md, eqs. 36 and 37.
"""

from __future__ import annotations

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.venue.bars import Quote
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.state import State, equity

MAX_NET_DELTA = 0.05
"""The legs may differ by this share of the target before they are made equal."""


def target_notional(params: Params, total: float) -> float:
    """Return the notional of each leg that equity `total` carries, less the reserve; USD."""
    working = max(total, 0.0) * (1.0 - params.policy.reserve)
    return working * params.share * params.leverage


def is_off(params: Params, total: float, worth: float, notional: float, apart: float) -> bool:
    """Whether the larger leg left the band, or the legs lie `apart` (USD) by too much."""
    band = params.policy.band
    if not band < np.inf:
        return False
    target, larger = target_notional(params, total), max(worth, notional)
    is_outside = larger > (1.0 + band) * target or larger < (1.0 - band) * target
    return is_outside or apart > MAX_NET_DELTA * target


def is_off_size(params: Params, state: State, quote: Quote) -> bool:
    """Whether the legs are off the size, marked to `quote`."""
    coins, contracts = state.position.long.quantity, state.position.short.contracts
    apart = abs(coins - contracts) * quote.spot
    return is_off(params, equity(state), coins * quote.spot, contracts * quote.mark, apart)


compile_module(globals())
