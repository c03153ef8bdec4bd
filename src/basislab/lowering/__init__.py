"""From a market and a venue config to what the venue engine's kernels read: arrays and scalars."""

from basislab.lowering.bars import SIGMA_SPAN_DAYS, check_window, lower_bars, rate_of
from basislab.lowering.params import lower_params
from basislab.lowering.prices import Sources, price_sources

__all__ = [
    "SIGMA_SPAN_DAYS",
    "Sources",
    "check_window",
    "lower_bars",
    "lower_params",
    "price_sources",
    "rate_of",
]
