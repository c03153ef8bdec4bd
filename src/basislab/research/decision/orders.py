"""What to buy, owe and sell at the last price, where each leg dies, what going in and out costs."""

from __future__ import annotations

import numpy as np

from basislab.kernels.events import COLUMNS
from basislab.kernels.venue import events as ev
from basislab.kernels.venue.state import equity
from basislab.kernels.venue.whole import closing_cost
from basislab.research.decision.past import Past
from basislab.research.decision.regimes import TODAY_DAYS, daily_carry
from basislab.research.venue import deaths_of, opened
from basislab.simulate.model import logged
from basislab.types.decision import Orders
from basislab.types.venue_config import VenueConfig

COST = COLUMNS.index("cost_usd")


def orders(past: Past, config: VenueConfig) -> Orders:
    """Return the position that the engine itself opens at the last close."""
    params, state, bar = opened(past.market, config, len(past.market) - 1)
    long, short = state.position.long, state.position.short
    price, worth = bar.close.perp, equity(state)
    deaths = {death.leg: death for death in deaths_of(params, state, bar)}
    closed = equity(closing_cost(params, state, bar))
    daily = float(daily_carry(past.market, config)[-TODAY_DAYS:].mean()) * config.capital_usd
    entry, leave = config.capital_usd - worth, worth - closed
    band = config.size_band
    return Orders(
        price_usd=price,
        coins=long.quantity,
        long_usd=long.quantity * bar.close.spot,
        own_usd=long.quantity * bar.close.spot - long.debt,
        debt_usd=long.debt,
        contracts=short.contracts,
        margin_usd=short.margin + short.contracts * (short.entry - price),
        long_death_usd=deaths["long"].price_usd if "long" in deaths else None,
        long_distance=deaths["long"].distance if "long" in deaths else None,
        short_death_usd=deaths["short"].price_usd if "short" in deaths else None,
        short_distance=deaths["short"].distance if "short" in deaths else None,
        resize_below_usd=None if band is None else price * (1.0 - band),
        resize_above_usd=None if band is None else price * (1.0 + band),
        resize_usd=_resize_cost(past, config),
        entry_usd=entry,
        exit_usd=leave,
        carry_usd_daily=daily,
        breakeven_days=(entry + leave) / daily if daily > 0.0 else None,
    )


def _resize_cost(past: Past, config: VenueConfig) -> float | None:
    """Return what a resize cost in the middle, over all of the past; None where there was none."""
    logs = [logged(outcome) for outcome in past.life(config).outcomes]
    costs = np.concatenate([rows[rows[:, 1] == ev.RESIZE, COST] for rows in logs])
    return float(np.median(costs)) if len(costs) else None
