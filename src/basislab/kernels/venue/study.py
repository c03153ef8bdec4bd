"""The study's settlement of a liquidation, on the venue engine's state (docs/models.md, eqs. 8-12).

Legs are checked at the bar's extremes and settled on their equity at the close; what lacks is
forgiven (here: borne by the venue); everything is closed and reopened at the close.
"""

from __future__ import annotations

from basislab.kernels._jit import compile_module
from basislab.kernels.events import BOTH, LONG, NO_LEG, SHORT, EventLog
from basislab.kernels.ledger import affordable
from basislab.kernels.legs import (
    Position,
    Seizure,
    ShortLeg,
    long_equity,
    long_is_liquidated,
    seized,
    short_equity,
    short_is_liquidated,
)
from basislab.kernels.venue import lending, perp
from basislab.kernels.venue.bars import Bar
from basislab.kernels.venue.events import LIQUIDATION, NO_REASON, REOPEN, note
from basislab.kernels.venue.ledger import post
from basislab.kernels.venue.params import Params
from basislab.kernels.venue.state import State, changed, ended
from basislab.kernels.venue.trades import halves


def is_long_hit(params: Params, state: State, bar: Bar) -> bool:
    """Whether the low liquidates the long leg."""
    if params.conventions.flat_margin:
        return long_is_liquidated(state.position.long, bar.low.oracle, params.study.maintenance)
    return lending.is_unhealthy(params.loan, state.position.long, bar.low.oracle)


def is_short_hit(params: Params, state: State, bar: Bar) -> bool:
    """Whether the high liquidates the short leg."""
    if params.conventions.flat_margin:
        return short_is_liquidated(state.position.short, bar.high.mark, params.study.maintenance)
    return perp.is_liquidatable(params.perp, state.position.short, bar.high.mark)


def settled(params: Params, state: State, bar: Bar, log: EventLog) -> State:
    """Penalise the liquidated legs at the close, close everything, reopen with what is left."""
    is_long, is_short = is_long_hit(params, state, bar), is_short_hit(params, state, bar)
    if not (is_long or is_short):
        return state
    terms, quote, position = params.study, bar.close, state.position
    worth_long = long_equity(position.long, quote.spot)
    worth_short = short_equity(position.short, quote.mark)
    long, short = Seizure(worth_long, 0.0, 0.0), Seizure(worth_short, 0.0, 0.0)
    if is_long:
        notional = position.long.quantity * quote.spot
        long = seized(worth_long, notional, terms.penalty_kind, terms.penalty_rate)
    if is_short:
        notional = position.short.contracts * quote.mark
        short = seized(worth_short, notional, terms.penalty_kind, terms.penalty_rate)
    left = long.kept + short.kept
    trading = left * params.share * params.leverage * (terms.open_fee + terms.taker_fee)
    trading += position.short.contracts * quote.mark * terms.taker_fee
    cost = affordable(trading, terms.gas, left)
    accounts = post(
        state.accounts,
        lending_liquidation=-long.penalty,
        perp_liquidation=-short.penalty,
        loss_borne_by_venue=long.shortfall + short.shortfall,
        trading_fees=-cost.trading,
        gas=-cost.gas,
    )
    legs = halves(params, left - cost.total, quote.spot)
    fresh = Position(legs.long, ShortLeg(legs.short.contracts, quote.mark, legs.short.margin))
    after = changed(state, fresh, state.idle, state.transit, accounts)
    leg = BOTH if is_long and is_short else LONG if is_long else SHORT
    note(
        log, bar.number, LIQUIDATION, after, leg, NO_REASON, 0.0, 0.0, long.penalty + short.penalty
    )
    if left - cost.total <= 0.0:
        return ended(after)
    note(log, bar.number, REOPEN, after, NO_LEG, NO_REASON, 0.0, cost.total, 0.0)
    return after


compile_module(globals(), inline=False, owners=())
