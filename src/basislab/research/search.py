"""Searches: one market, many configurations of any model, one row each."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from basislab.errors import ConfigError
from basislab.metrics import compound_return
from basislab.research.grid import Grid
from basislab.simulate import MODELS, Model, lowered_bars, model_of
from basislab.simulate.rates import hurdle_apy
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, IntArray, Market
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Group:
    """Configurations of one model that read the same series, which `config`, one of them, names.

    ``rows`` are as the model's ``table`` takes them, neighbours alike; ``positions``, of shape
    (n_configs,), say where each stands in the caller's order.
    """

    config: ModelConfig
    series: Any
    positions: IntArray
    rows: Any


class Piece(NamedTuple):
    """Rows ``first`` to ``first + n_rows - 1`` of one group."""

    group: int
    first: int
    n_rows: int


@dataclass(frozen=True, kw_only=True)
class Window:
    """Configurations on a market cut to a window; ``groups`` hold those that can be run.

    ``reasons`` say why a configuration cannot, and are empty where it can.
    """

    market: Market
    configs: tuple[ModelConfig, ...]
    reasons: tuple[str, ...]
    groups: tuple[Group, ...]

    def lowered(self, group: int) -> Any:
        """Return what the kernel reads for a group."""
        return lowered_bars(self.market, self.groups[group].config)

    @property
    def n_refused(self) -> int:
        """How many configurations cannot be run."""
        return sum(map(bool, self.reasons))

    def pieces(self) -> list[Piece]:
        """Return the work in pieces worth a worker's while."""
        found = []
        for number, group in enumerate(self.groups):
            model, count = model_of(group.config), len(group.positions)
            lanes = model.lanes
            size = max(lanes, model.piece_bars // len(self.market) // lanes * lanes)
            found += [
                Piece(number, first, min(size, count - first)) for first in range(0, count, size)
            ]
        return found


def group_configs(
    configs: Sequence[ModelConfig], positions: Sequence[int] | None = None
) -> list[Group]:
    """Split configurations, or those at `positions`, by model and series; alike ones together.

    Lanes that fire on the same bar share its cost: the same trigger and leverage are neighbours.
    """

    def alike(position: int) -> tuple[float, float, float]:
        config = configs[position]
        return config.leverage, getattr(config, "trigger_leverage", 0.0), config.capital_usd

    members: dict[tuple[type, Hashable], list[int]] = {}
    for position in sorted(range(len(configs)) if positions is None else positions, key=alike):
        config = configs[position]
        key = (type(config), model_of(config).series(config))
        members.setdefault(key, []).append(position)
    return [
        Group(
            config=configs[found[0]],
            series=series,
            positions=np.array(found, np.int64),
            rows=MODELS[kind].rows([configs[position] for position in found]),
        )
        for (kind, series), found in members.items()
    ]


def open_window(market: Market, configs: Sequence[ModelConfig]) -> Window:
    """Group configurations by what they read, and ask venues that may refuse one.

    Raises
    ------
    ConfigError
        Bars that a model is not defined on, an unresolved venue, no configuration that can be run.
    """
    for kind in {type(config): config for config in configs}.values():
        model_of(kind).check_market(market)
    reasons = tuple(refusal(market, config) or "" for config in configs)
    if all(reasons):
        raise ConfigError(f"none of {len(reasons)} configurations can be run; first: {reasons[0]}")
    possible = [position for position, reason in enumerate(reasons) if not reason]
    groups = tuple(group_configs(configs, possible))
    return Window(market=market, configs=tuple(configs), reasons=reasons, groups=groups)


def refusal(market: Market, config: ModelConfig) -> str | None:
    """Return why a configuration cannot be run on these bars, or None."""
    model = model_of(config)
    if not model.refuses:
        return None
    try:
        model.check(market, config)
    except ConfigError as error:
        return str(error)
    return None


def run_piece(window: Window, piece: Piece) -> dict[str, NDArray[Any]]:
    """Run a piece: ``positions`` of its rows, and their ``table`` of the model's columns."""
    group = window.groups[piece.group]
    model, part = model_of(group.config), slice(piece.first, piece.first + piece.n_rows)
    bars = window.lowered(piece.group)
    table = model.table(group.rows[part], bars, window.market.bar_seconds)
    return {"positions": group.positions[part], "table": table}


def search_frame(
    table: FloatArray, grid: Grid[Any], window: Window, positions: IntArray | None = None
) -> pd.DataFrame:
    """Return a search as a tidy DataFrame, one row a configuration; NaN where it was refused.

    The swept fields; final_usd; return, annualized_return, hurdle_return, excess_return and
    max_drawdown (fractions); the model's accounts (USD) and counts; where venues may refuse also
    ``infeasible``, the reason why there is no result, empty where there is one. With `positions`,
    those configurations alone, which the rows of the table are of.
    """
    import pandas as pd

    model, market = model_of(grid.base), window.market
    every = range(len(window.configs)) if positions is None else positions
    configs = tuple(window.configs[position] for position in every)
    capital = np.array([config.capital_usd for config in configs])
    final = _column(model, table, "final")
    total, hurdle = final / capital - 1.0, _hurdles(market, configs)
    days = len(market) * (market.bar_seconds / SECONDS_PER_DAY)
    columns: dict[str, Any] = dict(replace(grid, configs=configs).columns())
    columns["final_usd"] = final
    columns["return"] = total
    columns["annualized_return"] = total * DAYS_PER_YEAR / days
    columns["hurdle_return"] = hurdle
    columns["excess_return"] = total - hurdle
    columns["max_drawdown"] = _column(model, table, "drawdown")
    for name, parts in model.shown.items():
        values, *others = (_column(model, table, part) for part in parts)
        for other in others:
            values = values + other
        is_whole = name in model.counted and not model.refuses  # NaN is no whole number
        columns[name] = values.astype(np.int64) if is_whole else values
    if model.refuses:
        columns["infeasible"] = [window.reasons[position] for position in every]
    return pd.DataFrame(columns)


def _column(model: Model, table: FloatArray, name: str) -> FloatArray:
    return np.asarray(table[:, model.columns.index(name)])


def _hurdles(market: Market, configs: Sequence[ModelConfig]) -> FloatArray:
    """Return what supplying the quote coin to each configuration's protocol earned."""
    protocols = [config.protocol for config in configs]
    bar_days = market.bar_seconds / SECONDS_PER_DAY
    known = {
        protocol: compound_return(hurdle_apy(market, protocol), bar_days)
        for protocol in set(protocols)
    }
    return np.array([known[protocol] for protocol in protocols])
