"""From the venues' answers to a position: what they hold, and which numbers disagree."""

from __future__ import annotations

from dataclasses import dataclass, replace

from basislab.position.answers import Answers, NothingHeldError
from basislab.position.file import position_of
from basislab.position.read_loan import Fields, read_aave, read_kamino
from basislab.position.read_short import read_short
from basislab.position.types import Accounts, Position


@dataclass(frozen=True)
class Reading:
    """A position, and what its reader should know about the answers."""

    position: Position
    notes: tuple[str, ...]

    def of(self, accounts: Accounts) -> Reading:
        """Return the same with the accounts that it was read from."""
        return replace(self, position=self.position.model_copy(update={"accounts": accounts}))


def read_answers(
    answers: Answers,
    *,
    coin: str | None = None,
    obligation: str | None = None,
    choices: Position | None = None,
    before: Position | None = None,
) -> Reading:
    """Return the position that the answers describe.

    Policy, limits and accounts are those of `choices`.

    A leg that no answer tells of is that of `before`, with its old time; a leg that its venue no
    longer holds is gone.

    Raises
    ------
    SourceError
        An answer of another shape.
    ConfigError
        It is not said which of several is meant; as NothingHeldError, nothing is held.
    """
    notes: list[str] = []
    held: Fields = {"version": 1} | ({"coin": coin} if coin else {})
    if answers.account:
        held |= read_short(answers, answers.account, coin, notes)
    elif before:
        held |= {"coin": before.coin, "idle_usd": before.idle_usd}
        held |= {"short": before.short.model_dump()} if before.short else {}
    if answers.kamino:
        held |= read_kamino(answers.kamino, obligation, held, notes)
    elif answers.aave:
        held |= read_aave(answers.aave, held, notes)
    elif before and before.loan:
        held |= {"coin": before.coin, "loan": before.loan.model_dump()}
    if "short" not in held and "loan" not in held:
        said = f" {' '.join(notes)}" if notes else ""
        raise NothingHeldError(f"position read: the answers hold no short and no loan.{said}")
    if choices:
        held |= choices.model_dump(include={"policy", "watch", "accounts"}, exclude_none=True)
    return Reading(position_of(held, "the venues' answers"), tuple(notes))
