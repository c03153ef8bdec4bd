"""Live against engine: by account, and the largest differences with their cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from basislab.errors import ConfigError
from basislab.position.replay.alone import Alone, engine_alone
from basislab.position.replay.books import (
    Booked,
    fees_booked,
    funding_booked,
    hours_of,
    interest_booked,
    moment,
)
from basislab.position.replay.log import Log
from basislab.position.words import cut
from basislab.types.market import Market
from basislab.types.venue_config import PolicyKind

ACCOUNTS = ("funding", "supply_interest", "borrow_interest", "trading_fees")
LARGEST = 5
CENT = 0.005


@dataclass(frozen=True)
class Difference:
    """What differs for one cause in one account; USD, live less engine."""

    account: str
    cause: str
    usd: float
    count: int
    first: float
    last: float


@dataclass(frozen=True)
class Replay:
    """Both books of one log.

    `accounts` has live, engine and their difference for each account, USD signed from our side.
    """

    coin: str
    start: float
    end: float
    accounts: dict[str, tuple[float, float, float]]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    alone: Alone | None = None
    """The engine from the same start, left to its policy."""

    @property
    def total(self) -> float:
        """Live less engine over all accounts."""
        return sum(row[2] for row in self.accounts.values())

    def to_dict(self) -> dict[str, Any]:
        """Return everything, JSON-ready."""
        names = ("live_usd", "engine_usd", "difference_usd")
        return {
            "coin": self.coin,
            "start": moment(self.start),
            "end": moment(self.end),
            "accounts": {
                name: dict(zip(names, row, strict=True)) for name, row in self.accounts.items()
            },
            "difference_usd": self.total,
            "differences": [asdict(one) for one in self.differences],
            "notes": list(self.notes),
            "engine_alone": asdict(self.alone) if self.alone else None,
        }


def replay(
    log: Log,
    market: Market,
    *,
    perp: str,
    lending: str,
    margin_usd: float | None = None,
    policy: PolicyKind = "trigger",
) -> Replay:
    """Return live and engine side by side over the hours that the market has.

    With the margin that the short began with, also what the engine would have done by itself.

    Raises
    ------
    ConfigError
        The market is of another coin, of other bars than hours, or of other times.
    DataError
        It lacks a series.
    """
    if market.asset != log.coin:
        raise ConfigError(
            f"market {market.name!r}: it is of {market.asset}, the log of {cut(log.coin, 12)}."
        )
    hours = hours_of(market, perp, lending if log.loan else None)
    start, end = log.span
    if not ((hours.ends > start) & (hours.ends <= end)).any():
        raise ConfigError(
            f"market {market.name!r}: no hour between {moment(start)} and {moment(end)}. Fetch "
            "those with 'basislab data fetch'."
        )
    funding, outside = funding_booked(log, hours)
    rows = [*funding, *fees_booked(log, hours), *interest_booked(log, hours)]
    accounts = {name: _sums([row for row in rows if row.account == name]) for name in ACCOUNTS}
    alone = None
    if margin_usd is not None:
        alone = engine_alone(
            log,
            market,
            hours,
            margin_usd=margin_usd,
            policy=policy,
            perp=perp,
            lending=lending,
        )
    notes = _notes(log, outside)
    return Replay(log.coin, start, end, accounts, _differences(rows), notes, alone)


def _sums(rows: list[Booked]) -> tuple[float, float, float]:
    live, engine = sum(row.live or 0.0 for row in rows), sum(row.engine or 0.0 for row in rows)
    return live, engine, live - engine


def _differences(rows: list[Booked]) -> tuple[Difference, ...]:
    """Group what differs by account and cause, the largest first."""
    groups: dict[tuple[str, str], list[Booked]] = {}
    for row in rows:
        cause = row.cause or _plain_cause(row)
        if row.difference and cause:
            groups.setdefault((row.account, cause), []).append(row)
    found = [
        Difference(
            account,
            cause,
            sum(row.difference for row in group),
            len(group),
            min(row.time for row in group),
            max(row.time for row in group),
        )
        for (account, cause), group in groups.items()
    ]
    told = [one for one in found if abs(one.usd) >= CENT]
    return tuple(sorted(told, key=lambda one: -abs(one.usd)))


def _plain_cause(row: Booked) -> str:
    if row.account.endswith("interest"):
        if row.live and row.engine and abs(row.live / row.engine + 1) < 0.02:
            return "the sign is flipped: interest that was paid is booked as earned"
        return "another rate than the market's, or moves that the table does not have"
    return ""


def _notes(log: Log, outside: int) -> tuple[str, ...]:
    notes = []
    if outside:
        notes.append(f"{outside} payments lie outside the market's hours and are left out")
    breaks = [
        after
        for before, after in pairwise(log.fills)
        if abs(before.before + before.coins - after.before) > 1e-9 * max(abs(after.before), 1.0)
    ]
    if breaks:
        time = moment(breaks[0].time / 1_000)
        notes.append(
            f"fills are missing: {len(breaks)} do not follow on the one before, first {time}"
        )
    liquidated = [fill for fill in log.fills if fill.liquidation is not None]
    if liquidated:
        notes.append(f"the venue liquidated the short at {moment(liquidated[0].time / 1_000)}")
    fees = sum(row.delta.fee or 0.0 for row in log.transfers)
    if fees:
        notes.append(f"transfers cost {fees:,.2f} USD, which no account here holds")
    if log.loan and sum(row.event == "balance" for row in log.loan) < 2:
        notes.append("the loan's table has less than two balances: its interest is not measured")
    return tuple(notes)


def text_of(found: Replay) -> str:
    """Return the comparison as lines of text."""
    lines = [f"{cut(found.coin, 12)}, {moment(found.start)} to {moment(found.end)} UTC", ""]
    lines.append(f"{'USD':20}{'live':>14}{'engine':>14}{'difference':>14}")
    lines += [_line(name, row) for name, row in found.accounts.items()]
    sums = [sum(row[place] for row in found.accounts.values()) for place in range(3)]
    lines += [_line("together", sums), ""]
    if not found.differences:
        lines.append("no difference of a cent")
    for place, one in enumerate(found.differences[:LARGEST], 1):
        times = f"{one.count} times, {moment(one.first)} to {moment(one.last)}"
        lines.append(f"{place}. {one.usd:+,.2f} {one.account}: {one.cause} ({times})")
    left = found.differences[LARGEST:]
    if left:
        lines.append(f"   {sum(one.usd for one in left):+,.2f} in {len(left)} smaller ones")
    lines += _alone_lines(found) if found.alone else []
    return "\n".join([*lines, *(f"note: {note}" for note in found.notes)]) + "\n"


def _line(name: str, values: Sequence[float]) -> str:
    return f"{name:20}" + "".join(f"{round(value, 2) + 0.0:>14,.2f}" for value in values)


def _alone_lines(found: Replay) -> list[str]:
    """Say what the engine did by itself, beside what was earned."""
    alone = found.alone
    if alone is None:
        return []
    start, (long, short) = alone.start, alone.start.leverages
    legs = f"{start.capital_usd:,.2f} USD, long {long:.2f}x, short {short:.2f}x"
    lines = [
        "",
        f"The engine from the same start ({legs}), policy {alone.policy}:",
        f"{'USD':20}{'live':>14}{'engine alone':>14}{'difference':>14}",
    ]
    for name, (live, _, _) in found.accounts.items():
        own = alone.accounts[name]
        lines.append(_line(name, (live, own, live - own)))
    others = {name: usd for name, usd in alone.accounts.items() if name not in found.accounts}
    lines += [f"{name:34}{usd:>14,.2f}" for name, usd in others.items() if abs(usd) >= CENT]
    told = ", ".join(f"{count} {kind}" for kind, count in alone.events.items())
    return [*lines, f"{'change of its equity':34}{alone.change_usd:>14,.2f}", f"it did: {told}"]
