"""The runs behind a study, each done once however many tables show it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

from basislab.api import resolve
from basislab.presets import load_venue
from basislab.report.fields import rounded
from basislab.report.spec import StudySpec
from basislab.simulate import simulate
from basislab.types.configs import NEVER, ModelConfig, RebalanceConfig
from basislab.types.market import Market
from basislab.types.result import Result
from basislab.types.venue_config import VenueConfig

T = TypeVar("T")


class Runs:
    """A market, a study, and the results asked for so far.

    Parameters
    ----------
    market : Market
        Already cut to the study's window, in daily bars.
    stored : Market, optional
        The same window as it is stored, where its bars are narrower.
    """

    def __init__(self, market: Market, spec: StudySpec, stored: Market | None = None) -> None:
        self.market = market
        self.stored = market if stored is None else stored
        self.spec = spec
        self.run = cache(self._run)
        self._made: dict[Callable[[Runs], Any], Any] = {}

    def once(self, facts: Callable[[Runs], T]) -> T:
        """Return the facts that a function computes from these runs: at first use, rounded."""
        if facts not in self._made:
            self._made[facts] = rounded(facts(self))
        return cast("T", self._made[facts])

    def kept(self, make: Callable[[Runs], T]) -> T:
        """Return what a function makes of these runs, at first use, as it is."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast("T", self._made[make])

    def _run(self, config: ModelConfig | VenueConfig) -> Result:
        return simulate(self.market, resolve(config))  # its data are judged before

    def base(self, **changes: Any) -> dict[str, Any]:
        """Return the study's size, venue and lending protocol as config fields."""
        spec = self.spec
        fields = {"capital_usd": spec.capital_usd, "perp": spec.perp, "lending": spec.lending}
        return fields | changes

    def perps(self) -> list[str]:
        """Return the study's venues whose funding the market has, its own first."""
        names = dict.fromkeys((self.spec.perp, self.spec.rival_perp))
        return [name for name in names if load_venue(name).funding in self.market.funding]

    def capitals(self) -> list[float]:
        """Return the sizes of the matrix and the study's own, in order."""
        return sorted({*self.spec.capitals_usd, self.spec.capital_usd})

    def rebalance(self, leverage: float, **changes: Any) -> Result:
        """Return the rebalance model's run; `changes` differ from the study's own fields."""
        if changes.get("trigger") == 2 * leverage:
            changes = {key: value for key, value in changes.items() if key != "trigger"}
        return self.run(RebalanceConfig(**self.base(leverage=leverage, **changes)))

    def triggers(self, leverage: float, **changes: Any) -> list[Result]:
        """Return the rebalance model's runs over the trigger grid."""
        return [
            self.rebalance(leverage, trigger=trigger, **changes)
            for trigger in grid(self.spec, leverage)
        ]

    def best(self, leverage: float, **changes: Any) -> Result:
        """Return the run with the highest return over the grid and the default trigger."""
        tried = [*self.triggers(leverage, **changes), self.rebalance(leverage, **changes)]
        return max(tried, key=lambda result: result.final_usd)


def grid(spec: StudySpec, leverage: float) -> list[float]:
    """Return the triggers that a study tries at a leverage; those too near to it are skipped.

    Examples
    --------
    >>> grid(StudySpec(), 4.0)
    [6.0, 8.0, 10.0, 999.0]
    """
    values = [NEVER if trigger == "never" else float(trigger) for trigger in spec.triggers]
    return [value for value in values if value >= spec.min_trigger_ratio * leverage]


def trigger_of(result: Result) -> float:
    """Return the trigger of a rebalance run."""
    config = result.config
    if not isinstance(config, RebalanceConfig):
        raise TypeError(f"{config.model}: only the rebalance model has a trigger")
    return config.trigger_leverage
