"""Many configurations lowered to the tables that the kernels of `basislab.kernels.paths` read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError, LedgerError
from basislab.kernels import paths
from basislab.kernels.bars import Bars
from basislab.kernels.bootstrap import Rows
from basislab.kernels.lane import LANES
from basislab.kernels.paths import KEPT_COLUMNS, Kept, Task
from basislab.kernels.summary import CARRY, FINAL, FIRST_COUNT, N_ACCOUNTS, N_COLUMNS, TOUCHED_LEGS
from basislab.research.grid import neighbours
from basislab.simulate import LEDGER_TOLERANCE, MODELS, lower_config, lower_market
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market
from basislab.types.venue import StudyVenue
from basislab.units import SECONDS_PER_DAY

KERNELS: dict[str, Any] = {
    "static": paths.run_static,
    "rebalance": paths.run_rebalance,
    "rotation": paths.run_rotation,
    "conditional": paths.run_conditional,
}

COUNT_COLUMNS: dict[str, dict[str, int]] = {
    "static": {},
    "rebalance": {
        "rebalances": FIRST_COUNT + 1,
        "rotations": FIRST_COUNT + 3,
        "liquidations": FIRST_COUNT + 2,
    },
    "rotation": {"rotations": FIRST_COUNT, "liquidations": TOUCHED_LEGS},
    "conditional": {"opens": FIRST_COUNT, "closes": FIRST_COUNT + 4},
}
"""Where a summary row holds the counts that `Result.counts` names."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Configurations of one model that read the same series, ready to run.

    Parameters
    ----------
    model : str
    funding, lending : str
        Keys of the series.
    positions : ndarray of int64, shape (n_configs,)
        Where each configuration stands in the caller's order.
    rows : ndarray of shape (n_configs, n_params)
        Kernel parameters, neighbours alike.
    """

    model: str
    funding: str
    lending: str
    positions: NDArray[np.int64]
    rows: FloatArray


def group_configs(configs: Sequence[ModelConfig]) -> list[Group]:
    """Split configurations by model and series, and put those that act alike side by side.

    Parameters
    ----------
    configs : sequence of ModelConfig
        Venues resolved.

    Returns
    -------
    list of Group

    Raises
    ------
    ConfigError
        An unresolved venue.
    """
    members: dict[tuple[str, str, str], list[int]] = {}
    lowered: dict[int, tuple[float, ...]] = {}
    for position in neighbours(configs):
        config = configs[position]
        venue = config.perp
        if not isinstance(venue, StudyVenue):
            raise ConfigError(
                f"{type(config).__name__}.perp: got the name {venue!r}; it must be a venue here."
            )
        kernel = MODELS[type(config)].kernel
        lowered[position] = tuple(lower_config(kernel.Params, config, venue))
        key = (config.model, venue.funding, config.lending)
        members.setdefault(key, []).append(position)
    return [
        Group(
            model=model,
            funding=funding,
            lending=lending,
            positions=np.array(positions, np.int64),
            rows=np.array([lowered[position] for position in positions], np.float64),
        )
        for (model, funding, lending), positions in members.items()
    ]


def check_daily(market: Market) -> None:
    """Refuse bars that are not daily.

    Parameters
    ----------
    market : Market

    Raises
    ------
    ConfigError
        The study's models are defined on daily bars.
    """
    if market.bar_seconds != SECONDS_PER_DAY:
        raise ConfigError(
            f"market {market.name!r}: bars of {market.bar_seconds} s; the study's models are "
            "defined on daily bars (86400 s)."
        )


def empty_bars(n_bars: int) -> Bars:
    """Return bars of zeros: what a task without a given path reads the length of."""
    return Bars(*(np.zeros(n_bars) for _ in Bars._fields))


def no_rows() -> Rows:
    """Return a history of no rows, for a task with a given path."""
    return Rows(*(np.zeros(0) for _ in Rows._fields))


def new_kept(n_configs: int, n_paths: int, marks: NDArray[np.int64]) -> Kept:
    """Return room for what a chunk keeps.

    Parameters
    ----------
    n_configs, n_paths : int
    marks : ndarray of int64, shape (n_marks,)

    Returns
    -------
    Kept
    """
    return Kept(
        table=np.empty((n_configs, N_COLUMNS)),
        outcomes=np.empty((len(KEPT_COLUMNS), n_configs, n_paths)),
        fan=np.empty((len(marks), n_configs, n_paths), np.float32),
        hurdle=np.empty(n_paths),
        marks=marks,
    )


@dataclass(frozen=True, kw_only=True)
class Window:
    """Configurations on one window of a market, lowered.

    Parameters
    ----------
    groups : tuple of Group
    bars : tuple of Bars
        What each group runs on.
    n_configs : int
    """

    groups: tuple[Group, ...]
    bars: tuple[Bars, ...]
    n_configs: int


class Piece(NamedTuple):
    """Rows ``first`` to ``first + n_rows - 1`` of one group."""

    group: int
    first: int
    n_rows: int


def lower_window(
    market: Market,
    configs: Sequence[ModelConfig],
    start: date | None = None,
    end: date | None = None,
) -> Window:
    """Lower configurations and one window of a market.

    Parameters
    ----------
    market : Market
        Daily bars.
    configs : sequence of ModelConfig
        Venues resolved.
    start, end : date, optional
        First and last day, inclusive.

    Returns
    -------
    Window

    Raises
    ------
    ConfigError
        A window outside the market, bars that are not daily, an unresolved venue.
    DataError
        The market lacks a series.
    """
    check_daily(market)
    part = market.window(start, end)
    groups = tuple(group_configs(configs))
    lowered = [lower_market(part, group.funding, group.lending) for group in groups]
    bars = tuple(Bars(*(np.array(values) for values in one)) for one in lowered)
    return Window(groups=groups, bars=bars, n_configs=len(configs))


def window_pieces(window: Window) -> list[Piece]:
    """Split a window's configurations into pieces worth a worker's while.

    Parameters
    ----------
    window : Window

    Returns
    -------
    list of Piece
    """
    pieces = []
    for number, group in enumerate(window.groups):
        size = max(LANES, MIN_PIECE_BARS // len(window.bars[number].close) // LANES * LANES)
        pieces += [
            Piece(number, first, min(size, len(group.rows) - first))
            for first in range(0, len(group.rows), size)
        ]
    return pieces


MIN_PIECE_BARS = 4_000_000
"""Bars times configurations of a piece: about ten milliseconds of the lanes."""


def run_piece(window: Window, piece: Piece) -> dict[str, NDArray[Any]]:
    """Run a piece.

    Parameters
    ----------
    window : Window
    piece : Piece

    Returns
    -------
    dict
        ``positions`` of shape (n_rows,); ``table`` of shape (n_rows, N_COLUMNS): summaries
        (`basislab.kernels.summary.COLUMNS`).

    Raises
    ------
    LedgerError
        The books of a run do not explain its change of equity (a bug).
    """
    group = window.groups[piece.group]
    part = slice(piece.first, piece.first + piece.n_rows)
    rows = group.rows[part]
    kept = new_kept(len(rows), 1, np.zeros(0, np.int64))
    task = Task(0, 0, 1, 1.0, 1.0, is_given=True)
    KERNELS[group.model](rows, window.bars[piece.group], no_rows(), task, kept)
    check_books(kept.table, rows[:, 0])
    return {"positions": group.positions[part], "table": kept.table}


def check_books(table: FloatArray, capital: FloatArray) -> None:
    """Raise where the accounts do not explain the change of equity.

    Parameters
    ----------
    table : ndarray of shape (n_configs, N_COLUMNS)
    capital : ndarray of shape (n_configs,), USD

    Raises
    ------
    LedgerError
        More than `LEDGER_TOLERANCE` of capital (or turnover) is unexplained: a bug.
    """
    accounts = table[:, CARRY : CARRY + N_ACCOUNTS]
    unexplained = np.abs(accounts.sum(axis=1) - (table[:, FINAL] - capital))
    allowed = LEDGER_TOLERANCE * np.maximum(capital, np.abs(accounts).sum(axis=1))
    if not (unexplained <= allowed).all():
        worst = int(np.argmax(unexplained / allowed))
        raise LedgerError(
            f"configuration {worst}: {unexplained[worst]:.3g} USD are unexplained by the accounts. "
            "This is a bug; please report it with the run."
        )
