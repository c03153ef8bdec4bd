"""Units and the two conversions that the whole package shares.

Everything inside the package is a fraction (0.05, not 5 %), USD, coin or second; percent and basis
points exist at the edges only, and then in the name (``borrow_apy_pct``, ``taker_fee_bps``).
"""

DAYS_PER_YEAR = 365
"""Days of the study's year; also the exponent of the compound hurdle."""

SECONDS_PER_HOUR = 3_600
SECONDS_PER_DAY = 86_400

BPS_PER_UNIT = 10_000
PERCENT_PER_UNIT = 100


def from_bps(bps: float) -> float:
    """Return basis points as a fraction.

    Parameters
    ----------
    bps : float
        Basis points.

    Returns
    -------
    float
        Fraction; correctly rounded, because the divisor is exact.

    Examples
    --------
    >>> from_bps(3.5)
    0.00035
    """
    return bps / BPS_PER_UNIT


def from_percent(percent: float) -> float:
    """Return percent as a fraction.

    Parameters
    ----------
    percent : float
        Percent.

    Returns
    -------
    float
        Fraction; correctly rounded, because the divisor is exact.

    Examples
    --------
    >>> from_percent(4.6)
    0.046
    """
    return percent / PERCENT_PER_UNIT
