"""What would undo the answer: constants that nobody verified, and the market's own worst moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from basislab.research.decision.past import Past
from basislab.research.decision.regimes import TRAILING_DAYS, daily_carry, daily_funding
from basislab.research.venue import Sensitivity, sensitivities
from basislab.simulate import model_of
from basislab.simulate.venue import price_sources
from basislab.types.decision import Assumption, Replay
from basislab.types.venue_config import VenueConfig
from basislab.units import DAYS_PER_YEAR

SHOWN = 3
"""Assumptions that a memo names."""

AFTER_DAYS = 7
"""How long a replay lasts after the day of its move."""


def assumptions(past: Past, config: VenueConfig, hurdle: float) -> tuple[Assumption, ...]:
    """Return the constants that move the result most, those that would turn the answer first."""
    found = [_assumption(one, hurdle) for one in sensitivities(past.paths[0], config)]
    spans = {one.field: one for one in found}
    ranked = sorted(spans.values(), key=lambda one: (-one.is_deciding, -_span(one)))
    return tuple(ranked[:SHOWN])


def _assumption(one: Sensitivity, hurdle: float) -> Assumption:
    low, high = (None if end is None else end.annualized for end in (one.at_low, one.at_high))
    found = Assumption(
        name=one.name,
        field=one.field,
        value=one.value,
        low=one.low,
        high=one.high,
        low_annualized=low,
        high_annualized=high,
        is_deciding=False,
    )
    return replace(found, is_deciding=len({end > hurdle for end in _ends(found)}) > 1)


def _ends(one: Assumption) -> list[float]:
    return [end for end in (one.low_annualized, one.high_annualized) if end is not None]


def _span(one: Assumption) -> float:
    return max(_ends(one)) - min(_ends(one)) if _ends(one) else 0.0


def replays(past: Past, config: VenueConfig) -> tuple[Replay, ...]:
    """Return the market's largest rise and fall within one look, and its worst month of funding."""
    return (*_moves(past, config), _worst_funding(past, config))


def _moves(past: Past, config: VenueConfig) -> Iterator[Replay]:
    """Yield both moves; a loan dies by the oracle's lows, a short by the mark's highs."""
    sources = price_sources(past.paths[0], config)
    look = max(config.monitor_seconds // past.bar_seconds, 1)
    highest = sliding_window_view(sources.mark.high[1:], look).max(axis=1)
    lowest = sliding_window_view(sources.oracle.low[1:], look).min(axis=1)
    rises = highest / sources.mark.close[: len(highest)] - 1.0
    falls = lowest / sources.oracle.close[: len(lowest)] - 1.0
    yield _replay(past, config, "rise", int(rises.argmax()) + 1, float(rises.max()))
    yield _replay(past, config, "fall", int(falls.argmin()) + 1, float(falls.min()))


def _replay(
    past: Past, config: VenueConfig, kind: Literal["rise", "fall"], bar: int, size: float
) -> Replay:
    """Open the day before and hold for a week; what opening and closing cost is told elsewhere."""
    day = int(np.searchsorted(past.edges, bar, side="right")) - 1
    first, end = max(day - 1, 0), min(day + AFTER_DAYS + 1, past.n_days)
    life = past.life(config, first, end)
    made = life.curves[:, -2] / life.curves[:, 0] - 1.0
    model = model_of(config)
    return Replay(
        kind=kind,
        day=str(past.days[day]),
        size=size,
        excess_return=float(made.mean() - past.hurdle_between(first + 1, end - 1)),
        is_liquidated=any(len(model.liquidations(one)) > 0 for one in life.outcomes),
    )


def _worst_funding(past: Past, config: VenueConfig) -> Replay:
    """Return the 30 days with the least funding, as if a year were like them."""
    window = min(TRAILING_DAYS, past.n_days)
    means = sliding_window_view(daily_funding(past.market, config), window).mean(axis=1)
    worst = int(means.argmin())
    days = slice(worst, worst + window)
    excess = daily_carry(past.market, config)[days] - (past.growth[days] - 1.0)
    return Replay(
        kind="funding",
        day=str(past.days[worst]),
        size=float(means[worst] * DAYS_PER_YEAR),
        excess_return=float(excess.mean() * DAYS_PER_YEAR),
        is_liquidated=False,
    )
