"""What stands beside the seven sections: models, venues, entry days, break-even."""

from __future__ import annotations

import math

import numpy as np

from basislab.presets import load_venue
from basislab.report.runs import Facts, Runs, trigger_of
from basislab.report.sections import ledger_facts, number_or_none, outcome, unforgiven_annualized
from basislab.research import breakeven as be
from basislab.research import entry
from basislab.simulate import lower_market
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
)
from basislab.units import DAYS_PER_YEAR


def models_section(runs: Runs) -> list[Facts]:
    """Compare the models at the study's size."""
    rows: list[Facts] = []
    for leverage in runs.spec.leverages:
        base = runs.base(leverage=leverage)
        configs: list[ModelConfig] = [
            StaticConfig(slippage="book", **base),
            RebalanceConfig(**base),
            RotationConfig(**base),
            ConditionalConfig(**base),
        ]
        rows += [
            {"leverage": leverage, "model": config.model, **outcome(runs.run(config))}
            for config in configs
        ]
    return rows


def venues_section(runs: Runs) -> list[Facts]:
    """Compare the two perpetual venues; one whose funding the market lacks is left out."""
    rows = []
    for perp in dict.fromkeys((runs.spec.perp, runs.spec.rival_perp)):
        if load_venue(perp).funding not in runs.market.funding:
            continue
        for leverage in runs.spec.leverages:
            result, best = runs.rebalance(leverage, perp=perp), runs.best(leverage, perp=perp)
            rows.append(
                {
                    "perp": perp,
                    "leverage": leverage,
                    **outcome(result),
                    **ledger_facts(result),
                    "unforgiven_annualized": unforgiven_annualized(result),
                    "best_annualized": best.annualized_return,
                    "best_trigger": trigger_of(best),
                }
            )
    return rows


def entry_section(runs: Runs) -> Facts:
    """Return the entry statistics of the static position."""
    spec, venue = runs.spec, load_venue(runs.spec.perp)
    config = StaticConfig(
        **runs.base(capital_usd=spec.entry_capital_usd, leverage=spec.entry_leverage)
    )
    bars = lower_market(runs.market, venue.funding, spec.lending)
    pnl, cost = entry.static_pnl(bars, config), entry.round_trip_cost(config, venue)
    smart = entry.days_after_positive(bars.funding)
    waits = entry.days_to_profit(pnl, cost)
    reached = waits[~np.isnan(waits)]
    streaks = entry.positive_streaks(pnl)
    rows = []
    for days in spec.holding_days:
        plain = entry.entry_statistics(pnl, cost, days)
        chosen = entry.entry_statistics(pnl, cost, days, smart)
        rows.append(
            {
                "holding_days": days,
                "starts_count": plain.starts,
                "win_rate": number_or_none(plain.win_rate),
                "median_pnl_usd": number_or_none(plain.median_pnl_usd),
                "smart_starts_count": chosen.starts,
                "smart_win_rate": number_or_none(chosen.win_rate),
            }
        )
    return {
        "capital_usd": spec.entry_capital_usd,
        "leverage": spec.entry_leverage,
        "round_trip_usd": cost,
        "rows": rows,
        "profitable_starts_count": len(reached),
        "all_starts_count": len(waits),
        "median_wait_days": float(np.median(reached)) if len(reached) else None,
        "streaks_count": len(streaks),
        "longest_streak_days": max(streaks, default=0),
    }


def breakeven_section(runs: Runs) -> list[Facts]:
    """Return costs, break-even and liquidation distances at the window's average rates."""
    spec, market, venue = runs.spec, runs.market, load_venue(runs.spec.perp)
    supply = float(market.supply[spec.lending, market.asset].apy.mean())
    borrow = float(market.borrow[spec.lending, market.quote].apy.mean())
    funding = float(market.funding[venue.funding].rate.mean() * DAYS_PER_YEAR)
    hurdle = float(market.supply[spec.lending, market.quote].apy.mean())
    rows = []
    for leverage in spec.leverages:
        config = StaticConfig(**runs.base(leverage=leverage))
        cost = entry.round_trip_cost(config, venue) / spec.capital_usd
        gross = be.gross_apy(leverage, supply, borrow, funding)
        wait = be.days_to_breakeven(cost, gross)
        margin = venue.maintenance_margin
        rows.append(
            {
                "leverage": leverage,
                "gross_apy": gross,
                "round_trip_share": cost,
                "breakeven_days": None if math.isinf(wait) else wait,
                "breakeven_funding_apy": be.breakeven_funding(leverage, supply, borrow, cost),
                "hurdle_funding_apy": be.breakeven_funding(
                    leverage, supply, borrow, cost, required_apy=hurdle
                ),
                "long_distance": be.long_liquidation_distance(leverage, margin),
                "short_distance": be.short_liquidation_distance(leverage, margin),
            }
        )
    return rows
