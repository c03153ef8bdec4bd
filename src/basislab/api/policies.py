"""The policy lab: every way to run the position, on the same paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from basislab.api.intraday import bar_width
from basislab.data import checked, partial_bars
from basislab.errors import ConfigError
from basislab.presets.terms import resolve
from basislab.types.dates import Day, as_day
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig

if TYPE_CHECKING:
    from basislab.types.policies import PolicyComparison

LEVERAGES = (1.5, 3.0)
"""Of the long and the short, where no config is given."""


def compare_policies(
    market: Market,
    config: VenueConfig | None = None,
    *,
    policies: Sequence[str] | None = None,
    reference: str | None = None,
    horizon_days: int = 90,
    paths: int = 8,
    bar: str = "1h",
    histories: int = 100,
    seed: int = 0,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    progress: Callable[[str], None] | None = None,
) -> PolicyComparison:
    """Compare every policy of the lab on the same paths, with the same costs, looks and starts.

    A policy is compared by its paired difference from another one on the same days,
    ``d = r(policy) - r(other)``, and by its regret, the part ``1 - (r - h) / (b - h)`` of the
    attainable excess that it lost, with the hurdle ``h`` and the bound with foresight ``b``
    (docs/policies.md).

    Parameters
    ----------
    market : Market
        Bars within the day are one history, and intervals come from blocks of its days. Daily bars
        are led through (docs/intraday.md), and intervals hold the paths as well.
    config : VenueConfig, optional
        Leverages, venues, costs, looks, and the gate where it has an entry; policy, band and
        resizing are the lab's. 1.5x long and 3x short by default.
    policies : sequence of str, optional
        Names, all by default.
    reference : str, optional
        What the others are compared with; "resize 20%" by default.
    horizon_days : int, days
        How long a position begun on a start day is held.
    paths, bar, seed
        As `bridge`'s, for daily bars: paths for each thing the oracle may have seen. The seed also
        draws the blocks of days.
    histories : int
        Draw so many histories of whole days, for each thing the oracle may have seen, and run
        everything again on each: liquidations come where they would have come. 0 is quick and draws
        the daily returns of what was run, which takes the luck of one history for skill.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive.
    accept_quality : bool
        Give a result of data that have errors; it says so.
    progress : callable of str, optional
        Told what is being run.

    Returns
    -------
    PolicyComparison

    Raises
    ------
    ConfigError
        An unknown policy, a reference that its venues would not open, a value outside its range,
        too few days.
    DataError
        The market's data have errors, or it lacks a series.

    Examples
    --------
    >>> import basislab as bl
    >>> found = bl.compare_policies(
    ...     bl.load_market(),
    ...     policies=["never", "resize 20%"],
    ...     end="2025-03-31",
    ...     horizon_days=30,
    ...     paths=1,
    ...     histories=5,
    ... )
    >>> found.names
    ('never', 'resize 20%')
    >>> low, high = found.versus("never").low, found.versus("never").high
    >>> low <= found.versus("never").median <= high
    True
    """
    from basislab.research.compare import compare, open_lab
    from basislab.research.policies import REFERENCE, chosen

    if not 0 <= histories <= 100_000 or histories == 1:
        raise ConfigError(f"histories: got {histories}; it must be 0, or from 2 to 100000.")
    if not 1 <= horizon_days <= 3_650:
        raise ConfigError(f"horizon_days: got {horizon_days}; it must be from 1 to 3650.")
    notes = checked(market, accept_quality=accept_quality)
    base = config or VenueConfig(long_leverage=LEVERAGES[0], short_leverage=LEVERAGES[1])
    compared = reference or REFERENCE
    part = market.window(as_day(start, "start"), as_day(end, "end"))
    lab = open_lab(
        part,
        resolve(base),
        chosen(policies, compared),
        paths=paths,
        bar_seconds=bar_width(bar),
        seed=seed,
        partial=partial_bars(part),
    )
    found = compare(
        lab,
        reference=compared,
        horizon_days=horizon_days,
        histories=histories,
        seed=seed,
        tell=progress or (lambda _: None),
    )
    return replace(found, warnings=(*notes, *found.warnings))
