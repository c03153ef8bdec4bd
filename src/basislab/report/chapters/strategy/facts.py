"""Every constant of the study's venues."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.presets import load_preset
from basislab.report.study.runs import Runs


@dataclass(frozen=True, kw_only=True)
class ConstantRow:
    """A constant of a venue as text, with where it is from."""

    perp: str
    constant: str
    value: str
    unit: str
    source: str
    status: str


@dataclass(frozen=True, kw_only=True)
class StrategyFacts:
    """Of the chapter."""

    constants: tuple[ConstantRow, ...]


def strategy_facts(runs: Runs) -> StrategyFacts:
    """Return the constants of the study's venues, its own first."""
    rows = tuple(
        ConstantRow(
            perp=perp,
            constant=name,
            value=_as_text(constant.value),
            unit=constant.unit,
            source=constant.source,
            status=constant.status,
        )
        for perp in runs.perps()
        for name, constant in load_preset(perp).constants.items()
    )
    return StrategyFacts(constants=rows)


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_as_text(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_as_text(item)}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
