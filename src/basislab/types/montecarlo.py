"""`MonteCarlo`: what many drawn paths say of each configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from basislab import plotting
from basislab._version import VERSION
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray

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
    fan : ndarray of shape (n_marks, n_configs, n_quantiles), USD
        Quantiles of the equity at the marks.
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

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row a configuration, one column a statistic (fractions)."""
        return self._frame(self.runs[0].estimates)

    @cached_property
    def tidy(self) -> pd.DataFrame:
        """One row for every configuration, block length and statistic, with both errors."""
        import pandas as pd

        parts = []
        for run in self.runs:
            for column, name in enumerate(self.names):
                errors = self.history_errors if run is self.runs[0] else None
                parts.append(
                    pd.DataFrame(
                        dict(self.swept)
                        | {
                            "block_days": run.block_days,
                            "statistic": name,
                            "value": run.estimates[:, column],
                            "montecarlo_error": run.errors[:, column],
                            "history_error": float("nan") if errors is None else errors[:, column],
                        },
                        index=range(len(self.configs)),
                    )
                )
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
        """Draw the equity of one configuration on all paths as an Altair chart.

        Parameters
        ----------
        kind : {"fan"}
            Quantiles of the equity by day, USD, with the capital.
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

    def __repr__(self) -> str:
        return (
            f"MonteCarlo({len(self.configs)} configurations, {self.n_paths} paths of "
            f"{self.n_days} days from {self.market_name!r}, blocks of {self.block_days:.1f} days, "
            f"{'predictive' if self.is_predictive else 'plain'}, seed {self.seed})"
        )
