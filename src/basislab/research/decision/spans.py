"""Intervals from spans of time that do not overlap: what overlaps is no further evidence."""

from __future__ import annotations

import math

import numpy as np

from basislab.types.decision import Interval
from basislab.types.market import FloatArray, IntArray

_T_95 = (
    *(6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782),
    *(1.771, 1.761, 1.753, 1.746, 1.740, 1.734, 1.729, 1.725),
)
_Z_95 = 1.645


def student_95(freedom: int) -> float:
    """Return the 95 % quantile of Student's t: its table, then ``z + 1.52 / freedom``.

    >>> student_95(3), round(student_95(60), 3)
    (2.353, 1.67)
    """
    return _T_95[freedom - 1] if freedom <= len(_T_95) else _Z_95 + 1.52 / freedom


def interval_of(values: FloatArray, spread: float = 0.0) -> Interval:
    """Return the mean of independent values with its 90 % interval.

    ``mean +- t_95 sqrt(s^2 / n + spread^2)``; `spread` is a further standard deviation of the mean.

    >>> interval_of(np.array([0.0, 2.0]))
    Interval(middle=1.0, low=-5.314, high=7.314)
    """
    n, middle = len(values), float(values.mean())
    if n < 2:
        return Interval(middle=middle, low=None, high=None)
    error = student_95(n - 1) * math.sqrt(float(values.var(ddof=1)) / n + spread**2)
    return Interval(middle=middle, low=middle - error, high=middle + error)


def share_interval(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 90 % interval of a share seen in n independent cases.

    >>> low, high = share_interval(0.0, 10)
    >>> low == 0.0, round(high, 2)
    (True, 0.21)
    """
    z2 = _Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z_95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def apart(days: IntArray, gap: int) -> IntArray:
    """Return the positions of days that lie at least `gap` apart, the first one first.

    >>> apart(np.array([0, 7, 90, 97, 180]), 90).tolist()
    [0, 2, 4]
    """
    kept: list[int] = []
    for position, day in enumerate(days.tolist()):
        if not kept or day - int(days[kept[-1]]) >= gap:
            kept.append(position)
    return np.array(kept, np.int64)
