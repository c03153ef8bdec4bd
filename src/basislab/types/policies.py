"""`PolicyComparison`: what every policy made on the same paths, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab import plotting
from basislab._version import VERSION
from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.ensemble import LEVEL, Difference
from basislab.types.levered import Leverages
from basislab.types.market import FloatArray
from basislab.types.policy_parts import GATED, Cell, Gates, Policy, Starts
from basislab.types.policy_words import sentences
from basislab.types.venue_config import VenueConfig

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyComparison:
    """Every policy of the lab on the same paths, with the same costs, looks and starts.

    Parameters
    ----------
    policies : tuple of Policy
    configs : tuple of VenueConfig
        What was run, one a policy.
    refused : mapping of str to str
        Policies that the venues would not open, and why.
    reference : str
        The policy that others are compared with.
    values : mapping of str to ndarray of shape (n_policies, n_paths)
        annualized_return, excess_return (fractions a year, simple), max_drawdown, worst_30d,
        worst_90d (fractions), costs (fraction of the capital a year), time_in_market (fraction of
        the bars), exposure (mean notional of a leg over the equity), moves, entries, liquidations
        (counts), naked_days (days).
    draws : ndarray of shape (n_cases, n_draws, n_policies + 1)
        Resampled returns a year, the hurdle's last: of every draw the same days, of the same path.
        What the oracle may have seen of a daily market's wicks is a case; intervals are the widest
        of them.
    n_histories : int
        Histories drawn anew on which everything was run again, for each case; 0: only days of what
        was run were drawn.
    block_days : float, days
        Mean length of the blocks of days that are drawn.
    widenings : ndarray of shape (n_policies,)
        By how much the distance of an interval's ends from its middle is widened, because paths of
        a bridge are too kind to trades that live near liquidation.
    curves : ndarray of shape (n_policies, n_days)
        Equity over capital at the end of every day, on the first path.
    days : tuple of str
    hurdle_return : float, fraction a year
    bound_return : ndarray of shape (n_paths,), fraction a year
        The bound with foresight.
    bound_in_market : float, fraction of the bars
    pairs : tuple of Leverages
        Those that the bound chooses from.
    starts : Starts
    cells : tuple of Cell
        The map of bands and leverages.
    n_paths, seed : int
    bar_seconds : int
    is_bridged : bool
        Whether the paths are within the days of a daily market; else they are its own bars.
    market_name, market_fingerprint : str
    warnings : tuple of str
    code_version : str
    """

    policies: tuple[Policy, ...]
    configs: tuple[VenueConfig, ...]
    refused: Mapping[str, str]
    reference: str
    values: Mapping[str, FloatArray]
    draws: FloatArray
    n_histories: int
    block_days: float
    widenings: FloatArray
    curves: FloatArray
    days: tuple[str, ...]
    hurdle_return: float
    bound_return: FloatArray
    bound_in_market: float
    pairs: tuple[Leverages, ...]
    starts: Starts
    cells: tuple[Cell, ...]
    n_paths: int
    seed: int
    bar_seconds: int
    is_bridged: bool
    market_name: str
    market_fingerprint: str
    warnings: tuple[str, ...] = ()
    code_version: str = VERSION

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the policies that ran, in the lab's order."""
        return tuple(policy.name for policy in self.policies)

    def index(self, name: str) -> int:
        """Return where a policy stands.

        Raises
        ------
        ConfigError
            There is none of that name.
        """
        if name not in self.names:
            why = f": {self.refused[name]}" if name in self.refused else nearest(name, self.names)
            raise ConfigError(
                f"policy: got {name!r}{why}; it must be one of {', '.join(self.names)}."
            )
        return self.names.index(name)

    def value(self, name: str, column: str) -> float:
        """Return one number of a policy, the median over the paths.

        Parameters
        ----------
        name : str
        column : str
            A key of `values`.
        """
        return float(np.median(self.values[column][self.index(name)]))

    def interval(self, name: str) -> Difference:
        """Return what a policy made above the hurdle a year: the middle and the 90 % interval."""
        return self._difference([self.index(name)], [len(self.policies)])

    def versus(self, name: str, other: str | None = None) -> Difference:
        """Return what a policy made a year more than another one on the same days and paths.

        The interval is that of the difference. Of two policies that were in the same market it is
        much narrower than the intervals of the two.

        Parameters
        ----------
        name : str
        other : str, optional
            The reference by default.

        Returns
        -------
        Difference
            ``is_ranked`` where the interval leaves out zero.

        Raises
        ------
        ConfigError
            There is no policy of that name.
        """
        return self._difference([self.index(name)], [self.index(other or self.reference)])

    def _difference(self, some: Sequence[int], others: Sequence[int]) -> Difference:
        """Return the mean of some columns of the draws less that of others."""
        paired = self.draws[..., some].mean(axis=2) - self.draws[..., others].mean(axis=2)
        low, middle, high = np.quantile(paired, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=1)
        widening = max(self.widenings[one] for one in (*some, *others) if one < len(self.policies))
        low, high = middle - widening * (middle - low), middle + widening * (high - middle)
        return Difference(
            name="annualized_return",
            median=float(np.median(paired)),
            low=float(low.min()),
            high=float(high.max()),
        )

    def kept(self, name: str) -> float:
        """Return the share of the attainable excess that a policy kept; NaN where there is none.

        ``excess / (bound - hurdle)``, the median over the paths; what it lacks to 1 is the regret.
        """
        attainable = self.bound_return - self.hurdle_return
        excess = self.values["excess_return"][self.index(name)]
        if (attainable <= 0.0).any():
            return float("nan")
        return float(np.median(excess / attainable))

    def standing(self, name: str) -> str:
        """Return "better", "worse" or "not told apart", against the reference; or "reference"."""
        if name == self.reference:
            return "reference"
        found = self.versus(name)
        if not found.is_ranked:
            return "not told apart"
        return "better" if found.low > 0.0 else "worse"

    @property
    def gates(self) -> Gates | None:
        """What the gates bought, over all policies that ran with and without; None without any."""
        gated = [one.name for one in self.policies if one.is_gated and one.ungated in self.names]
        if not gated:
            return None
        plain = [name.removesuffix(GATED) for name in gated]
        inside, exposure = (
            (self._mean(column, gated), self._mean(column, plain))
            for column in ("time_in_market", "exposure")
        )
        found = self._difference(
            [self.index(one) for one in gated], [self.index(one) for one in plain]
        )
        return Gates(len(gated), inside, exposure, found)

    def _mean(self, column: str, names: Sequence[str]) -> float:
        return float(np.mean([self.value(name, column) for name in names]))

    @property
    def table(self) -> pd.DataFrame:
        """One row a policy, in the lab's order: its values, intervals, regret and standing.

        Beside the columns of `values`: family, is_gated; excess_low, excess_high; kept;
        difference, difference_low, difference_high (fractions a year, against the reference) and
        standing; start_excess_p25 and start_excess_p50 over the start days (fractions over the
        horizon), start_above (share of them above the hurdle) and start_liquidated.
        """
        import pandas as pd

        return pd.DataFrame(
            [self._row(number) for number in range(len(self.policies))],
            index=pd.Index(self.names, name="policy"),
        )

    def _row(self, number: int) -> dict[str, Any]:
        policy, name = self.policies[number], self.policies[number].name
        excess, found = self.interval(name), self.versus(name)
        begun = self.starts.excess[number]
        p25, p50 = np.quantile(begun, [0.25, 0.5]) if begun.size else (np.nan, np.nan)
        row: dict[str, Any] = {"family": policy.family, "is_gated": policy.is_gated}
        row |= {column: self.value(name, column) for column in self.values}
        return row | {
            "excess_low": excess.low,
            "excess_high": excess.high,
            "kept": self.kept(name),
            "difference": found.median,
            "difference_low": found.low,
            "difference_high": found.high,
            "standing": self.standing(name),
            "start_excess_p25": float(p25),
            "start_excess_p50": float(p50),
            "start_above": float((begun > 0.0).mean()) if begun.size else float("nan"),
            "start_liquidated": (
                float(self.starts.is_liquidated[number].mean()) if begun.size else float("nan")
            ),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-ready facts; what cannot be said is null."""
        rows = self.table.reset_index().to_dict("records")
        return {
            "market": self.market_name,
            "market_fingerprint": self.market_fingerprint,
            "days": len(self.days),
            "paths": self.n_paths,
            "is_bridged": self.is_bridged,
            "bar_seconds": self.bar_seconds,
            "seed": self.seed,
            "leverages": list(self.configs[0].leverages),
            "capital_usd": self.configs[0].capital_usd,
            "reference": self.reference,
            "hurdle_return": self.hurdle_return,
            "bound": {
                "annualized_return": float(np.median(self.bound_return)),
                "time_in_market": self.bound_in_market,
                "leverages": [list(pair) for pair in self.pairs],
            },
            "histories": self.n_histories,
            "block_days": self.block_days,
            "horizon_days": self.starts.horizon_days,
            "start_days": len(self.starts.days),
            "policies": [{key: _plain(value) for key, value in row.items()} for row in rows],
            "map": [
                {
                    "long_leverage": cell.leverages.long,
                    "short_leverage": cell.leverages.short,
                    "band": cell.band,
                    "excess_return": cell.excess_return,
                    "is_plateau": cell.is_plateau,
                }
                for cell in self.cells
            ],
            "gates": _gate_facts(self.gates),
            "refused": dict(self.refused),
            "warnings": list(self.warnings),
            "basislab": self.code_version,
        }

    def summary(self) -> str:
        """Return what the lab found, as text."""
        return "\n".join((*sentences(self), *(f"warning: {text}" for text in self.warnings)))

    def plot(self, kind: str = "frontier", **choices: Any) -> Any:
        """Draw the comparison as an Altair chart.

        Parameters
        ----------
        kind : {"frontier", "regret", "differences", "map", "fan"}
        **choices
            fan: ``policies``, up to four names.
        """
        return plotting.drawer(self, kind, **choices)

    def __repr__(self) -> str:
        return (
            f"PolicyComparison({len(self.policies)} policies on {self.market_name!r}, "
            f"{len(self.days)} days, reference {self.reference!r})"
        )


def _plain(value: Any) -> Any:
    """Return a cell as JSON takes it: numbers of Python, null for what is none."""
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain


def _gate_facts(gates: Gates | None) -> dict[str, Any] | None:
    if gates is None:
        return None
    found = gates.difference
    return {
        "policies": gates.n_pairs,
        "time_in_market": list(gates.in_market),
        "exposure": list(gates.exposure),
        "difference": {"median": found.median, "low": found.low, "high": found.high},
        "bought": gates.bought,
    }
