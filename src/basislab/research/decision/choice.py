"""The criterion: which sizes the past speaks for, and whether their neighbours agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from basislab.research.decision.grid import neighbours
from basislab.research.decision.past import Past
from basislab.types.market import BoolArray
from basislab.types.venue_config import VenueConfig

QUANTILE = 0.25
"""Of the excess over start days and paths: what three of four openings reached."""

MOST_LIQUIDATED = 0.05
"""Of the openings, within `LIQUIDATED_DAYS`."""

LIQUIDATED_DAYS = 90

TIE = 0.0005
"""Of the capital over the horizon: what differs by less is a tie, which the lower leverage wins."""


class Choice(NamedTuple):
    """A choice and what the criterion saw; ``is_passed`` where nothing speaks against it."""

    config: VenueConfig
    quarter: float
    middle: float
    liquidated: float
    is_passed: bool = False


def choose(past: Past, configs: Sequence[VenueConfig], until: int | None = None) -> Choice:
    """Return the choice of the criterion, made on openings that ended by day `until`.

    The highest 25 % quantile of the excess among those that are liquidated in at most 5 % of 90
    days and that, with all neighbours, stay above the hurdle in the middle. Where none passes, the
    one with the highest quantile of those that are liquidated seldom enough, not passed.
    """
    end = past.n_days if until is None else until
    seen = past.starts + past.horizon <= end
    past.openings(configs)
    judged = [_judged(past, config, seen) for config in configs]
    ranked = sorted(judged, key=lambda one: (-one.quarter, one.config.leverage))
    passed: list[Choice] = []
    for one in ranked:
        if passed and one.quarter < passed[0].quarter - TIE:
            break
        is_safe = one.liquidated <= MOST_LIQUIDATED and one.middle > 0.0
        if is_safe and are_neighbours_above(past, one.config, seen):
            passed.append(one._replace(is_passed=True))
    if not passed:
        return min(ranked, key=lambda one: (one.liquidated > MOST_LIQUIDATED, -one.quarter))
    return min(passed, key=lambda one: (one.config.leverage, -one.quarter))


def _judged(past: Past, config: VenueConfig, seen: BoolArray) -> Choice:
    excess = past.excess(config)[seen]
    if np.isnan(excess).any():
        return Choice(config, -np.inf, -np.inf, 1.0)
    sunk = float(past.openings([config])[0].is_sunk[seen].mean())
    quarter, middle = np.quantile(excess, [QUANTILE, 0.5]).tolist()
    return Choice(config, quarter, middle, within(sunk, past.horizon))


def within(share: float, horizon: int, days: int = LIQUIDATED_DAYS) -> float:
    """Return a share over one horizon as that over some days, the danger of a day being constant.

    >>> round(within(0.19, 180), 2)
    0.1
    """
    return float(1.0 - (1.0 - share) ** (days / horizon))


def are_neighbours_above(past: Past, config: VenueConfig, seen: BoolArray) -> bool:
    """Whether each neighbour beats the hurdle in the middle of its openings."""
    return all(float(np.median(past.excess(one)[seen])) > 0.0 for one in neighbours(config))
