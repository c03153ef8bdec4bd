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

_BAR, _KIND, _PENALTY, _LONG, _SHORT, _EQUITY = map(
    ev.COLUMNS.index,
    ("bar", "kind", "penalty_usd", "long_equity_usd", "short_equity_usd", "equity_usd"),
)

ROUNDING_USD = 1e-6
"""What sums of floats may leave over where nothing was forgiven."""


class StudyRuns:
    """Runs configurations of the study's models on slices of one market, nothing forgiven.

    The study sets a leg's equity below zero to zero at a liquidation; here the loss is paid.

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
        return unforgiven(self.outcome(config, first, end))

    def final(self, config: ModelConfig, first: int, end: int) -> float:
        """Return the final equity, USD."""
        return float(unforgiven(self.outcome(config, first, end))[-1])

    def opened(self, config: ModelConfig, first: int) -> tuple[float, IntArray]:
        """Open at a bar and hold to the last: final equity, and the bars of liquidations."""
        outcome = self.outcome(config, first, len(self.market))
        return float(unforgiven(outcome)[-1]), liquidation_bars(outcome) + first

    def refusal(self, _: ModelConfig) -> str | None:
        """Return why a configuration cannot be run; the study's models open anything."""
        return None

    def notes(self, config: ModelConfig) -> tuple[str, ...]:
        """Return what a reader of these runs has to know: what the study would forgive."""
        total = forgiven(self.outcome(config, 0, len(self.market))).sum()
        if total <= 0:
            return ()
        return (f"the study forgives {total:,.0f} USD of losses in this run; here they are paid",)


def forgiven(outcome: Outcome) -> FloatArray:
    """Return what was forgiven on every bar, USD: equity below zero that a liquidation lets go.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    ndarray of shape (n_bars,), USD
        What a liquidation leaves, less what both legs had and the penalty took. What a ruin
        forgives is not counted: nothing is left to pay with.
    """
    if not outcome.accounts.shortfall:
        return np.zeros(len(outcome.equity))
    rows = outcome.log.rows[: outcome.log.filled[0]]
    rows = rows[rows[:, _KIND] == ev.LIQUIDATION]
    lost = rows[:, _EQUITY] - (rows[:, _LONG] + rows[:, _SHORT] - rows[:, _PENALTY])
    lost[lost < ROUNDING_USD] = 0.0
    amounts = np.bincount(rows[:, _BAR].astype(int), lost, len(outcome.equity))
    return np.asarray(amounts, dtype=float)


def unforgiven(outcome: Outcome) -> FloatArray:
    """Return the equity at every close as if all losses had been paid, USD.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    ndarray of shape (n_bars,), USD
        The last one after closing costs; zero from where nothing is left.
    """
    curve = outcome.equity.copy()
    curve[-1] = outcome.final
    paid = forgiven(outcome)
    if not paid.any():
        return curve
    curve -= np.cumsum(paid)
    is_gone = np.maximum.accumulate(curve <= 0)
    return np.where(is_gone, 0.0, curve)


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
