"""The venues' answers about an account, recognised by what they hold, from files or the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basislab.data.sources.aave_account import aave_call, parse_aave
from basislab.data.sources.hyperliquid_account import (
    MODES,
    account_calls,
    parse_account,
    parse_mode,
    parse_spot,
)
from basislab.data.sources.kamino_portfolio import parse_portfolio, portfolio_call
from basislab.data.sources.payload import parse_json
from basislab.errors import ConfigError

if TYPE_CHECKING:
    from basislab.data.sources.http import Call, Client

MAX_FILES = 1_000
MAX_BYTES = 64 * 1024**2


class NothingHeldError(ConfigError):
    """The answers are whole, and what was asked for is not in them."""


@dataclass(frozen=True)
class Answer:
    """Parsed JSON, the name that messages give it, and when it was received."""

    tree: Any
    where: str
    time: datetime


@dataclass(frozen=True)
class Answers:
    """One answer of each kind, as far as there is one."""

    mode: Answer | None = None
    account: Answer | None = None
    spot: Answer | None = None
    meta: Answer | None = None
    contexts: Answer | None = None
    active_context: Answer | None = None
    kamino: Answer | None = None
    aave: Answer | None = None


def kind_of(tree: Any) -> str | None:
    """Return the field of `Answers` that an answer belongs to; None where none needs it.

    Examples
    --------
    >>> kind_of("unifiedAccount"), kind_of({"lending": []}), kind_of([])
    ('mode', 'kamino', None)
    """
    if isinstance(tree, str):
        return "mode" if tree in MODES else None
    if isinstance(tree, list) and len(tree) == 2 and isinstance(tree[0], dict):
        return "contexts" if "universe" in tree[0] else None
    if not isinstance(tree, dict):
        return None
    marks = {
        "assetPositions": "account",
        "balances": "spot",
        "universe": "meta",
        "ctx": "active_context",
        "lending": "kamino",
        "totalCollateralBase": "aave",
    }
    return next((kind for mark, kind in marks.items() if mark in tree), None)


def saved_answers(folder: Path) -> Answers:
    """Return the answers that a folder's ``*.json`` hold; others are left alone.

    Raises
    ------
    ConfigError
        No such folder, none that is an account's, or two answers of a kind.
    SourceError
        A file that is no JSON.
    """
    try:
        paths = sorted(folder.glob("*.json"))[: MAX_FILES + 1]
        if not folder.is_dir():
            raise ConfigError(f"{folder}: no such folder. Name one that holds saved answers.")
        found: dict[str, Answer] = {}
        for path in paths:
            if path.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes; no answer is.")
            tree = parse_json(path.read_bytes(), str(path))
            kind = kind_of(tree)
            if kind in found:
                raise ConfigError(
                    f"{path}: a second answer of the kind of {found[kind].where}. Keep the one of "
                    "the account and the time that is meant."
                )
            if kind:
                time = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                found[kind] = Answer(tree, str(path), time)
    except OSError as error:
        raise ConfigError(f"{folder}: it cannot be read ({error.strerror}).") from None
    if not found:
        names = ", ".join(field.name for field in fields(Answers))
        raise ConfigError(f"{folder}: no account's answer in {len(paths)} files (looked: {names}).")
    return Answers(**found)


Asking = dict[str, tuple["Call", Callable[[Any, str], object]]]
"""Requests and what must be able to read their answers, by the field of `Answers`."""


def asking(
    hyperliquid: str | None, kamino: str | None, aave: str | None, rpc: str | None
) -> dict[str, Asking]:
    """Return each venue's requests; ConfigError for what is no address, or Aave without a node."""
    found: dict[str, Asking] = {}
    if hyperliquid:
        theirs = account_calls(hyperliquid)
        found["hyperliquid"] = {
            "mode": (theirs["userAbstraction"], parse_mode),
            "account": (theirs["clearinghouseState"], parse_account),
            "spot": (theirs["spotClearinghouseState"], parse_spot),
            "meta": (theirs["meta"], lambda _, __: None),
            "contexts": (theirs["metaAndAssetCtxs"], lambda _, __: None),
        }
    if kamino:
        found["kamino"] = {"kamino": (portfolio_call(kamino), parse_portfolio)}
    if aave and not rpc:
        raise ConfigError("aave: a node is needed. Give --rpc URL or set BASISLAB_RPC_URL.")
    if aave and rpc:
        found["aave"] = {"aave": (aave_call(aave, rpc), parse_aave)}
    return found


def ask(client: Client, calls: Asking) -> dict[str, Answer]:
    """Return one venue's answers by their kind; SourceError for what is no answer."""
    found: dict[str, Answer] = {}
    for kind, (call, parse) in calls.items():

        def check(tree: Any, call: Call = call, parse: Callable[..., object] = parse) -> object:
            return parse(tree, call.label)

        body = client.send(call, check)
        found[kind] = Answer(parse_json(body, call.label), call.label, datetime.now(UTC))
    return found


def asked(
    hyperliquid: str | None, kamino: str | None, aave: str | None, rpc: str | None
) -> Answers:
    """Ask the venues, within their rate limits; SourceError for what is no answer.

    Raises
    ------
    ConfigError
        No address at all, one that is none, or Aave without a node.
    """
    from basislab.data.sources import budgets
    from basislab.data.sources.http import Client

    venues = asking(hyperliquid, kamino, aave, rpc)
    if not venues:
        raise ConfigError("position read: whose? Give --hyperliquid, --kamino, --aave or --from.")
    found: dict[str, Answer] = {}
    with Client(budgets=budgets()) as client:
        for calls in venues.values():
            found |= ask(client, calls)
    return Answers(**found)
