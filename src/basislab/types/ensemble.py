"""`Ensemble`: one configuration of the venue engine over many paths within the same days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from basislab import plotting
from basislab._version import VERSION
from basislab.errors import ConfigError
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray
from basislab.units import DAYS_PER_YEAR

LEVEL = 0.9
"""Of the interval that is shown: from the 5 % to the 95 % quantile."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What one choice made more than another on the same paths.

    Parameters
    ----------
    name : str
        What is compared, such as ``excess_return``.
    median, low, high : float, the unit of what is compared
        Over the paths of every case; the ends of the 90 % interval, the widest of the cases.
    """

    name: str
    median: float
    low: float
    high: float

    @property
    def is_ranked(self) -> bool:
        """Whether the interval leaves out zero: only then is one choice called better."""
        return self.low > 0.0 or self.high < 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """What one configuration makes on every path: an interval, because days do not say more.

    Parameters
    ----------
    config : VenueConfig
    values : mapping of str to ndarray of shape (n_cases, n_paths)
        Columns of a search: ``final_usd``, ``return``, ``excess_return``, ``max_drawdown``
        (fractions over the window), accounts (USD) and counts.
    cases : tuple of str
        What the oracle is shown of the perpetual's wicks: two bounds where the market does not say.
    nearness : str
        How near the position comes to a liquidation: "near", "middle" or "far".
    widening : float
        By how much the interval of returns is widened below its median for that: on real hours
        the paths of a bridge are too kind to trades that live near liquidation.
    hurdle_return : float, fraction
        What supplying the quote coin earned over the window.
    n_days : int
    n_paths : int
    bar_seconds, seed : int
    market_name, market_fingerprint : str
    warnings : tuple of str
    code_version : str
    """

    config: ModelConfig
    values: Mapping[str, FloatArray]
    cases: tuple[str, ...]
    nearness: str
    widening: float
    hurdle_return: float
    n_days: int
    n_paths: int
    bar_seconds: int
    seed: int
    market_name: str
    market_fingerprint: str
    warnings: tuple[str, ...] = ()
    code_version: str = VERSION

    def column(self, name: str) -> FloatArray:
        """Return one number of every path, shape (n_cases, n_paths).

        Raises
        ------
        ConfigError
            There is none of that name.
        """
        if name not in self.values:
            raise ConfigError(f"ensemble: no {name!r}; it has: {', '.join(self.values)}.")
        return self.values[name]

    def median(self, name: str = "annualized_return", case: int | None = None) -> float:
        """Return the median over the paths of one case, or of all."""
        values = self.column(name)
        return float(np.median(values if case is None else values[case]))

    def interval(
        self, name: str = "annualized_return", level: float = LEVEL, case: int | None = None
    ) -> tuple[float, float]:
        """Return the interval that holds `level` of the paths; over all cases the widest.

        The lower end of a return is widened by `widening`.

        Parameters
        ----------
        name : str
        level : float, in (0, 1)
        case : int, optional

        Returns
        -------
        low, high : float

        Raises
        ------
        ConfigError
            An unknown name, a level outside (0, 1).
        """
        if not 0.0 < level < 1.0:
            raise ConfigError(f"level: got {level}; it must be above 0 and below 1.")
        values = self.column(name)
        rows = values if case is None else values[case : case + 1]
        low, middle, high = np.quantile(rows, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=1)
        if name.endswith("return") or name == "final_usd":
            low = middle - self.widening * (middle - low)
        return float(low.min()), float(high.max())

    @property
    def excess_sign(self) -> int:
        """1 where the whole interval is above the hurdle, -1 where it is below, 0 if neither."""
        low, high = self.interval("excess_return")
        return int(low > 0.0) - int(high < 0.0)

    def versus(self, other: Ensemble, name: str = "annualized_return") -> Difference:
        """Return what this choice made more than another on the same paths.

        Parameters
        ----------
        other : Ensemble
            Of the same market, seed, bars and number of paths.
        name : str

        Returns
        -------
        Difference

        Raises
        ------
        ConfigError
            The paths are not the same, or there is no such column.
        """
        same = ("market_fingerprint", "seed", "bar_seconds", "n_paths", "n_days", "cases")
        for what in same:
            if getattr(self, what) != getattr(other, what):
                raise ConfigError(
                    f"versus: {what} differs, {getattr(self, what)!r} and "
                    f"{getattr(other, what)!r}; only runs on the same paths are compared."
                )
        paired = self.column(name) - other.column(name)
        low, middle, high = np.quantile(paired, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=1)
        widening = max(self.widening, other.widening)
        low, high = middle - widening * (middle - low), middle + widening * (high - middle)
        return Difference(
            name=name,
            median=float(np.median(paired)),
            low=float(low.min()),
            high=float(high.max()),
        )

    def probability(self, name: str = "liquidations") -> tuple[float, float]:
        """Return the share of paths on which something happened: the least and most of cases."""
        shares = (self.column(name) > 0).mean(axis=1)
        return float(shares.min()), float(shares.max())

    def to_dict(self) -> dict[str, Any]:
        """Return the ensemble as JSON-ready facts: medians and intervals, by case and together."""
        shown = ("annualized_return", "return", "excess_return", "max_drawdown", "final_usd")
        return {
            "model": self.config.model,
            "decisions": self.config.decisions(),
            "capital_usd": self.config.capital_usd,
            "market": self.market_name,
            "market_fingerprint": self.market_fingerprint,
            "days": self.n_days,
            "paths": self.n_paths,
            "bar_seconds": self.bar_seconds,
            "seed": self.seed,
            "hurdle_return": self.hurdle_return,
            "nearness": self.nearness,
            "widening": self.widening,
            "values": {name: self._facts(name) for name in shown},
            "liquidation_probability": list(self.probability()),
            "cases": {
                case: {name: self._facts(name, number) for name in shown}
                for number, case in enumerate(self.cases)
            },
            "warnings": list(self.warnings),
            "basislab": self.code_version,
        }

    def _facts(self, name: str, case: int | None = None) -> dict[str, float]:
        low, high = self.interval(name, case=case)
        return {"median": self.median(name, case), "low": low, "high": high}

    def summary(self) -> str:
        """Return what the ensemble says, as text."""
        low, high = self.interval()
        least, most = self.probability()
        hurdle = self.hurdle_return * DAYS_PER_YEAR / self.n_days
        head = (
            f"{self.market_name}, {self.n_days} days; {self.n_paths} paths of "
            f"{self.bar_seconds // 60} minutes that agree with every day, seed {self.seed}"
        )
        lines = [
            head,
            f"{'return a year':34}{self.median():+8.1%}   90 % of paths {low:+.1%} to {high:+.1%}",
        ]
        for number, case in enumerate(self.cases):
            low, high = self.interval(case=number)
            lines.append(f"  {case:32}{self.median(case=number):+8.1%}   {low:+.1%} to {high:+.1%}")
        low, high = self.interval("max_drawdown")
        lines += [
            f"{'hurdle a year':34}{hurdle:+8.1%}",
            f"{'deepest fall':34}{self.median('max_drawdown'):8.1%}   {low:.1%} to {high:.1%}",
            f"{'paths with a liquidation':34}{most:8.0%}"
            + ("" if least == most else f"   at least {least:.0%}"),
        ]
        if self.nearness == "near":
            lines.append(
                "The position comes near a liquidation: days do not say whether it is met. Import "
                "bars of an hour."
            )
        return "\n".join((*lines, *(f"warning: {text}" for text in self.warnings)))

    def plot(self, kind: str = "paths", **choices: Any) -> Any:
        """Draw the returns of all paths as an Altair chart."""
        return plotting.drawer(self, kind, **choices)

    def __repr__(self) -> str:
        low, high = self.interval()
        return (
            f"Ensemble({self.config.model} on {self.market_name!r}, {self.n_paths} paths: a year "
            f"{self.median():+.1%}, 90 % from {low:+.1%} to {high:+.1%})"
        )
