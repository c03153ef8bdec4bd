"""Whether a report says what is computed: facts within a tolerance, text exactly."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

TOLERANCE = 1e-9
"""Largest difference of two facts, relative to the larger of one and the fact."""


def fact_differences(found: Any, kept: Any, where: str = "facts") -> Iterator[str]:
    """Yield what differs between two sets of facts.

    Examples
    --------
    >>> list(fact_differences({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}))
    ['facts.a[1]: computed 2.0, kept 2.1']
    """
    if isinstance(found, dict) and isinstance(kept, dict):
        for key in {**found, **kept}:
            if key not in found or key not in kept:
                yield f"{where}.{key}: {'only kept' if key in kept else 'only computed'}"
            else:
                yield from fact_differences(found[key], kept[key], f"{where}.{key}")
    elif isinstance(found, list) and isinstance(kept, list):
        if len(found) != len(kept):
            yield f"{where}: computed {len(found)} items, kept {len(kept)}"
        for place, (one, other) in enumerate(zip(found, kept, strict=False)):
            yield from fact_differences(one, other, f"{where}[{place}]")
    elif not _same(found, kept):
        yield f"{where}: computed {found!r}, kept {kept!r}"


def _same(found: Any, kept: Any) -> bool:
    numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in (found, kept)]
    if all(numbers):
        return bool(abs(found - kept) <= TOLERANCE * max(1.0, abs(found), abs(kept)))
    return type(found) is type(kept) and bool(found == kept)


def table_differences(found: str, kept: str, name: str) -> Iterator[str]:
    r"""Yield what differs between two CSV texts: numbers within the tolerance, all else exactly.

    Examples
    --------
    >>> list(table_differences("day,usd\n1,2.0\n", "day,usd\n1,2.1\n", "a.csv"))
    ['a.csv[1][1]: computed 2.0, kept 2.1']
    """
    yield from fact_differences(_rows(found), _rows(kept), name)


def _rows(text: str) -> list[list[float | str]]:
    return [[_cell(cell) for cell in row] for row in csv.reader(text.splitlines())]


def _cell(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def text_differences(found: str, kept: str, name: str) -> Iterator[str]:
    """Yield what differs between two texts, as lines of a diff."""
    if found != kept:
        yield from unified_diff(
            kept.splitlines(), found.splitlines(), f"{name} (kept)", f"{name} (computed)", "", "", 0
        )
