"""A live log: the venue's saved answers, recognised by content, and the loan's own table."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from basislab.data.sources.hyperliquid_log import (
    Fill,
    Funding,
    Transfer,
    parse_fills,
    parse_funding,
    parse_transfers,
)
from basislab.data.sources.payload import parse_json
from basislab.errors import ConfigError, SourceError

LOAN_FILE = "loan.csv"
LOAN_COLUMNS = ("time", "event", "coins", "usd")
LOAN_EVENTS = ("supply", "withdraw", "borrow", "repay", "liquidation", "balance")
MAX_FILES, MAX_BYTES = 1_000, 64 * 1024**2


class LoanEvent(NamedTuple):
    """A row of the loan's table: coins of collateral, USD of debt; of `balance` what there is."""

    time: float
    event: str
    coins: float
    usd: float


@dataclass(frozen=True)
class Log:
    """What happened, each list by time; payments and fills of one coin."""

    coin: str
    fills: tuple[Fill, ...] = ()
    funding: tuple[Funding, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    loan: tuple[LoanEvent, ...] = ()

    @property
    def span(self) -> tuple[float, float]:
        """First and last time, seconds since 1970."""
        stamps = [row.time / 1_000 for rows in (self.fills, self.funding) for row in rows]
        stamps += [row.time for row in self.loan]
        return min(stamps), max(stamps)


def load_log(folder: Path, coin: str | None = None) -> Log:
    """Return the log that a folder's ``*.json`` and ``loan.csv`` hold.

    Answers of one kind may stand in several files, pages of a long history; a row that stands
    twice counts once.

    Raises
    ------
    ConfigError
        No such folder, nothing in it, or several coins and none chosen.
    SourceError
        A file that is not what it seems to be.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder. Name one with the account's saved answers.")
    fills: dict[Any, Fill] = {}
    funding: dict[Any, Funding] = {}
    transfers: dict[Any, Transfer] = {}
    for path in sorted(folder.glob("*.json"))[:MAX_FILES]:
        tree = _read(path)
        kind = kind_of(tree)
        if kind == "fills":
            fills |= {row.number: row for row in parse_fills(tree, str(path))}
        elif kind == "funding":
            rows = parse_funding(tree, str(path))
            funding |= {(row.time, row.delta.coin): row for row in rows}
        elif kind == "transfers":
            found = parse_transfers(tree, str(path))
            transfers |= {(row.time, row.delta.kind, row.delta.usdc): row for row in found}
    loan = load_loan(folder / LOAN_FILE)
    if not (fills or funding or loan):
        raise ConfigError(
            f"{folder}: neither fills nor funding payments nor {LOAN_FILE}. Save the answers of "
            "userFillsByTime and userFunding there, or fetch them with --hyperliquid."
        )
    chosen = _coin(coin, fills.values(), funding.values(), folder)
    return Log(
        chosen,
        tuple(sorted((row for row in fills.values() if row.coin == chosen), key=_fill_order)),
        tuple(sorted((row for row in funding.values() if row.delta.coin == chosen), key=_time)),
        tuple(sorted(transfers.values(), key=_time)),
        loan,
    )


def _time(row: Funding | Transfer) -> int:
    return row.time


def _fill_order(row: Fill) -> tuple[int, int]:
    return row.time, row.number


def kind_of(tree: Any) -> str | None:
    """Return which list an answer is by its first row; None where it is none of them.

    Examples
    --------
    >>> kind_of([{"delta": {"type": "funding"}}]), kind_of([{"px": "1", "tid": 2}]), kind_of([])
    ('funding', 'fills', None)
    """
    if not isinstance(tree, list) or not tree or not isinstance(tree[0], dict):
        return None
    first = tree[0]
    if "px" in first and "tid" in first:
        return "fills"
    delta = first.get("delta")
    if isinstance(delta, dict) and "type" in delta:
        return "funding" if delta["type"] == "funding" else "transfers"
    return None


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceError(f"{path}: larger than {MAX_BYTES} bytes. Split it into pages.")
        return parse_json(path.read_bytes(), str(path))
    except OSError as error:
        raise SourceError(f"{path}: it cannot be read ({error.strerror}).") from None


def _coin(coin: str | None, fills: Any, funding: Any, folder: Path) -> str:
    there: list[str] = sorted({row.coin for row in fills} | {row.delta.coin for row in funding})
    if coin is not None:
        if there and coin not in there:
            raise ConfigError(f"{folder}: nothing of {coin}; there are: {', '.join(there)}.")
        return coin
    if len(there) != 1:
        said = f"several coins ({', '.join(there)})" if there else "no coin is named"
        raise ConfigError(f"{folder}: {said}. Choose one with --coin.")
    return there[0]


def load_loan(path: Path) -> tuple[LoanEvent, ...]:
    """Return the loan's rows by time; none where there is no such file."""
    if not path.exists():
        return ()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
            names = tuple(rows[0]) if rows else LOAN_COLUMNS
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path}: it cannot be read as CSV ({error}).") from None
    if names != LOAN_COLUMNS:
        raise SourceError(
            f"{path}: got the columns {', '.join(map(str, names))[:80]}; wanted is "
            f"{','.join(LOAN_COLUMNS)}."
        )
    found = [_loan_event(row, f"{path}: row {number}") for number, row in enumerate(rows, 1)]
    return tuple(sorted(found, key=lambda one: one.time))


def _loan_event(row: dict[str, Any], where: str) -> LoanEvent:
    def number(name: str) -> float:
        try:
            value = float(row[name] or 0.0)
        except (TypeError, ValueError):
            value = math.nan
        if not 0 <= value < 1e15:
            raise SourceError(f"{where}, {name}: got {row[name]!r}; a number of 0 or more.")
        return value

    if row["event"] not in LOAN_EVENTS:
        raise SourceError(
            f"{where}, event: got {str(row['event'])[:40]!r}; one of {', '.join(LOAN_EVENTS)}."
        )
    try:
        time = datetime.fromisoformat(str(row["time"]))
    except ValueError:
        raise SourceError(
            f"{where}, time: got {str(row['time'])[:40]!r}; a time such as 2026-01-31T12:00Z."
        ) from None
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return LoanEvent(time.timestamp(), row["event"], number("coins"), number("usd"))


Progress = Callable[[str, int], None]
"""Is told the kind of history and how many rows of it there are."""


def fetch_log(address: str, since: float, folder: Path, tell: Progress = lambda *_: None) -> None:
    """Ask for an account's history page by page, and save the answers in a folder."""
    from basislab.data.keep.vault import write_whole
    from basislab.data.sources import budgets
    from basislab.data.sources.http import Client
    from basislab.data.sources.hyperliquid_log import KINDS, log_call

    parsers: dict[str, Callable[[Any, str], Any]] = dict(
        zip(KINDS, (parse_fills, parse_funding, parse_transfers), strict=True)
    )
    with Client(budgets=budgets()) as client:
        for kind in KINDS:
            start, seen = int(since * 1_000), 0
            for page in range(1, MAX_FILES):
                call = log_call(kind, address, start)
                body = client.send(call, lambda tree, kind=kind: parsers[kind](tree, kind))  # type: ignore[misc]
                rows = parse_json(body, call.label)
                last = max((row["time"] for row in rows), default=start)
                if rows:
                    write_whole(folder / f"{kind}-{page:04}.json", body)
                seen += len(rows)
                tell(kind, seen)
                if not rows or last <= start:
                    break
                start = last  # inclusive: rows of the same stamp may stand on both pages
