"""Checks that every validating type shares: one message format, one place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any

from basislab.errors import ConfigError


def _fail(owner: object, name: str, value: object, allowed: str) -> ConfigError:
    return ConfigError(f"{type(owner).__name__}.{name}: got {value!r}; it must be {allowed}.")


def check_number(
    owner: Any, name: str, low: float, high: float, unit: str, *, above: bool = False
) -> None:
    """Replace `owner.name` by a finite float in [low, high], or raise.

    Parameters
    ----------
    name : str
        Its field.
    low, high : float
        Allowed range, inclusive (`low` exclusive with `above`).
    unit : str
        Named in the message.

    Raises
    ------
    ConfigError
        Not a number (a bool or a string is none), NaN, infinite, or outside the range.
    """
    value = getattr(owner, name)
    bracket = "(" if above else "["
    allowed = f"a number in {bracket}{low:g}, {high:g}] ({unit})"
    if isinstance(value, bool) or not isinstance(value, Real):
        raise _fail(owner, name, value, allowed)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not (low <= number <= high) or (above and number == low):
        hint = ""
        if unit.startswith("fraction") and high < number <= 100:
            hint = f" A fraction is wanted: {number:g} % is {number / 100:g}."
        raise ConfigError(str(_fail(owner, name, value, allowed)) + hint)
    object.__setattr__(owner, name, number)


def check_integer(owner: Any, name: str, low: int, high: int, unit: str) -> None:
    """Replace `owner.name` by an int in [low, high], or raise.

    Parameters
    ----------
    name : str
        Its field.
    low, high : int
        Allowed range, inclusive.
    unit : str
        Named in the message.

    Raises
    ------
    ConfigError
        Not an integer, or outside the range.
    """
    value = getattr(owner, name)
    is_whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not is_whole or not low <= int(value) <= high:
        raise _fail(owner, name, value, f"a whole number from {low} to {high} ({unit})")
    object.__setattr__(owner, name, int(value))


def check_choice(owner: Any, name: str, choices: Sequence[str]) -> None:
    """Raise unless `owner.name` is one of `choices`.

    Parameters
    ----------
    name : str
        Its field.

    Raises
    ------
    ConfigError
        With the nearest choice.
    """
    value = getattr(owner, name)
    if value not in choices:
        raise _fail(owner, name, value, f"one of {', '.join(choices)}{nearest(value, choices)}")


def nearest(word: object, known: Sequence[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known word most like `word`, or nothing.

    Parameters
    ----------
    word : object
        What was given.

    Examples
    --------
    >>> nearest("levrage", ["leverage", "trigger"])
    " (did you mean 'leverage'?)"
    >>> nearest("zzz", ["leverage", "trigger"])
    ''
    """
    matches = get_close_matches(str(word), known, n=1, cutoff=0.6)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
