"""One run of the venue engine: check, lower, call the kernel, wrap the outcome. No I/O."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from basislab.errors import LedgerError
from basislab.kernels import events as study_events
from basislab.kernels.venue import events as ev
from basislab.kernels.venue import step as kernel
from basislab.kernels.venue.record import COLUMNS
from basislab.metrics import annualized_return, compound_return, max_drawdown
from basislab.simulate.venue.bars import check_window, lower_bars, rate_of
from basislab.simulate.venue.params import lower_params
from basislab.simulate.venue.prices import Sources, price_sources
from basislab.types.market import Market
from basislab.types.result import Event, time_labels
from basislab.types.venue_config import VenueConfig
from basislab.types.venue_result import VenueLedger, VenueResult
from basislab.units import SECONDS_PER_DAY

LEDGER_TOLERANCE = 1e-9
"""Largest unexplained part of a run, as a fraction of capital or of what went through its books."""


def run_venue(
    market: Market, config: VenueConfig, start: date | None = None, end: date | None = None
) -> VenueResult:
    """Run one configuration of the venue engine over one window of a market.

    Parameters
    ----------
    market : Market
        Bars of any width.
    config : VenueConfig
        With its venues resolved.
    start, end : date, optional
        First and last day, inclusive; the market's own when left out.

    Returns
    -------
    VenueResult

    Raises
    ------
    ConfigError
        Unresolved venues, a position that cannot be opened, a window outside the market.
    DataError
        The market lacks a series that the configuration needs.
    LedgerError
        The books do not explain the change of equity (a bug).
    """
    config.check_feasible()
    part = market.window(start, end)
    check_window(part, config)
    sources = price_sources(part, config)
    params = lower_params(config, part.bar_seconds)
    outcome = kernel.run(params, lower_bars(part, config, sources))
    ledger = booked(outcome, config.capital_usd)
    return _wrap(market, part, config, sources, outcome, ledger)


def booked(outcome: kernel.Outcome, capital: float) -> VenueLedger:
    """Return a run's ledger, which explains its change of equity.

    Parameters
    ----------
    outcome : Outcome
    capital : float, USD

    Returns
    -------
    VenueLedger

    Raises
    ------
    LedgerError
        It does not (a bug).
    """
    accounts = {name: float(value) for name, value in outcome.accounts._asdict().items()}
    ledger = VenueLedger.of(accounts)
    gross = sum(abs(value) for value in ledger.accounts.values())
    unexplained = abs(ledger.total - (outcome.final - capital))
    if not unexplained <= LEDGER_TOLERANCE * max(capital, gross):
        raise LedgerError(
            f"the accounts sum to {ledger.total!r} USD, equity changed by "
            f"{outcome.final - capital!r}: {unexplained:.3g} USD are unexplained. This is a bug; "
            "please report it with the run."
        )
    return ledger


def _wrap(
    market: Market,
    part: Market,
    config: VenueConfig,
    sources: Sources,
    outcome: Any,
    ledger: VenueLedger,
) -> VenueResult:
    bar_days = part.bar_seconds / SECONDS_PER_DAY
    hurdle = rate_of(part, "supply", config.protocol, part.quote)
    events = _events(part, sources, outcome)
    outcome.equity.setflags(write=False)
    outcome.record.setflags(write=False)
    total_return = outcome.final / config.capital_usd - 1.0
    return VenueResult(
        config=config,
        market_name=market.name,
        market_fingerprint=market.fingerprint,
        asset=market.asset,
        times=part.times,
        closes=sources.perp.close,
        equity_usd=outcome.equity,
        final_usd=float(outcome.final),
        ledger=ledger,
        event_list=events,
        counts=_counts(events),
        bar_seconds=part.bar_seconds,
        max_drawdown=max_drawdown(outcome.equity, config.capital_usd),
        annualized_return=annualized_return(total_return, len(part) * bar_days),
        hurdle_return=compound_return(hurdle.apy, bar_days),
        warnings=_warnings(part, config, sources, ledger, events),
        record=outcome.record,
        record_names=COLUMNS,
        naked_bars=int(outcome.naked_bars),
    )


def _events(part: Market, sources: Sources, outcome: Any) -> tuple[Event, ...]:
    rows = outcome.log.rows[: outcome.log.filled[0]]
    bars = rows[:, 0].astype(np.int64)
    labels = time_labels(part.times[bars], part.bar_seconds)
    closes = sources.perp.close[bars].tolist()
    codes = rows[:, 1:4].astype(np.int64).tolist()
    return tuple(
        Event(
            bar,
            label,
            ev.KIND_NAMES[kind],
            study_events.LEG_NAMES[leg],
            ev.REASON_NAMES[reason],
            close,
            *amounts,
        )
        for bar, label, close, (kind, leg, reason), amounts in zip(
            bars.tolist(), labels, closes, codes, rows[:, 4:].tolist(), strict=True
        )
    )


def _counts(events: tuple[Event, ...]) -> dict[str, int]:
    def count(kind: str, *legs: str) -> int:
        return sum(one.kind == kind and (not legs or one.leg in legs) for one in events)

    return {
        "rebalances": count("rebalance"),
        "deleverages": count("deleverage"),
        "reopenings": count("reopen"),
        "liquidations_long": count("liquidation", "long", "both"),
        "liquidations_short": count("liquidation", "short", "both"),
    }


def _other_coins(part: Market, config: VenueConfig) -> list[str]:
    """Say whose constants are another coin's than the market's."""
    terms = (config.perp, config.lending, config.opening, config.swap, config.transfer)
    return [
        f"the constants of {one.name} are those of {one.asset}, and the market is {part.asset}"
        for one in terms
        if not isinstance(one, str) and one.asset not in (None, part.asset)
    ]


def _warnings(
    part: Market,
    config: VenueConfig,
    sources: Sources,
    ledger: VenueLedger,
    events: tuple[Event, ...],
) -> tuple[str, ...]:
    found = [*config.warnings(), *_other_coins(part, config), *sources.notes]
    for label, series in part.series().items():
        missing = int((~series.observed).sum())
        if missing:
            found.append(f"{label}: {missing} of {len(part)} bars hold the value before them")
    if any(event.kind == "ruined" for event in events):
        found.append("ruined: nothing was left and the run ended there")
    if ledger.loss_borne_by_venue > 0:
        found.append(
            f"venues and lenders bore {ledger.loss_borne_by_venue:,.2f} USD; without that the "
            f"result is {ledger.total - ledger.loss_borne_by_venue:+,.2f} USD"
        )
    return tuple(found)
