"""How often a start day won, by holding period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from basislab.presets import load_venue
from basislab.report.fields import COUNT, DAYS, FRACTION, LEVERAGE, USD, unit
from basislab.report.study.outcome import number_or_none
from basislab.report.study.runs import Runs
from basislab.research import entry
from basislab.simulate import lower_market
from basislab.types.configs import StaticConfig


@dataclass(frozen=True, kw_only=True)
class HoldingRow:
    """A holding period from all start days, and from those after a day of positive funding."""

    holding_days: int = unit(DAYS)
    starts_count: int = unit(COUNT)
    win_rate: float | None = unit(FRACTION)
    median_pnl_usd: float | None = unit(USD)
    smart_starts_count: int = unit(COUNT)
    smart_win_rate: float | None = unit(FRACTION)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The position, its holding periods, how long starts waited for a profit."""

    capital_usd: float = unit(USD)
    leverage: float = unit(LEVERAGE)
    round_trip_usd: float = unit(USD)
    rows: tuple[HoldingRow, ...]
    profitable_starts_count: int = unit(COUNT)
    all_starts_count: int = unit(COUNT)
    median_wait_days: float | None = unit(DAYS)
    streaks_count: int = unit(COUNT)
    longest_streak_days: int = unit(DAYS)


@dataclass(frozen=True, kw_only=True)
class EntryFacts:
    """Of the chapter."""

    entry: Entry


def entry_facts(runs: Runs) -> EntryFacts:
    """Compute the chapter's facts."""
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
            HoldingRow(
                holding_days=days,
                starts_count=plain.starts,
                win_rate=number_or_none(plain.win_rate),
                median_pnl_usd=number_or_none(plain.median_pnl_usd),
                smart_starts_count=chosen.starts,
                smart_win_rate=number_or_none(chosen.win_rate),
            )
        )
    return EntryFacts(
        entry=Entry(
            capital_usd=spec.entry_capital_usd,
            leverage=spec.entry_leverage,
            round_trip_usd=cost,
            rows=tuple(rows),
            profitable_starts_count=len(reached),
            all_starts_count=len(waits),
            median_wait_days=float(np.median(reached)) if len(reached) else None,
            streaks_count=len(streaks),
            longest_streak_days=max(streaks, default=0),
        )
    )
