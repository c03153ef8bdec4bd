"""Whether a position is worth it on a market, which one, and how sure that is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from basislab.data import checked
from basislab.errors import ConfigError
from basislab.presets.terms import resolve
from basislab.types.configs import RebalanceConfig
from basislab.types.dates import Day, as_day
from basislab.types.market import FloatArray, Market
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_terms import NO_LENDER
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

if TYPE_CHECKING:
    from basislab.jobs import Progress
    from basislab.types.decision import Ahead, Decision

NOW = "now"
SUPPLY = "supply"
STUDY_LEVERAGE = 2.0
"""Of the study's position that the figure shows beside the choice."""

AHEAD_PATHS = 1_000
"""Futures that are drawn; one in twenty of them is fifty."""

HORIZONS = (7, 730)
MOST_PATHS = 64


def decide(
    market: Market,
    *,
    capital_usd: float = 50_000.0,
    horizon_days: int = 90,
    since: Day | None = None,
    at: Day | str = NOW,
    hurdle: str | float | Path = SUPPLY,
    venues: VenueConfig | None = None,
    paths: int = 2,
    seed: int = 0,
    accept_quality: bool = False,
    progress: Progress | None = None,
) -> Decision:
    """Decide whether to hold the position, at which size, and say how sure that is.

    A size (leverages, band, look) is chosen on the past by a stated criterion among few that are
    fixed beforehand: the highest 25 % quantile of the excess over the hurdle over all openings,
    where at most 5 % of them meet a liquidation in 90 days and every neighbour (20 % up and down
    in each number) beats the hurdle in the middle. The same choice is made walking forward.

    Parameters
    ----------
    market : Market
        Of any width; a daily one is seen through paths of hours that agree with every day.
    capital_usd : float, USD
    horizon_days : int, days, in [7, 730]
        How long the position is to be held.
    since : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        First day of the past; the market's own when left out.
    at : "now", ISO text, date, datetime, datetime64 or pandas Timestamp
        The day of the decision, which sees nothing after it; "now" is the market's last.
    hurdle : "supply", float or path
        What the money would do instead: the quote coin's supply rate at the lender, a fixed rate a
        year (0.05), or a file of two columns, time and APY.
    venues : VenueConfig, optional
        Gives venues, routes and policy; its size and capital are not read.
    paths : int, in [1, 64]
        On a daily market, for each bound on what the oracle sees.
    seed : int
    accept_quality : bool
        Go on with data that have errors; the decision says so.
    progress : callable of int, optional
        Told how many openings were run.

    Returns
    -------
    Decision
        ``word``, ``chosen``, what it made, what to expect, what to do, what would undo it; the
        memo's rules are in docs/decide.md.

    Raises
    ------
    ConfigError
        A value outside its range, a past too short for the horizon, nothing that can be opened.
    DataError
        The market's data have errors, it lacks a series, or the hurdle's file cannot be read.

    Examples
    --------
    >>> import basislab as bl
    >>> found = bl.decide(bl.load_market(), capital_usd=10_000, hurdle=0.05, paths=1)
    >>> found.hurdle, found.days_count
    ('5 % a year', 410)
    """
    from basislab.research.decision.decide import decide_on

    _check(horizon_days, paths)
    notes = checked(market, accept_quality=accept_quality)
    end = None if isinstance(at, str) and at == NOW else as_day(at, "at")
    part = market.window(as_day(since, "since"), end)
    base = _base(venues or VenueConfig(leverage=STUDY_LEVERAGE), capital_usd)
    name, growth = hurdle_of(part, base, hurdle)
    found = decide_on(
        part,
        base,
        name,
        growth,
        horizon=horizon_days,
        rival=study_position(base),
        paths=paths,
        seed=seed,
        notes=notes,
        progress=progress,
    )
    return replace(found, ahead=look_ahead(part, found, has_supply=str(hurdle) == SUPPLY))


