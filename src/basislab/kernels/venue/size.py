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


def is_off_size(params: Params, state: State, quote: Quote) -> bool:
    """Whether the size is to be kept and the larger leg left the band, or the legs lie apart."""
    band = params.policy.band
    if not band < np.inf:
        return False
    coins, contracts = state.position.long.quantity, state.position.short.contracts
    larger = max(coins * quote.spot, contracts * quote.mark)
    target = target_notional(params, equity(state))
    is_outside = larger > (1.0 + band) * target or larger < (1.0 - band) * target
    return is_outside or abs(coins - contracts) * quote.spot > MAX_NET_DELTA * target


compile_module(globals(), owners=())
