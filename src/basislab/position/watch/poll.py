"""The poller: every venue by itself, so that one that is silent does not hide the others."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from basislab.data.sources import budgets
from basislab.data.sources.http import Client, Patience
from basislab.errors import BasisLabError, ConfigError
from basislab.position.answers import Answers, Asking, NothingHeldError, ask, asking
from basislab.position.file import load_position
from basislab.position.market import asked_market
from basislab.position.reading import Reading, read_answers
from basislab.position.types import Accounts, Loan, Position
from basislab.position.watch.conditions import LEG_OF, Poll

PATIENCE = Patience(attempts=3, deadline_s=15.0, attempt_s=10.0, read_s=5.0, backoff_max_s=3.0)
"""For one request; the next poll asks again anyway."""

RATES_S, RATES_HOLD_S = 900.0, 6 * 3_600.0
"""How often lending rates are asked for, and how long they hold where none can be had."""

FILE = "position file"

NOBODY = Accounts()


def asked_of(position: Position) -> tuple[str, ...]:
    """Return by name whom a poll asks."""
    accounts = position.accounts or NOBODY
    return (*(name for name, address in accounts.model_dump().items() if address), FILE)


def _without(position: Position, leg: str) -> Position:
    """Return what is left; the last leg stays, for a position has one."""
    has_other = position.loan if leg == "short" else position.short
    return position.model_copy(update={leg: None}) if has_other else position


@dataclass
class VenuePoller:
    """Reads the file and asks its accounts; a leg that nobody is asked about is the file's.

    Parameters
    ----------
    node : str, optional
        The Ethereum node for Aave; never shown.
    """

    path: Path
    node: str | None
    clock: Callable[[], float]
    patience: Patience = PATIENCE
    client: Client = field(init=False)
    _file: Position = field(init=False)
    _asked_at: float = field(init=False, default=-math.inf)
    _rates: tuple[float, Loan | None] = field(init=False, default=(0.0, None))

    def __post_init__(self) -> None:
        self._file = load_position(self.path)
        self._venues()  # what is no address is refused at once
        self.client = Client(self.patience, budgets=budgets())  # one: limits and connections shared

    def close(self) -> None:
        """Hang up."""
        self.client.__exit__()

    def __call__(self, last: Position | None) -> Poll:
        """Return what there is; problems are named, and never raised."""
        problems: dict[str, str] = {}
        try:
            self._file = load_position(self.path)
        except ConfigError as error:
            problems[FILE] = str(error)
        venues: dict[str, Asking] = {}
        try:
            venues = self._venues()
        except ConfigError as error:
            problems[FILE] = str(error)
        held = self._before(last)
        gone: list[str] = []
        notes: list[str] = []
        for venue, calls in venues.items():
            leg = LEG_OF[venue]
            try:
                reading = self._read(Answers(**ask(self.client, calls)), held)
                held, is_gone = reading.position, getattr(reading.position, leg) is None
                notes += reading.notes
            except NothingHeldError:
                is_gone, held = True, _without(held, leg)
            except BasisLabError as error:
                problems[venue] = str(error)
                continue
            gone += [leg] if is_gone else []
        legs = tuple(leg for leg in ("short", "loan") if getattr(self._file, leg))
        gone = [leg for leg in gone if leg in legs]
        return Poll(self._with_rates(held), problems, tuple(notes), tuple(gone), legs)

    def _venues(self) -> dict[str, Asking]:
        accounts = self._file.accounts or NOBODY
        return asking(accounts.hyperliquid, accounts.kamino, accounts.aave, self.node)

    def _before(self, last: Position | None) -> Position:
        """Return the file's position with the legs that were read last from whoever is asked."""
        accounts, file = self._file.accounts or NOBODY, self._file
        if last is None or last.coin != file.coin:
            return file
        update: dict[str, object] = {}
        if accounts.hyperliquid:
            update |= {"short": last.short, "idle_usd": last.idle_usd}
        if accounts.kamino or accounts.aave:
            update["loan"] = last.loan
        return file.model_copy(update=update)

    def _read(self, answers: Answers, held: Position) -> Reading:
        file, loan = self._file, self._file.loan
        return read_answers(
            answers,
            coin=file.coin,
            obligation=loan.account if loan else None,
            choices=file,
            before=held,
        )

    def _with_rates(self, held: Position) -> Position:
        """Add lending rates, asked for now and then; those before hold for a while, then none."""
        now = self.clock()
        if not 0 <= now - self._asked_at < RATES_S:
            self._asked_at, moment = now, datetime.fromtimestamp(now, UTC)
            fresh = asked_market(self.client, Reading(held, ()), moment).position.loan
            if fresh and None not in (fresh.supply_apy, fresh.borrow_apy):
                self._rates = now, fresh
        time, loan = self._rates
        if held.loan is None or loan is None or not 0 <= now - time < RATES_HOLD_S:
            return held
        update = {"supply_apy": loan.supply_apy, "borrow_apy": loan.borrow_apy}
        return held.model_copy(update={"loan": held.loan.model_copy(update=update)})
