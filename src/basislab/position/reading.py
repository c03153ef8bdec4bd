"""From the venues' answers to a position: where the collateral lies, which numbers disagree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from basislab.data.sources.aave_account import parse_aave
from basislab.data.sources.hyperliquid import parse_margin_tiers
from basislab.data.sources.hyperliquid_account import (
    PerpAccount,
    PerpHolding,
    PricedCoin,
    parse_account,
    parse_active_context,
    parse_context,
    parse_mode,
    parse_spot,
)
from basislab.data.sources.kamino_portfolio import Obligation, parse_portfolio
from basislab.errors import ConfigError, SourceError
from basislab.position.answers import Answer, Answers
from basislab.position.file import position_of
from basislab.position.liquidation import maintenance_usd
from basislab.position.types import HoldingPolicy, Position
from basislab.position.words import cut

DISAGREEMENT = 0.005
"""Two figures for the same thing that differ by more than this share are named."""

STABLE = 0.05
"""A debt whose coin is within this share of 1 USD counts as USD."""

Fields = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """A position, and what its reader should know about the answers."""

    position: Position
    notes: tuple[str, ...]


def read_answers(
    answers: Answers,
    *,
    coin: str | None = None,
    obligation: str | None = None,
    policy: HoldingPolicy | None = None,
) -> Reading:
    """Return the position that the answers describe.

    Raises
    ------
    SourceError
        An answer of another shape.
    ConfigError
        Nothing is held, or it is not said which of several is meant.
    """
    notes: list[str] = []
    held: Fields = {"version": 1}
    if answers.account:
        held |= _short(answers, answers.account, coin, notes)
    if answers.kamino:
        held |= _kamino(answers.kamino, obligation, held.get("coin", coin), notes)
    elif answers.aave:
        held |= _aave(answers.aave, held, notes)
    if "short" not in held and "loan" not in held:
        said = f" {' '.join(notes)}" if notes else ""
        raise ConfigError(f"position read: the answers hold no short and no loan.{said}")
    if policy:
        held["policy"] = policy.model_dump()
    return Reading(position_of(held, "the venues' answers"), tuple(notes))


def _short(answers: Answers, answer: Answer, coin: str | None, notes: list[str]) -> Fields:
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
    if position.szi > 0:
        raise ConfigError(
            f"{answer.where}: {cut(position.coin)} is held long ({position.szi:g}); the short leg "
            "of a carry position is wanted. Choose another with --coin."
        )
    if mode is None and position.leverage.kind == "cross" and account.cross.account_value == 0:
        raise ConfigError(
            f"{answer.where}: an open position on 0 USD: the collateral lies in the spot account "
            "(unified or portfolio mode). Add the answers of userAbstraction and "
            "spotClearinghouseState."
        )
    size, mark = -position.szi, position.value / -position.szi
    if mark <= 0:
        raise SourceError(f"{answer.where}: positionValue is 0 with an open position. Fetch again.")
    tiers = _tiers(answers.meta, position)
    is_isolated = position.leverage.kind == "isolated"
    kind = "isolated" if is_isolated else "cross"
    ratio, idle = None, account.withdrawable
    if mode in ("unified", "portfolio"):
        if spot is None:
            raise ConfigError(
                f"{answer.where}: the account is in {mode} mode, its collateral in the spot "
                "account. Add the answer of spotClearinghouseState."
            )
        kind, (total, free), ratio = mode, spot.usdc(), spot.margin_ratio
        idle = max(free, 0.0) if is_isolated and mode == "unified" else 0.0
        equity = total
    else:
        equity = account.cross.account_value
        idle = (
            idle + max(spot.usdc()[1], 0.0)
            if spot and is_isolated
            else idle
            if is_isolated
            else 0.0
        )
    if is_isolated and kind != "portfolio":
        kind, margin = "isolated", _isolated_margin(position, answer.where)
    else:
        margin = equity - size * (position.entry_px - mark)
    own = maintenance_usd(tiers, position.value)
    others = 0.0 if is_isolated else max(account.cross_maintenance - own, 0.0)
    context = _context(answers, position.coin)
    time = datetime.fromtimestamp(account.time / 1_000, UTC)
    short: Fields = {
        "venue": "hyperliquid",
        "margin_mode": kind,
        "size": size,
        "entry_usd": position.entry_px,
        "mark_usd": mark,
        "margin_usd": margin,
        "margin_tiers": tiers,
        "other_maintenance_usd": others,
        "time": time,
        "price_time": time,
        "funding_rate_hourly": context.context.funding if context else None,
        "venue_liquidation_usd": position.liquidation_px or None,
        "margin_ratio": ratio,
    }
    return {"coin": position.coin, "idle_usd": idle, "short": short}


def _chosen(account: PerpAccount, coin: str | None, where: str) -> PerpHolding | None:
    there = [one for one in account.positions if coin in (None, one.coin)]
    if len(there) > 1:
        names = ", ".join(cut(one.coin, 12) for one in there)
        raise ConfigError(f"{where}: several positions ({names}). Choose one with --coin.")
    return there[0] if there else None


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


def _kamino(answer: Answer, name: str | None, coin: str | None, notes: list[str]) -> Fields:
    loan = _obligation(parse_portfolio(answer.tree, answer.where), name, answer.where)
    if loan is None:
        return {}
    where = f"{answer.where}: {cut(loan.obligation, 12)}"
    deposits = [one for one in loan.deposits if one.amount > 0 and one.value > 0]
    borrows = [one for one in loan.borrows if one.amount > 0]
    if len(deposits) != 1:
        names = ", ".join(cut(one.symbol, 12) for one in deposits) or "none"
        raise ConfigError(f"{where}: one collateral coin is wanted, there are: {names}.")
    for debt in borrows:
        if abs(debt.value / debt.amount - 1) > STABLE:
            raise ConfigError(
                f"{where}: the debt is in {cut(debt.symbol, 12)}, not in US dollars; its "
                "liquidation depends on two prices. Choose another with --obligation."
            )
    if loan.liquidation_ltv is None:
        raise SourceError(
            f"{where}: liquidationLtv is null. Ask again later, or choose another --obligation."
        )
    collateral, debt_usd = deposits[0], sum(one.value for one in borrows)
    ltv = debt_usd / collateral.value
    if loan.ltv is not None and abs(loan.ltv - ltv) > DISAGREEMENT * max(ltv, loan.ltv):
        notes.append(f"{where}: the indexer says LTV {loan.ltv:.2%}, its own values say {ltv:.2%}.")
    if coin is not None and collateral.symbol != coin:
        notes.append(f"{where}: collateral is {cut(collateral.symbol, 12)}, the short {coin}.")
    price = collateral.value / collateral.amount
    # The indexer rounds nothing and compares in decimals: 0.75000000000000000002 is 0.75.
    fields: Fields = {
        "venue": "kamino",
        "size": collateral.amount,
        "debt_usd": debt_usd,
        "price_usd": price,
        "liquidation_ltv": loan.liquidation_ltv,
        "max_ltv": min(loan.max_ltv or loan.liquidation_ltv, loan.liquidation_ltv),
        "time": loan.updated,
        "price_time": loan.updated,
        "account": loan.obligation,
        "venue_liquidation_usd": price * loan.ltv / loan.liquidation_ltv if loan.ltv else None,
    }
    return {"coin": coin or collateral.symbol, "loan": fields}


def _obligation(rows: list[Obligation], name: str | None, where: str) -> Obligation | None:
    there = [row for row in rows if name is None or row.obligation.startswith(name)]
    if name is None:
        there = [row for row in rows if row.deposits or row.borrows]
    if len(there) == 1:
        return there[0]
    if not there and name is None:
        return None
    listed = "; ".join(
        f"{cut(row.obligation)} ({cut(row.tag or 'no tag', 16)}, deposits "
        f"{sum(one.value for one in row.deposits):,.2f} USD, debt "
        f"{sum(one.value for one in row.borrows):,.2f} USD)"
        for row in (there or rows)[:20]
    )
    found = "several obligations" if there else f"no obligation {cut(name or '')}"
    raise ConfigError(f"{where}: {found}: {listed}. Choose one with --obligation.")


def _aave(answer: Answer, held: Fields, notes: list[str]) -> Fields:
    account = parse_aave(answer.tree, answer.where)
    if account.collateral_usd <= 0:
        notes.append("The Aave account holds no collateral.")
        return {}
    short = held.get("short")
    if short is None:
        raise ConfigError(
            f"{answer.where}: it holds no coin and no price. Read it together with the short "
            "(--hyperliquid), whose coin and mark it is taken to be in."
        )
    price, limit = short["mark_usd"], account.threshold / 1e4
    notes.append(
        f"{answer.where}: it names no coin: all collateral is taken to be {cut(held['coin'], 12)} "
        "at the mark of the short."
    )
    health = account.health_factor
    fields: Fields = {
        "venue": "aave",
        "size": account.collateral_usd / price,
        "debt_usd": account.debt_usd,
        "price_usd": price,
        "liquidation_ltv": limit,
        "max_ltv": min(account.ltv / 1e4, limit),
        "time": answer.time,
        "price_time": answer.time,
        "venue_liquidation_usd": price / health if health else None,
    }
    return {"loan": fields}
