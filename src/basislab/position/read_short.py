"""The short of a Hyperliquid account: its account mode, and where the collateral lies."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from basislab.data.sources.hyperliquid import parse_margin_tiers
from basislab.data.sources.hyperliquid_account import (
    PerpAccount,
    PerpHolding,
    PricedCoin,
    SpotAccount,
    parse_account,
    parse_active_context,
    parse_context,
    parse_mode,
    parse_spot,
)
from basislab.errors import ConfigError, SourceError
from basislab.position.answers import Answer, Answers
from basislab.position.liquidation import maintenance_usd
from basislab.position.words import cut

Fields = dict[str, Any]


class Collateral(NamedTuple):
    """What answers for a short: its margin mode, collateral without its result, free cash."""

    margin_mode: str
    margin_usd: float
    idle_usd: float


def read_short(answers: Answers, answer: Answer, coin: str | None, notes: list[str]) -> Fields:
    """Return coin, idle cash and short; empty where the account holds no position."""
    account = parse_account(answer.tree, answer.where)
    mode = parse_mode(answers.mode.tree, answers.mode.where) if answers.mode else None
    spot = parse_spot(answers.spot.tree, answers.spot.where) if answers.spot else None
    position = _chosen(account, coin, answer.where)
    if position is None:
        if account.cross.account_value == 0 and (spot is None or not any(spot.usdc())):
            notes.append(
                "The Hyperliquid account has no position and no balance: an agent's address "
                "answers like this; ask for the address that holds the money."
            )
        return {}
    _refuse_unreadable(account, position, mode, spot, answer.where)
    mark = position.value / -position.szi
    collateral = _collateral(account, position, mode, spot, answer.where)
    tiers = _tiers(answers.meta, position)
    is_isolated = position.leverage.kind == "isolated"
    own = maintenance_usd(tiers, position.value)
    context = _context(answers, position.coin)
    time = datetime.fromtimestamp(account.time / 1_000, UTC)
    short: Fields = {
        "venue": "hyperliquid",
        "margin_mode": collateral.margin_mode,
        "size": -position.szi,
        "entry_usd": position.entry_px,
        "mark_usd": mark,
        "margin_usd": collateral.margin_usd,
        "margin_tiers": tiers,
        "other_maintenance_usd": 0.0 if is_isolated else max(account.cross_maintenance - own, 0.0),
        "time": time,
        "price_time": time,
        "funding_rate_hourly": context.context.funding if context else None,
        "venue_liquidation_usd": position.liquidation_px or None,
        "margin_ratio": spot.margin_ratio if spot and mode in ("unified", "portfolio") else None,
    }
    return {"coin": position.coin, "idle_usd": collateral.idle_usd, "short": short}


def _chosen(account: PerpAccount, coin: str | None, where: str) -> PerpHolding | None:
    there = [one for one in account.positions if coin in (None, one.coin)]
    if len(there) > 1:
        names = ", ".join(cut(one.coin, 12) for one in there)
        raise ConfigError(f"{where}: several positions ({names}). Choose one with --coin.")
    return there[0] if there else None


def _refuse_unreadable(
    account: PerpAccount,
    position: PerpHolding,
    mode: str | None,
    spot: SpotAccount | None,
    where: str,
) -> None:
    """Refuse a long, a position without value, and collateral that lies in an unread account."""
    if position.szi > 0:
        raise ConfigError(
            f"{where}: {cut(position.coin)} is held long ({position.szi:g}); the short leg of a "
            "carry position is wanted. Choose another with --coin."
        )
    if position.value <= 0:
        raise SourceError(f"{where}: positionValue is 0 with an open position. Fetch again.")
    if mode is None and position.leverage.kind == "cross" and account.cross.account_value == 0:
        raise ConfigError(
            f"{where}: an open position on 0 USD: the collateral lies in the spot account "
            "(unified or portfolio mode). Add the answers of userAbstraction and "
            "spotClearinghouseState."
        )
    if mode in ("unified", "portfolio") and spot is None:
        raise ConfigError(
            f"{where}: the account is in {mode} mode, its collateral in the spot account. Add the "
            "answer of spotClearinghouseState."
        )


def _collateral(
    account: PerpAccount,
    position: PerpHolding,
    mode: str | None,
    spot: SpotAccount | None,
    where: str,
) -> Collateral:
    """Return what answers for the short; cash that does not is idle, shared collateral never is."""
    total, free = spot.usdc() if spot else (0.0, 0.0)
    is_shared = mode in ("unified", "portfolio")
    if position.leverage.kind == "isolated" and mode != "portfolio":
        idle = max(free, 0.0) + (0.0 if is_shared else account.withdrawable)
        return Collateral("isolated", _isolated_margin(position, where), idle)
    equity = total if is_shared else account.cross.account_value
    # The account's equity holds the short's result, size * (entry - mark); the margin does not.
    margin = equity + position.szi * position.entry_px + position.value
    return Collateral(mode if is_shared and mode else "cross", margin, 0.0)


def _isolated_margin(position: PerpHolding, where: str) -> float:
    """Return ``rawUsd - size * entry``: marginUsed already holds the unrealised result."""
    raw = position.leverage.raw_usd
    if raw is None:
        raise SourceError(f"{where}: {cut(position.coin)} is isolated without rawUsd. Fetch again.")
    return raw + position.szi * position.entry_px


def _tiers(meta: Answer | None, position: PerpHolding) -> list[tuple[float, float]]:
    """Return the coin's tiers from `meta`; without it the one of its maximum leverage."""
    if meta is None:
        return [(0.0, 1 / (2 * position.max_leverage))]
    rows = parse_margin_tiers(meta.tree, meta.where, position.coin)
    return [(bound, 1 / (2 * leverage)) for bound, leverage in rows]


def _context(answers: Answers, coin: str) -> PricedCoin | None:
    if answers.contexts:
        return parse_context(answers.contexts.tree, answers.contexts.where, coin)
    if answers.active_context:
        active = answers.active_context
        found = parse_active_context(active.tree, active.where)
        return found if found.coin == coin else None
    return None
