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
    SECONDS,
    TRIGGER,
    USD,
    inline,
    unit,
)

STUDY, ENGINE, OWN, KEPT = "the study", "study's trigger", "own trigger", "size kept"
"""What the study's run and the engine's are called beside each other."""


VERDICTS = {1: "beats", 0: "may or may not beat", -1: "misses"}
"""Of an interval against the hurdle: by the side on which all of it lies, if it does."""


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
class LedgerRow:
    """An account of the study and of the engine: the mean of the paths, and where 90 % lie."""

    account: str
    study_usd: float = unit(USD)
    engine_usd: float = unit(USD)
    engine_low_usd: float = unit(USD)
    engine_high_usd: float = unit(USD)
    gap_usd: float = unit(USD)
    kept_usd: float = unit(USD)
    kept_low_usd: float = unit(USD)
    kept_high_usd: float = unit(USD)


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
class EndRow:
    """What is made at one end of an assumption's range; the change is paired, 90 % of the paths."""

    annualized: float = unit(ANNUALIZED)
    change_annualized: float = unit(ANNUALIZED)
    change_low_annualized: float = unit(ANNUALIZED)
    change_high_annualized: float = unit(ANNUALIZED)
    verdict: str


@dataclass(frozen=True, kw_only=True)
class ConstantRow:
    """An assumed constant, and what is made at the ends of its range."""

    role: str
    name: str
    field: str
    value_constant: float = unit(CONSTANT)
    low_constant: float = unit(CONSTANT)
    high_constant: float = unit(CONSTANT)
    at_low: EndRow | None
    at_high: EndRow | None
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
class RungRow:
    """A convention of the study dropped: medians, and 90 % of the paths."""

    convention: str
    final_usd: float = unit(USD)
    low_usd: float = unit(USD)
    high_usd: float = unit(USD)
    change_usd: float = unit(USD)
    change_low_usd: float = unit(USD)
    change_high_usd: float = unit(USD)


@dataclass(frozen=True, kw_only=True)
class LadderFacts:
    """From the study's result to the engine's median."""

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
    """What the engine makes on paths within the days, or on bars narrower than a day.

    Days with a naked leg, what others bore, and fees are means of the paths.
    """

    model: str
    median_annualized: float = unit(ANNUALIZED)
    low_annualized: float = unit(ANNUALIZED)
    high_annualized: float = unit(ANNUALIZED)
    hurdle_annualized: float = unit(ANNUALIZED)
    drawdown: float = unit(DRAWDOWN)
    naked_days: float = unit(DAYS)
    borne_usd: float = unit(USD)
    fees_usd: float = unit(USD)
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
        low, high, hurdle = self.low_annualized, self.high_annualized, self.hurdle_annualized
        return VERDICTS[int(low > hurdle) - int(high < hurdle)]


@dataclass(frozen=True, kw_only=True)
class EngineRun:
    """A leverage of the study by the venues' own rules."""

    leverage: float = unit(LEVERAGE)
    trigger: float = unit(TRIGGER)
    study_annualized: float = unit(ANNUALIZED)
    paths: tuple[PathsRow, ...]
    ledgers: tuple[LedgerRow, ...]
    firing: tuple[str, ...]
    own_firing: tuple[str, ...]
    deaths: tuple[DeathRow, ...]
    ladder: LadderFacts

    def on_paths(self, model: str) -> PathsRow:
        """Return one of the engine's results."""
        return next(row for row in self.paths if row.model == model)


@dataclass(frozen=True, kw_only=True)
class Bars:
    """What the bars that the engine runs on, and what waits for them, last."""

    bar_seconds: float = unit(SECONDS)
    delay_seconds: float = unit(SECONDS)
    settlements_count: int | None = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The chapter's facts; `reason` says why nothing was run, else it is None.

    Constants are varied at one leverage, the study's focus, with the size kept.
    """

    reason: str | None
    venues: tuple[Rules, ...] = ()
    refused: tuple[Refused, ...] = ()
    stand_ins: tuple[str, ...] = ()
    runs: tuple[EngineRun, ...] = ()
    constants: tuple[ConstantRow, ...] = ()
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
