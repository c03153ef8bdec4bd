"""Sweeps of the venue engine: one row a configuration, what its venues refuse with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.kernels.events import LEG_NAMES
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.ledger import Accounts
from basislab.metrics import compound_return, max_drawdown
from basislab.research.grid import Grid
from basislab.research.venue_runs import VenueRuns
from basislab.types.market import FloatArray, Market
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_result import PARENTS
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

if TYPE_CHECKING:
    import pandas as pd

COUNTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "rebalances": (ev.REBALANCE, ()),
    "deleverages": (ev.DELEVERAGE, ()),
    "reopenings": (ev.REOPEN, ()),
    "liquidations_long": (ev.LIQUIDATION, ("long", "both")),
    "liquidations_short": (ev.LIQUIDATION, ("short", "both")),
}
"""What is counted of a run's events: their kind, and on which legs."""

VENUE_COLUMNS = ("final", "drawdown", "lowest_debt", "naked_bars", *COUNTS, *Accounts._fields)
"""USD for amounts, fraction of the peak for the drawdown."""

PIECE_BARS = 200_000
"""Bars times configurations of a piece of work: some ten milliseconds."""


class VenuePiece(NamedTuple):
    """Configurations ``first`` to ``first + n_rows - 1``."""

    first: int
    n_rows: int


@dataclass(frozen=True, kw_only=True)
class VenueWindow:
    """Configurations of the venue engine on one window of a market.

    Parameters
    ----------
    market : Market
        Cut to the window.
    configs : tuple of VenueConfig
        Venues resolved.
    reasons : tuple of str
        Why a configuration cannot be run; empty where it can.
    """

    market: Market
    configs: tuple[VenueConfig, ...]
    reasons: tuple[str, ...]

    def pieces(self) -> list[VenuePiece]:
        """Return the work in pieces worth a worker's while."""
        size = max(1, PIECE_BARS // len(self.market))
        count = len(self.configs)
        return [VenuePiece(first, min(size, count - first)) for first in range(0, count, size)]


def venue_window(market: Market, configs: Sequence[VenueConfig]) -> VenueWindow:
    """Ask every configuration's venues whether they would have it.

    Parameters
    ----------
    market : Market
        Cut to the window; bars of any width.
    configs : sequence of VenueConfig

    Returns
    -------
    VenueWindow

    Raises
    ------
    ConfigError
        None of them can be run; the first one's reason.
    """
    runs = VenueRuns(market)
    reasons = tuple(runs.refusal(config) or "" for config in configs)
    if all(reasons):
        raise ConfigError(f"none of {len(reasons)} configurations can be run; first: {reasons[0]}")
    return VenueWindow(market=market, configs=tuple(configs), reasons=reasons)


def run_venue_piece(window: VenueWindow, piece: VenuePiece) -> dict[str, NDArray[Any]]:
    """Run a piece.

    Parameters
    ----------
    window : VenueWindow
    piece : VenuePiece

    Returns
    -------
    dict
        ``positions`` of shape (n_rows,); ``table`` of shape (n_rows, len(VENUE_COLUMNS)), NaN where
        the venues refuse.

    Raises
    ------
    LedgerError
        The books of a run do not explain its change of equity (a bug).
    """
    runs = VenueRuns(window.market)
    positions = np.arange(piece.first, piece.first + piece.n_rows)
    rows = [
        [np.nan] * len(VENUE_COLUMNS)
        if window.reasons[position]
        else _summary(runs, window.configs[position])
        for position in positions.tolist()
    ]
    return {"positions": positions, "table": np.array(rows)}


def _summary(runs: VenueRuns, config: VenueConfig) -> list[float]:
    outcome, ledger = runs.outcome(config, 0, len(runs.market))
    rows = outcome.log.rows[: outcome.log.filled[0]]
    kind, leg = rows[:, 1], rows[:, 2].astype(np.int64)
    counts = [
        int(((kind == wanted) & np.isin(leg, [LEG_NAMES.index(name) for name in legs])).sum())
        if legs
        else int((kind == wanted).sum())
        for wanted, legs in COUNTS.values()
    ]
    drawdown = max_drawdown(outcome.equity, config.capital_usd)
    accounts = [ledger.accounts[name] for name in Accounts._fields]
    head = [float(outcome.final), drawdown, float(outcome.lowest_debt), float(outcome.naked_bars)]
    return [*head, *map(float, counts), *accounts]


def venue_frame(table: FloatArray, grid: Grid[VenueConfig], window: VenueWindow) -> pd.DataFrame:
    """Return a sweep of the venue engine as a tidy DataFrame, one row a configuration.

    Parameters
    ----------
    table : ndarray of shape (n_configs, len(VENUE_COLUMNS))
    grid : Grid
    window : VenueWindow

    Returns
    -------
    DataFrame
        The swept fields; final_usd, return, annualized_return, hurdle_return, excess_return,
        max_drawdown (fractions); the ledger's parents and accounts (USD); counts; naked_bars,
        lowest_debt_usd; infeasible, the reason why there is no result, empty where there is one.
    """
    import pandas as pd

    market = window.market
    column = partial(_column, table)
    capital = np.array([config.capital_usd for config in window.configs])
    total = column("final") / capital - 1.0
    bar_days = market.bar_seconds / SECONDS_PER_DAY
    known = {
        protocol: compound_return(market.supply[protocol, market.quote].apy, bar_days)
        for protocol in {config.protocol for config in window.configs}
    }
    hurdle = np.array([known[config.protocol] for config in window.configs])
    columns: dict[str, Any] = dict(grid.columns())
    columns["final_usd"] = column("final")
    columns["return"] = total
    columns["annualized_return"] = total * DAYS_PER_YEAR / (len(market) * bar_days)
    columns["hurdle_return"] = hurdle
    columns["excess_return"] = total - hurdle
    columns["max_drawdown"] = column("drawdown")
    for parent, children in PARENTS.items():
        columns[f"{parent}_usd"] = sum(column(child) for child in children)
    for name in Accounts._fields:
        columns.setdefault(f"{name}_usd", column(name))
    for name in COUNTS:
        columns[name] = column(name)
    columns["liquidations"] = column("liquidations_long") + column("liquidations_short")
    columns["naked_bars"] = column("naked_bars")
    columns["lowest_debt_usd"] = column("lowest_debt")
    columns["infeasible"] = list(window.reasons)
    return pd.DataFrame(columns)


def _column(table: FloatArray, name: str) -> FloatArray:
    return np.asarray(table[:, VENUE_COLUMNS.index(name)])
