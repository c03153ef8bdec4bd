"""The trials of one search on one market: lowered once, run on any bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels import events as ev
from basislab.kernels.bars import Bars
from basislab.kernels.outcome import Outcome
from basislab.research.overfit.fan import Fan
from basislab.research.overfit.walkforward import Run
from basislab.simulate import MODELS, lower_config, lower_market
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
)
from basislab.types.market import FloatArray, IntArray, Market
from basislab.types.venue import StudyVenue
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

ROTATION_LOOKBACK = 7
"""Bars over which the rotation model takes its mean, where it has a minimum APY."""

DELAY = 1
"""Bars between a decision taken at a close and the first bar that it can act on."""


class FanRuns(NamedTuple):
    """A configuration opened on every bar: its fan, and every bar on which it was liquidated."""

    fan: Fan
    liquidations: IntArray


class Runner:
    """Runs configurations on windows of one market without building results.

    Parameters
    ----------
    market : Market
        Daily bars.
    min_days : float, days
        From which a start counts in a fan.

    Raises
    ------
    ConfigError
        Bars that are not daily.
    """

    def __init__(self, market: Market, min_days: float) -> None:
        if market.bar_seconds != SECONDS_PER_DAY:
            raise ConfigError(
                f"market {market.name!r}: bars of {market.bar_seconds} s; a certificate needs "
                "daily bars (86400 s)."
            )
        self.market = market
        self.min_days = min_days
        self.n_bars = len(market)
        self.bar_days = market.bar_seconds / SECONDS_PER_DAY
        self._bars: dict[tuple[str, str], Bars] = {}
        self._growth: dict[str, FloatArray] = {}
        self._fans: dict[ModelConfig, FanRuns] = {}

    def outcome(self, config: ModelConfig, first: int = 0, end: int | None = None) -> Outcome:
        """Run a configuration afresh on the bars ``[first, end)``.

        Parameters
        ----------
        config : ModelConfig
            Venue resolved.
        first, end : int

        Returns
        -------
        Outcome
        """
        venue = _venue(config)
        key = (venue.funding, config.lending)
        if key not in self._bars:
            self._bars[key] = lower_market(self.market, *key)
        bars = self._bars[key]
        kernel = MODELS[type(config)].kernel
        part = bars if first == 0 and end is None else Bars(*(each[first:end] for each in bars))
        found: Outcome = kernel.run(lower_config(kernel.Params, config, venue), part)
        return found

    def hurdle_growth(self, config: ModelConfig) -> FloatArray:
        """Return what a dollar supplied instead becomes within each bar, shape (n_bars,)."""
        if config.lending not in self._growth:
            apy = self.market.supply[config.lending, self.market.quote].apy
            self._growth[config.lending] = (1.0 + apy) ** (self.bar_days / DAYS_PER_YEAR)
        return self._growth[config.lending]

    def run(self, config: ModelConfig, first: int = 0, end: int | None = None) -> Run:
        """Return a fresh run's equity over its capital, closed on the last bar, and the hurdle.

        Parameters
        ----------
        config : ModelConfig
        first, end : int

        Returns
        -------
        Run
        """
        outcome = self.outcome(config, first, end)
        curve = outcome.equity / config.capital_usd
        curve[-1] = outcome.final / config.capital_usd
        return Run(curve, float(np.prod(self.hurdle_growth(config)[first:end])) - 1.0)

    def annual_excess(self, config: ModelConfig) -> float:
        """Return the simple annual excess over the hurdle, over the whole market."""
        run = self.run(config)
        days = self.n_bars * self.bar_days
        return (float(run.curve[-1]) - 1.0 - run.hurdle) * DAYS_PER_YEAR / days

    def excess_returns(self, config: ModelConfig) -> FloatArray:
        """Return the excess return over the hurdle of every bar.

        Parameters
        ----------
        config : ModelConfig

        Returns
        -------
        ndarray of shape (n_bars,)
            On the equity at the bar before (the capital at first); after a ruin nothing is left to
            earn anything on and only the hurdle is missed.
        """
        curve = self.run(config).curve
        before = np.concatenate(([1.0], curve[:-1]))
        alive = before > 0
        earned = np.where(alive, curve / np.where(alive, before, 1.0) - 1.0, 0.0)
        return np.asarray(earned - (self.hurdle_growth(config) - 1.0))

    def fan(self, config: ModelConfig) -> FanRuns:
        """Open on every bar and hold to the last.

        Parameters
        ----------
        config : ModelConfig

        Returns
        -------
        FanRuns
        """
        if config not in self._fans:
            self._fans[config] = self._fan(config)
        return self._fans[config]

    def _fan(self, config: ModelConfig) -> FanRuns:
        finals = np.empty(self.n_bars)
        sunk: set[int] = set()
        for first in range(self.n_bars):
            outcome = self.outcome(config, first)
            finals[first] = outcome.final
            sunk.update((liquidation_bars(outcome) + first).tolist())
        growth = self.hurdle_growth(config)
        fan = Fan(
            returns=finals / config.capital_usd - 1.0,
            hurdles=np.asarray(np.cumprod(growth[::-1])[::-1] - 1.0, dtype=np.float64),
            days=self.bar_days * np.arange(self.n_bars, 0.0, -1.0),
            min_days=self.min_days,
        )
        return FanRuns(fan, np.array(sorted(sunk), dtype=np.int64))


def liquidation_bars(outcome: Outcome) -> IntArray:
    """Return the bars on which a leg was liquidated or, in a rotation, its price was touched.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    ndarray of int
    """
    rows = outcome.log.rows[: outcome.log.filled[0]]
    kind, leg = rows[:, 1], rows[:, 2]
    is_sunk = (kind == ev.LIQUIDATION) | ((kind == ev.CLOSE) & (leg > 0))
    return np.asarray(rows[is_sunk, 0], dtype=np.int64)


def _venue(config: ModelConfig) -> StudyVenue:
    if isinstance(config.perp, StudyVenue):
        return config.perp
    raise ConfigError(
        f"{type(config).__name__}.perp: got the name {config.perp!r}; a certificate is handed a "
        "venue. Use basislab.certify(), which resolves names."
    )


def lookback(config: ModelConfig) -> int:
    """Return over how many bars a configuration's longest rule looks back.

    Parameters
    ----------
    config : ModelConfig

    Returns
    -------
    int, bars
    """
    if isinstance(config, ConditionalConfig):
        return config.lookback_days
    if isinstance(config, RotationConfig) and config.min_apy is not None:
        return ROTATION_LOOKBACK
    return 0


LOWEST: dict[str, float] = {"leverage": 1.0, "trigger": 0.01, "buffer": 0.0}
"""Smallest value that a decision may take; others have no bound near."""


def decisions(config: ModelConfig) -> dict[str, float]:
    """Return the numbers that a trader turns: leverage first, then the model's own.

    Parameters
    ----------
    config : ModelConfig

    Returns
    -------
    dict of str to float
        A trigger as its leverage; a rule that is switched off is left out.
    """
    found = {"leverage": float(config.leverage)}
    if isinstance(config, RebalanceConfig):
        found["trigger"] = config.trigger_leverage
    for name in ("buffer", "entry_apy", "min_apy"):
        value = getattr(config, name, None)
        if value is not None:
            found[name] = float(value)
    return found


def changed(config: ModelConfig, changes: Mapping[str, float]) -> ModelConfig:
    """Return a configuration with decisions or constants of its venue changed.

    Parameters
    ----------
    config : ModelConfig
        Venue resolved.
    changes : mapping of str to float
        Fields of the config or of the venue; ``liquidation_penalty`` is its rate.

    Returns
    -------
    ModelConfig
    """
    own = {field.name for field in fields(config)}
    venue = _venue(config)
    of_venue: dict[str, Any] = {k: v for k, v in changes.items() if k not in own}
    if "liquidation_penalty" in of_venue:
        rate = of_venue["liquidation_penalty"]
        of_venue["liquidation_penalty"] = replace(venue.liquidation_penalty, rate=rate)
    of_config: dict[str, Any] = {k: v for k, v in changes.items() if k in own}
    return replace(config, **of_config, perp=replace(venue, **of_venue))


def identity(config: ModelConfig) -> tuple[Any, ...]:
    """Return what makes a run what it is: model, kernel parameters, series.

    Parameters
    ----------
    config : ModelConfig

    Returns
    -------
    tuple
    """
    venue = _venue(config)
    params = lower_config(MODELS[type(config)].kernel.Params, config, venue)
    return (config.model, tuple(params), venue.funding, config.lending)
