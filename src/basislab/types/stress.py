"""A stress: what happens to prices, rates and venues, in shape and not in data; and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from basislab.errors import ConfigError
from basislab.types.checks import check_choice, check_number
from basislab.types.constants import DATED_TERMS
from basislab.types.faults import FAULT_KINDS, FaultKind

if TYPE_CHECKING:
    import pandas as pd

MAX_STEPS = 48
"""A shape is no copy of data: so many points at most."""

Moves = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class FaultShape:
    """Something that goes wrong within a stress; see `Fault`.

    Parameters
    ----------
    kind : {"adl", "outage", "delay", "failure", "gone"}
    from_step, to_step : int
        Of the stress, from 0; `to_step` is exclusive, and not needed by what is sudden.
    share, beyond, seconds : float
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}  # of files

    kind: FaultKind
    from_step: int = 0
    to_step: int | None = None
    share: float = 1.0
    beyond: float = 0.0
    seconds: float = 3_600.0

    def __post_init__(self) -> None:
        check_choice(self, "kind", FAULT_KINDS)


@dataclass(frozen=True, kw_only=True)
class Stress:
    """A shape that is laid over a market: every value is relative to the close before it.

    Parameters
    ----------
    name, title : str
    what : str
        What happened, in a sentence.
    date : str
        When it did; empty where it never has.
    source, fact, assumed : str
        Who says so; which parts are known; which are made up.
    step_minutes : int
        Length of a step.
    price : tuple of float
        The coin's price at the end of every step, as a multiple of the price before.
    low, high : tuple of float, optional
        Extremes within the steps, on the same scale.
    perp, oracle : tuple of float, optional
        The perpetual's and the oracle's price over the coin's, 1 where they agree.
    perp_low, perp_high : tuple of float, optional
        The perpetual's extremes, as multiples of the price before, where they are its own.
    funding_hour : tuple of float, optional, fraction of notional per hour
        Above zero longs pay shorts.
    borrow_apy : tuple of float, optional, fraction per year
        Of the quote coin.
    faults : tuple of FaultShape
    loan_field : str, optional
        One of the lender's constants that changes by `loan_change`, `loan_days` after it begins.
    loan_change : float
    loan_days : int, days
    fee_factor : float
        On the perpetual's taker fees, from the day of the beginning.
    needs : {"", "staking"}
        "staking": it means something for collateral that earns staking only.

    Raises
    ------
    ConfigError
        Shapes of unequal length, a value outside its range, a stress that changes nothing.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}  # of files

    name: str
    title: str
    what: str
    date: str = ""
    source: str
    fact: str
    assumed: str
    step_minutes: int = 60
    price: Moves
    low: Moves | None = None
    high: Moves | None = None
    perp: Moves | None = None
    oracle: Moves | None = None
    perp_low: Moves | None = None
    perp_high: Moves | None = None
    funding_hour: Moves | None = None
    borrow_apy: Moves | None = None
    faults: tuple[FaultShape, ...] = ()
    loan_field: str | None = None
    loan_change: float = 0.0
    loan_days: int = 0
    fee_factor: float = 1.0
    needs: Literal["", "staking"] = ""

    def __post_init__(self) -> None:
        n_steps = len(self.price)
        if not 1 <= n_steps <= MAX_STEPS:
            raise self._error("price", f"{n_steps} steps", f"give 1 to {MAX_STEPS}")
        if self.step_minutes < 1 or self.step_minutes > 30 * 1_440:
            raise self._error("step_minutes", self.step_minutes, "it must be 1 minute to 30 days")
        for field in ("price", "low", "high", "perp", "oracle", "perp_low", "perp_high"):
            self._check_moves(field, n_steps)
        for field in ("funding_hour", "borrow_apy"):
            self._check_length(field, n_steps)
        for values, gap in ((self.perp, "perp"), (self.oracle, "oracle")):
            if values is not None and values[-1] != 1.0:
                raise self._error(gap, values[-1], "the gap must end at 1: prices meet again")
        if self.loan_field is not None and self.loan_field not in DATED_TERMS:
            raise self._error("loan_field", self.loan_field, f"known: {', '.join(DATED_TERMS)}")
        check_number(self, "fee_factor", 0, 100, "multiple")
        if not self._changes():
            raise self._error("price", "no change at all", "a stress must change something")

    def _changes(self) -> bool:
        moves = (self.price, self.low, self.high, self.perp, self.oracle)
        return (
            any(value != 1.0 for one in moves for value in one or ())
            or any(one is not None for one in (self.funding_hour, self.borrow_apy, self.loan_field))
            or bool(self.faults)
            or self.fee_factor != 1.0
        )

    def _check_moves(self, field: str, n_steps: int) -> None:
        self._check_length(field, n_steps)
        values = getattr(self, field)
        if values is not None and not all(0.0 < value < 100.0 for value in values):
            raise self._error(field, min(values), "multiples of a price must be above 0")

    def _check_length(self, field: str, n_steps: int) -> None:
        values = getattr(self, field)
        if values is None:
            return
        if len(values) != n_steps:
            raise self._error(field, f"{len(values)} values", f"price has {n_steps}; give as many")
        if not np.all(np.isfinite(values)):
            raise self._error(field, "a value that is not finite", "give numbers")

    def _error(self, field: str, got: object, wanted: str) -> ConfigError:
        return ConfigError(f"stress {self.name!r}, {field}: got {got}; {wanted}.")

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return len(self.price) * self.step_minutes * 60

    @property
    def worst_fall(self) -> float:
        """The deepest price of the coin, as a change from the price before."""
        return min(1.0, *self.price, *(self.low or ())) - 1.0

    @property
    def worst_rise(self) -> float:
        """The highest price of the coin, as a change from the price before."""
        return max(1.0, *self.price, *(self.high or ())) - 1.0


STRESS_COLUMNS = (
    "loss",
    "worst",
    "liquidations_long",
    "liquidations_short",
    "naked_hours",
    "recovery_days",
    "long_leverage",
    "short_leverage",
)
"""Of one starting state: loss of equity a day after the stress and at its worst (fractions of the
equity before), liquidations, hours with a naked leg, days until the equity is back (NaN where it
is not within the time looked at), both legs' leverages before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StressResult:
    """What stresses do to policies, from the states that these were in.

    Parameters
    ----------
    policies : tuple of str
    stresses : tuple of Stress
    skipped : mapping of str to str
        Stresses that mean nothing here, with the reason.
    values : ndarray of shape (n_policies, n_stresses, n_starts, len(STRESS_COLUMNS))
    starts : tuple of str
        When each was begun.
    after_days : int, days
        How long the market goes on after a stress.
    market_name, market_fingerprint : str
    warnings : tuple of str
    """

    policies: tuple[str, ...]
    stresses: tuple[Stress, ...]
    skipped: Mapping[str, str]
    values: np.ndarray
    starts: tuple[str, ...]
    after_days: int
    market_name: str
    market_fingerprint: str
    warnings: tuple[str, ...] = ()

    def column(self, name: str) -> np.ndarray:
        """Return one number of every run, shape (n_policies, n_stresses, n_starts)."""
        if name not in STRESS_COLUMNS:
            raise ConfigError(f"stress: no {name!r}; there are: {', '.join(STRESS_COLUMNS)}.")
        found: np.ndarray = self.values[..., STRESS_COLUMNS.index(name)]
        return found

    def hurts_from(self, policy: int, stress: int) -> float | None:
        """Return the lowest leverage of a leg from which a liquidation was met; None if never."""
        row = self.values[policy, stress]
        long, short = (STRESS_COLUMNS.index(f"liquidations_{leg}") for leg in ("long", "short"))
        places = {leg: STRESS_COLUMNS.index(f"{leg}_leverage") for leg in ("long", "short")}
        hit = [
            row[row[:, count] > 0, places[leg]] for leg, count in (("long", long), ("short", short))
        ]
        found = np.concatenate(hit)
        return float(found.min()) if len(found) else None

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each policy and stress: medians and worsts over the starting states."""
        loss, worst = self.column("loss"), self.column("worst")
        naked, back = self.column("naked_hours"), self.column("recovery_days")
        found = []
        for place, policy in enumerate(self.policies):
            for number, stress in enumerate(self.stresses):
                at = (place, number)
                is_hit = [
                    float((self.column(f"liquidations_{leg}")[at] > 0).mean())
                    for leg in ("long", "short")
                ]
                is_back = np.isfinite(back[at])
                found.append(
                    {
                        "policy": policy,
                        "stress": stress.name,
                        "loss_median": float(np.median(loss[at])),
                        "loss_most": float(loss[at].max()),
                        "loss_least": float(loss[at].min()),
                        "worst_most": float(worst[at].max()),
                        "long_liquidated_share": is_hit[0],
                        "short_liquidated_share": is_hit[1],
                        "naked_hours_most": float(naked[at].max()),
                        "recovery_days_median": (
                            float(np.median(back[at][is_back])) if is_back.any() else None
                        ),
                        "recovered_share": float(is_back.mean()),
                        "hurts_from_leverage": self.hurts_from(place, number),
                    }
                )
        return found

    @property
    def table(self) -> pd.DataFrame:
        """The rows as a frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready facts."""
        return {
            "market": self.market_name,
            "market_fingerprint": self.market_fingerprint,
            "starts": list(self.starts),
            "after_days": self.after_days,
            "stresses": [
                {key: getattr(one, key) for key in ("name", "title", "date", "source", "fact")}
                | {"assumed": one.assumed, "fall": one.worst_fall, "rise": one.worst_rise}
                for one in self.stresses
            ],
            "skipped": dict(self.skipped),
            "results": self.rows(),
            "warnings": list(self.warnings),
        }

    def ranked(self, policy: int) -> Sequence[int]:
        """Return the places of the stresses, the one that costs a policy most first."""
        most = self.column("loss")[policy].max(axis=1)
        return [int(place) for place in np.argsort(-most, kind="stable")]

    def __repr__(self) -> str:
        return (
            f"StressResult({len(self.stresses)} stresses, {len(self.policies)} policies, "
            f"{len(self.starts)} starting states on {self.market_name!r})"
        )
