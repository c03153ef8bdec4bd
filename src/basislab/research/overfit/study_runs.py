"""The study's models on any days of one market, without building results."""

from __future__ import annotations

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels import events as ev
from basislab.kernels.bars import Bars
from basislab.kernels.outcome import Outcome
from basislab.research.overfit.trials import study_venue
from basislab.simulate import MODELS, lower_config, lower_market
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, IntArray, Market
from basislab.units import SECONDS_PER_DAY


class StudyRuns:
    """Runs configurations of the study's models on slices of one market.

    Parameters
    ----------
    market : Market
        Daily bars.

    Raises
    ------
    ConfigError
        Bars that are not daily.
    """

    def __init__(self, market: Market) -> None:
        if market.bar_seconds != SECONDS_PER_DAY:
            raise ConfigError(
                f"market {market.name!r}: bars of {market.bar_seconds} s; the study's models are "
                "defined on daily bars (86400 s). Certify the venue engine, or import daily bars."
            )
        self.market = market
        self._bars: dict[tuple[str, str], Bars] = {}

    def outcome(self, config: ModelConfig, first: int, end: int) -> Outcome:
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
        venue = study_venue(config)
        key = (venue.funding, config.lending)
        if key not in self._bars:
            self._bars[key] = lower_market(self.market, *key)
        bars = self._bars[key]
        kernel = MODELS[type(config)].kernel
        is_whole = first == 0 and end == len(self.market)
        part = bars if is_whole else Bars(*(each[first:end] for each in bars))
        found: Outcome = kernel.run(lower_config(kernel.Params, config, venue), part)
        return found

    def curve(self, config: ModelConfig, first: int, end: int) -> FloatArray:
        """Return the equity at every close, the last one after closing costs, USD."""
        outcome = self.outcome(config, first, end)
        outcome.equity[-1] = outcome.final
        return outcome.equity

    def final(self, config: ModelConfig, first: int, end: int) -> float:
        """Return the final equity, USD."""
        return float(self.outcome(config, first, end).final)

    def opened(self, config: ModelConfig, first: int) -> tuple[float, IntArray]:
        """Open at a bar and hold to the last: final equity, and the bars of liquidations."""
        outcome = self.outcome(config, first, len(self.market))
        return float(outcome.final), liquidation_bars(outcome) + first

    def refusal(self, _: ModelConfig) -> str | None:
        """Return why a configuration cannot be run; the study's models open anything."""
        return None

    def notes(self, _: ModelConfig) -> tuple[str, ...]:
        """Return what a reader of these runs has to know; the study's models say it elsewhere."""
        return ()


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
