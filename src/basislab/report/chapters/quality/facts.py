"""What is known about the data: coverage, gaps that were filled, what every check found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from basislab.data.judge.findings import CHECKS, FindingGroup, QualityReport, grouped
from basislab.report.fields import COUNT, FRACTION, HOURS, unit
from basislab.report.fields import unit as measured  # in a row that has a field `unit`
from basislab.report.study.runs import Runs
from basislab.report.venue_terms import check_market, checks_of
from basislab.types.market import Market
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

MOST_EXAMPLES = 3
"""Series that a check names in the facts; `data check` has all."""

_MINUTES = len("2025-01-01 00:00")


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A decision about a hole, as the import or the fetch recorded it."""

    series: str
    missing_count: int = measured(COUNT)
    unit: str
    first: str
    longest_hours: float | None = measured(HOURS)
    dropped_count: int = measured(COUNT)
    treatment: str


@dataclass(frozen=True, kw_only=True)
class Resampled:
    """How daily bars were made of narrower ones."""

    bars_a_day_count: int = unit(COUNT)
    left_out_count: int = unit(COUNT)


@dataclass(frozen=True, kw_only=True)
class CoverageRow:
    """What was seen of a series."""

    series: str
    bars_count: int = unit(COUNT)
    observed_count: int = unit(COUNT)
    observed_share: float = unit(FRACTION)
    first: str | None
    last: str | None


@dataclass(frozen=True, kw_only=True)
class Example:
    """What a check found in a series."""

    series: str
    severity: str
    findings_count: int = unit(COUNT)
    touched_count: int = unit(COUNT)
    first: str | None
    worst: str
    worst_on: str | None


@dataclass(frozen=True, kw_only=True)
class CheckRow:
    """A check, what it asserts, its first examples."""

    check: str
    asserts: str
    findings_count: int = unit(COUNT)
    places_count: int = unit(COUNT)
    examples: tuple[Example, ...]


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The quality of the stored market over the study's window."""

    fingerprint: str
    bar_hours: float = unit(HOURS)
    bars_count: int = unit(COUNT)
    series_count: int = unit(COUNT)
    checks_count: int = unit(COUNT)
    not_made: tuple[str, ...]
    errors_count: int = unit(COUNT)
    warnings_count: int = unit(COUNT)
    notes_count: int = unit(COUNT)
    values_count: int = unit(COUNT)
    filled_count: int = unit(COUNT)
    filled_share: float = unit(FRACTION)
    policy: str | None
    gaps: tuple[Gap, ...]
    corrections_count: int = unit(COUNT)
    resampled: Resampled | None
    coverage: tuple[CoverageRow, ...]
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True, kw_only=True)
class QualityFacts:
    """Of the chapter."""

    quality: Quality


def quality_facts(runs: Runs) -> QualityFacts:
    """Check the stored market over the study's window."""
    market = runs.stored
    report, checks = check_market(market), checks_of(market)
    cells = [len(series) for series in market.series().values()]
    filled = sum(cells) - sum(row.observed for row in report.coverage)
    found = Quality(
        fingerprint=market.fingerprint,
        bar_hours=market.bar_seconds / SECONDS_PER_HOUR,
        bars_count=len(market),
        series_count=len(cells),
        checks_count=len(checks),
        not_made=tuple(rule for rule in CHECKS if rule not in checks),
        errors_count=len(report.errors),
        warnings_count=len(report.warnings),
        notes_count=len(report.findings) - len(report.errors) - len(report.warnings),
        values_count=sum(cells),
        filled_count=filled,
        filled_share=filled / sum(cells),
        policy=_policy(market),
        gaps=tuple(_gap(gap) for gap in _listed(market, "gaps")),
        corrections_count=len(_listed(market, "corrections")),
        resampled=_resampled(runs),
        coverage=_coverage(report),
        checks=tuple(_checks(checks, grouped(report.findings))),
    )
    return QualityFacts(quality=found)


def _coverage(report: QualityReport) -> tuple[CoverageRow, ...]:
    return tuple(
        CoverageRow(
            series=row.series,
            bars_count=row.bars,
            observed_count=row.observed,
            observed_share=row.observed / row.bars,
            first=_time(row.first),
            last=_time(row.last),
        )
        for row in report.coverage
    )


def _checks(checks: Mapping[str, str], groups: Sequence[FindingGroup]) -> list[CheckRow]:
    rows = []
    for rule, asserts in checks.items():
        own = [group for group in groups if group.rule == rule]
        rows.append(
            CheckRow(
                check=rule,
                asserts=asserts,
                findings_count=sum(group.count for group in own),
                places_count=len(own),
                examples=tuple(_example(group) for group in own[:MOST_EXAMPLES]),
            )
        )
    return rows


def _example(group: FindingGroup) -> Example:
    return Example(
        series=group.series,
        severity=group.severity,
        findings_count=group.count,
        touched_count=group.bars,
        first=_time(group.first.when),
        worst=group.worst.message,
        worst_on=_time(group.worst.when),
    )


def _time(when: Any) -> str | None:
    return None if when is None else f"{when:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def _listed(market: Market, key: str) -> list[Mapping[str, Any]]:
    """Return what the import or the fetch recorded; a market from elsewhere may say anything."""
    entries = market.provenance.get(key)
    return [e for e in entries if isinstance(e, Mapping)] if isinstance(entries, list) else []


def _gap(gap: Mapping[str, Any]) -> Gap:
    longest = gap.get("longest_s")
    return Gap(
        series=str(gap.get("series")),
        missing_count=int(gap.get("missing") or 0),
        unit=str(gap.get("unit")),
        first=str(gap.get("first")).replace("T", " ").removesuffix("Z")[:_MINUTES],
        longest_hours=longest / SECONDS_PER_HOUR if isinstance(longest, int | float) else None,
        dropped_count=int(gap.get("dropped") or 0),
        treatment=str(gap.get("filled_with")),
    )


def _policy(market: Market) -> str | None:
    """Return what the recipe decides about holes; an import decides with its longest gap."""
    recipe = market.provenance.get("recipe")
    return str(recipe.get("gaps")) if isinstance(recipe, Mapping) else None


def _resampled(runs: Runs) -> Resampled | None:
    if runs.stored.bar_seconds == runs.market.bar_seconds:
        return None
    width = SECONDS_PER_DAY // runs.stored.bar_seconds
    left_out = len(runs.stored) - len(runs.market) * width
    return Resampled(bars_a_day_count=width, left_out_count=left_out)
