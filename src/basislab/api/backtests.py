"""One configuration on one market."""

from __future__ import annotations

from basislab.data import checked
from basislab.presets.terms import resolve
from basislab.simulate import simulate
from basislab.types.configs import ModelConfig
from basislab.types.dates import Day, as_day
from basislab.types.market import Market
from basislab.types.result import Result


def backtest(
    market: Market,
    config: ModelConfig,
    *,
    start: Day | None = None,
    end: Day | None = None,
    accept_quality: bool = False,
) -> Result:
    """Run one configuration on a market.

    Parameters
    ----------
    market : Market
        Daily bars; `load_market` gives the sample. Of any width for the venue engine.
    config : StaticConfig, RebalanceConfig, RotationConfig, ConditionalConfig or VenueConfig
    start, end : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First and last day, UTC, inclusive; the market's own when left out. The model sees only
        these.
    accept_quality : bool
        Give a result of data that have errors; it says so.

    Returns
    -------
    Result
        Equity, ledger, events and the hurdle over the same days.

    Raises
    ------
    ConfigError
        Unknown preset, a window outside the market, bars that are not daily.
    DataError
        The market's data have errors, or it lacks a series that the configuration needs.

    Examples
    --------
    >>> import basislab as bl
    >>> result = bl.backtest(bl.load_market(), bl.RebalanceConfig(leverage=3))
    >>> round(result.final_usd, 2)
    9609.68
    """
    notes = checked(market, accept_quality=accept_quality)
    first, last = as_day(start, "start"), as_day(end, "end")
    return simulate(market, resolve(config), start=first, end=last, notes=notes)
