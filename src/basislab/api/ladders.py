"""From the study's number to the engine's, on any market."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from basislab.data import checked
from basislab.data.build.resample import to_daily
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
    paths: int = 64,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
) -> Ladder:
    """Run a position of the study on the venue engine, dropping its conventions one after another.

    The first steps are on days, as the study is. Then come the finest bars that there are: the
    market's own, or paths of hours that agree with its days.

    Parameters
    ----------
    market : Market
        Bars of a day or narrower.
    study : RebalanceConfig
    venue : VenueConfig
        Which venues and routes, how often the trader looks.
    paths : int
        Within the days of a daily market.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive.
    accept_quality : bool
        Give a result of data that have errors; it says so.

    Returns
    -------
    Ladder
        Its rungs, in USD, sum to what separates the study's result from the median of the engine's.

    Raises
    ------
    ConfigError
        The position cannot be opened at the venues.
    DataError
        The market's data have errors, or it lacks a series.

    Examples
    --------
    >>> import basislab as bl
    >>> found = ladder(
    ...     bl.load_market(), bl.RebalanceConfig(leverage=2), bl.VenueConfig(leverage=2), paths=4
    ... )
    >>> changes = sum(rung.change_usd for rung in found.rungs)
    >>> abs(found.kept.final_usd + changes - found.venue.median("final_usd")) < 1e-6
    True
    """
    from basislab.research.ladder import ladder as climb

    notes = checked(market, accept_quality=accept_quality)
    part = market.window(as_day(start, "start"), as_day(end, "end"))
    found = climb(to_daily(part), part, resolve(study), resolve(venue), paths=paths)
    runs = {
        name: replace(run, warnings=(*notes, *run.warnings))
        for name in ("study", "kept", "venue")
        for run in [getattr(found, name)]
    }
    return found._replace(**runs)
