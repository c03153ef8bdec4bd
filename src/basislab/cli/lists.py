"""Lists of values as one types them: ``2,3,4``, ``3:12:0.25`` (the end included), ``never``."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from basislab.errors import ConfigError

MAX_VALUES = 1_000_000

WORDS: dict[str, dict[str, Any]] = {
    "trigger": {"never": None, "auto": "auto"},
    "band": {"never": None},
    "min_apy": {"none": None},
    "entry_apy": {"none": None},
    "exit_apy": {"none": None},
}
"""Words that stand for a value of a field."""

TEXT_FIELDS = ("perp", "lending", "slippage", "policy", "response", "path_order", "resize_to")
WHOLE_FIELDS = ("lookback_days",)


def parse_values(option: str, field: str, text: str, *, sampled: bool = False) -> Any:
    """Return the values that a text stands for.

    Parameters
    ----------
    option : str
        As the user typed it, for messages.
    field : str
        The config's field.
    text : str
        Values and ranges ``first:last:step``, separated by commas.
    sampled : bool
        ``low:high`` is then a range to draw from.

    Raises
    ------
    ConfigError
        Not a number, an endless or empty range.

    Examples
    --------
    >>> parse_values("--trigger", "trigger", "3:4:0.5,never")
    [3.0, 3.5, 4.0, None]
    >>> parse_values("--leverage", "leverage", "2:5", sampled=True)
    (2.0, 5.0)
    """
    pieces = [piece.strip() for piece in text.split(",")]
    if sampled and len(pieces) == 1 and pieces[0].count(":") == 1:
        low, high = (_number(option, part) for part in pieces[0].split(":"))
        return (float(low), float(high))
    values: list[Any] = []
    for piece in pieces:
        values += _values(option, field, piece)
        if len(values) > MAX_VALUES:
            raise ConfigError(f"{option}: more than {MAX_VALUES} values. Take a larger step.")
    return values


def _values(option: str, field: str, piece: str) -> list[Any]:
    if not piece:
        raise ConfigError(f"{option}: an empty value. Write it as 2,3,4 or 3:12:0.25.")
    words = WORDS.get(field, {})
    if piece in words:
        return [words[piece]]
    if field in TEXT_FIELDS:
        return [piece]
    if field == "monitor_seconds":
        return [_seconds(option, piece)]
    if ":" in piece:
        return [_plain(field, value) for value in _range(option, piece)]
    return [_plain(field, _number(option, piece, tuple(words)))]


def _seconds(option: str, piece: str) -> int:
    from basislab.data.build.align import parse_max_gap

    try:
        return parse_max_gap(piece)
    except ConfigError:
        raise ConfigError(
            f"{option}: got {piece!r}; it must be a time such as 1h, 4h or 1d."
        ) from None


def _plain(field: str, value: Decimal) -> float | int:
    """Return a whole number as an int where the field wants one."""
    if field in WHOLE_FIELDS and value == value.to_integral_value():
        return int(value)
    return float(value)


def _number(option: str, text: str, words: tuple[str, ...] = ()) -> Decimal:
    allowed = f", or {' or '.join(map(repr, words))}" if words else ""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ConfigError(
            f"{option}: got {text!r}; it must be a number, a list such as 2,3,4 or a range "
            f"first:last:step such as 3:12:0.25{allowed}."
        ) from None
    if not value.is_finite():
        raise ConfigError(f"{option}: got {text!r}; it must be finite.")
    return value


def _range(option: str, piece: str) -> list[Decimal]:
    """Return first, first + step, ... up to the last, in decimals: 0.1 three times is 0.3."""
    parts = piece.split(":")
    if len(parts) != 3:
        raise ConfigError(
            f"{option}: got {piece!r}; a range is first:last:step, such as 3:12:0.25 "
            "(first:last alone is a range to draw from, with --samples)."
        )
    first, last, step = (_number(option, part) for part in parts)
    if step <= 0 or last < first:
        raise ConfigError(
            f"{option}: got {piece!r}; the step must be above 0 and the last not below the first."
        )
    count = int((last - first) / step) + 1
    if count > MAX_VALUES:
        raise ConfigError(f"{option}: {piece!r} has {count} values; at most {MAX_VALUES}.")
    return [first + step * number for number in range(count)]
