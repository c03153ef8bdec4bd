"""What the facts of the venue engine consist of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from basislab.report.fields import (
    ANNUALIZED,
    CONSTANT,
    COUNT,
    DAYS,
    DISTANCE,
    DRAWDOWN,
    FRACTION,
    LEG_LEVERAGE,
    LEVERAGE,
    RETURN,
    SECONDS,
    TRIGGER,
    USD,
    inline,
    unit,
)

ENGINE, PESSIMISTIC, OWN, KEPT = "engine", "worse order", "own trigger", "size kept"
"""What the engine's runs are called beside the study's models."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Whose rules a role follows."""

    role: str
    name: str
    title: str
    assumed_count: int = unit(COUNT)
    constants_count: int = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A leverage that cannot be opened."""

    leverage: float = unit(LEVERAGE)
    why: str


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A run beside others; None where a model does not know it."""

    model: str
    used_trigger: float | None = unit(TRIGGER)
    final_usd: float = unit(USD)
    net_usd: float = unit(USD)
    total_return: float = unit(RETURN)
    annualized: float = unit(ANNUALIZED)
    excess_annualized: float = unit(ANNUALIZED)
    drawdown: float = unit(DRAWDOWN)
    long_liquidations_count: int | None = unit(COUNT)
    short_liquidations_count: int | None = unit(COUNT)
    naked_days: float | None = unit(DAYS)
    naked_usd: float | None = unit(USD)
    borne_usd: float = unit(USD)
    borne_annualized: float = unit(ANNUALIZED)
    fees_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class LedgerRow:
    """An account of both ledgers."""

    account: str
    study_usd: float = unit(USD)
    engine_usd: float = unit(USD)
    gap_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class DeathRow:
    """How a leg dies, as it was opened; the distance is down for the long, up for the short."""

    leg: str
    price_usd: float = unit(USD)
    price_distance: float = unit(DISTANCE)
    cost_usd: float = unit(USD)
    leg_share: float = unit(FRACTION)
    death_leverage: float = unit(LEG_LEVERAGE)

    @property
    def away(self) -> float:
        """The price move from the opening, signed."""
        return -self.price_distance if self.leg == "long" else self.price_distance


@dataclass(frozen=True, kw_only=True)
class ConstantRow:
    """An assumed constant, and the return at the ends of its range."""

    role: str
    name: str
    field: str
    value_constant: float = unit(CONSTANT)
    low_constant: float = unit(CONSTANT)
    high_constant: float = unit(CONSTANT)
    low_annualized: float | None = unit(ANNUALIZED)
    high_annualized: float | None = unit(ANNUALIZED)
    span_annualized: float = unit(ANNUALIZED)
    is_deciding: bool

    @property
    def title(self) -> str:
        """Its preset and its name in words."""
        return constant_title(self.name, self.field)


def constant_title(preset: str, field: str) -> str:
    """Return a constant of a preset in words.

    Examples
    --------
    >>> constant_title("kamino", "liquidation_ltv"), constant_title("asgard", "cost_bps")
    ('kamino: liquidation LTV', 'asgard: cost, bps')
    """
    name = field.replace("_", " ").replace("ltv", "LTV")
    for ending, written in ((" usd", ", USD"), (" bps", ", bps")):
        if name.endswith(ending):
            name = name.removesuffix(ending) + written
    return f"{preset}: {name}"


@dataclass(frozen=True, kw_only=True)
class Open:
    """What daily bars leave open: counts, and what each may be worth."""

    both_count: int = unit(COUNT)
    hit_count: int = unit(COUNT)
    order_usd: float = unit(USD)
    transfers_count: int = unit(COUNT)
    prompt_usd: float = unit(USD)
    funding_usd: float = unit(USD)
    steps_annualized: float | None = unit(ANNUALIZED)


@dataclass(frozen=True, kw_only=True)
class RungRow:
    """A convention of the study dropped; `alone_usd` is what it changes by itself."""

    convention: str
    final_usd: float = unit(USD)
    change_usd: float = unit(USD)
    alone_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class LadderFacts:
    """From the study's result to the engine's."""

    study_usd: float = unit(USD)
    parity_usd: float = unit(USD)
    engine_usd: float = unit(USD)
    rungs: tuple[RungRow, ...]


@dataclass(frozen=True, kw_only=True)
class CaseRow:
    """What an engine's run makes where the oracle sees so much of the wicks: median, 5 to 95 %."""

    case: str
    median_annualized: float = unit(ANNUALIZED)
    low_annualized: float = unit(ANNUALIZED)
    high_annualized: float = unit(ANNUALIZED)
    liquidated_share: float = unit(FRACTION)


@dataclass(frozen=True, kw_only=True)
class PathsRow:
    """What the engine makes on paths within the days, or on bars narrower than a day."""

    model: str
    median_annualized: float = unit(ANNUALIZED)
    low_annualized: float = unit(ANNUALIZED)
    high_annualized: float = unit(ANNUALIZED)
    hurdle_annualized: float = unit(ANNUALIZED)
    drawdown: float = unit(DRAWDOWN)
    least_liquidated_share: float = unit(FRACTION)
    most_liquidated_share: float = unit(FRACTION)
    nearness: str
    paths_count: int = unit(COUNT)
    cases: tuple[CaseRow, ...]

    @property
    def is_interval(self) -> bool:
        """Whether it was run on paths, and not on the market's own bars."""
        return self.paths_count > 1

    @property
    def verdict(self) -> str:
        """Whether it beats the hurdle: only where the whole interval does."""
        if self.low_annualized > self.hurdle_annualized:
            return "beats"
        return "may or may not beat" if self.high_annualized > self.hurdle_annualized else "misses"


@dataclass(frozen=True, kw_only=True)
class EngineRun:
    """A leverage of the study by the venues' own rules."""

    leverage: float = unit(LEVERAGE)
    trigger: float = unit(TRIGGER)
    paths: tuple[PathsRow, ...]
    models: tuple[ModelRow, ...]
    ledgers: tuple[LedgerRow, ...]
    firing: tuple[str, ...]
    own_firing: tuple[str, ...]
    deaths: tuple[DeathRow, ...]
    constants: tuple[ConstantRow, ...]
    open: Open
    ladder: LadderFacts

    def of(self, model: str) -> ModelRow:
        """Return one model's row."""
        return next(row for row in self.models if row.model == model)

    def on_paths(self, model: str) -> PathsRow:
        """Return one of the engine's results on paths within the days."""
        return next(row for row in self.paths if row.model == model)


@dataclass(frozen=True, kw_only=True)
class Bars:
    """What the bars, and what waits for them, last."""

    bar_seconds: float = unit(SECONDS)
    delay_seconds: float = unit(SECONDS)
    waited_seconds: float = unit(SECONDS)
    settlements_count: int | None = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The chapter's facts; `reason` says why nothing was run, else it is None."""

    reason: str | None
    venues: tuple[Rules, ...] = ()
    refused: tuple[Refused, ...] = ()
    stand_ins: tuple[str, ...] = ()
    runs: tuple[EngineRun, ...] = ()
    said: Mapping[str, Sequence[str]]
    bars: Bars | None = inline()

    @property
    def is_on_paths(self) -> bool:
        """Whether the results are intervals: the market's own bars are days."""
        return any(row.is_interval for run in self.runs for row in run.paths)

    def nearest(self, leverage: float) -> EngineRun:
        """Return the run at the leverage nearest to a given one."""
        return min(self.runs, key=lambda run: abs(run.leverage - leverage))


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """Of the chapter."""

    engine: Engine
