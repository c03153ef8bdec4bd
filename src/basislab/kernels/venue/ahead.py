"""What a position earns between two closes at which nothing is done, however many bars apart.

Coins grow by the supply index ``G``, debt by the borrow index ``B``, the margin by the running sum
``F`` of funding times price: the state after any number of quiet bars is a few products, and each
account a difference of two running sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.fields import fields_of
from basislab.kernels.legs import LongLeg, Position, ShortLeg
from basislab.kernels.venue.bars import Bars, Quote
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import MARK_PRICE, ORACLE_PRICE
from basislab.kernels.venue.spans import bound, new_spans
from basislab.kernels.venue.state import State


class Ahead(NamedTuple):
    """Running products and sums over lowered bars, arrays of shape (n_bars,); bar 0 accrues none.

    ``coins`` and ``debt`` are the indices of one coin supplied and one dollar borrowed. ``paid``
    is the funding of one contract, USD; ``least`` what of it is certain within the bar: the sum up
    to the bar before and this bar's where it is a cost. Per coin of index, USD: ``supplied`` and
    ``staked`` interest at each close, ``rise`` of spot and ``climb`` of the mark.
    ``spans`` bounds what blocks of bars reach, shape (n_blocks, spans.N_FIELDS); the first block
    holds ``begin`` bars that lie before these.
    """

    coins: FloatArray
    debt: FloatArray
    paid: FloatArray
    least: FloatArray
    supplied: FloatArray
    staked: FloatArray
    rise: FloatArray
    climb: FloatArray
    spans: FloatArray
    begin: int


def look_ahead(bars: Bars, funding_price: int) -> Ahead:
    """Return the running products and sums of a market; `funding_price` is the venue's choice."""
    n_bars = len(bars.funding)
    ahead = Ahead(
        np.ones(n_bars),
        np.ones(n_bars),
        np.zeros(n_bars),
        np.zeros(n_bars),
        np.zeros(n_bars),
        np.zeros(n_bars),
        np.zeros(n_bars),
        np.zeros(n_bars),
        new_spans(n_bars),
        0,
    )
    priced, spot, mark = bars.perp.close, bars.spot.close, bars.mark.close
    if funding_price == ORACLE_PRICE:
        priced = bars.oracle.close
    elif funding_price == MARK_PRICE:
        priced = bars.mark.close
    for i in range(1, n_bars):
        held, funding = ahead.coins[i - 1], bars.funding[i] * priced[i]
        ahead.coins[i] = held * (1.0 + bars.supply[i] + bars.stake[i])
        ahead.debt[i] = ahead.debt[i - 1] * (1.0 + bars.borrow[i])
        ahead.paid[i] = ahead.paid[i - 1] + funding
        ahead.least[i] = ahead.paid[i - 1] + min(funding, 0.0)
        ahead.supplied[i] = ahead.supplied[i - 1] + held * bars.supply[i] * spot[i]
        ahead.staked[i] = ahead.staked[i - 1] + held * bars.stake[i] * spot[i]
        ahead.rise[i] = ahead.rise[i - 1] + held * (spot[i] - spot[i - 1])
        ahead.climb[i] = ahead.climb[i - 1] + held * (mark[i] - mark[i - 1])
    bound(ahead.spans, bars, ahead.coins, ahead.debt, ahead.paid, ahead.least)
    return ahead


_left_alone = fields_of(State, "position", "lowest_debt", "last", "accounts")


def left_alone(state: State, bars: Bars, ahead: Ahead, first: int, last: int) -> State:
    """Return the state at close `last` of one that stood at close `first`, nothing done between.

    The hedged part is the smaller of coins and contracts: it is the same one of both from `first`
    to `last`, which the caller sees to (`is_one_sided`).
    """
    long, short = state.position.long, state.position.short
    coins, contracts = long.quantity / ahead.coins[first], short.contracts
    grown = coins * ahead.coins[last]
    debt = long.debt / ahead.debt[first] * ahead.debt[last]
    paid = contracts * (ahead.paid[last] - ahead.paid[first])
    rise = bars.spot.close[last] - bars.spot.close[first]
    climb = bars.mark.close[last] - bars.mark.close[first]
    risen = coins * (ahead.rise[last] - ahead.rise[first])
    climbed = coins * (ahead.climb[last] - ahead.climb[first])
    if long.quantity >= contracts:
        basis, delta = contracts * (rise - climb), risen - contracts * rise
    else:
        basis, delta = risen - climbed, climbed - contracts * climb
    accounts = post(
        state.accounts,
        supply_interest=coins * (ahead.supplied[last] - ahead.supplied[first]),
        collateral_yield=coins * (ahead.staked[last] - ahead.staked[first]),
        borrow_interest=long.debt - debt,
        funding=paid,
        basis=basis,
        net_delta=delta,
    )
    quote = Quote(
        bars.mark.close[last],
        bars.perp.close[last],
        bars.spot.close[last],
        bars.oracle.close[last],
    )
    legs = Position(LongLeg(grown, debt), ShortLeg(contracts, short.entry, short.margin + paid))
    return _left_alone(state, legs, min(state.lowest_debt, debt), quote, accounts)


def is_one_sided(state: State, ahead: Ahead, first: int, last: int) -> bool:
    """Whether coins stay at or above the contracts, or below them, until the bar before `last`."""
    coins, contracts = state.position.long.quantity, state.position.short.contracts
    if coins >= contracts:
        return bool(ahead.coins[last] >= ahead.coins[first])
    return bool(coins / ahead.coins[first] * ahead.coins[last] <= contracts)


compile_module(globals(), inline=False, owners=("look_ahead",))
