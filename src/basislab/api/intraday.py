"""Paths within the days of a daily market, and the venue engine on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from basislab.data import checked
from basislab.errors import ConfigError
from basislab.presets.terms import resolve
from basislab.types.dates import Day, as_day
from basislab.types.ensemble import Ensemble
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from basislab.research.intraday import Bridge

BARS = {"1h": 3_600, "30m": 1_800, "15m": 900, "5m": 300}


def bridge(
    market: Market,
    *,
    bar: str = "1h",
    paths: int = 64,
    seed: int = 0,
    part_of_wicks: float = 1.0,
    accept_quality: bool = False,
) -> Bridge:
    """Return markets of narrower bars that agree with every day of a daily one.

    ``bridge[i]`` is the market of path i. On each the first open, highest high, lowest low and last
    close of every day are the day's own; what happens between them is drawn (docs/intraday.md).

    Parameters
    ----------
    market : Market
        Daily bars.
    bar : {"1h", "30m", "15m", "5m"}
        Width of the bars.
    paths : int
    seed : int
        The same for any number of workers; a day's path depends on nothing after it.
    part_of_wicks : float, fraction
        What the oracle sees of the perpetual's prices beyond a day's open and close.
    accept_quality : bool
        Go on with data that have errors.

    Returns
    -------
    Bridge

    Raises
    ------
    ConfigError
        Bars that are not daily, an unknown width, a value outside its range.
    DataError
        The market's data have errors.

    Examples
    --------
    >>> import basislab as bl
    >>> paths = bl.bridge(bl.load_market(), paths=2)
    >>> len(paths), len(paths[0])
    (2, 9840)
    """
    from basislab.research.intraday import Bridge

    checked(market, accept_quality=accept_quality)
    return Bridge(
        market=market,
        bar_seconds=bar_width(bar),
        paths=paths,
        seed=seed,
        part_of_wicks=part_of_wicks,
    )


def ensemble(
    market: Market,
    config: VenueConfig,
    *,
    bar: str = "1h",
    paths: int = 64,
    seed: int = 0,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Ensemble:
    """Run the venue engine on paths within the days of a daily market.

    Days do not say when within them a price was touched, and a transfer takes minutes: on daily
    bars the engine has no point result, only this interval.

    Parameters
    ----------
    market : Market
        Daily bars.
    config : VenueConfig
    bar, paths, seed
        As `bridge`'s. Two configurations with the same ones see the same paths:
        ``one.versus(other)``.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive.
    accept_quality : bool
        Give a result of data that have errors; it says so.
    progress : callable of int, optional
        Called with the number of paths done.

    Returns
    -------
    Ensemble

    Raises
    ------
    ConfigError
        Bars that are not daily, a position that its venues would not open, a value outside its
        range.
    DataError
        The market's data have errors, or it lacks a series.

    Examples
    --------
    >>> import basislab as bl
    >>> config = bl.VenueConfig(long_leverage=1.5, short_leverage=3, band=0.2)
    >>> found = bl.ensemble(bl.load_market(), config, paths=4)
    >>> low, high = found.interval()
    >>> low <= found.median() <= high
    True
    """
    return ensembles(
        market,
        [config],
        bar=bar,
        paths=paths,
        seed=seed,
        start=start,
        end=end,
        accept_quality=accept_quality,
        progress=progress,
    )[0]


def ensembles(
    market: Market,
    configs: Sequence[VenueConfig],
    *,
    bar: str = "1h",
    paths: int = 64,
    seed: int = 0,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    progress: Callable[[int], None] | None = None,
) -> tuple[Ensemble, ...]:
    """Run several configurations on the same paths; see `ensemble`.

    Parameters
    ----------
    market : Market
    configs : sequence of VenueConfig
    bar, paths, seed, start, end, accept_quality, progress
        As `ensemble`'s.

    Returns
    -------
    tuple of Ensemble

    Raises
    ------
    ConfigError, DataError
        As `ensemble`.
    """
    from basislab.research.ensemble import run_ensembles

    notes = checked(market, accept_quality=accept_quality)
    found = run_ensembles(
        market.window(as_day(start, "start"), as_day(end, "end")),
        [resolve(config) for config in configs],
        paths=paths,
        bar_seconds=bar_width(bar),
        seed=seed,
        progress=progress,
    )
    return tuple(replace(one, warnings=(*notes, *one.warnings)) for one in found)


def bar_width(bar: str) -> int:
    """Return the seconds of a width by name."""
    if bar not in BARS:
        raise ConfigError(f"bar: got {bar!r}; it must be one of {', '.join(BARS)}.")
    return BARS[bar]
