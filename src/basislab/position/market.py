"""What the answers about an account leave open: lending rates, and how much the coin moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from basislab.data.sources import budgets, feed_of
from basislab.data.sources.feeds import Part, Wanted
from basislab.data.sources.http import Client
from basislab.data.sources.payload import parse_json
from basislab.data.sources.rows import RawSeries
from basislab.errors import BasisLabError
from basislab.position.reading import Reading
from basislab.types.market import FloatArray
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY, SECONDS_PER_HOUR, from_percent

VOLATILITY_DAYS = 30
_HOURS_A_YEAR = 24 * DAYS_PER_YEAR
_LEAST_HOURS = 48
_RATE_WINDOW_S = 6 * SECONDS_PER_HOUR


def with_market(reading: Reading, now: datetime | None = None) -> Reading:
    """Return the reading with lending rates of Kamino and the volatility of the last 30 days.

    What cannot be had stays unknown, with a note; what the policy already says stays.
    """
    with Client(budgets=budgets()) as client:
        return asked_market(client, reading, now)


def asked_market(client: Client, reading: Reading, now: datetime | None = None) -> Reading:
    """Return the same through a client that is there; see `with_market`."""
    position, notes = reading.position, list(reading.notes)
    end = int((now or datetime.now(UTC)).timestamp())
    loan, policy = position.loan, position.policy

    def tried(what: str, ask: Callable[[], float | None]) -> float | None:
        try:
            found = ask()
        except BasisLabError as error:
            notes.append(f"{what} stays unknown: {error}")
            return None
        if found is None:
            notes.append(f"{what} stays unknown: the venue answers no recent row.")
        return found

    if loan and loan.venue == "kamino":
        start = end - _RATE_WINDOW_S
        supply = tried(
            f"supply APY of {position.coin}",
            lambda: _last(_asked(client, "lending", "kamino", position.coin, start, end), 0),
        )
        borrow = tried(
            "borrow APY of USDC",
            lambda: _last(_asked(client, "lending", "kamino", "USDC", start, end), 1),
        )
        loan = loan.model_copy(update={"supply_apy": supply, "borrow_apy": borrow})
    if policy.volatility_annual is None:
        start = end - VOLATILITY_DAYS * SECONDS_PER_DAY
        found = tried(
            "volatility",
            lambda: volatility(
                _asked(client, "perp", "hyperliquid", position.coin, start, end).values[:, 3]
            ),
        )
        policy = policy.model_copy(update={"volatility_annual": found})
    changed = position.model_copy(update={"loan": loan, "policy": policy})
    return Reading(changed, tuple(notes))


def _asked(client: Client, part: Part, source: str, coin: str, start: int, end: int) -> RawSeries:
    feed = feed_of(part, Wanted(source, coin, SECONDS_PER_HOUR))
    call = feed.call(start, end)
    body = client.send(call, lambda tree: feed.parse(tree, feed.label))
    return feed.parse(parse_json(body, feed.label), feed.label)


def _last(series: RawSeries, column: int) -> float | None:
    """Return the latest rate as a fraction; None where there is none or it is null."""
    if not len(series.times):
        return None
    rate = float(series.values[int(np.argmax(series.times)), column])
    return None if math.isnan(rate) else from_percent(rate)


def volatility(closes: FloatArray) -> float | None:
    """Return the annual standard deviation of hourly log returns; None below 48 hours.

    Examples
    --------
    >>> import numpy as np
    >>> round(volatility(100 * np.exp(0.01 * (np.arange(200) % 2))), 3)
    0.938
    """
    if len(closes) < _LEAST_HOURS:
        return None
    returns = np.diff(np.log(closes))
    spread = float(np.std(returns, ddof=1)) * math.sqrt(_HOURS_A_YEAR)
    return spread or None
