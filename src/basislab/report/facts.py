"""Every number of a study, computed once, each leaf with a unit in `UNITS`.

The facts are plain dicts and lists (``facts.json``). Tables, prose and verdicts read them and
nothing else, so that no number in a report is typed by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from basislab._version import VERSION
from basislab.data import checked
from basislab.data.build.resample import to_daily
from basislab.report import comparisons, environment, grids, published, risk, sections
from basislab.report.certificate.facts import UNITS as CERTIFICATE_UNITS
from basislab.report.certificate.section import certificates_section
from basislab.report.engine.section import UNITS as ENGINE_UNITS
from basislab.report.engine.section import engine_section
from basislab.report.findings import study_findings
from basislab.report.quality import quality_section
from basislab.report.runs import Facts, Runs
from basislab.report.spec import StudySpec
from basislab.report.verdict import study_verdict
from basislab.types.market import Market

Progress = Callable[[str], None]

SIGNIFICANT_DIGITS = 12

SECTIONS: dict[str, Callable[[Runs], Any]] = {
    "market": sections.market_section,
    "quality": quality_section,
    "hurdle": sections.hurdle_section,
    "matrix": sections.matrix_section,
    "triggers": sections.triggers_section,
    "fees": sections.fees_section,
    "event_logs": sections.event_logs_section,
    "fee_sensitivity": sections.fee_sensitivity_section,
    "waterfall": sections.waterfall_section,
    "neutrality": sections.neutrality_section,
    "models": comparisons.models_section,
    "venues": comparisons.venues_section,
    "entry": comparisons.entry_section,
    "breakeven": comparisons.breakeven_section,
    "certificates": certificates_section,
    "engine": engine_section,
    "constants": environment.constants_section,
    "rates": environment.rates_section,
    "months": environment.months_section,
    "static": grids.static_section,
    "scaling": grids.scaling_section,
    "rotation_fees": grids.rotation_fees_section,
    "breakeven_grid": grids.breakeven_grid_section,
    "minimum_funding": grids.minimum_funding_section,
    "conditional_grid": grids.conditional_grid_section,
    "cycles": grids.cycles_section,
    "venue_triggers": grids.venue_triggers_section,
    "venue_matrix": grids.venue_matrix_section,
    "venue_gap": risk.venue_gap_section,
    "risks": risk.risks_section,
    "published": published.published_section,
}
"""The parts of the facts, in the order in which they are computed."""

UNITS: dict[str, str] = (
    CERTIFICATE_UNITS
    | ENGINE_UNITS
    | {
        "_usd": "USD",
        "_bps": "basis points of notional",
        "_apy": "fraction per year",
        "_annualized": "fraction of capital per year, simple",
        "_return": "fraction of capital",
        "_change": "fraction",
        "_share": "fraction",
        "_rate": "fraction",
        "_distance": "fraction of the entry price",
        "_correlation": "dimensionless, -1 to 1",
        "_beta": "equity return per unit of price return",
        "_days": "days",
        "_hours": "hours",
        "_months": "months of the run's mean carry and funding",
        "_count": "number",
        "_leverage": "multiple of one leg's equity",
        "annualized": "fraction of capital per year, simple",
        "leverage": "multiple of one leg's capital",
        "trigger": "effective leverage of a leg; 999 is never",
        "_trigger": "effective leverage of a leg; 999 is never",
        "drawdown": "fraction of the peak",
        "version": "version of the facts format",
    }
)
"""Unit of every numeric leaf, by its whole name or its ending."""


def unit_of(leaf: str) -> str:
    """Return the unit of a numeric leaf of the facts.

    Parameters
    ----------
    leaf : str
        Its key.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        No unit is known for it.

    Examples
    --------
    >>> unit_of("hurdle_annualized")
    'fraction of capital per year, simple'
    """
    if leaf in UNITS:
        return UNITS[leaf]
    for ending, unit in UNITS.items():
        if ending.startswith("_") and leaf.endswith(ending):
            return unit
    raise KeyError(leaf)


def compute_facts(market: Market, spec: StudySpec, progress: Progress | None = None) -> Facts:
    """Compute every number of a study.

    Parameters
    ----------
    market : Market
        Bars of a day, or of a part of one, with the funding of both venues and the lending rates.
    spec : StudySpec
    progress : callable of str, optional
        Called with the name of each section before it is computed.

    Returns
    -------
    dict
        JSON-ready; units by `unit_of`.

    Raises
    ------
    ConfigError, DataError
        The market lacks what the study needs.
    """
    return facts_of(study_runs(market, spec), progress)


def study_runs(market: Market, spec: StudySpec, *, accept_quality: bool = False) -> Runs:
    """Return the runs of a study over its window; nothing is computed yet.

    Parameters
    ----------
    market : Market
    spec : StudySpec
    accept_quality : bool
        Give a result of data that have errors; it says so.

    Returns
    -------
    Runs

    Raises
    ------
    DataError
        The market's data have errors.
    """
    checked(market, accept_quality=accept_quality)
    stored = market.window(spec.start, spec.end)
    return Runs(to_daily(stored), spec, stored)


def facts_of(runs: Runs, progress: Progress | None = None) -> Facts:
    """Compute the facts from runs that figures may share.

    Parameters
    ----------
    runs : Runs
    progress : callable of str, optional
        Called with the name of each section before it is computed.

    Returns
    -------
    dict
        As `compute_facts`.
    """
    spec = runs.spec
    focus = {"leverage": spec.focus, "capital_usd": spec.capital_usd}
    facts: Facts = {"version": 1, "basislab": VERSION, "study": spec.model_dump(mode="json")}
    facts["focus"] = focus
    for name, section in SECTIONS.items():
        if progress is not None:
            progress(name.replace("_", " "))
        facts[name] = section(runs)
    facts["verdict"] = study_verdict(facts)
    facts["findings"] = study_findings(facts)
    rounded: Facts = _rounded(facts)
    return rounded


def _rounded(value: Any) -> Any:
    """Round every float to `SIGNIFICANT_DIGITS`, so that another CPU writes the same file."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if not isinstance(value, float):
        return value
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0  # no negative zero


def numeric_leaves(value: Any, key: str = "") -> Iterator[tuple[str, float]]:
    """Yield (key, number) for every number in the facts; a list's items carry its key.

    Parameters
    ----------
    value : dict, list or scalar
    key : str
        Of `value` itself.

    Yields
    ------
    (str, float)
    """
    if isinstance(value, dict):
        for name, item in value.items():
            yield from numeric_leaves(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from numeric_leaves(item, key)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield key, value
