"""The engine's books for what was held: the same fills and loan, hour by hour, by its formulas.

Funding by docs/venue-engine.md, eq. 5, interest by eq. 4, on the arrays that the engine reads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from basislab.errors import ConfigError
from basislab.position.replay.causes import funding_cause
from basislab.position.replay.log import LoanEvent, Log
from basislab.types.market import FloatArray, IntArray, Market
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_terms import NO_LENDER, PerpVenue
from basislab.units import SECONDS_PER_HOUR


@dataclass(frozen=True)
class Hours:
    """A market as the engine reads it: arrays of shape (n_bars,), one value a bar's end."""

    ends: IntArray
    funding: FloatArray
    funding_price: FloatArray
    taker: FloatArray
    supply: FloatArray
    borrow: FloatArray
    spot: FloatArray

    def bar_ending(self, time: int) -> int | None:
        """Return the bar that ends at a time; None where there is none."""
        at = int(np.searchsorted(self.ends, time))
        return at if at < len(self.ends) and self.ends[at] == time else None

    def bar_of(self, time: float) -> int | None:
        """Return the bar that a time lies in."""
        at = int(np.searchsorted(self.ends, time, side="right"))
        is_in = at < len(self.ends) and time >= self.ends[at] - SECONDS_PER_HOUR
        return at if is_in else None


def hours_of(market: Market, perp: str, lending: str | None) -> Hours:
    """Return the hours of a market at a venue; without a lender interest is zero throughout.

    Raises
    ------
    ConfigError
        Bars that are not hours.
    DataError
        The market lacks the venue's funding or the lender's rates.
    """
    from basislab.presets.terms import resolve
    from basislab.simulate.venue.bars import lower_bars
    from basislab.simulate.venue.prices import price_sources
    from basislab.types.venue_config import resolved

    if market.bar_seconds != SECONDS_PER_HOUR:
        raise ConfigError(
            f"market {market.name!r}: bars of {market.bar_seconds} s; funding is paid every hour, "
            "so that hours are wanted. Build it with --bar 1h."
        )
    config = resolve(VenueConfig(leverage=1.0, perp=perp, lending=lending or NO_LENDER))
    bars = lower_bars(market, config, price_sources(market, config))
    kind = resolved(config.perp, PerpVenue).funding_price
    price = {"oracle": bars.oracle, "mark": bars.mark, "perp": bars.perp}[kind].close
    opens = market.times.astype("datetime64[s]").astype(np.int64)
    ends = opens + SECONDS_PER_HOUR
    return Hours(ends, bars.funding, price, bars.taker, bars.supply, bars.borrow, bars.spot.close)


@dataclass(frozen=True)
class Booked:
    """One amount, live and by the engine, USD signed from our side; None where it is not there."""

    account: str
    time: float
    live: float | None
    engine: float | None
    cause: str = ""

    @property
    def difference(self) -> float:
        """Live less engine."""
        return (self.live or 0.0) - (self.engine or 0.0)


class Holdings:
    """What was held at any time, by the fills; by the payments where there are none."""

    def __init__(self, log: Log) -> None:
        self._times = [fill.time / 1_000 for fill in log.fills]
        self._after = [fill.before + fill.coins for fill in log.fills]
        self._first = log.fills[0].before if log.fills else None
        self._paid = [row.time / 1_000 for row in log.funding]
        self._szi = [row.delta.szi for row in log.funding]

    def at(self, time: float) -> float:
        """Return the signed coins held just before a time."""
        at = bisect_left(self._times, time)
        if at:
            return self._after[at - 1]
        if self._first is not None:
            return self._first
        near = min(bisect_right(self._paid, time), len(self._szi) - 1)
        return self._szi[near] if self._szi else 0.0


