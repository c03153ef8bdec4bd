"""The venue engine: a market and a config lowered to arrays and scalars, and one run of it."""

from basislab.simulate.venue.bars import SIGMA_SPAN_DAYS, check_window, lower_bars, rate_of
from basislab.simulate.venue.params import lower_params
from basislab.simulate.venue.prices import Sources, price_sources
from basislab.simulate.venue.run import booked, run_venue

__all__ = [
    "SIGMA_SPAN_DAYS",
    "Sources",
    "booked",
    "check_window",
    "lower_bars",
    "lower_params",
    "price_sources",
    "rate_of",
    "run_venue",
]
