"""Stresses: what would kill a position."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from basislab.data import checked
from basislab.errors import ConfigError
from basislab.presets.stresses import load_stress, stress_names
from basislab.presets.terms import resolve
from basislab.types.dates import Day
from basislab.types.market import Market
from basislab.types.stress import Stress, StressResult
from basislab.types.venue_config import BAND, VenueConfig


def stress(
    market: Market,
    policies: VenueConfig | Mapping[str, VenueConfig],
    stresses: Sequence[str | Path | Stress] | None = None,
    *,
    starts: int = 12,
    after_days: int = 30,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    progress: Callable[[int], None] | None = None,
) -> StressResult:
    """Let policies live through stresses, from the states that they were in (docs/stress.md).

    Parameters
    ----------
    market : Market
        Of hours or narrower; on days the states are those of paths within them.
    policies : VenueConfig or mapping of str to VenueConfig
        One position, which is then run by the ways of `ways`, or several by name.
    stresses : sequence of str, Path or Stress, optional
        Names of the library, files, or stresses of one's own; the whole library where left out.
    starts : int
        Moments at which each stress begins, spread over the market.
    after_days : int, days
        How long the market goes on after a stress: for the way back.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive.
    accept_quality : bool
        Give a result of data that have errors; it says so.
    progress : callable of int, optional
        Called with the number of runs done.

    Returns
    -------
    StressResult

    Raises
    ------
    ConfigError
        An unknown stress, one that changes nothing that a position reads, a market that is too
        short, a position that cannot be opened.
    DataError
        The market's data have errors, or it lacks a series.

    Examples
    --------
    >>> import basislab as bl
    >>> config = bl.VenueConfig(leverage=2)
    >>> found = bl.stress(bl.load_market(), config, ["crash-2021-05-19"], starts=2)
    >>> found.policies
    ('never moved', 'capital moved', 'size kept')
    """
    from basislab.research.stress import run_stresses

    if not isinstance(starts, int) or not 1 <= starts <= 1_000:
        raise ConfigError(f"starts: got {starts!r}; it must be 1 to 1000.")
    if not isinstance(after_days, int) or not 0 <= after_days <= 3_650:
        raise ConfigError(f"after_days: got {after_days!r}; it must be 0 to 3650 days.")
    notes = checked(market, accept_quality=accept_quality)
    named = ways(policies) if isinstance(policies, VenueConfig) else dict(policies)
    if not named:
        raise ConfigError("policies: none is given; give one position or several by name.")
    wanted = stress_names() if stresses is None else stresses
    used = [one if isinstance(one, Stress) else load_stress(one) for one in wanted]
    part = market.window(start, end)
    resolved = {name: resolve(config) for name, config in named.items()}
    for config in resolved.values():
        config.check_feasible(part.start.date())
    found = run_stresses(
        part, resolved, used, starts=starts, after_days=after_days, progress=progress
    )
    return replace(found, warnings=tuple(notes))


def ways(config: VenueConfig) -> dict[str, VenueConfig]:
    """Return the ways to run a position that stresses compare by themselves.

    Capital never moved, moved by the position's own policy, and the size kept as well.

    Examples
    --------
    >>> [one.band for one in ways(VenueConfig(leverage=2)).values()]
    [None, None, 0.2]
    """
    moved = replace(config, band=None)
    return {
        "never moved": replace(moved, policy="never"),
        "capital moved": moved,
        "size kept": config if config.band is not None else replace(config, band=BAND),
    }
