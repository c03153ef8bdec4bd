"""The venue engine: a market and a config lowered to arrays and scalars, and runs of it."""

from basislab.simulate.venue.bars import check_window, lower_bars
from basislab.simulate.venue.model import VenueModel
from basislab.simulate.venue.params import lower_params
from basislab.simulate.venue.prices import Sources, price_sources

__all__ = [
    "Sources",
    "VenueModel",
    "check_window",
    "lower_bars",
    "lower_params",
    "price_sources",
]
