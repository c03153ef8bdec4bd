"""One run: validate, lower to NamedTuples, call the kernel, wrap the outcome. No I/O, no names.

A new model is one kernel file and one line in `MODELS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np

from basislab.errors import ConfigError, DataError, LedgerError
from basislab.kernels import conditional, rebalance, rotation, static
from basislab.kernels import events as ev
from basislab.kernels.bars import Bars
from basislab.kernels.outcome import Outcome
from basislab.metrics import annualized_return, compound_return, max_drawdown
from basislab.simulate.venue import run_venue
from basislab.types.configs import (
    ConditionalConfig,
    ModelConfig,
    RebalanceConfig,
    RotationConfig,
    StaticConfig,
    TradeConfig,
)
from basislab.types.market import FloatArray, Market, RateSeries
from basislab.types.result import Event, Ledger, Result, time_labels
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import VenueConfig
from basislab.units import DAYS_PER_YEAR, SECONDS_PER_DAY

LEDGER_TOLERANCE = 1e-9
"""Largest unexplained part of a run, as a fraction of what went through its books."""

_SCALAR_ACCOUNTS = ("carry", "funding", "trading_fees", "gas", "slippage")
_PATH_ACCOUNTS = (
    "carry",
    "funding",
    "trading_fees",
    "gas",
    "transfer_fees",
    "liquidation_penalty",
    "revaluation",
    "shortfall",
)

Counter = Callable[[tuple[Event, ...]], int]


def count_kind(*kinds: str) -> Counter:
    """Return a counter of events of the given kinds."""
    return lambda events: sum(event.kind in kinds for event in events)


def count_touched_legs(events: tuple[Event, ...]) -> int:
    """Count each side whose liquidation price was touched when a rotation was closed."""
    sides = {"long": 1, "short": 1, "both": 2}
    return sum(sides.get(event.leg or "", 0) for event in events if event.kind == "close")


@dataclass(frozen=True)
class Model:
    """A model's kernel module, its accounts, what is counted of its events, what is naive in it."""

    kernel: Any
    accounts: tuple[str, ...]
    counts: Mapping[str, Counter]
    notes: tuple[str, ...] = ()


_ACCRUES_AT_ONCE = (
    "study convention: the opening day accrues a full day of carry and funding, "
    "although the position opens at its close"
)


MODELS: dict[type[TradeConfig], Model] = {
    StaticConfig: Model(static, _SCALAR_ACCOUNTS, {}, (_ACCRUES_AT_ONCE,)),
    RebalanceConfig: Model(
        rebalance,
        _PATH_ACCOUNTS,
        {
            "rebalances": count_kind("rebalance"),
            "rotations": count_kind("reopen"),
            "liquidations": count_kind("liquidation"),
        },
        (_ACCRUES_AT_ONCE,),
    ),
    RotationConfig: Model(
        rotation,
        _PATH_ACCOUNTS,
        {"rotations": count_kind("open"), "liquidations": count_touched_legs},
    ),
    ConditionalConfig: Model(
        conditional, _PATH_ACCOUNTS, {"opens": count_kind("open"), "closes": count_kind("close")}
    ),
}


def simulate(
    market: Market,
    config: ModelConfig | VenueConfig,
    *,
    start: date | None = None,
    end: date | None = None,
) -> Result:
    """Run one configuration over one window of a market.

    Parameters
    ----------
    market : Market
        Daily bars; of any width for the venue engine.
    config : ModelConfig or VenueConfig
        With its venue resolved (`basislab.backtest` accepts a name).
    start, end : date, optional
        First and last day, inclusive; the market's own when left out. The model sees only these.

    Returns
    -------
    Result

    Raises
    ------
    ConfigError
        An unresolved venue, a window outside the market, bars that are not daily.
    DataError
        The market lacks a series that the configuration needs.
    LedgerError
        The books do not explain the change of equity (a bug).
    """
    if isinstance(config, VenueConfig):
        return run_venue(market, config, start, end)
    model = MODELS[type(config)]
    venue = config.perp
    if not isinstance(venue, StudyVenue):
        raise ConfigError(
            f"{type(config).__name__}.perp: got the name {venue!r}; simulate() is handed a venue. "
            "Use basislab.backtest(), which resolves names."
        )
    if market.bar_seconds != SECONDS_PER_DAY:
        raise ConfigError(
            f"market {market.name!r}: bars of {market.bar_seconds} s; the study's models are "
            "defined on daily bars (86400 s)."
        )
    part = market.window(start, end)
    bars = lower_market(part, venue.funding, config.lending)
    outcome: Outcome = model.kernel.run(lower_config(model.kernel.Params, config, venue), bars)
    ledger = Ledger(**_as_dict(outcome.accounts), names=model.accounts)
    _check_ledger(ledger, config.capital_usd, outcome)
    return _wrap(market, part, config, model, outcome, ledger)


