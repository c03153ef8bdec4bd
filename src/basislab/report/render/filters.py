"""What a template may do to a fact: the functions of `words`, by short names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from basislab.report import words


def fine(value: float | None) -> str:
    """Return a fraction as signed percent with more digits.

    Examples
    --------
    >>> fine(0.04604)
    '+4.60%'
    """
    return words.percent(value, 2)


def cents(value: float | None) -> str:
    """Return USD with cents.

    Examples
    --------
    >>> cents(5.3)
    '5.30'
    """
    return words.usd(value, 2)


def title(text: str) -> str:
    """Return a text with its first letter raised and nothing else touched.

    Examples
    --------
    >>> title("kamino against hyperliquid")
    'Kamino against hyperliquid'
    """
    return text[:1].upper() + text[1:]


FILTERS: dict[str, Callable[..., Any]] = {
    "pct": words.percent,
    "fine": fine,
    "share": words.share,
    "points": words.points,
    "usd": words.usd,
    "signed": words.signed_usd,
    "cents": cents,
    "times": words.multiple,
    "trigger": words.trigger,
    "listed": words.join,
    "number": words.decimal,
    "count": words.plural,
    "raised": title,
}
"""Filter by name; `count` takes the noun: ``{{ facts.market.bars_count | count("day") }}``."""
