"""What a template may do to a fact: the functions of `words`, by short names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from basislab.report import words

FILTERS: dict[str, Callable[..., Any]] = {
    "pct": words.percent,
    "fine": partial(words.percent, digits=2),
    "share": words.share,
    "points": words.points,
    "usd": words.usd,
    "signed": words.signed_usd,
    "cents": partial(words.usd, digits=2),
    "times": words.multiple,
    "trigger": words.trigger,
    "listed": words.join,
    "number": words.decimal,
    "count": words.plural,
}
"""Filter by name; `count` takes the noun: ``{{ facts.market.bars_count | count("day") }}``."""
