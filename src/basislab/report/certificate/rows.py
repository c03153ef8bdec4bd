"""What the facts of a certificate consist of; a reader can recompute the verdict from them."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.report.fields import (
    ANNUALIZED,
    CONSTANT,
    CORRELATION,
    COUNT,
    DAYS,
    FRACTION,
    LEVERAGE,
    RETURN,
    TRIGGER,
    inline,
    unit,
)
from basislab.report.fields import unit as measured  # in a row that has a field `unit`

PROBABILITY = "probability"
SHARPE = "per bar"
LOGIT = "log-odds"
GROWTH = "multiple of the capital"
DECISION = "as the decision is typed"
SCORE = "as the check says"
MOMENT = "dimensionless"

Numbers = tuple[float | None, ...]


@dataclass(frozen=True, kw_only=True)
class CheckFacts:
    """A check with its thresholds."""

    name: str
    value_score: float | None = unit(SCORE)
    met_score: float = unit(SCORE)
    failed_score: float = unit(SCORE)
    more_is_better: bool
    status: str


@dataclass(frozen=True, kw_only=True)
class TrialFacts:
    """A trial of the search."""

    label: str
    is_optimum: bool
    is_family: bool
    excess_annualized: float = unit(ANNUALIZED)
    mean_annualized: float = unit(ANNUALIZED)
    daily_sharpe: float = unit(SHARPE)


@dataclass(frozen=True, kw_only=True)
class Deflated:
    """The Sharpe ratio against luck among so many trials."""

    trials_count: int = unit(COUNT)
    luck_sharpe: float = unit(SHARPE)
    deflated_probability: float = unit(PROBABILITY)
    required_days: float | None = unit(DAYS)


@dataclass(frozen=True, kw_only=True)
class SharpeFacts:
    """The Sharpe ratio of the optimum, by trials as they are and as clusters."""

    daily_sharpe: float = unit(SHARPE)
    annual_sharpe: float = unit(SHARPE)
    skewness_moment: float = unit(MOMENT)
    kurtosis_moment: float = unit(MOMENT)
    bars_count: int = unit(COUNT)
    effective_days: float = unit(DAYS)
    raw: Deflated
    effective: Deflated


@dataclass(frozen=True, kw_only=True)
class SpaFacts:
    """The test for superior ability."""

    lower_probability: float = unit(PROBABILITY)
    consistent_probability: float = unit(PROBABILITY)
    upper_probability: float = unit(PROBABILITY)
    reality_check_probability: float = unit(PROBABILITY)
    block_days: float = unit(DAYS)
    resamples_count: int = unit(COUNT)
    seed: int = unit("seed of the bootstrap")


@dataclass(frozen=True, kw_only=True)
class LogitBin:
    """Splits with a rank in the other half."""

    rank_logit: float | None = unit(LOGIT)
    splits_count: int = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class CscvFacts:
    """Chosen in one half of the sample, seen in the other."""

    pbo_probability: float = unit(PROBABILITY)
    loss_probability: float = unit(PROBABILITY)
    sharpe_pbo_probability: float = unit(PROBABILITY)
    slope_moment: float | None = unit(MOMENT)
    splits_count: int = unit(COUNT)
    blocks_count: int = unit(COUNT)
    embargo_days: float = unit(DAYS)
    inside_annualized: Numbers = unit(ANNUALIZED)
    outside_annualized: Numbers = unit(ANNUALIZED)
    histogram: tuple[LogitBin, ...]


@dataclass(frozen=True, kw_only=True)
class Quantile:
    """A quantile of the start days."""

    quantile_share: float = unit(FRACTION)
    excess_annualized: float = unit(ANNUALIZED)


@dataclass(frozen=True, kw_only=True)
class StartMonth:
    """Start days of a month."""

    month: str
    starts_count: int = unit(COUNT)
    positive_count: int = unit(COUNT)
    above_count: int = unit(COUNT)
    median_return: float = unit(RETURN)
    median_excess_return: float = unit(RETURN)


@dataclass(frozen=True, kw_only=True)
class FanFacts:
    """The optimum opened on every day and held to the end."""

    starts_count: int = unit(COUNT)
    least_days: float = unit(DAYS)
    positive_share: float | None = unit(FRACTION)
    above_share: float | None = unit(FRACTION)
    all_above_share: float | None = unit(FRACTION)
    best_from_share: float | None = unit(FRACTION)
    quantiles: tuple[Quantile, ...]
    months: tuple[StartMonth, ...]
    start_days: tuple[str, ...]
    excess_return: Numbers = unit(RETURN)
    total_return: Numbers = unit(RETURN)


@dataclass(frozen=True, kw_only=True)
class NeighbourhoodFacts:
    """Every combination around the optimum."""

    axes: tuple[str, ...]
    values_decision: tuple[Numbers, ...] = unit(DECISION)
    excess_annualized: tuple[Numbers, ...] = unit(ANNUALIZED)
    cells_count: int = unit(COUNT)
    impossible_count: int = unit(COUNT)
    above_count: int = unit(COUNT)
    above_share: float | None = unit(FRACTION)
    median_annualized: float | None = unit(ANNUALIZED)
    lowest_annualized: float | None = unit(ANNUALIZED)
    highest_annualized: float | None = unit(ANNUALIZED)
    grid_count: int = unit(COUNT)
    grid_above_count: int = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class WindowFacts:
    """A window of the walk-forward."""

    chosen_from: str
    chosen_to: str
    lived_from: str
    lived_to: str
    label: str
    inside_return: float = unit(RETURN)
    outside_return: float = unit(RETURN)
    hurdle_return: float = unit(RETURN)
    excess_return: float = unit(RETURN)
    best_return: float = unit(RETURN)


@dataclass(frozen=True, kw_only=True)
class WalkFacts:
    """Chosen on the past, lived through afterwards."""

    excess_annualized: float | None = unit(ANNUALIZED)
    purge_days: float = unit(DAYS)
    windows_count: int = unit(COUNT)
    beaten_count: int = unit(COUNT)
    windows: tuple[WindowFacts, ...]
    equity_growth: Numbers = unit(GROWTH)
    equity_days: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ConstantFacts:
    """The excess over the range of an assumed constant, or of all of them."""

    name: str
    unit: str
    is_joint: bool
    value_constant: float | None = measured(CONSTANT)
    low_constant: float = measured(CONSTANT)
    high_constant: float = measured(CONSTANT)
    tried_constant: Numbers = measured(CONSTANT)
    excess_annualized: Numbers = measured(ANNUALIZED)
    impossible_count: int = measured(COUNT)
    lowest_annualized: float | None = measured(ANNUALIZED)
    highest_annualized: float | None = measured(ANNUALIZED)
    above_share: float = measured(FRACTION)
    best_share: float = measured(FRACTION)
    is_flipped: bool


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A liquidation episode: its first day and its last."""

    first: str
    last: str


