"""The public functions: names resolved to objects, then handed to `simulate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from basislab.errors import ConfigError
from basislab.presets import load_venue
from basislab.presets.terms import resolve_terms
from basislab.simulate import simulate
from basislab.types.configs import ModelConfig, TradeConfig
from basislab.types.market import Market
from basislab.types.result import Result
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import VenueConfig

if TYPE_CHECKING:
    import pandas as pd

    from basislab.jobs import Pool, Progress
    from basislab.research.grid import Grid
    from basislab.research.overfit.certificate import Certificate
    from basislab.research.overfit.rules import Rules
    from basislab.research.overfit.sensitivity import Range
    from basislab.types.montecarlo import MonteCarlo

Config = TypeVar("Config", bound=TradeConfig)


def resolve_venue(config: Config) -> Config:
    """Return `config` with the name of its venue replaced by the venue.

    Parameters
    ----------
    config : any model's config

    Returns
    -------
    the same type

    Raises
    ------
    ConfigError
        Unknown preset.
    """
    if isinstance(config.perp, StudyVenue):
        return config
    return replace(config, perp=load_venue(config.perp))


def backtest(
    market: Market,
    config: ModelConfig | VenueConfig,
    *,
    start: date | str | None = None,
    end: date | str | None = None,
) -> Result:
    """Run one configuration on a market.

    Parameters
    ----------
    market : Market
        Daily bars; `load_market` gives the sample. Of any width for the venue engine.
    config : StaticConfig, RebalanceConfig, RotationConfig, ConditionalConfig or VenueConfig
    start, end : date or ISO date, optional
        First and last day, inclusive; the market's own when left out. The model sees only these.

    Returns
    -------
    Result
        Equity, ledger, events and the hurdle over the same days.

    Raises
    ------
    ConfigError
        Unknown preset, a window outside the market, bars that are not daily.
    DataError
        The market lacks a series that the configuration needs.

    Examples
    --------
    >>> import basislab as bl
    >>> result = bl.backtest(bl.load_market(), bl.RebalanceConfig(leverage=3))
    >>> round(result.final_usd, 2)
    9609.68
    """
    ready = resolve_terms(config) if isinstance(config, VenueConfig) else resolve_venue(config)
    return simulate(market, ready, start=as_day(start), end=as_day(end))


def as_day(day: date | str | None) -> date | None:
    """Return an ISO date as a date; None stays None.

    Parameters
    ----------
    day : date, str or None

    Returns
    -------
    date or None

    Raises
    ------
    ConfigError
        Not an ISO date; a datetime is none, because a run covers whole days.

    Examples
    --------
    >>> as_day("2025-01-18")
    datetime.date(2025, 1, 18)
    """
    if day is None or (isinstance(day, date) and not isinstance(day, datetime)):
        return day
    try:
        return date.fromisoformat(day)  # type: ignore[arg-type]  # a datetime is refused here
    except (TypeError, ValueError):
        raise ConfigError(f"day: got {day!r}; write it as 2025-01-18, without a time.") from None


def sweep(
    market: Market,
    config: ModelConfig,
    *,
    start: date | str | None = None,
    end: date | str | None = None,
    samples: int | None = None,
    seed: int = 0,
    workers: int | None = None,
    pool: Pool = "threads",
    job: Path | str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    **fields: Any,
) -> pd.DataFrame:
    """Run every combination of some fields' values, or random samples of them.

    Parameters
    ----------
    market : Market
        Daily bars.
    config : StaticConfig, RebalanceConfig, RotationConfig or ConditionalConfig
        Gives the fields that are not swept.
    start, end : date or ISO date, optional
        First and last day, inclusive.
    samples : int, optional
        That many random configurations in place of all combinations; a field given as a tuple
        ``(low, high)`` is then drawn uniformly, any other list is drawn from.
    seed : int
        Of the samples.
    workers : int, optional
        One a core by default; changes no number.
    pool : {"threads", "processes"} or Executor
    job : Path or str, optional
        Folder in which finished parts stay.
    resume : bool
        Go on with the parts that are there.
    progress : callable of int, optional
        Told how many configurations were done.
    **fields : value or sequence of values
        Any field of the config: ``leverage=[2, 3], trigger=[4, None]``.

    Returns
    -------
    DataFrame
        One row a configuration: the swept fields (a trigger of None is NaN), final_usd, return,
        annualized_return, hurdle_return, excess_return, max_drawdown (fractions), every account
        (USD), every count.

    Raises
    ------
    ConfigError
        An unknown field, a value outside its range, a window outside the market.
    DataError
        The market lacks a series that a configuration needs.

    Examples
    --------
    >>> import basislab as bl
    >>> frame = bl.sweep(bl.load_market(), bl.RebalanceConfig(leverage=3), trigger=[5, 6, 8])
    >>> frame[["trigger", "liquidations"]].to_dict("list")
    {'trigger': [5.0, 6.0, 8.0], 'liquidations': [2, 1, 5]}
    """
    from basislab.jobs.run import Setting, run_sweep, sweep_description
    from basislab.research.batch import lower_window
    from basislab.research.sweep import sweep_frame

    grid = _resolved_grid(config, fields, samples, seed)
    first, last = as_day(start), as_day(end)
    window = lower_window(market, grid.configs, first, last)
    setting = _setting(Setting, pool, workers, job, progress, resume=resume)
    table = run_sweep(window, setting, lambda: sweep_description(market, grid.configs, first, last))
    return sweep_frame(table, grid, market, first, last)


def montecarlo(
    market: Market,
    config: ModelConfig,
    *,
    paths: int = 2_000,
    days: int = 365,
    seed: int = 0,
    block_days: float | None = None,
    horizons: tuple[int, ...] = (30, 90, 365),
    volatility: float = 1.0,
    funding_shift_apy: float = 0.0,
    borrow_shift_apy: float = 0.0,
    start: date | str | None = None,
    end: date | str | None = None,
    block_check: bool = True,
    history_error: bool = True,
    samples: int | None = None,
    workers: int | None = None,
    pool: Pool = "threads",
    job: Path | str | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    **fields: Any,
) -> MonteCarlo:
    """Run configurations over paths drawn from a market's history by a joint bootstrap.

    Parameters
    ----------
    market : Market
        Daily bars; whole days are drawn, so returns, extremes, funding and rates stay together.
    config : StaticConfig, RebalanceConfig, RotationConfig or ConditionalConfig
    paths, days : int
        How many paths, and how long each is.
    seed : int
        In [0, 2^32). The same numbers for any number of workers.
    block_days : float, optional
        Mean block length; measured from the history when left out.
    horizons : tuple of int, days
        Of the liquidation probabilities.
    volatility : float, factor
        Of the log price moves around their mean.
    funding_shift_apy, borrow_shift_apy : float, fraction per year
        Added to funding, and to the borrow rate.
    start, end : date or ISO date, optional
        The part of the history that is drawn from.
    block_check : bool
        Also at half and twice the block length.
    history_error : bool
        Also the error from having one history (block jackknife).
    samples : int, optional
        Random configurations, as in `sweep`.
    workers, pool, job, resume, progress
        As in `sweep`; progress counts paths.
    **fields : value or sequence of values
        Configurations, as in `sweep`; all of them see the same paths.

    Returns
    -------
    MonteCarlo
        ``summary``, ``tidy`` (with both errors) and ``fan_frame`` are DataFrames.

    Raises
    ------
    ConfigError
        A value outside its range, too little history.
    DataError
        The market lacks a series that a configuration needs.

    Examples
    --------
    >>> import basislab as bl
    >>> config = bl.RebalanceConfig(leverage=2, trigger=5)
    >>> risk = bl.montecarlo(bl.load_market(), config, paths=100, block_days=20)
    >>> 0 < risk.value("liquidation_365d") < 1
    True
    """
    from basislab.data import partial_bars
    from basislab.jobs.montecarlo import Design, run_montecarlo
    from basislab.jobs.run import Setting
    from basislab.research.bootstrap import Shift

    design = Design(
        paths=paths,
        days=days,
        seed=seed,
        block_days=block_days,
        horizons=tuple(horizons),
        with_block_check=block_check,
        with_history_error=history_error,
    )
    shift = Shift(volatility=volatility, funding_apy=funding_shift_apy, borrow_apy=borrow_shift_apy)
    grid = _resolved_grid(config, fields, samples, seed)
    bars = market.bars_between(as_day(start), as_day(end))
    setting = _setting(Setting, pool, workers, job, progress, resume=resume)
    part = market.window(as_day(start), as_day(end))
    return run_montecarlo(part, grid, design, shift, setting, partial_bars(market)[bars])


def certify(
    market: Market,
    config: ModelConfig,
    sweep: pd.DataFrame | None = None,
    *,
    start: date | str | None = None,
    end: date | str | None = None,
    tried: Sequence[ModelConfig] = (),
    ranges: Sequence[Range] | None = None,
    rules: Rules | None = None,
    samples: int | None = None,
    seed: int = 0,
    **fields: Any,
) -> Certificate:
    """Say how much of a sweep's optimum is luck, and whether it may be recommended.

    Parameters
    ----------
    market : Market
        Daily bars.
    config : StaticConfig, RebalanceConfig, RotationConfig or ConditionalConfig
        Gives the fields that are not swept.
    sweep : DataFrame, optional
        From `basislab.sweep` with the same config; or give the fields as there.
    start, end : date or ISO date, optional
        First and last day, inclusive.
    tried : sequence of configs
        What else was tried on the same data; it counts as trials.
    ranges : sequence of Range, optional
        Assumed constants and how far they are moved; by default those that the venue's preset
        marks as assumed, and the open fee from half to twice its value.
    rules : Rules, optional
        Lengths and thresholds of the certificate.
    samples, seed
        As in `sweep`.
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
        An unknown field, a value outside its range, a window outside the market or too short.
    DataError
        The market lacks a series that a configuration needs.

    Examples
    --------
    >>> import basislab as bl
    >>> config = bl.RebalanceConfig(leverage=2)
    >>> found = bl.certify(bl.load_market(), config, trigger=[3, 4, 5, 6, 8, 10, None])
    >>> found.label, found.verdict.word
    ('2x, trigger 5x', 'refused')
    """
    from basislab.research.overfit.search import certify_configs

    if sweep is not None:
        configs = _configs_of(config, sweep)
    else:
        configs = _resolved_grid(config, fields, samples, seed).configs
    return certify_configs(
        market.window(as_day(start), as_day(end)),
        configs,
        tried=[resolve_venue(each) for each in tried],
        ranges=assumed_ranges(configs[0]) if ranges is None else ranges,
        rules=rules,
    )


def _configs_of(config: ModelConfig, sweep: pd.DataFrame) -> tuple[ModelConfig, ...]:
    """Rebuild a sweep's configurations from the columns that are fields of the config."""
    names = [field.name for field in fields_of(config) if field.name in sweep.columns]
    if not len(sweep) or not names:
        raise ConfigError("sweep: it has no rows, or no column that is a field of the config.")
    base = resolve_venue(config)
    rows = sweep[names].astype(object).itertuples(index=False, name=None)
    found = []
    for row in rows:
        values = {name: _as_given(value) for name, value in zip(names, row, strict=True)}
        found.append(resolve_venue(replace(base, **values)))
    return tuple(found)


