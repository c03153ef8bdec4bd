"""A server that stands in for all venues: their APIs, a made market, and faults on demand."""

from basislab.data.fake.faults import FAULTS, Faults
from basislab.data.fake.market import FakeMarket
from basislab.data.fake.server import FakeVenues

__all__ = ["FAULTS", "FakeMarket", "FakeVenues", "Faults"]
