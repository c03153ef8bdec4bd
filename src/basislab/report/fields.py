"""Facts are frozen dataclasses: a field says the unit of its numbers, `plain` writes it as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, fields, is_dataclass, replace
from typing import Any, TypeVar, cast

T = TypeVar("T")

FORMAT = 2
"""Version of the facts format."""

SIGNIFICANT_DIGITS = 12

USD = "USD"
BPS = "basis points of notional"
APY = "fraction per year"
ANNUALIZED = "fraction of capital per year, simple"
RETURN = "fraction of capital"
FRACTION = "fraction"
DISTANCE = "fraction of the entry price"
DRAWDOWN = "fraction of the peak"
CORRELATION = "dimensionless, -1 to 1"
BETA = "equity return per unit of price return"
DAYS = "days"
HOURS = "hours"
COUNT = "number"
LEVERAGE = "multiple of one leg's capital"
LEG_LEVERAGE = "multiple of one leg's equity"
TRIGGER = "effective leverage of a leg; 999 is never"
SECONDS = "seconds"
CONSTANT = "as the constant's unit says"


def unit(text: str) -> Any:
    """Return a field whose numbers have this unit, however deep they lie in it."""
    return field(metadata={"unit": text})


def inline() -> Any:
    """Return a field of further facts, whose keys stand among the row's own; none where None."""
    return field(metadata={"inline": True})


def given(fact: T | None) -> T:
    """Return a fact that is known to be there."""
    if fact is None:
        raise LookupError("a fact is asked for that the study does not have")
    return fact


def flat(row: Any) -> dict[str, Any]:
    """Return a row's facts by key, those of its inline parts among them."""
    found: dict[str, Any] = {}
    for each in fields(row):
        value = getattr(row, each.name)
        if not each.metadata.get("inline"):
            found[each.name] = value
        elif value is not None:
            found |= flat(value)
    return found


def plain(value: Any) -> Any:
    """Return facts as dicts and lists."""
    if is_dataclass(value):
        return plain(flat(value))
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def rounded(value: T) -> T:
    """Round every float to `SIGNIFICANT_DIGITS`, so that another CPU writes the same file."""
    if is_dataclass(value):
        names = [each.name for each in fields(value)]
        changed = {name: rounded(getattr(value, name)) for name in names}
        return cast("T", replace(cast("Any", value), **changed))
    if isinstance(value, Mapping):
        return cast("T", {key: rounded(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return cast("T", type(value)(rounded(item) for item in value))
    if not isinstance(value, float):
        return value
    return cast("T", float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0)  # no negative zero


def numbers(
    value: Any, path: str = "", text: str | None = None
) -> Iterator[tuple[str, str | None]]:
    """Yield the path and the unit of every number in some facts; no unit is None."""
    if is_dataclass(value):
        for each in fields(value):
            own = each.metadata.get("unit", text)
            yield from numbers(getattr(value, each.name), f"{path}.{each.name}", own)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from numbers(item, f"{path}.{key}", text)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from numbers(item, path, text)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, text
