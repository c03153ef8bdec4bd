"""Which series of a market stands for which of the venue engine's four prices."""

from __future__ import annotations

from typing import NamedTuple

from basislab.types.market import Market, PriceSeries
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import PerpVenue


class Sources(NamedTuple):
    """Which series stands for which price, and what stands in for what, in words."""

    mark: PriceSeries
    perp: PriceSeries
    spot: PriceSeries
    oracle: PriceSeries
    notes: tuple[str, ...]


def price_sources(market: Market, config: VenueConfig) -> Sources:
    """Return the four prices; one series may stand in for another, and the notes say so."""
    if config.has("one_price"):
        one = market.reference_price
        return Sources(one, one, one, one, ())
    venue = resolved(config.perp, PerpVenue)
    notes: list[str] = []
    found: dict[str, PriceSeries] = {}
    stand_ins = {
        "perp": ("mark", "spot", "oracle"),
        "mark": ("perp", "oracle", "spot"),
        "spot": ("oracle", "perp", "mark"),
        "oracle": ("spot", "mark", "perp"),
    }
    if venue.procedure == "partial":  # margin at the oracle price
        stand_ins["mark"] = ("oracle", "spot", "perp")
    for kind, others in stand_ins.items():
        for candidate in (kind, *others):
            keys = [key for key in market.prices if key[1] == candidate]
            # the venue's own series first, any other venue's of that kind else
            keys.sort(key=lambda key: key[0] != venue.funding)
            if keys:
                found[kind] = market.prices[keys[0]]
                label = " ".join(keys[0])
                if candidate != kind:
                    notes.append(f"price: {label} stands in for the {kind} price")
                elif kind in ("perp", "mark") and keys[0][0] != venue.funding:
                    notes.append(f"price: {label} stands in for {venue.name}'s {kind} price")
                break
    return Sources(**found, notes=tuple(notes))
