"""The loan of a Kamino wallet or an Aave account, in the coin of the short."""

from __future__ import annotations

from typing import Any

from basislab.data.sources.aave_account import parse_aave
from basislab.data.sources.kamino_portfolio import Holding, Obligation, parse_portfolio
from basislab.errors import ConfigError, SourceError
from basislab.position.answers import Answer, NothingHeldError
from basislab.position.words import cut

DISAGREEMENT = 0.005
"""Two figures for the same thing that differ by more than this share are named."""

STABLE = 0.05
"""A debt whose coin is within this share of 1 USD counts as USD."""

STAKED = {
    "SOL": ("JitoSOL", "mSOL", "bSOL", "jupSOL", "INF", "dSOL", "bbSOL", "hSOL", "JSOL"),
    "ETH": ("wstETH", "stETH", "rETH", "cbETH", "weETH"),
}
"""Staked forms: their worth in the coin rises slowly, so that each counts as so many coins."""

WRAPPED = {"SOL": ("wSOL",), "ETH": ("WETH",), "BTC": ("WBTC", "wBTC", "cbBTC", "tBTC")}
"""Wrapped forms: one is one coin."""

Fields = dict[str, Any]


def read_kamino(answer: Answer, name: str | None, held: Fields, notes: list[str]) -> Fields:
    """Return the wallet's loan; empty where there is none.

    Raises
    ------
    ConfigError
        Several loans, several collateral coins, a debt that is not in US dollars, or collateral
        that is another coin than the short's.
    """
    loan = _obligation(parse_portfolio(answer.tree, answer.where), name, answer.where)
    if loan is None or not (loan.deposits or loan.borrows):
        return {}
    where = f"{answer.where}: {cut(loan.obligation, 12)}"
    collateral, debt_usd = _collateral(loan, where), _debt_usd(loan, where)
    if loan.liquidation_ltv is None:
        raise SourceError(
            f"{where}: liquidationLtv is null. Ask again later, or choose another --obligation."
        )
    ltv = debt_usd / collateral.value
    if loan.ltv is not None and abs(loan.ltv - ltv) > DISAGREEMENT * max(ltv, loan.ltv):
        notes.append(f"{where}: the indexer says LTV {loan.ltv:.2%}, its own values say {ltv:.2%}.")
    coin = held.get("coin") or collateral.symbol
    size = _in_coins(collateral, coin, held.get("short"), where, notes)
    price = collateral.value / size
    # The indexer rounds nothing and compares in decimals: 0.75000000000000000002 is 0.75.
    fields: Fields = {
        "venue": "kamino",
        "size": size,
        "debt_usd": debt_usd,
        "price_usd": price,
        "liquidation_ltv": loan.liquidation_ltv,
        "max_ltv": min(loan.max_ltv or loan.liquidation_ltv, loan.liquidation_ltv),
        "time": loan.updated,
        "price_time": loan.updated,
        "account": loan.obligation,
        "venue_liquidation_usd": price * loan.ltv / loan.liquidation_ltv if loan.ltv else None,
    }
    return {"coin": coin, "loan": fields}


def _collateral(loan: Obligation, where: str) -> Holding:
    deposits = [one for one in loan.deposits if one.amount > 0 and one.value > 0]
    if len(deposits) != 1:
        names = ", ".join(cut(one.symbol, 12) for one in deposits) or "none"
        raise ConfigError(f"{where}: one collateral coin is wanted, there are: {names}.")
    return deposits[0]


def _debt_usd(loan: Obligation, where: str) -> float:
    borrows = [one for one in loan.borrows if one.amount > 0]
    for debt in borrows:
        if abs(debt.value / debt.amount - 1) > STABLE:
            raise ConfigError(
                f"{where}: the debt is in {cut(debt.symbol, 12)}, not in US dollars; its "
                "liquidation depends on two prices. Choose another with --obligation."
            )
    return sum(one.value for one in borrows)


def _in_coins(
    collateral: Holding, coin: str, short: Fields | None, where: str, notes: list[str]
) -> float:
    """Return the collateral in coins of the short: a staked form at its value over the mark."""
    symbol = collateral.symbol
    if symbol == coin or symbol in WRAPPED.get(coin, ()):
        return collateral.amount
    said = cut(symbol, 12)
    if symbol not in STAKED.get(coin, ()):
        raise ConfigError(
            f"{where}: the collateral is {said}, the position is in {cut(coin, 12)}: they do not "
            "move together. Choose another with --obligation or --coin."
        )
    if short is None:
        raise ConfigError(
            f"{where}: how many {cut(coin, 12)} the {said} are worth takes a price of it. Read it "
            "together with the short (--hyperliquid), or leave --coin out."
        )
    coins: float = collateral.value / short["mark_usd"]
    notes.append(
        f"{where}: {collateral.amount:,.4f} {said} count as {coins:,.4f} {cut(coin, 12)}, their "
        f"value over the short's mark; should {said} trade below its worth, the loan dies earlier "
        "than shown."
    )
    return coins


def _obligation(rows: list[Obligation], name: str | None, where: str) -> Obligation | None:
    rows = list({row.obligation: row for row in rows}.values())  # an answer may hold one twice
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
    if not there:
        raise NothingHeldError(
            f"{where}: no obligation {cut(name or '')}: {listed}. Choose one with --obligation."
        )
    raise ConfigError(f"{where}: several obligations: {listed}. Choose one with --obligation.")


def read_aave(answer: Answer, held: Fields, notes: list[str]) -> Fields:
    """Return the account's loan, at the short's mark because the answer names no coin."""
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
