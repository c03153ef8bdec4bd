"""How much of a search's optimum is luck."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from basislab.api.assumptions import assumed_ranges
from basislab.api.resolving import configs_of, resolved_grid
from basislab.data import checked
from basislab.presets.terms import resolve
from basislab.types.configs import ModelConfig
from basislab.types.dates import Day
from basislab.types.market import Market

if TYPE_CHECKING:
    import pandas as pd

    from basislab.jobs import Progress
    from basislab.research.overfit.certificate import Certificate
    from basislab.research.overfit.rules import Rules
    from basislab.research.overfit.sensitivity import Range


def certify(
    market: Market,
    config: ModelConfig,
    sweep: pd.DataFrame | None = None,
    *,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    tried: Sequence[ModelConfig] = (),
    ranges: Sequence[Range] | None = None,
    rules: Rules | None = None,
    samples: int | None = None,
    seed: int = 0,
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
    sweep : DataFrame, optional
        From `basislab.sweep` with the same config; or give the fields as there.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive.
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
        the venue engine no configuration that can be run.
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
    from basislab.research.overfit.search import certify_configs

    told = checked(market, accept_quality=accept_quality)
    if sweep is not None:
        configs = configs_of(config, sweep)
    else:
        configs = resolved_grid(config, fields, samples, seed).configs
    part = market.window(start, end)
    found = certify_configs(
        part,
        configs,
        tried=[resolve(each) for each in tried],
        ranges=assumed_ranges(configs[0], part.start.date()) if ranges is None else ranges,
        rules=rules,
        progress=progress,
    )
    return replace(found, notes=(*found.notes, *told))
