"""What every model's ``run`` returns."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.kernels.events import EventLog
from basislab.kernels.ledger import Accounts


class Outcome(NamedTuple):
    """One finished run.

    ``equity`` has shape (n_bars,), USD at the closes; ``final`` is the equity after the closing
    costs, which the curve does not show; ``lowest_debt`` is the smallest debt of the long leg, USD.
    """

    equity: NDArray[np.float64]
    final: float
    accounts: Accounts
    log: EventLog
    lowest_debt: float
