"""What a position has to earn, at the window's mean rates, to match the hurdle."""

from __future__ import annotations

from basislab.presets import load_venue
from basislab.report.study.market import mean_rates
from basislab.report.study.runs import Runs
from basislab.research import breakeven, entry
from basislab.types.configs import StaticConfig


def round_trip_share(runs: Runs, leverage: float) -> float:
    """Return what opening and closing costs, a fraction of capital."""
    config = StaticConfig(**runs.base(leverage=leverage))
    return entry.round_trip_cost(config, load_venue(runs.spec.perp)) / runs.spec.capital_usd


def hurdle_funding(runs: Runs, leverage: float) -> float:
    """Return the funding a year with which a position held for a year matches the hurdle."""
    rates = mean_rates(runs)
    return breakeven.breakeven_funding(
        leverage,
        rates.supply,
        rates.borrow,
        round_trip_share(runs, leverage),
        required_apy=rates.hurdle,
    )
