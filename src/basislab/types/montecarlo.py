"""`MonteCarlo`: what many drawn paths say of each configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from basislab import plotting
from basislab._version import VERSION
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray
from basislab.units import SECONDS_PER_DAY

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd


class BlockRun(NamedTuple):
    """Estimates for one mean block length; arrays of shape (n_configs, n_stats)."""

    block_days: float
    estimates: FloatArray
    errors: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MonteCarlo:
    """Statistics of many configurations over jointly bootstrapped paths.

    Parameters
    ----------
    configs : tuple of ModelConfig
    swept : mapping of str to sequence
        Value of every swept field for every configuration.
    names : tuple of str
        The statistics.
    runs : tuple of BlockRun
        With the chosen block length first; then with half and twice of it.
    history_errors : ndarray of shape (n_configs, n_stats) or None
        Standard error from having one history; None where it was not asked for.
    intraday_errors : ndarray of shape (n_configs, n_stats) or None
        Standard error from not knowing what happened within the days of a daily market; None where
        bars are narrower, for the study's models, and where no history error was asked for.
    beside : BlockRun or None
        The same from days like today where `runs` begin on any, or the other way round; None where
        no path was to begin from now.
    is_conditional : bool
        Whether the paths of `runs` begin on days before which it was much like today.
    fan : ndarray of shape (n_marks, n_configs, n_quantiles), USD
        Quantiles of the equity at the marks.
    plain_fan : ndarray of the same shape or None
        The same without predictive draws: levels as in the history; None where `fan` is so itself,
        and where no history error was asked for.
    fan_days : tuple of int
        Days of the marks, from 1.
    fan_levels : tuple of float
    horizons : tuple of int, days
    n_paths, n_days, n_rows : int
        Paths, days of a path, days of the history that can be drawn.
    block_by_series : mapping of str to float, days
        Best block length of every series; empty where it was given.
    seed : int
    shift : mapping of str to float
        The scenario; empty for the history as it was.
    is_predictive : bool
        Whether every path's levels were shifted by what one history leaves open.
    market_name, market_fingerprint : str
    from_day : date or None
        The day after which paths begin from what was known then, or from what was held.
    bar_seconds : int
        Width of the bars that were run.
    warnings : tuple of str
        What is odd in the market's data.
    code_version : str
    """

    configs: tuple[ModelConfig, ...]
    swept: Mapping[str, Sequence[Any]]
    names: tuple[str, ...]
    runs: tuple[BlockRun, ...]
    history_errors: FloatArray | None
    fan: FloatArray
    fan_days: tuple[int, ...]
    fan_levels: tuple[float, ...]
    horizons: tuple[int, ...]
    n_paths: int
    n_days: int
    n_rows: int
    block_by_series: Mapping[str, float]
    seed: int
    shift: Mapping[str, float]
    is_predictive: bool
    market_name: str
    market_fingerprint: str
    intraday_errors: FloatArray | None = None
    beside: BlockRun | None = None
    is_conditional: bool = False
    plain_fan: FloatArray | None = None
    from_day: date | None = None
    bar_seconds: int = SECONDS_PER_DAY
    warnings: tuple[str, ...] = ()
    code_version: str = VERSION

    @property
    def block_days(self) -> float:
        """Mean block length."""
        return self.runs[0].block_days

    def value(self, name: str, config: int = 0) -> float:
        """Return one statistic of one configuration.

        Parameters
        ----------
        name : str
        config : int

        Returns
        -------
        float
        """
        return float(self.runs[0].estimates[config, self.names.index(name)])

    def errors(self, name: str, config: int = 0) -> dict[str, float]:
        """Return the standard errors of one statistic, kept apart by where they come from.

        Parameters
        ----------
        name : str
        config : int

        Returns
        -------
        dict of str to float
            ``montecarlo`` always, ``history`` and ``intraday`` where they are known.
        """
        parts = {
            "montecarlo": self.runs[0].errors,
            "history": self.history_errors,
            "intraday": self.intraday_errors,
        }
        place = self.names.index(name)
        return {k: float(part[config, place]) for k, part in parts.items() if part is not None}

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a configuration, one column a statistic (fractions)."""
        return self._frame(self.runs[0].estimates)

    @cached_property
    def tidy(self) -> pd.DataFrame:
        """One row for every configuration, block length and statistic, with its errors."""
        import pandas as pd

        parts = []
        for run in (*self.runs, *([] if self.beside is None else [self.beside])):
            for column, name in enumerate(self.names):
                is_first = run is self.runs[0]
                row: dict[str, Any] = dict(self.swept) | {
                    "block_days": run.block_days,
                    "statistic": name,
                    "value": run.estimates[:, column],
                    "montecarlo_error": run.errors[:, column],
                    "history_error": _column(self.history_errors if is_first else None, column),
                }
                if self.intraday_errors is not None:
                    known = self.intraday_errors if is_first else None
                    row["intraday_error"] = _column(known, column)
                if self.beside is not None:
                    row["is_conditional"] = self.is_conditional == (run is not self.beside)
                parts.append(pd.DataFrame(row, index=range(len(self.configs))))
        return self._noted(pd.concat(parts, ignore_index=True))

    @cached_property
    def fan_frame(self) -> pd.DataFrame:
        """Equity quantiles, USD: one row for every configuration and mark."""
        import pandas as pd

        parts = [
            pd.DataFrame(
                dict(self.swept)
                | {"day": day}
                | {
                    f"equity_p{round(100 * level):02d}_usd": self.fan[mark, :, column]
                    for column, level in enumerate(self.fan_levels)
                },
                index=range(len(self.configs)),
            )
            for mark, day in enumerate(self.fan_days)
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(dict(self.swept))

    def plot(self, kind: str = "fan", *, config: int = 0) -> alt.Chart | alt.LayerChart:
        """Draw one configuration on all paths as an Altair chart.

        Parameters
        ----------
        kind : {"fan", "liquidation"}
            "fan": quantiles of the equity by day, USD, with the capital, and where they would lie
            with levels as in the history. "liquidation": its probability by leg and horizon, with
            two standard errors, all kinds together.
        config : int
            Row of `summary`.

        Returns
        -------
        altair.Chart or altair.LayerChart

        Raises
        ------
        ConfigError
            An unknown kind, or no such configuration.
        """
        return plotting.drawer(self, kind, config=config)  # type: ignore[no-any-return]

    def _frame(self, values: FloatArray) -> pd.DataFrame:
        import pandas as pd

        columns: dict[str, Any] = dict(self.swept)
        columns |= {name: values[:, column] for column, name in enumerate(self.names)}
        return self._noted(pd.DataFrame(columns, index=range(len(self.configs))))

    def _noted(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Give a table what is odd in the data, as a sweep has it."""
        frame.attrs["warnings"] = list(self.warnings)
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return all statistics, JSON-ready: by configuration each value with its errors.

        Returns
        -------
        dict
            ``configurations`` in the order of `configs`; a number that is not known is null.
        """
        return {
            "market": self.market_name,
            "market_fingerprint": self.market_fingerprint,
            "paths": self.n_paths,
            "days": self.n_days,
            "history_days": self.n_rows,
            "block_days": self.block_days,
            "bar_seconds": self.bar_seconds,
            "seed": self.seed,
            "draws": "predictive" if self.is_predictive else "plain",
            "shift": dict(self.shift),
            "from": None if self.from_day is None else self.from_day.isoformat(),
            "is_conditional": self.is_conditional,
            "configurations": [self._facts(number) for number in range(len(self.configs))],
            "warnings": list(self.warnings),
            "basislab": self.code_version,
        }

    def _facts(self, number: int) -> dict[str, Any]:
        """Return one configuration's statistics, JSON-ready."""
        config, beside = self.configs[number], self.beside
        facts: dict[str, Any] = {
            "model": config.model,
            "capital_usd": config.capital_usd,
            "swept": {name: _plain(values[number]) for name, values in self.swept.items()},
            "statistics": {
                name: {"value": _plain(self.value(name, number))}
                | {f"{k}_error": _plain(v) for k, v in self.errors(name, number).items()}
                for name in self.names
            },
        }
        if beside is not None:
            facts["unconditional" if self.is_conditional else "conditional"] = {
                name: _plain(float(beside.estimates[number, column]))
                for column, name in enumerate(self.names)
            }
        return facts

    def __repr__(self) -> str:
        return (
            f"MonteCarlo({len(self.configs)} configurations, {self.n_paths} paths of "
            f"{self.n_days} days from {self.market_name!r}, blocks of {self.block_days:.1f} days, "
            f"{'predictive' if self.is_predictive else 'plain'}, seed {self.seed})"
        )


def _column(values: FloatArray | None, column: int) -> Any:
    return float("nan") if values is None else values[:, column]


def _plain(value: Any) -> Any:
    """Return a number or a word; what is not finite is null."""
    if isinstance(value, float) and not isfinite(value):
        return None
    return value
