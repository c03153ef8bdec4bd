"""What is known about the data: coverage, gaps that were filled, what every check found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from basislab.data.judge.findings import CHECKS, FindingGroup, grouped
from basislab.report.runs import Facts, Runs
from basislab.report.venue_terms import check_market, checks_of
from basislab.types.market import Market
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

MOST_EXAMPLES = 3
"""Series that a check names in the facts; `data check` has all."""

_MINUTES = len("2025-01-01 00:00")


def quality_section(runs: Runs) -> Facts:
    """Describe the quality of the stored market over the study's window.

    Parameters
    ----------
    runs : Runs

    Returns
    -------
    dict
        Counts by check with its first examples, decisions about gaps, coverage.
    """
    market = runs.stored
    report, checks = check_market(market), checks_of(market)
    cells = [len(series) for series in market.series().values()]
    seen = sum(row.observed for row in report.coverage)
    return {
        "fingerprint": market.fingerprint,
        "bar_hours": market.bar_seconds / SECONDS_PER_HOUR,
        "bars_count": len(market),
        "series_count": len(cells),
        "checks_count": len(checks),
        "not_made": [rule for rule in CHECKS if rule not in checks],
        "errors_count": len(report.errors),
        "warnings_count": len(report.warnings),
        "notes_count": len(report.findings) - len(report.errors) - len(report.warnings),
        "values_count": sum(cells),
        "filled_count": sum(cells) - seen,
        "filled_share": 1 - seen / sum(cells),
        "policy": _policy(market),
        "gaps": [_gap(gap) for gap in _listed(market, "gaps")],
        "corrections_count": len(_listed(market, "corrections")),
        "resampled": _resampled(runs),
        "coverage": [
            {
                "series": row.series,
                "bars_count": row.bars,
                "observed_count": row.observed,
                "observed_share": row.observed / row.bars,
                "first": _time(row.first),
                "last": _time(row.last),
            }
            for row in report.coverage
        ],
        "checks": _checks(checks, grouped(report.findings)),
    }


def _checks(checks: dict[str, str], groups: list[FindingGroup]) -> list[Facts]:
    rows = []
    for rule, asserts in checks.items():
        own = [group for group in groups if group.rule == rule]
        rows.append(
            {
                "check": rule,
                "asserts": asserts,
                "findings_count": sum(group.count for group in own),
                "places_count": len(own),
                "examples": [_example(group) for group in own[:MOST_EXAMPLES]],
            }
        )
    return rows


def _example(group: FindingGroup) -> Facts:
    return {
        "series": group.series,
        "severity": group.severity,
        "findings_count": group.count,
        "touched_count": group.bars,
        "first": _time(group.first.when),
        "worst": group.worst.message,
        "worst_on": _time(group.worst.when),
    }


def _time(when: Any) -> str | None:
    return None if when is None else f"{when:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def _listed(market: Market, key: str) -> list[Mapping[str, Any]]:
    """Return what the import or the fetch recorded; a market from elsewhere may say anything."""
    entries = market.provenance.get(key)
    return [e for e in entries if isinstance(e, Mapping)] if isinstance(entries, list) else []


def _gap(gap: Mapping[str, Any]) -> Facts:
    longest = gap.get("longest_s")
    return {
        "series": str(gap.get("series")),
        "missing_count": int(gap.get("missing") or 0),
        "unit": str(gap.get("unit")),
        "first": str(gap.get("first")).replace("T", " ").removesuffix("Z")[:_MINUTES],
        "longest_hours": longest / SECONDS_PER_HOUR if isinstance(longest, int | float) else None,
        "dropped_count": int(gap.get("dropped") or 0),
        "treatment": str(gap.get("filled_with")),
    }


def _policy(market: Market) -> str | None:
    """Return what the recipe decides about holes; an import decides with its longest gap."""
    recipe = market.provenance.get("recipe")
    return str(recipe.get("gaps")) if isinstance(recipe, Mapping) else None


def _resampled(runs: Runs) -> Facts | None:
    """Describe how daily bars were made of narrower ones; None where they were daily already."""
    if runs.stored.bar_seconds == runs.market.bar_seconds:
        return None
    width = SECONDS_PER_DAY // runs.stored.bar_seconds
    return {
        "bars_a_day_count": width,
        "left_out_count": len(runs.stored) - len(runs.market) * width,
    }