def lower_market(market: Market, funding: str, lending: str) -> Bars:
    """Return the arrays that the study's kernels read.

    APYs become simple rates per bar, ``apy / 365`` a day (the study's convention).

    Parameters
    ----------
    market : Market
    funding : str
        Key of `Market.funding`.
    lending : str
        Protocol whose supply rate of the asset and borrow rate of the quote coin are used.

    Returns
    -------
    Bars
        Arrays of shape (n_bars,), read-only.

    Raises
    ------
    DataError
        The market lacks one of the series.
    """
    if funding not in market.funding:
        have = ", ".join(market.funding) or "none"
        raise DataError(
            f"market {market.name!r}: no funding of {funding!r}; it has: {have}. "
            "Choose another perp or import that venue's funding."
        )
    price = market.reference_price
    bar_days = market.bar_seconds / SECONDS_PER_DAY
    return Bars(
        price.high,
        price.low,
        price.close,
        _simple_rate(_rate(market, "supply", lending, market.asset), bar_days),
        _simple_rate(_rate(market, "borrow", lending, market.quote), bar_days),
        market.funding[funding].rate,
    )


def _rate(market: Market, side: str, protocol: str, asset: str) -> RateSeries:
    rates: Mapping[tuple[str, str], RateSeries] = getattr(market, side)
    if (protocol, asset) not in rates:
        have = ", ".join("/".join(key) for key in rates) or "none"
        raise DataError(
            f"market {market.name!r}: no {side} rate of {protocol}/{asset}; it has: {have}. "
            "Choose another lending protocol or import that series."
        )
    return rates[protocol, asset]


def _simple_rate(series: RateSeries, bar_days: float) -> FloatArray:
    rate = series.apy / DAYS_PER_YEAR
    if bar_days != 1.0:
        rate = rate * bar_days
    rate.setflags(write=False)
    return rate


def lower_config(params: Any, config: TradeConfig, venue: StudyVenue) -> Any:
    """Return a kernel's ``Params``, each field taken by its name from the config or the venue.

    Parameters
    ----------
    params : NamedTuple type
        A kernel's ``Params``.
    config : TradeConfig
    venue : StudyVenue

    Returns
    -------
    Params
        Fractions, USD.
    """
    values = venue.parameters() | config.parameters()
    return params(**{name: values[name] for name in params._fields})


def _as_dict(accounts: Any) -> dict[str, float]:
    return {name: float(value) for name, value in accounts._asdict().items()}


def _check_ledger(ledger: Ledger, capital: float, outcome: Outcome) -> None:
    gross = sum(abs(getattr(ledger, f.name)) for f in fields(ledger) if f.name != "names")
    change = outcome.final - capital
    unexplained = abs(ledger.total - change)
    if not unexplained <= LEDGER_TOLERANCE * max(capital, gross):
        raise LedgerError(
            f"the accounts sum to {ledger.total!r} USD, equity changed by {change!r}: "
            f"{unexplained:.3g} USD are unexplained. This is a bug; please report it with the run."
        )


def _wrap(
    market: Market,
    part: Market,
    config: ModelConfig,
    model: Model,
    outcome: Outcome,
    ledger: Ledger,
) -> Result:
    days = len(part) * part.bar_seconds / SECONDS_PER_DAY
    final = float(outcome.final)  # as plain Python the kernels give numpy's floats
    hurdle = _rate(part, "supply", config.lending, part.quote)
    events = _events(part, outcome)
    outcome.equity.setflags(write=False)
    return Result(
        config=config,
        market_name=market.name,
        market_fingerprint=market.fingerprint,
        asset=market.asset,
        times=part.times,
        closes=part.reference_price.close,
        equity_usd=outcome.equity,
        final_usd=final,
        ledger=ledger,
        event_list=events,
        counts={name: counter(events) for name, counter in model.counts.items()},
        bar_seconds=part.bar_seconds,
        max_drawdown=max_drawdown(outcome.equity, config.capital_usd),
        annualized_return=annualized_return(final / config.capital_usd - 1.0, days),
        hurdle_return=compound_return(hurdle.apy, part.bar_seconds / SECONDS_PER_DAY),
        warnings=tuple(_warnings(config, model, outcome, ledger, events)),
    )


def _events(part: Market, outcome: Outcome) -> tuple[Event, ...]:
    rows = outcome.log.rows[: outcome.log.filled[0]]
    bars = rows[:, 0].astype(np.int64)
    codes = rows[:, 1:4].astype(np.int64).tolist()
    labels = time_labels(part.times[bars], part.bar_seconds)
    closes = part.reference_price.close[bars].tolist()
    amounts = rows[:, 4:].tolist()
    return tuple(
        Event(
            bar,
            label,
            ev.KIND_NAMES[kind],
            ev.LEG_NAMES[leg],
            ev.REASON_NAMES[reason],
            close,
            *amount,
        )
        for bar, label, close, (kind, leg, reason), amount in zip(
            bars.tolist(), labels, closes, codes, amounts, strict=True
        )
    )


def _warnings(
    config: ModelConfig, model: Model, outcome: Outcome, ledger: Ledger, events: tuple[Event, ...]
) -> list[str]:
    """Name what is naive in the study's convention, where this run met it."""
    found = [*model.notes, *config.warnings()]
    if outcome.lowest_debt < 0:
        found.append(
            "study convention: the long leg's debt fell below zero "
            f"({outcome.lowest_debt:,.2f} USD) and then earned the borrow rate"
        )
    if any(event.kind == "ruined" for event in events):
        found.append("ruined: the equity fell to zero and the run ended there")
    if ledger.shortfall > 0:
        found.append(
            f"study convention: {ledger.shortfall:,.2f} USD of equity below zero were forgiven; "
            f"without that the result is {ledger.total - ledger.shortfall:+,.2f} USD"
        )
    if outcome.equity.min() < 0:
        found.append("the equity fell below zero: this model has no margin call")
    return found
