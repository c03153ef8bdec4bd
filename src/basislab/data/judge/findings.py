"""What a quality check reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


VENUE_TERMS = "venue-terms"
"""Name of the rule that compares a venue's own terms with the preset of its name."""

CHECKS: dict[str, str] = {
    "ohlc": "high and low span open and close",
    "partial-bar": "no part of a bar is missing",
    "bar-in-progress": "the last bar had ended",
    "incomplete-funding": "every bar has the settlements of its schedule",
    "filled": "no bar was filled",
    "spread": "no sum of a day was spread over its bars",
    "stand-in": "no series stands in for another",
    "frozen-price": "prices move within a bar",
    "frozen-rate": "rates change from time to time",
    "zero-rate": "no missing rate was read as zero",
    "no-trades": "every bar has trades",
    "price-jump": "closes follow one another",
    "wick": "high and low lie near the body",
    "absurd-rate": "rates keep to a market's proportions",
    "unit": "rates are fractions where fractions are wanted",
    "supply-above-borrow": "no protocol pays more than it charges",
    "duplicates": "no row came twice",
    "out-of-order": "rows came in order",
    "several-a-day": "there is one snapshot a day",
    "jitter": "stamps lie near their hour",
    "lone-wick": "no venue has a wick alone",
    "divergence": "closes of the venues agree",
    "stale-bar": "no candle repeats the one before",
    "funding-scale": "funding of the venues is of one size",
    "funding-sign": "funding of the venues moves together",
    "funding-interval": "settlements keep a schedule of whole hours",
    "funding-hour": "settlements stand in the bar that they end",
    VENUE_TERMS: "the venue's margin tiers are those of its preset",
}
"""What every rule asserts of a market, by its name, in the order of the quality page."""


@dataclass(frozen=True)
class Finding:
    """One thing that a rule found.

    Parameters
    ----------
    severity : {"error", "warning", "info"}
        An error makes results wrong; a warning is to be known; an info was dealt with.
    series : str
        Label as in `Market.series`, or of the imported series.
    rule : str
        Short name of the rule; docs/data-format.md lists them.
    message : str
        One sentence.
    when : datetime or None
        Open of the (first) bar, UTC.
    value : float or None
        What the rule measured.
    bars : int
        How many bars it concerns.
    """

    severity: Severity
    series: str
    rule: str
    message: str
    when: datetime | None = None
    value: float | None = None
    bars: int = 1


@dataclass(frozen=True)
class FindingGroup:
    """What one rule found in one series.

    Parameters
    ----------
    count : int
        Findings.
    bars : int
        Bars that they concern.
    first : Finding
        In time.
    worst : Finding
        The one with the largest value, either way.
    """

    severity: Severity
    series: str
    rule: str
    count: int
    bars: int
    first: Finding
    worst: Finding


def grouped(findings: Iterable[Finding]) -> list[FindingGroup]:
    """Return findings of one rule in one series as one.

    Returns
    -------
    list of FindingGroup
        Errors first, then by the time of the first one.

    Examples
    --------
    >>> twice = [Finding("warning", "price x", "wick", "", None, value) for value in (2.0, 3.0)]
    >>> [(group.count, group.worst.value) for group in grouped(twice)]
    [(2, 3.0)]
    """
    groups: dict[tuple[Severity, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.severity, finding.series, finding.rule), []).append(finding)
    made = [
        FindingGroup(
            *key,
            len(found),
            sum(finding.bars for finding in found),
            min(found, key=_time),
            max(found, key=lambda finding: abs(finding.value or 0.0)),
        )
        for key, found in groups.items()
    ]
    return sorted(made, key=lambda group: (SEVERITIES.index(group.severity), _time(group.first)))


def _time(finding: Finding) -> datetime:
    return finding.when or datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class Coverage:
    """How much of the grid one series has seen.

    Parameters
    ----------
    bars, observed : int
        Bars of the grid, and those that were not filled.
    first, last : datetime or None
        First and last observed bar.
    """

    series: str
    bars: int
    observed: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class QualityReport:
    """Coverage of every series and all findings about a market.

    Parameters
    ----------
    market : str
        Name.
    findings : tuple of Finding
        Errors first, then by time.
    """

    market: str
    fingerprint: str
    coverage: tuple[Coverage, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Findings that make results wrong."""
        return self._of("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """Findings that one has to know."""
        return self._of("warning")

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values; times as ISO 8601."""
        report = asdict(self)
        for entry in (*report["coverage"], *report["findings"]):
            for key, value in entry.items():
                if isinstance(value, datetime):
                    entry[key] = f"{value:%Y-%m-%dT%H:%M:%SZ}"
        counts = {severity: len(self._of(severity)) for severity in SEVERITIES}
        return report | {"counts": counts}
