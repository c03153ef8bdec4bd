"""How many bars a position can be left alone: the sweep layout's inner loop.

Whether a bar is quiet, and whether the trader would act at its close, are inequalities between what
the position is and what the bar is: with `ahead`'s running sums they are tested for a block of bars
at once, without a branch, in vector registers. They are tested a little early (`SLACK`), so that
rounding never hides an event; `step` then says exactly what happens on the bar that is found.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from basislab.kernels._jit import compile_module
from basislab.kernels.bars import FloatArray
from basislab.kernels.venue.ahead import Ahead
from basislab.kernels.venue.bars import Bars, BoolArray
from basislab.kernels.venue.params import BANDS, DISTANCE, TRIGGER, VOLATILITY, Params
from basislab.kernels.venue.perp import tier_of
from basislab.kernels.venue.size import MAX_NET_DELTA, target_notional
from basislab.kernels.venue.state import State

SLACK = 1e-9
"""Relative; running sums are exact to some 1e-13."""


class Held(NamedTuple):
    """A position in the units of `Ahead`'s sums.

    Coins and debt of index, contracts; ``funds`` is the short's equity at a mark and a sum of
    funding of zero; ``cash`` is idle. USD.
    """

    coins: float
    debt: float
    contracts: float
    funds: float
    cash: float


class Limits(NamedTuple):
    """Where venues and trader act.

    The short's maintenance is ``rate * notional - deduction`` between the notionals ``floor`` and
    ``ceiling``. The trader looks at the loan where ``debt > (loan + loan_sigma * sigma) * coins *
    price`` (the oracle's with ``by_oracle``, else spot), at the short where ``(short + short_sigma
    * sigma) * notional > equity + notional + extra``. He trades the size where the larger leg lies
    beyond ``above`` or below ``below`` times the equity, or the legs lie ``apart`` times it apart.
    """

    liquidation_ltv: float
    rate: float
    deduction: float
    floor: float
    ceiling: float
    loan: float
    loan_sigma: float
    by_oracle: bool
    short: float
    short_sigma: float
    extra: float
    exit_apy: float
    above: float
    below: float
    apart: float


def held_at(state: State, ahead: Ahead, at: int) -> Held:
    """Return the position of a state that stands at close `at`."""
    long, short = state.position.long, state.position.short
    funds = short.margin + short.contracts * (short.entry - ahead.paid[at])
    return Held(
        long.quantity / ahead.coins[at],
        long.debt / ahead.debt[at],
        short.contracts,
        funds,
        state.idle + state.transit.amount,
    )


def limits_of(params: Params, notional: float) -> Limits:
    """Return the inequalities of a run whose short lies in the margin tier of `notional`."""
    terms, policy, loan_ltv = params.perp, params.policy, params.loan.liquidation_ltv
    tier = tier_of(terms, notional)
    ceiling = terms.bounds[tier + 1] if tier + 1 < len(terms.bounds) else np.inf
    rate, deduction = terms.rates[tier], terms.deductions[tier]
    loan, loan_sigma, short, short_sigma, extra = np.inf, 0.0, -np.inf, 0.0, 0.0
    by_oracle = True
    if policy.kind == TRIGGER:
        loan, by_oracle = 1.0 - 1.0 / policy.trigger, False
        short = 1.0 + 1.0 / (policy.trigger * policy.short_ratio)
    elif policy.kind == BANDS:
        loan, short = policy.ltv_band, 1.0 + policy.margin_band
    elif policy.kind == DISTANCE:
        loan, short = loan_ltv * (1.0 - policy.distance), (1.0 + policy.distance) * (1.0 + rate)
        extra = deduction
    elif policy.kind == VOLATILITY:
        loan, short, extra = loan_ltv, 1.0 + rate, deduction
        loan_sigma = -loan_ltv * policy.sigma_multiple
        short_sigma = policy.sigma_multiple * (1.0 + rate)
    above, below, apart = np.inf, -np.inf, np.inf
    if policy.band < np.inf:
        size = target_notional(params, 1.0)
        above, below = (1.0 + policy.band) * size, (1.0 - policy.band) * size
        apart = MAX_NET_DELTA * size
    return Limits(
        loan_ltv,
        rate,
        deduction,
        terms.bounds[tier],
        ceiling,
        loan,
        loan_sigma,
        by_oracle,
        short,
        short_sigma,
        extra,
        policy.exit_apy,
        above,
        below,
        apart,
    )


class Lines(NamedTuple):
    """The series that the inequalities read, arrays of shape (n_bars,)."""

    coins: FloatArray
    debt: FloatArray
    paid: FloatArray
    least: FloatArray
    spot: FloatArray
    mark: FloatArray
    asked: FloatArray
    worst_oracle: FloatArray
    worst_mark: FloatArray
    sigma: FloatArray
    carry: FloatArray
    is_look: BoolArray


def lines_of(bars: Bars, ahead: Ahead, limits: Limits) -> Lines:
    """Return views of what is read; ``asked`` is the price that the loan is looked at with."""
    asked = bars.oracle.close if limits.by_oracle else bars.spot.close
    return Lines(
        ahead.coins,
        ahead.debt,
        ahead.paid,
        ahead.least,
        bars.spot.close,
        bars.mark.close,
        asked,
        bars.worst_oracle,
        bars.worst_mark,
        bars.sigma,
        bars.carry,
        bars.is_look,
    )


def first_event(
    held: Held, limits: Limits, lines: Lines, first: int, last: int, due: BoolArray
) -> int:
    """Return the first of the bars ``[first, last)`` on which something might happen, or `last`.

    `due`, of at least so many bars, is written to.
    """
    found = 0
    early = 1.0 + SLACK
    # unsigned: no test for negative indices stands in the way of vector registers
    begin = np.uint64(first)
    for i in range(begin, np.uint64(last)):
        coins, debt = held.coins * lines.coins[i], held.debt * lines.debt[i] * early
        worst = held.contracts * lines.worst_mark[i] * early
        certain = held.funds + held.contracts * lines.least[i]
        is_due = (debt >= limits.liquidation_ltv * coins * lines.worst_oracle[i]) | (
            debt >= coins * lines.spot[i]
        )
        is_due |= certain <= worst * (1.0 + limits.rate) - limits.deduction
        is_due |= (worst > limits.ceiling) | (worst < limits.floor)
        loan = limits.loan + limits.loan_sigma * lines.sigma[i]
        short = limits.short + limits.short_sigma * lines.sigma[i]
        notional = held.contracts * lines.mark[i] * early
        backing = held.funds + held.contracts * lines.paid[i] + limits.extra
        is_asked = (debt > loan * coins * lines.asked[i]) | (short * notional > backing)
        is_asked |= lines.carry[i] < limits.exit_apy
        worth, short_worth = coins * lines.spot[i], held.contracts * lines.mark[i]
        total = worth - held.debt * lines.debt[i] + held.funds + held.cash
        total += held.contracts * lines.paid[i] - short_worth
        is_large = (worth * early > limits.above * total) | (
            short_worth * early > limits.above * total
        )
        is_small = (worth < limits.below * total * early) & (
            short_worth < limits.below * total * early
        )
        apart = abs(coins - held.contracts) * lines.spot[i] * early
        is_asked |= is_large | is_small | (apart > limits.apart * total)
        due[i - begin] = is_due | (is_asked & lines.is_look[i])
        found += due[i - begin]
    if found == 0:
        return last
    place = 0
    while not due[place]:
        place += 1
    return first + place


def equities(held: Held, lines: Lines, first: int, last: int, curve: FloatArray) -> None:
    """Write the equity at the closes ``[first, last)`` to the head of `curve`, USD."""
    begin = np.uint64(first)
    for i in range(begin, np.uint64(last)):
        coins, debt = held.coins * lines.coins[i], held.debt * lines.debt[i]
        short = held.funds + held.contracts * (lines.paid[i] - lines.mark[i])
        curve[i - begin] = coins * lines.spot[i] - debt + short + held.cash


compile_module(globals(), owners=())
