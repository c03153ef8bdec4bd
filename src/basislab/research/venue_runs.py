"""The venue engine on any bars of one market, lowered once for all trials that read the same."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from basislab.errors import ConfigError
from basislab.kernels.venue import events as ev
from basislab.kernels.venue import step as kernel
from basislab.kernels.venue.bars import Bars, Candles
from basislab.kernels.venue.params import Params
from basislab.simulate.venue import booked, check_window, lower_bars, lower_params, price_sources
from basislab.types.market import FloatArray, IntArray, Market
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_result import VenueLedger
from basislab.types.venue_terms import PerpVenue, Route


class VenueRuns:
    """Runs configurations of the venue engine on slices of one market.

    Parameters
    ----------
    market : Market
        Bars of any width.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._bars: dict[Hashable, Bars] = {}

    def bars(self, config: VenueConfig, first: int, end: int) -> Bars:
        """Return what the kernel reads on the bars ``[first, end)``, as a run of its own would.

        Parameters
        ----------
        config : VenueConfig
            Venues resolved.
        first, end : int

        Returns
        -------
        Bars

        Raises
        ------
        ConfigError
            Bars that the config cannot be run on.
        DataError
            The market lacks a series.
        """
        remembers = _remembers(config)
        if not remembers:
            whole = self._lowered(config, _key(config), 0, len(self.market))
            return cut(whole, first, end)
        return self._lowered(config, (_key(config), remembers, first, end), first, end)

    def _lowered(self, config: VenueConfig, key: Hashable, first: int, end: int) -> Bars:
        if key not in self._bars:
            days = self.market.times[[first, end - 1]].astype("datetime64[D]").tolist()
            part = self.market.window(*days)
            check_window(part, config)
            self._bars[key] = lower_bars(part, config, price_sources(part, config))
        return self._bars[key]

    def refusal(self, config: VenueConfig) -> str | None:
        """Return why a configuration cannot be run here, or None.

        Parameters
        ----------
        config : VenueConfig

        Returns
        -------
        str or None
            Its venues would not open it, no leg can fire its trigger, or the bars do not fit.
        """
        try:
            config.check_feasible()
            check_window(self.market, config)
        except ConfigError as error:
            return str(error)
        return None

    def outcome(
        self, config: VenueConfig, first: int, end: int
    ) -> tuple[kernel.Outcome, VenueLedger]:
        """Run a configuration afresh on the bars ``[first, end)``.

        Parameters
        ----------
        config : VenueConfig
            Venues resolved.
        first, end : int

        Returns
        -------
        Outcome
        VenueLedger
            It explains the change of equity: no return is without its books.

        Raises
        ------
        ConfigError
            What `refusal` tells.
        LedgerError
            The books do not explain the change of equity (a bug).
        """
        outcome = kernel.run(self._params(config), self.bars(config, first, end))
        return outcome, booked(outcome, config.capital_usd)

    def _params(self, config: VenueConfig) -> Params:
        config.check_feasible()
        return lower_params(config, self.market.bar_seconds)

    def curve(self, config: VenueConfig, first: int, end: int) -> FloatArray:
        """Return the equity at every close, the last one after closing costs, USD."""
        outcome, _ = self.outcome(config, first, end)
        outcome.equity[-1] = outcome.final
        return np.asarray(outcome.equity)

    def final(self, config: VenueConfig, first: int, end: int) -> float:
        """Return the final equity, USD, by the sweep layout: the same bits without the record."""
        return float(kernel.final_equity(self._params(config), self.bars(config, first, end)))

    def opened(self, config: VenueConfig, first: int) -> tuple[float, IntArray]:
        """Open at a bar and hold to the last: final equity, and the bars of liquidations."""
        outcome, _ = self.outcome(config, first, len(self.market))
        rows = outcome.log.rows[: outcome.log.filled[0]]
        sunk = rows[rows[:, 1] == ev.LIQUIDATION, 0]
        return float(outcome.final), np.asarray(sunk, dtype=np.int64) + first

    def notes(self, config: VenueConfig) -> tuple[str, ...]:
        """Return what a reader of these runs has to know: odd choices, prices that stand in."""
        return (*config.warnings(), *price_sources(self.market, config).notes)


def cut(bars: Bars, first: int, end: int) -> Bars:
    """Return a window of lowered bars, without copying.

    Parameters
    ----------
    bars : Bars
    first, end : int

    Returns
    -------
    Bars
    """
    window = slice(first, end)
    parts: list[Any] = [
        Candles(*(array[window] for array in each)) if isinstance(each, Candles) else each[window]
        for each in bars
    ]
    return Bars(*parts)


def _key(config: VenueConfig) -> Hashable:
    """Return all that lowered bars hang on but a policy's memory: few trials differ in it."""
    perp = resolved(config.perp, PerpVenue)
    study = resolved(config.study, StudyVenue).taker_fee_bps
    return (
        (perp.funding, perp.procedure, perp.taker_fees, perp.volume_fees, perp.valid_until),
        (config.volume_usd, config.protocol, config.monitor_seconds, config.collateral_yield),
        (config.conventions, study),
    )


def _remembers(config: VenueConfig) -> Hashable:
    """Return what a policy's memory hangs on: it begins with the run, so a window is lowered anew.

    None where the policy looks at the present only.
    """
    found: list[Hashable] = []
    if config.policy == "volatility":
        found.append(resolved(config.transfer, Route).delay_seconds)
    if config.entry_apy is not None or config.exit_apy is not None:
        found += [config.leverage, config.lookback_days]
    return tuple(found) or None