def funding_booked(log: Log, hours: Hours) -> tuple[list[Booked], int]:
    """Return every hour's funding, and how many payments lie outside the market."""
    held = Holdings(log)
    paid = {row.time // 1_000 // SECONDS_PER_HOUR * SECONDS_PER_HOUR: row for row in log.funding}
    outside = sum(hours.bar_ending(time) is None for time in paid)
    start, end = log.span
    start = min([start, *(time - 1.0 for time in paid)])  # a payment is stamped after its hour
    found = []
    for bar in np.flatnonzero((hours.ends > start) & (hours.ends <= end)).tolist():
        time = int(hours.ends[bar])
        coins, row = held.at(time), paid.get(time)
        if row is None and coins == 0:
            continue
        rate, price = float(hours.funding[bar]), float(hours.funding_price[bar])
        expected = None if np.isnan(rate) else -coins * rate * price
        cause = funding_cause(row, coins, rate, expected)
        live = row.delta.usdc if row else None
        found.append(Booked("funding", time, live, expected, cause))
    return found, outside


def fees_booked(log: Log, hours: Hours) -> list[Booked]:
    """Return every fill's fee against the venue's taker fee on the same notional."""
    found = []
    for fill in log.fills:
        bar = hours.bar_of(fill.time / 1_000)
        if bar is None:
            continue
        notional, rate = fill.size * fill.price, float(hours.taker[bar])
        bps = (fill.fee / notional * 1e4, rate * 1e4)
        cause = f"fees of {bps[0]:.2f} bps, the engine's taker fee is {bps[1]:.2f}"
        engine = -notional * rate
        is_same = abs(bps[0] - bps[1]) < 0.005
        found.append(
            Booked("trading_fees", fill.time / 1_000, -fill.fee, engine, "" if is_same else cause)
        )
    return found


def interest_booked(log: Log, hours: Hours) -> list[Booked]:
    """Return the interest between every two balances of the loan, coins at the later one's price.

    The engine starts from each balance anew: a difference stays where it arose.
    """
    found: list[Booked] = []
    balances = [place for place, row in enumerate(log.loan) if row.event == "balance"]
    for first, last in pairwise(balances):
        before, after = log.loan[first], log.loan[last]
        bar = hours.bar_ending(_hour(after.time))
        if bar is None or hours.bar_ending(_hour(before.time)) is None:
            continue
        moves = log.loan[first + 1 : last]
        price = float(hours.spot[bar])
        coins, debt = _grown(before, moves, after.time, hours)
        flow_coins = sum(_flow(row)[0] for row in moves)
        flow_usd = sum(_flow(row)[1] for row in moves)
        live = (
            (after.coins - before.coins - flow_coins) * price,
            after.usd - before.usd - flow_usd,
        )
        engine = ((coins - before.coins - flow_coins) * price, debt - before.usd - flow_usd)
        found.append(Booked("supply_interest", after.time, live[0], engine[0]))
        found.append(Booked("borrow_interest", after.time, -live[1], -engine[1]))
    return found


def _grown(
    start: LoanEvent, moves: tuple[LoanEvent, ...], end: float, hours: Hours
) -> tuple[float, float]:
    """Return coins and debt at the end by the engine's growth; moves are done at their hour."""
    coins, debt, waiting = start.coins, start.usd, list(moves)
    first, last = hours.bar_ending(_hour(start.time)), hours.bar_ending(_hour(end))
    assert first is not None  # noqa: S101 - the caller looked
    assert last is not None  # noqa: S101
    for bar in range(first + 1, last + 1):
        coins *= 1 + float(hours.supply[bar])
        debt *= 1 + float(hours.borrow[bar])
        while waiting and waiting[0].time <= hours.ends[bar]:
            flow = _flow(waiting.pop(0))
            coins, debt = coins + flow[0], debt + flow[1]
    return coins, debt


def _flow(row: LoanEvent) -> tuple[float, float]:
    """Return what a row adds to collateral (coins) and debt (USD)."""
    if row.event in ("supply", "borrow"):
        return row.coins, row.usd
    return -row.coins, -row.usd


def _hour(time: float) -> int:
    """Return the nearest hour: a balance is read now and then, the engine's at the hours."""
    return round(time / SECONDS_PER_HOUR) * SECONDS_PER_HOUR


def moment(time: float) -> str:
    """Return a time in words."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}"
