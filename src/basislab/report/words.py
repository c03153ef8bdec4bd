"""How numbers are written: one function a kind, so that every table and sentence agrees."""

from __future__ import annotations

from collections.abc import Sequence

from basislab.types.configs import NEVER

NONE = "-"
"""Stands where there is no number."""


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as signed percent.

    Examples
    --------
    >>> percent(-0.0348), percent(None), percent(-0.00001)
    ('-3.5%', '-', '0.0%')
    """
    return _written(value, f"+.{digits}%")


def share(value: float | None, digits: int = 1) -> str:
    """Return a fraction as unsigned percent.

    Examples
    --------
    >>> share(0.678)
    '67.8%'
    """
    return _written(value, f".{digits}%")


def points(value: float | None) -> str:
    """Return a difference of two rates as signed percentage points.

    Examples
    --------
    >>> points(-0.0811)
    '-8.1'
    """
    return _written(value if value is None else value * 100, "+.1f")


def usd(value: float | None, digits: int = 0) -> str:
    """Return USD with thousands separators.

    Examples
    --------
    >>> usd(9609.68), usd(-0.2), usd(1234.5, 2)
    ('9,610', '0', '1,234.50')
    """
    return _written(value, f",.{digits}f")


def signed_usd(value: float | None, digits: int = 0) -> str:
    """Return USD with its sign.

    Examples
    --------
    >>> signed_usd(205.4), signed_usd(0.0)
    ('+205', '0')
    """
    return _written(value, f"+,.{digits}f")


def decimal(value: float | None, digits: int = 2) -> str:
    """Return a plain number.

    Examples
    --------
    >>> decimal(0.6259), decimal(-0.001)
    ('0.63', '0.00')
    """
    return _written(value, f".{digits}f")


def price(value: float) -> str:
    """Return a price in USD with about five digits, whatever the coin costs.

    Examples
    --------
    >>> price(189.4367), price(0.0123456)
    ('189.44', '0.012346')
    """
    return usd(value, 2 if abs(value) >= 1 else 6)


def multiple(value: float) -> str:
    """Return a leverage.

    Examples
    --------
    >>> multiple(3.0), multiple(2.5)
    ('3x', '2.5x')
    """
    return f"{value:g}x"


def trigger(value: float) -> str:
    """Return a trigger: a leverage, or never.

    Examples
    --------
    >>> trigger(5.0), trigger(999.0)
    ('5x', 'never')
    """
    return "never" if value == NEVER else multiple(value)


def join(items: Sequence[str]) -> str:
    """Return items as a spoken list.

    Examples
    --------
    >>> join(["2x", "3x", "4x"]), join(["2x"]), join([])
    ('2x, 3x and 4x', '2x', 'none')
    """
    if not items:
        return "none"
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def plural(number: float, noun: str) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "day"), plural(1234, "day")
    ('1 day', '1,234 days')
    """
    return f"{usd(number)} {noun}{'' if number == 1 else 's'}"


def _written(value: float | None, form: str) -> str:
    """Write a number, without the sign where it rounds to zero: that says nothing."""
    if value is None:
        return NONE
    text = format(value, form)
    return text if any(digit in "123456789" for digit in text) else text.lstrip("+-")
