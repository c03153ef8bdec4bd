"""Many configurations on one market, or on many paths drawn from it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from basislab.api.intraday import bar_width
from basislab.api.resolving import resolved_grid
from basislab.data import checked
from basislab.errors import ConfigError
from basislab.presets.terms import resolve
from basislab.types.configs import ModelConfig
from basislab.types.dates import Day, as_day
from basislab.types.market import Market
from basislab.types.start import StartState
from basislab.types.venue_config import VenueConfig

if TYPE_CHECKING:
    from basislab.jobs import Pool, Progress
    from basislab.jobs.pool import Workers
    from basislab.types.montecarlo import MonteCarlo
    from basislab.types.sweep import Sweep


def sweep(
    market: Market,
    config: ModelConfig,
    *,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    samples: int | None = None,
    seed: int = 0,
    workers: Workers = None,
    pool: Pool = "threads",
    job: Path | str | None = None,
    resume: bool = False,
    outcomes: Path | str | None = None,
    progress: Progress | None = None,
    **fields: Any,
) -> Sweep:
    """Run every combination of some fields' values, or random samples of them.

    Parameters
    ----------
    market : Market
        Daily bars; of any width for the venue engine.
    config : StaticConfig, RebalanceConfig, RotationConfig, ConditionalConfig or VenueConfig
        Gives the fields that are not swept.
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive.
    accept_quality : bool
        Give a result of data that have errors; it says so.
    samples : int, optional
        That many random configurations in place of all combinations; a field given as a tuple
        ``(low, high)`` is then drawn uniformly, any other list is drawn from.
    seed : int
        Of the samples.
    workers : int, str or distributed.Client, optional
        One a core by default. A Dask scheduler's address, ``tcp://host:8786``, or a client of it
        runs the work on other machines (docs/cluster.md). Changes no number.
    pool : {"threads", "processes"} or Executor
    job : Path or str, optional
        Folder in which finished parts stay.
    resume : bool
        Go on with the parts that are there.
    outcomes : Path or str, optional
        Folder in which the rows of finished parts are written as Parquet files, as they come; rows
        of configurations that are refused are not among them.
    progress : callable of int, optional
        Told how many configurations were done.
    **fields : value or sequence of values
        Any field of the config: ``leverage=[2, 3], trigger=[4, None]``.

    Returns
    -------
    Sweep
        One row a configuration: the swept fields (a trigger of None is NaN), final_usd, return,
        annualized_return, hurdle_return, excess_return, max_drawdown (fractions), every account
        (USD), every count. For the venue engine also the ledger's parents (USD) and ``infeasible``:
        why its venues refuse a configuration, whose numbers are then NaN; empty where they do not.
        ``attrs["warnings"]`` says what is odd in the data.

    Raises
    ------
    ConfigError
        An unknown field, a value outside its range, a window outside the market; for the venue
        engine no configuration that can be run.
    DataError
        The market's data have errors, or it lacks a series that a configuration needs.
    ClusterError
        The scheduler does not answer or is gone, or its workers died.

    Examples
    --------
    >>> import basislab as bl
    >>> frame = bl.sweep(bl.load_market(), bl.RebalanceConfig(leverage=3), trigger=[5, 6, 8])
    >>> frame[["trigger", "liquidations"]].to_dict("list")
    {'trigger': [5.0, 6.0, 8.0], 'liquidations': [2, 1, 5]}
    """
    from basislab.jobs.run import Setting, run_search, sweep_description
    from basislab.research.search import open_window, search_frame
    from basislab.types.sweep import Sweep

    notes = checked(market, accept_quality=accept_quality)
    first, last = as_day(start, "start"), as_day(end, "end")
    setting = _setting(Setting, pool, workers, job, outcomes, progress, resume=resume)
    grid = resolved_grid(config, fields, samples, seed)
    window = open_window(market.window(first, last), grid.configs)
    told = partial(sweep_description, market, grid.configs, first, last)
    found = Sweep(search_frame(run_search(window, grid, setting, told), grid, window))
    found.swept = tuple(fields)
    found.attrs["warnings"] = list(notes)
    return found


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
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
    block_check: bool = True,
    history_error: bool = True,
    predictive: bool = True,
    from_day: Day | Literal["now"] | None = None,
    start_state: StartState | None = None,
    bar: str = "1h",
    samples: int | None = None,
    workers: Workers = None,
    pool: Pool = "threads",
    job: Path | str | None = None,
    resume: bool = False,
    outcomes: Path | str | None = None,
    progress: Progress | None = None,
    **fields: Any,
) -> MonteCarlo:
    """Run configurations over paths drawn from a market's history by a joint bootstrap.

    Parameters
    ----------
    market : Market
        Whole days are drawn, so returns, extremes, funding and rates stay together. Daily bars; of
        any width that divides a day for the venue engine, whose days bring their own bars.
    config : StaticConfig, RebalanceConfig, RotationConfig, ConditionalConfig or VenueConfig
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
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        The part of the history that is drawn from.
    accept_quality : bool
        Give a result of data that have errors; it says so.
    block_check : bool
        Also at half and twice the block length.
    history_error : bool
        Also the error from having one history (block jackknife).
    predictive : bool
        Shift the levels of funding and of rates on every path by what one history leaves open about
        them (docs/models.md, "Predictive draws"). Without it intervals are too narrow.
    from_day : "now" or a day, optional
        Go on from what was known after the market's last day, or after this one, and draw from the
        days up to it only. Short paths begin on days before which funding, volatility and carry
        were much like then; the answer of all days stands beside it (`MonteCarlo.beside`). Of
        longer paths it is the other way round: docs/models.md, "From now", has the measurement.
    start_state : StartState, optional
        What is held after that day, or after the market's last; returns are then fractions of its
        worth. For the venue engine; else each run opens at its first close.
    bar : {"1h", "30m", "15m", "5m"}
        Width of the bars within the days of a daily market, for the venue engine.
    samples : int, optional
        Random configurations, as in `sweep`.
    workers, pool, job, resume, progress
        As in `sweep`; progress counts paths.
    outcomes : Path or str, optional
        Folder in which what became of every configuration on every path is written as Parquet
        files, as they come: one row each, with the swept fields, ``configuration`` (row of
        ``summary``), ``path``, ``final_usd``, ``return``, ``hurdle_return``, ``excess_return``,
        ``max_drawdown`` and ``liquidation_day`` (of the first one, from 1; NaN without any).
    **fields : value or sequence of values
        Configurations, as in `sweep`; all of them see the same paths.

    Returns
    -------
    MonteCarlo
        ``summary``, ``tidy`` (with the errors of each kind) and ``fan_frame`` are DataFrames;
        ``warnings`` says what is odd in the data.

    Raises
    ------
    ConfigError
        A value outside its range, too little history, no configuration that its venues would
        open.
    DataError
        The market's data have errors, or it lacks a series that a configuration needs.
    ClusterError
        The scheduler does not answer or is gone, or its workers died.

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

    notes = checked(market, accept_quality=accept_quality)
    design = Design(
        paths=paths,
        days=days,
        seed=seed,
        block_days=block_days,
        horizons=tuple(horizons),
        with_block_check=block_check,
        with_history_error=history_error,
        is_predictive=predictive,
        is_from_now=from_day is not None,
        held=start_state,
        bar_seconds=bar_width(bar),
    )
    shift = Shift(volatility=volatility, funding_apy=funding_shift_apy, borrow_apy=borrow_shift_apy)
    last = end if from_day in (None, "now") else from_day
    part, bars = market.window(start, last), market.bars_between(start, last)
    if start_state is not None:
        config = _worth(part, config, start_state)
    grid = resolved_grid(config, fields, samples, seed)
    setting = _setting(Setting, pool, workers, job, outcomes, progress, resume=resume)
    found = run_montecarlo(part, grid, design, shift, setting, partial_bars(market)[bars])
    return replace(found, warnings=(*notes, *found.warnings))


def _worth(market: Market, config: ModelConfig, held: StartState) -> ModelConfig:
    """Return a configuration whose capital is what is held at the market's last close."""
    from basislab.simulate.venue import price_sources

    if not isinstance(config, VenueConfig):
        return config  # refused later, with the reason
    prices = price_sources(market, resolve(config))
    worth = held.equity_usd(spot=float(prices.spot.close[-1]), mark=float(prices.mark.close[-1]))
    if worth <= 0.0:
        raise ConfigError(
            f"start_state: it is worth {worth:,.2f} USD at the last close of {market.name!r}; "
            "what is held must be worth more than nothing."
        )
    return replace(config, capital_usd=worth)


def _setting(
    kind: Any,
    pool: Pool,
    workers: Workers,
    job: Path | str | None,
    outcomes: Path | str | None,
    progress: Progress | None,
    *,
    resume: bool,
) -> Any:
    given: dict[str, Any] = {} if progress is None else {"progress": progress}
    given |= {"directory": None if job is None else Path(job)}
    given |= {"outcomes": None if outcomes is None else Path(outcomes)}
    return kind(pool=pool, workers=workers, resume=resume, **given)
