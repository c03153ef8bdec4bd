"""What a decision chooses among: fixed here before any result is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from basislab.errors import ConfigError
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import LendingMarket
from basislab.units import SECONDS_PER_HOUR

LEVERAGES = ((1.0, 2.0), (1.0, 3.0), (1.0, 5.0), (1.5, 1.5), (1.5, 3.0), (2.0, 2.0), (2.0, 3.0))
"""Of the long and of the short. With a long of 1 there is no loan."""

BANDS = (0.1, 0.2, 0.3)
"""How far the size may leave its target before both legs are traded."""

LOOKS = (4 * SECONDS_PER_HOUR, 24 * SECONDS_PER_HOUR)
"""Seconds between looks. No gate on carry is among the choices: none tried earned more than
holding, it only held less."""

NEAR = 0.2
"""Neighbours are this share above and below, in one number at a time."""


def choices(base: VenueConfig, bar_seconds: int) -> tuple[VenueConfig, ...]:
    """Return every choice for the capital, venues and routes of `base`."""
    looks = [look for look in LOOKS if look % bar_seconds == 0]
    if not looks:
        raise ConfigError(
            f"decide: bars of {bar_seconds} s; a look every "
            f"{' or '.join(str(look // SECONDS_PER_HOUR) for look in LOOKS)} h needs bars that "
            "divide it. Import finer bars."
        )
    return tuple(
        replace(base, long_leverage=long, short_leverage=short, band=band, monitor_seconds=look)
        for long, short in LEVERAGES
        for band in BANDS
        for look in looks
    )


def neighbours(config: VenueConfig) -> Iterator[VenueConfig]:
    """Yield the same position with one number a step higher or lower; no leverage below 1.

    Where nothing is lent the long's leverage is none of the numbers: there is no other.
    """
    lends = resolved(config.lending, LendingMarket).lends
    for name in ("long_leverage", "short_leverage", "band")[not lends :]:
        value = getattr(config, name)
        for factor in (1.0 - NEAR, 1.0 + NEAR):
            if name == "band" or value * factor >= 1.0:
                yield replace(config, **{name: value * factor})


def label_of(config: VenueConfig) -> str:
    """Name a choice by its numbers.

    >>> label_of(VenueConfig(long_leverage=1, short_leverage=3, monitor_seconds=14_400))
    'long 1x, short 3x, band 20 %, a look every 4 h'
    """
    long, short = config.leverages
    band = "no band" if config.band is None else f"band {config.band * 100:g} %"
    hours = config.monitor_seconds / SECONDS_PER_HOUR
    return f"long {long:g}x, short {short:g}x, {band}, a look every {hours:g} h"
