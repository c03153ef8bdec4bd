"""A sweep as a map on a terminal: two fields across, one number in the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SHADES = " .:-=+*#%@"


def label(value: Any) -> str:
    """Return a field's value as a table's head shows it.

    Examples
    --------
    >>> label(3.0), label(None), label("auto")
    ('3', 'never', 'auto')
    """
    if value is None or value != value:
        return "never"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def pivot(frame: pd.DataFrame, down: str, across: str, shown: str) -> pd.DataFrame:
    """Return one number over two fields; its mean where other fields vary too."""
    names = [frame[name].map(label) for name in (down, across)]
    table = frame.groupby(names, sort=False)[shown].mean().unstack()  # noqa: PD010 - keeps order
    order = [list(dict.fromkeys(name)) for name in names]
    return table.reindex(index=order[0], columns=order[1])


def heat_lines(table: pd.DataFrame, width: int) -> list[str]:
    """Return a pivot as aligned text: percent where they fit, else shades with their scale."""
    side = max(len(str(table.index.name)), *(len(str(name)) for name in table.index))
    for digits in (1, 0):
        rows = [[str(name) for name in table.columns]]
        rows += [[_percent(value, digits) for value in row] for row in table.to_numpy().tolist()]
        sizes = [max(map(len, column)) + 1 for column in zip(*rows, strict=True)]
        if side + sum(sizes) <= width:
            names = ["", *map(str, table.index)]
            return [
                f"{name:>{side}}"
                + "".join(f"{cell:>{size}}" for cell, size in zip(row, sizes, strict=True))
                for name, row in zip(names, rows, strict=True)
            ]
    return _shaded(table, side, width)


def _percent(value: float, digits: int = 1) -> str:
    return "" if value != value else f"{100 * value:+.{digits}f}"


def _shaded(table: pd.DataFrame, side: int, width: int) -> list[str]:
    values = table.to_numpy()
    step = -(-values.shape[1] // max(1, width - side - 1))
    low, high = float(table.min().min()), float(table.max().max())
    scale = (len(SHADES) - 1) / (high - low) if high > low else 0.0
    lines = [
        f"{name:>{side}} "
        + "".join(
            " " if value != value else SHADES[round((value - low) * scale)] for value in row[::step]
        )
        for name, row in zip(table.index, values.tolist(), strict=True)
    ]
    ends = f"{table.columns.name} {table.columns[0]} to {table.columns[-1]}"
    every = f", every {step}th" if step > 1 else ""
    return [
        *lines,
        f"{'':>{side}} across: {ends}{every}",
        f"{'':>{side}} shades '{SHADES}': {_percent(low)} % to {_percent(high)} %",
    ]
