"""From the study's number to the engine's, on any market."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from basislab.data import checked
from basislab.presets.terms import resolve
from basislab.types.configs import RebalanceConfig
from basislab.types.dates import Day, as_day
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig

if TYPE_CHECKING:
    from basislab.research.ladder import Ladder


def ladder(
    market: Market,
    study: RebalanceConfig,
    venue: VenueConfig,
    *,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
) -> Ladder:
    """Run a position of the study on the venue engine, dropping its conventions one after another.

    Parameters
    ----------
    market : Market
        Daily bars.
    study : RebalanceConfig
    venue : VenueConfig
        Which venues and routes, how often the trader looks.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive.
    accept_quality : bool
        Give a result of data that have errors; it says so.

    Returns
    -------
    Ladder
        Its rungs, in USD, sum to what separates the two runs, ``study`` and ``venue``.

    Raises
    ------
    ConfigError
        The position cannot be opened at the venues.
    DataError
        The market's data have errors, or it lacks a series.

    Examples
    --------
    >>> import basislab as bl
    >>> venue = bl.VenueConfig(leverage=2, monitor_seconds=86_400)
    >>> found = ladder(bl.load_market(), bl.RebalanceConfig(leverage=2), venue)
    >>> changes = sum(rung.change_usd for rung in found.rungs)
    >>> abs(found.kept.final_usd + changes - found.venue.final_usd) < 1e-6
    True
    """
    from basislab.research.ladder import ladder as climb

    notes = checked(market, accept_quality=accept_quality)
    found = climb(
        market,
        resolve(study),
        resolve(venue),
        start=as_day(start, "start"),
        end=as_day(end, "end"),
    )
    runs = {
        name: replace(run, warnings=(*notes, *run.warnings))
        for name in ("study", "kept", "venue")
        for run in [getattr(found, name)]
    }
    return found._replace(**runs)
