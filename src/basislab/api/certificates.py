"""How much of a search's optimum is luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from basislab.api.assumptions import assumed_ranges
from basislab.api.resolving import configs_of, resolved_grid
from basislab.data import checked
from basislab.errors import ConfigError
from basislab.presets.terms import resolve
from basislab.types.checks import nearest
from basislab.types.configs import ModelConfig
from basislab.types.dates import Day, as_day
from basislab.types.market import Market

if TYPE_CHECKING:
    import pandas as pd

    from basislab.jobs import Progress
    from basislab.research.overfit.certificate import Certificate
    from basislab.research.overfit.rules import Rules
    from basislab.research.overfit.sensitivity import Range


def certify(
    market: Market | None = None,
    config: ModelConfig | None = None,
    sweep: pd.DataFrame | None = None,
    *,
    markets: Sequence[Market] = (),
    venues: Mapping[str, Mapping[str, Any]] | None = None,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    tried: Sequence[ModelConfig] = (),
    ranges: Sequence[Range] | None = None,
    rules: Rules | None = None,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    progress: Progress | None = None,
    **fields: Any,
) -> Certificate:
    """Say how much of a sweep's optimum is luck, and whether it may be recommended.

    Parameters
    ----------
    market : Market
        Daily bars; bars that divide a day for the venue engine.
    config : StaticConfig, RebalanceConfig, RotationConfig, ConditionalConfig or VenueConfig
        Gives the fields that are not swept.
    markets : sequence of Market, optional
        Instead of `market`: one certificate of the same search on all of them, pooled by calendar
        day, one position a market with equal capital in each. Their days may differ; between the
        first and the last no day may be missing in all. What one of them refuses is no trial.
    sweep : DataFrame, optional
        From `basislab.sweep` with the same config; or give the fields as there.
    venues : mapping of str to mapping, optional
        By a market's name and a role (``perp``, ``lending``, ...) the preset or the terms that it
        has in place of the config's: coins differ in margin tiers and in what is lent.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive; of `markets`, what each has of these days.
    accept_quality : bool
        Give a result of data that have errors; it says so.
    tried : sequence of configs
        What else was tried on the same data; it counts as trials.
    ranges : sequence of Range, optional
        Assumed constants and how far they are moved; by default those that the venues' presets
        mark as assumed, and for the study's models the open fee from half to twice its value.
    rules : Rules, optional
        Lengths and thresholds of the certificate.
    samples, seed
        As in `sweep`.
    workers : int, optional
        Threads; one a core by default. The same numbers for any number of them.
    progress : callable of int, optional
        Told how many start days were done, of all trials.
    **fields : value or sequence of values
        As in `sweep`.

    Returns
    -------
    Certificate
        ``verdict``, ``checks`` and every statistic behind them; docs/certificate.md has the
        equations, `basislab certify` the page.

    Raises
    ------
    ConfigError
        An unknown field, a value outside its range, a window outside the market or too short; for
        the venue engine no configuration that can be run; `market` and `markets`, or neither; a
        market twice, a day between that none of the markets has, venues of no market.
    DataError
        The market's data have errors, or it lacks a series that a configuration needs.

    Examples
    --------
    >>> import basislab as bl
    >>> config = bl.RebalanceConfig(leverage=2)
    >>> found = bl.certify(bl.load_market(), config, trigger=[3, 4, 5, 6, 8, 10, None])
    >>> found.label, found.verdict.word
    ('2x, trigger 5x', 'refused')
    """
    from basislab.jobs import side_by_side
    from basislab.research.overfit.search import certify_configs

    if config is None or (market is None) == (not markets):
        raise ConfigError(
            "certify: give a config, and either a market or markets=[...]; "
            f"got {'no' if config is None else 'a'} config, {'no' if market is None else 'a'} "
            f"market and {len(markets)} markets."
        )
    given = [*markets] if market is None else [market]
    names = [one.name for one in markets]
    for name in venues or {}:
        if name not in names:
            raise ConfigError(
                f"venues: got {name!r}{nearest(name, names)}; it must be the name of one of "
                f"markets: {', '.join(names) or 'none were given'}."
            )
    told = [checked(one, accept_quality=accept_quality) for one in given]
    if sweep is not None:
        configs = configs_of(config, sweep)
    else:
        configs = resolved_grid(config, fields, samples, seed).configs
    parts = clipped(given, start, end) if market is None else [market.window(start, end)]
    since = min(part.start.date() for part in parts)
    with side_by_side(workers) as spread:
        found = certify_configs(
            parts if market is None else parts[0],
            configs,
            tried=[resolve(each) for each in tried],
            ranges=assumed_ranges(configs[0], since) if ranges is None else ranges,
            rules=rules,
            progress=progress,
            spread=spread,
            venues=[_own_venues(config, one, venues or {}) for one in parts],
        )
    quality = [
        f"{one.name}: {note}" if markets else note
        for one, notes in zip(given, told, strict=True)
        for note in notes
    ]
    return replace(found, notes=(*found.notes, *quality))


def _own_venues(
    config: ModelConfig, market: Market, venues: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the venues of one market by role, with their terms."""
    given = venues.get(market.name, {})
    for role in given:
        if role not in config.roles:
            raise ConfigError(
                f"venues of {market.name}: got {role!r}{nearest(role, list(config.roles))}; model "
                f"{config.model} has {', '.join(config.roles)}."
            )
    made = resolve(replace(config, **given))
    return {role: getattr(made, role) for role in given}


def clipped(markets: Sequence[Market], start: Day | None, end: Day | None) -> list[Market]:
    """Cut every market to what it has of the days."""
    found = []
    for market in markets:
        first, last = market.start.date(), market.end.date()
        begin = max(first, as_day(start, "start") or first)
        until = min(last, as_day(end, "end") or last)
        if begin > until:
            raise ConfigError(
                f"markets: {market.name} runs from {first} to {last}; nothing of it lies in the "
                "days that were asked for. Leave it out, or ask for other days."
            )
        found.append(market.window(begin, until))
    return found
