"""What was computed of a market once and is wanted again: windows, lowered bars, hurdles.

A market never changes, so what hangs on it and on nothing else is kept beside it, and goes when it
goes. A few of each market's are kept, not thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakKeyDictionary

from basislab.types.market import Market

Made = TypeVar("Made")

MAX_KEPT = 16
"""Of one market; lowered bars of two hourly years are two megabytes."""

_KEPT: WeakKeyDictionary[Market, dict[Hashable, object]] = WeakKeyDictionary()


def kept(market: Market, key: Hashable, make: Callable[[], Made]) -> Made:
    """Return what `make` gives for a market and a key, made once."""
    known = _KEPT.setdefault(market, {})
    if key in known:
        return known[key]  # type: ignore[return-value]  # a key has one maker
    made = make()
    if len(known) >= MAX_KEPT:
        known.clear()
    known[key] = made
    return made