@dataclass(frozen=True, kw_only=True)
class LiquidationFacts:
    """Independent liquidation episodes of the optimum and its neighbours."""

    episodes_count: int = unit(COUNT)
    own_count: int = unit(COUNT)
    least_count: int = unit(COUNT)
    apart_days: float = unit(DAYS)
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, kw_only=True)
class Infeasible:
    """A configuration that the venues refuse."""

    label: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class MarketFacts:
    """A market of a pooled certificate, by itself."""

    name: str
    asset: str
    start: str
    end: str
    days_count: int = unit(COUNT)
    excess_annualized: float = unit(ANNUALIZED)
    above_share: float | None = unit(FRACTION)
    episodes_count: int = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class PoolFacts:
    """What a certificate of several markets rests on."""

    markets: tuple[MarketFacts, ...]
    market_days_count: int = unit(COUNT)
    shared_days_count: int = unit(COUNT)
    market_correlation: float | None = unit(CORRELATION)


@dataclass(frozen=True, kw_only=True)
class CertificateFacts:
    """Every number of a certificate, and what it says."""

    label: str
    leverage: float | None = unit(LEVERAGE)
    trigger: float | str | None = unit(TRIGGER)
    word: str
    otherwise: str | None
    reasons: tuple[str, ...]
    excess_annualized: float = unit(ANNUALIZED)
    window_days: float = unit(DAYS)
    start: str | None
    end: str | None
    stated_rate: float = unit(FRACTION)
    checks: tuple[CheckFacts, ...]
    trials: tuple[TrialFacts, ...]
    family_count: int = unit(COUNT)
    trials_count: int = unit(COUNT)
    sharpe: SharpeFacts
    spa: SpaFacts
    cscv: CscvFacts | None
    fan: FanFacts
    neighbourhood: NeighbourhoodFacts | None
    walk: WalkFacts
    constants: tuple[ConstantFacts, ...]
    liquidations: LiquidationFacts | None
    infeasible: tuple[Infeasible, ...]
    notes: tuple[str, ...]
    pool: PoolFacts | None = inline()
    headline: str = ""
    because: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def check(self, name: str) -> CheckFacts:
        """Return a check by its name."""
        return next(check for check in self.checks if check.name == name)
