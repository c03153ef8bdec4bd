"""Parameter sweeps: one market, many configurations, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab.kernels.summary import CARRY, DRAWDOWN, FINAL, LOWEST_DEBT
from basislab.metrics import compound_return
from basislab.research.batch import COUNT_COLUMNS
from basislab.research.grid import Grid
from basislab.simulate import MODELS
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market
from basislab.types.result import Ledger
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

if TYPE_CHECKING:
    import pandas as pd

ACCOUNTS = tuple(name for name in Ledger.__dataclass_fields__ if name != "names")


def sweep_columns(
    table: FloatArray,
    grid: Grid[ModelConfig],
    market: Market,
    start: date | None = None,
    end: date | None = None,
) -> dict[str, Any]:
    """Return the tidy columns of a sweep.

    Parameters
    ----------
    table : ndarray of shape (n_configs, N_COLUMNS)
    grid : Grid
    market : Market
    start, end : date, optional
        The window that was run.

    Returns
    -------
    dict of str to sequence
        The swept fields; ``final_usd``; ``return``, ``annualized_return``, ``hurdle_return``,
        ``excess_return``, ``max_drawdown`` (fractions); the model's accounts (USD); its counts;
        ``lowest_debt_usd``.
    """
    part = market.window(start, end)
    bar_days = part.bar_seconds / SECONDS_PER_DAY
    capital = np.array([config.capital_usd for config in grid.configs])
    total = table[:, FINAL] / capital - 1.0
    hurdle = _hurdles(part, grid.configs, bar_days)
    columns: dict[str, Any] = dict(grid.columns())
    columns["final_usd"] = table[:, FINAL]
    columns["return"] = total
    columns["annualized_return"] = total * DAYS_PER_YEAR / (len(part) * bar_days)
    columns["hurdle_return"] = hurdle
    columns["excess_return"] = total - hurdle
    columns["max_drawdown"] = table[:, DRAWDOWN]
    for name in MODELS[type(grid.base)].accounts:
        columns[f"{name}_usd"] = table[:, CARRY + ACCOUNTS.index(name)]
    for name, column in COUNT_COLUMNS[grid.base.model].items():
        columns[name] = table[:, column].astype(np.int64)
    columns["lowest_debt_usd"] = table[:, LOWEST_DEBT]
    return columns


def _hurdles(part: Market, configs: Sequence[ModelConfig], bar_days: float) -> FloatArray:
    """Return what supplying the quote coin to each configuration's protocol earned."""
    known = {
        lending: compound_return(part.supply[lending, part.quote].apy, bar_days)
        for lending in {config.lending for config in configs}
    }
    return np.array([known[config.lending] for config in configs])


def sweep_frame(
    table: FloatArray,
    grid: Grid[ModelConfig],
    market: Market,
    start: date | None = None,
    end: date | None = None,
) -> pd.DataFrame:
    """Return a sweep as a tidy DataFrame, one row a configuration.

    Parameters
    ----------
    table : ndarray of shape (n_configs, N_COLUMNS)
    grid : Grid
    market : Market
    start, end : date, optional
        The window that was run.

    Returns
    -------
    DataFrame
        Columns of `sweep_columns`.
    """
    import pandas as pd

    return pd.DataFrame(sweep_columns(table, grid, market, start, end))
