"""The trailing volatility that a volatility trigger scales with."""

from __future__ import annotations

import math

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray


def trailing_deviation(
    returns: FloatArray, weight: float, reaction: float, sigma: FloatArray
) -> None:
    """Write the standard deviation of the log return over `reaction` bars, known at each close.

    An exponential mean of squared returns; the plain mean while its window fills, which has no bias
    towards the zero it starts from.
    """
    variance = 0.0
    for index in range(len(returns)):
        share = max(weight, 1.0 / index) if index else 1.0
        variance += share * (returns[index] ** 2 - variance)
        sigma[index] = math.sqrt(variance * reaction)


compile_module(globals(), inline=False, owners=())
