"""The public functions: names resolved to objects, then handed to `simulate`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TypeVar

from basislab.errors import ConfigError
from basislab.presets import load_venue
from basislab.simulate import simulate
from basislab.types.configs import ModelConfig, TradeConfig
from basislab.types.market import Market
from basislab.types.result import Result
from basislab.types.venue import StudyVenue

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
    config: ModelConfig,
    *,
    start: date | str | None = None,
    end: date | str | None = None,
) -> Result:
    """Run one configuration on a market.

    Parameters
    ----------
    market : Market
        Daily bars; `load_market` gives the sample.
    config : StaticConfig, RebalanceConfig, RotationConfig or ConditionalConfig
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
    return simulate(market, resolve_venue(config), start=as_day(start), end=as_day(end))


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