def _as_given(value: Any) -> Any:
    """Return a cell as it was typed: a missing trigger is none."""
    return None if value is None or value != value else value


def assumed_ranges(config: ModelConfig) -> list[Range]:
    """Return the assumed constants behind a config that have a range.

    Those of the venue's preset whose status is "assumed", where the config still has the preset's
    value, and the open fee, an assumption of the config itself, from half to twice its value.

    Parameters
    ----------
    config : any model's config
        Venue resolved.

    Returns
    -------
    list of Range

    Examples
    --------
    >>> import basislab as bl
    >>> config = bl.RebalanceConfig(leverage=2, perp=bl.load_venue("hyperliquid-study"))
    >>> [(each.name, each.low, each.high) for each in assumed_ranges(config)][:2]
    [('open_fee_bps', 7.5, 30.0), ('taker_fee_bps', 1.75, 7.0)]
    """
    from basislab.presets import load_preset, venue_names
    from basislab.research.overfit.sensitivity import Range

    fee = config.open_fee_bps
    found = [Range(name="open_fee_bps", value=fee, low=fee / 2, high=2 * fee, unit="bps")]
    venue = config.perp
    if not isinstance(venue, StudyVenue) or venue.name not in venue_names():
        return found
    for name, constant in load_preset(venue.name).constants.items():
        now = getattr(venue, name)
        value = getattr(now, "rate", now)
        known = constant.value["rate"] if isinstance(constant.value, dict) else constant.value
        if constant.status != "assumed" or constant.low is None or constant.high is None:
            continue
        if isinstance(value, float | int) and value == known:
            unit = constant.unit
            found.append(
                Range(name=name, value=value, low=constant.low, high=constant.high, unit=unit)
            )
    return found


def _resolved_grid(
    config: ModelConfig, fields: dict[str, Any], samples: int | None, seed: int
) -> Grid:
    """Return the grid with every venue's name resolved once."""
    from basislab.research.grid import make_grid

    values = dict(fields)
    if "perp" in values:
        given = values["perp"]
        listed = [given] if isinstance(given, str | StudyVenue) else list(given)
        values["perp"] = [load_venue(one) if isinstance(one, str) else one for one in listed]
    return make_grid(resolve_venue(config), values, samples=samples, seed=seed)


def _setting(
    kind: Any,
    pool: Pool,
    workers: int | None,
    job: Path | str | None,
    progress: Progress | None,
    *,
    resume: bool,
) -> Any:
    given = {} if progress is None else {"progress": progress}
    directory = None if job is None else Path(job)
    return kind(pool=pool, workers=workers, directory=directory, resume=resume, **given)
