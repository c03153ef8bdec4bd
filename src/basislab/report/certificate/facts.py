"""A certificate as facts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from basislab.report.certificate.rows import (
    CertificateFacts,
    CheckFacts,
    ConstantFacts,
    CscvFacts,
    Deflated,
    Episode,
    FanFacts,
    Infeasible,
    LiquidationFacts,
    LogitBin,
    MarketFacts,
    NeighbourhoodFacts,
    Numbers,
    PoolFacts,
    Quantile,
    SharpeFacts,
    SpaFacts,
    StartMonth,
    TrialFacts,
    WalkFacts,
    WindowFacts,
)
from basislab.report.certificate.sentences import headline, reasons, what_would_change_it
from basislab.research.overfit.certificate import Certificate
from basislab.research.overfit.cscv import Cscv
from basislab.research.overfit.pooled import mean_correlation
from basislab.research.overfit.rules import STATED_RATE
from basislab.research.overfit.sensitivity import ALL_CONSTANTS, EVERY_CORNER
from basislab.research.overfit.sharpe import DeflatedSharpe
from basislab.research.overfit.walkforward import Step
from basislab.types.market import FloatArray
from basislab.units import DAYS_PER_YEAR

POINTS = 240
"""Splits of CSCV that the scatter shows, evenly picked from all."""

BINS = 25
"""Classes of the histogram of logits."""


def _short(value: float) -> float | None:
    """Cut to six digits: these are for figures and recounts, and there are many of them."""
    return None if not math.isfinite(value) else float(f"{value:.6g}") + 0.0


def _numbers(values: FloatArray) -> Numbers:
    return tuple(_short(value) for value in values.tolist())


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def certificate_facts(found: Certificate) -> CertificateFacts:
    """Return a certificate as facts, with what they say."""
    verdict, config = found.verdict, found.config
    facts = CertificateFacts(
        label=found.label,
        leverage=None if config is None else config.leverage,
        trigger=None if config is None else config.decisions().get("trigger"),
        word=verdict.word,
        otherwise=verdict.otherwise,
        reasons=tuple(verdict.reasons),
        excess_annualized=float(found.excess[found.candidate]),
        window_days=float(found.bars * found.bar_days),
        start=found.times[0] if found.times else None,
        end=found.times[-1] if found.times else None,
        stated_rate=STATED_RATE,
        checks=_checks(found),
        trials=_trials(found),
        family_count=found.family,
        trials_count=len(found.labels),
        sharpe=_sharpe(found),
        spa=_spa(found),
        cscv=_cscv(found),
        fan=_fan(found),
        neighbourhood=_neighbourhood(found),
        walk=_walk(found),
        constants=_constants(found),
        liquidations=_liquidations(found),
        infeasible=tuple(Infeasible(label=label, reason=text) for label, text in found.infeasible),
        notes=tuple(found.notes),
        pool=None if found.panel is None else _pool(found, found.panel),
    )
    return replace(
        facts,
        headline=headline(facts),
        because=tuple(reasons(facts)),
        changes=tuple(what_would_change_it(facts)),
    )


def _checks(found: Certificate) -> tuple[CheckFacts, ...]:
    return tuple(
        CheckFacts(
            name=check.rule.name,
            value_score=_number(check.value),
            met_score=check.rule.met,
            failed_score=check.rule.failed,
            more_is_better=check.rule.more_is_better,
            status=check.status,
        )
        for check in found.checks
    )


def _trials(found: Certificate) -> tuple[TrialFacts, ...]:
    mean = found.returns.mean(axis=0) * DAYS_PER_YEAR / found.bar_days
    deviation = found.returns.std(axis=0, ddof=1)
    ratio = np.where(deviation > 0, found.returns.mean(axis=0) / np.maximum(deviation, 1e-15), 0.0)
    return tuple(
        TrialFacts(
            label=label,
            is_optimum=number == found.candidate,
            is_family=number < found.family,
            excess_annualized=float(found.excess[number]),
            mean_annualized=float(mean[number]),
            daily_sharpe=float(ratio[number]),
        )
        for number, label in enumerate(found.labels)
    )


def _sharpe(found: Certificate) -> SharpeFacts:
    moments = found.moments
    return SharpeFacts(
        daily_sharpe=moments.sharpe,
        annual_sharpe=moments.sharpe * math.sqrt(DAYS_PER_YEAR / found.bar_days),
        skewness_moment=moments.skewness,
        kurtosis_moment=moments.kurtosis,
        bars_count=moments.bars,
        effective_days=moments.effective_bars * found.bar_days,
        raw=_deflated(found.raw, found.bar_days),
        effective=_deflated(found.effective, found.bar_days),
    )


def _deflated(found: DeflatedSharpe, bar_days: float) -> Deflated:
    return Deflated(
        trials_count=int(found.trials),
        luck_sharpe=found.luck,
        deflated_probability=found.probability,
        required_days=_number(found.required_bars * bar_days),
    )


def _spa(found: Certificate) -> SpaFacts:
    return SpaFacts(
        lower_probability=found.spa.lower,
        consistent_probability=found.spa.consistent,
        upper_probability=found.spa.upper,
        reality_check_probability=found.spa.reality_check,
        block_days=found.spa.block_bars * found.bar_days,
        resamples_count=found.spa.resamples,
        seed=found.rules.seed,
    )


def _cscv(found: Certificate) -> CscvFacts | None:
    if found.cscv is None or found.cscv_sharpe is None:
        return None
    splits = found.cscv
    year = DAYS_PER_YEAR / found.bar_days
    keep = np.unique(np.linspace(0, len(splits.logits) - 1, POINTS).round().astype(int))
    return CscvFacts(
        pbo_probability=splits.pbo,
        loss_probability=splits.loss_share,
        sharpe_pbo_probability=found.cscv_sharpe.pbo,
        slope_moment=_number(splits.slope),
        splits_count=len(splits.logits),
        blocks_count=splits.blocks,
        embargo_days=found.embargo * found.bar_days,
        inside_annualized=tuple(_short(splits.inside[i] * year) for i in keep),
        outside_annualized=tuple(_short(splits.outside[i] * year) for i in keep),
        histogram=_histogram(splits),
    )


def _histogram(splits: Cscv) -> tuple[LogitBin, ...]:
    """Count the logits by their values where they are few, else in equal classes."""
    values, counts = np.unique(splits.logits.round(9), return_counts=True)
    if len(values) > BINS:
        counts, edges = np.histogram(splits.logits, BINS)
        values = (edges[1:] + edges[:-1]) / 2
    return tuple(
        LogitBin(rank_logit=_short(float(value)), splits_count=int(count))
        for value, count in zip(values, counts, strict=True)
    )


def _fan(found: Certificate) -> FanFacts:
    fan = found.fan
    starts = found.times or tuple(str(number) for number in range(found.bars))
    return FanFacts(
        starts_count=int(fan.is_counted.sum()),
        least_days=float(fan.min_days),
        positive_share=_number(fan.positive_share),
        above_share=_number(fan.above_share),
        all_above_share=_number(fan.all_above_share),
        best_from_share=_number(found.best_from_share),
        quantiles=tuple(
            Quantile(quantile_share=share, excess_annualized=value)
            for share, value in fan.quantiles().items()
        ),
        months=_months(found, starts),
        start_days=starts,
        excess_return=_numbers(fan.excess),
        total_return=_numbers(fan.returns),
    )


def _months(found: Certificate, starts: tuple[str, ...]) -> tuple[StartMonth, ...]:
    """Group the counted starts by the month they fall in: few enough rows to be counted by hand."""
    fan = found.fan
    groups: dict[str, list[int]] = {}
    for number in np.flatnonzero(fan.is_counted):
        groups.setdefault(starts[number][:7], []).append(int(number))
    return tuple(
        StartMonth(
            month=month,
            starts_count=len(rows),
            positive_count=int((fan.returns[rows] > 0).sum()),
            above_count=int((fan.excess[rows] > 0).sum()),
            median_return=float(np.median(fan.returns[rows])),
            median_excess_return=float(np.median(fan.excess[rows])),
        )
        for month, rows in (groups.items() if found.times else ())
    )


def _neighbourhood(found: Certificate) -> NeighbourhoodFacts | None:
    area = found.neighbourhood
    if area is None:
        return None
    lowest, highest = area.spread
    return NeighbourhoodFacts(
        axes=tuple(area.axes),
        values_decision=tuple(_numbers(axis) for axis in area.axes.values()),
        excess_annualized=tuple(_numbers(row) for row in np.atleast_2d(area.excess)),
        cells_count=int(area.possible.size),
        impossible_count=int(area.excess.size - area.possible.size),
        above_count=int((area.excess > 0).sum()),
        above_share=_number(area.above_share),
        median_annualized=_number(area.median),
        lowest_annualized=_number(lowest),
        highest_annualized=_number(highest),
        grid_count=len(area.grid_excess),
        grid_above_count=int((area.grid_excess > 0).sum()),
    )


def _walk(found: Certificate) -> WalkFacts:
    walk = found.walk
    return WalkFacts(
        excess_annualized=_number(walk.annual_excess),
        purge_days=walk.purge * walk.bar_days,
        windows_count=len(walk.steps),
        beaten_count=walk.beaten_count,
        windows=tuple(_window(found, step) for step in walk.steps),
        equity_growth=_numbers(walk.equity()),
        equity_days=tuple(
            found.times[bar] if found.times else str(bar)
            for step in walk.steps
            for bar in range(step.window.test, step.window.test_end)
        ),
    )


def _window(found: Certificate, step: Step) -> WindowFacts:
    def day(bar: int) -> str:
        return found.times[bar] if found.times else str(bar)

    window = step.window
    return WindowFacts(
        chosen_from=day(window.train),
        chosen_to=day(window.train_end - 1),
        lived_from=day(window.test),
        lived_to=day(window.test_end - 1),
        label=found.labels[step.chosen],
        inside_return=step.inside,
        outside_return=step.outside,
        hurdle_return=step.hurdle,
        excess_return=step.excess,
        best_return=step.best_outside,
    )


def _constants(found: Certificate) -> tuple[ConstantFacts, ...]:
    return tuple(
        ConstantFacts(
            name=each.constant.name,
            unit=each.constant.unit,
            is_joint=each.constant.name in (ALL_CONSTANTS, EVERY_CORNER),
            value_constant=_number(each.constant.value),
            low_constant=each.constant.low,
            high_constant=each.constant.high,
            tried_constant=_numbers(each.values),
            excess_annualized=_numbers(each.excess),
            impossible_count=int(np.isnan(each.excess).sum()),
            lowest_annualized=_number(each.spread[0]),
            highest_annualized=_number(each.spread[1]),
            above_share=each.above_share,
            best_share=each.best_share,
            is_flipped=each.is_flipped,
        )
        for each in found.constants
    )


def _liquidations(found: Certificate) -> LiquidationFacts | None:
    seen = found.liquidations
    if seen is None:
        return None
    return LiquidationFacts(
        episodes_count=len(seen.near),
        own_count=len(seen.own),
        least_count=found.rules.min_episodes,
        apart_days=float(found.rules.apart_days),
        episodes=tuple(
            Episode(first=found.times[first], last=found.times[last]) for first, last in seen.near
        ),
    )


def _pool(found: Certificate, panel: FloatArray) -> PoolFacts:
    own = panel[:, :, found.candidate]
    held = np.isfinite(own).sum(axis=1)
    return PoolFacts(
        markets=tuple(
            MarketFacts(
                name=each.name,
                asset=each.asset,
                start=each.start,
                end=each.end,
                days_count=each.days,
                excess_annualized=each.excess,
                above_share=_number(each.above_share),
                episodes_count=each.episodes,
            )
            for each in found.markets
        ),
        market_days_count=int(held.sum()),
        shared_days_count=int((held > 1).sum()),
        market_correlation=_number(mean_correlation(own)),
    )
