"""What a quality check reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


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
class Coverage:
    """How much of the grid one series has seen.

    Parameters
    ----------
    series : str
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
    fingerprint : str
    coverage : tuple of Coverage
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
