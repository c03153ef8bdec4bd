"""Days and moments in UTC, however they are written: text, datetime, numpy or pandas times.

A run covers whole days, so a time stands for the day in which it lies. Without a zone it is UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from basislab.errors import ConfigError

Day = date | str | np.datetime64
"""What is taken for a day: datetimes and pandas timestamps are dates too."""


def read_moment(given: object) -> datetime:
    """Return a moment with its zone, UTC, or raise ValueError; a day is its midnight.

    Examples
    --------
    >>> read_moment("2025-01-18T01:00+02:00")
    datetime.datetime(2025, 1, 17, 23, 0, tzinfo=datetime.timezone.utc)
    """
    found: object = given
    if isinstance(given, str):
        found = datetime.fromisoformat(given)
    elif isinstance(given, np.datetime64):
        found = given.astype("datetime64[Y]").item()  # no date where a finer unit would overflow
        found = given.astype("datetime64[us]").item() if isinstance(found, date) else None
    if not isinstance(found, date) or found != found:  # pandas holds NaT to be a datetime
        raise ValueError(f"no time: {given!r}")
    if not isinstance(found, datetime):
        return datetime(found.year, found.month, found.day, tzinfo=UTC)
    moment = datetime.combine(found.date(), found.timetz())  # no pandas from here on
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_moment(given: Day, name: str = "time") -> datetime:
    """Return a moment in UTC.

    Parameters
    ----------
    given : ISO text, date, datetime, datetime64 or pandas Timestamp
        A time without a zone is UTC.
    name : str
        Of the parameter, for the message.

    Returns
    -------
    datetime
        Aware, UTC.

    Raises
    ------
    ConfigError
        Anything else, NaT too.
    """
    try:
        return read_moment(given)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{name}: got {given!r}; write a time as 2025-01-18T12:00 (UTC)."
        ) from None


def as_day(given: Day | None, name: str = "day") -> date | None:
    """Return the day, in UTC, that is meant; None stays None.

    Parameters
    ----------
    given : ISO text, date, datetime, datetime64 or pandas Timestamp, optional
        A time stands for the day in which it lies; without a zone it is UTC.
    name : str
        Of the parameter, for the message.

    Raises
    ------
    ConfigError
        Anything else, NaT too.

    Examples
    --------
    >>> as_day("2025-01-18")
    datetime.date(2025, 1, 18)
    >>> as_day(np.datetime64("2025-01-18T23:30"))
    datetime.date(2025, 1, 18)
    """
    if given is None:
        return None
    try:
        return read_moment(given).date()
    except (ValueError, OverflowError):
        raise ConfigError(f"{name}: got {given!r}; write a day as 2025-01-18.") from None