def look_ahead(market: Market, found: Decision, *, has_supply: bool) -> Ahead | None:
    """Return what the chosen position makes over the horizon from a market's last bar.

    Over drawn days, with levels that one history leaves open (`basislab.montecarlo`); None where
    the history is too short to draw from. Data are not judged again.
    """
    from basislab.api.searches import montecarlo
    from basislab.types.decision import Ahead

    days, capital = found.horizon_days, found.capital_usd
    try:
        drawn = montecarlo(
            market,
            found.config,
            paths=AHEAD_PATHS,
            days=days,
            horizons=(days,),
            from_day=NOW,
            block_check=False,
            history_error=False,
            accept_quality=True,
        )
    except ConfigError:
        return None
    return Ahead(
        paths_count=drawn.n_paths,
        middle_usd=drawn.value("return_p50") * capital,
        low_usd=drawn.value("return_p05") * capital,
        high_usd=drawn.value("return_p95") * capital,
        beats_share=drawn.value("beats_hurdle_probability") if has_supply else None,
        long_liquidated_share=drawn.value(f"liquidation_long_{days}d"),
        short_liquidated_share=drawn.value(f"liquidation_short_{days}d"),
    )


def _check(horizon_days: int, paths: int) -> None:
    for name, value, (least, most) in (
        ("horizon", horizon_days, HORIZONS),
        ("paths", paths, (1, MOST_PATHS)),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ConfigError(f"{name}: got {value!r}; a whole number from {least} to {most}.")


def _base(venues: VenueConfig, capital_usd: float) -> VenueConfig:
    return resolve(replace(venues, capital_usd=capital_usd))


def study_position(base: VenueConfig) -> VenueConfig:
    """Return the study's position by the venues' rules: equal legs, never resized, its trigger."""
    from basislab.research.ladder import counterpart

    study = resolve(RebalanceConfig(leverage=STUDY_LEVERAGE, capital_usd=base.capital_usd))
    return counterpart(study, base)


def hurdle_of(
    market: Market, base: VenueConfig, given: str | float | Path
) -> tuple[str, FloatArray]:
    """Return a hurdle's name, and what a dollar of it becomes within each day.

    Raises
    ------
    ConfigError
        No rate, no file, or a market that does not say what its quote coin earns.
    SourceError
        A file that cannot be read.
    """
    from basislab.research.overfit.runner import day_starts

    name, apy = _rates(market, base, given)
    growth = (1.0 + apy) ** (market.bar_seconds / SECONDS_PER_DAY / DAYS_PER_YEAR)
    return name, np.asarray(np.multiply.reduceat(growth, day_starts(market.times)[:-1]))


def _rates(market: Market, base: VenueConfig, given: str | float | Path) -> tuple[str, FloatArray]:
    from basislab.data.read.rate import read_rate
    from basislab.simulate.rates import hurdle_apy

    text = str(given)
    if text == SUPPLY:
        apy = hurdle_apy(market, base.protocol)
        if np.isnan(apy).any():
            raise ConfigError(
                f"hurdle: market {market.name!r} does not say what {market.quote} earns supplied. "
                "Give a rate a year, --hurdle 0.05, or a file."
            )
        return f"lending {market.quote} on {_lender(market, base).capitalize()}", apy
    rate = _number(text)
    if rate is None:
        path = Path(text)
        if not path.exists():
            raise ConfigError(
                f"hurdle: got {text!r}; it must be {SUPPLY!r}, a rate a year such as 0.05, or a "
                "file of two columns, time and APY."
            )
        return path.name, read_rate(path, market.times)
    if not -0.5 < rate < 5.0:
        raise ConfigError(f"hurdle: got {rate:g} a year; a fraction, 0.05 for 5 %.")
    return f"{rate * 100:g} % a year", np.full(len(market), rate)


def _lender(market: Market, base: VenueConfig) -> str:
    """Return whose supply rate the hurdle is; where the coin is held, the market's first."""
    if base.protocol != NO_LENDER:
        return base.protocol
    return next(key[0] for key in market.supply if key[1] == market.quote)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
