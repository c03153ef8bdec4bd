"""What a `Market` refuses: names with blanks, irregular times, values that no series can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from basislab.errors import DataError


def check_keys(market: str, names: Iterable[str]) -> None:
    """Refuse an empty name of a venue, protocol or asset, or one with a blank."""
    for name in names:
        if not name or any(letter.isspace() for letter in name):
            raise DataError(
                f"market {market!r}: {name!r} is no name of a venue, protocol or asset; "
                "it must be a word without blanks."
            )


def check_grid(market: str, times: NDArray[np.datetime64]) -> None:
    """Refuse no bars, and times that are not equally spaced and increasing."""
    if len(times) == 0:
        raise DataError(f"market {market!r}: it has no bars. Give at least one.")
    steps = np.diff(times).astype(np.int64)
    if len(steps) and (steps[0] <= 0 or (steps != steps[0]).any()):
        bad = int(np.argmax(steps != steps[0])) if steps[0] > 0 else 0
        raise DataError(
            f"market {market!r}: times are not a regular grid: bar {bad + 1} "
            f"({times[bad + 1]}) follows {times[bad]}. "
            "Align the series first ('basislab data import' does)."
        )


def check_series(
    where: str,
    times: NDArray[np.datetime64],
    n_values: int,
    arrays: Mapping[str, NDArray[Any] | None],
) -> None:
    """Refuse another length than the grid's, and values outside what the array can hold."""
    if n_values != len(times):
        raise DataError(f"{where}: {n_values} values for {len(times)} bars.")
    for name, values in arrays.items():
        if values is None:
            continue
        rule, is_bad = _RULES[name]
        bad = is_bad(values)
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"{where} {name}: {values[row]!r} at {times[row]} "
                f"(bar {row}); it must be {rule}. Correct the source and import again."
            )


def _is_not_finite(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(~np.isfinite(values))


def _is_not_positive(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(~(np.isfinite(values) & (values > 0)))


def _is_negative(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(~(np.isfinite(values) & (values >= 0)))


_PRICE_RULE: tuple[str, Callable[[Any], NDArray[np.bool_]]] = (
    "a finite number above 0",
    _is_not_positive,
)
_RULES: dict[str, tuple[str, Callable[[Any], NDArray[np.bool_]]]] = {
    "open": _PRICE_RULE,
    "high": _PRICE_RULE,
    "low": _PRICE_RULE,
    "close": _PRICE_RULE,
    "volume": ("a finite number, 0 or more", _is_negative),
    "rate": ("a finite number", _is_not_finite),
    "settlements": ("0 or more", _is_negative),
    "apy": ("a finite number, 0 or more", _is_negative),
    "utilisation": ("a finite number, 0 or more", _is_negative),
}
