"""One run: validate, lower to NamedTuples, call the kernel, wrap the outcome. No I/O, no names."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from basislab.kernels.events import LEG_NAMES
from basislab.metrics import annualized_return, compound_return, max_drawdown
from basislab.simulate.books import booked
from basislab.simulate.kept import kept
from basislab.simulate.model import Model, Run, logged
from basislab.simulate.models import model_of
from basislab.simulate.rates import hurdle_apy
from basislab.types.configs import ModelConfig
from basislab.types.market import FloatArray, Market
from basislab.types.result import Event, Result, time_labels
from basislab.units import SECONDS_PER_DAY


def simulate(
    market: Market,
    config: ModelConfig,
    *,
    start: date | None = None,
    end: date | None = None,
    notes: tuple[str, ...] = (),
) -> Result:
    """Run one configuration over one window of a market.

    Parameters
    ----------
    market : Market
        Daily bars; of any width for the venue engine.
    config : any model's config
        With its venues resolved (`basislab.backtest` accepts names).
    start, end : date, optional
        First and last day, inclusive; the market's own when left out. The model sees only these.

    notes : tuple of str
        What is known of the data; the first of the result's warnings.

    Raises
    ------
    ConfigError
        An unresolved venue, a window outside the market, bars that the model is not defined on, a
        position that its venues would not open.
    DataError
        The market lacks a series that the configuration needs.
    LedgerError
        The books do not explain the change of equity (a bug).
    """
    model = model_of(config)
    part = market.window(start, end)
    if part is not market:
        part = kept(market, ("window", part.start, part.end), lambda: part)
    model.check_market(part)
    model.check(part, config)
    params = model.lower_params(config, part.bar_seconds)
    outcome = model.kernel.run(params, lowered_bars(part, config))
    return _wrap(model, market, part, config, outcome, notes)


def lowered_bars(market: Market, config: ModelConfig) -> Any:
    """Return what a config's kernel reads of a market, lowered once."""
    model = model_of(config)
    key = ("bars", type(config), model.series(config))
    return kept(market, key, lambda: model.lower_bars(market, config))


def _wrap(
    model: Model,
    market: Market,
    part: Market,
    config: ModelConfig,
    outcome: Any,
    notes: tuple[str, ...],
) -> Result:
    capital = config.capital_usd
    final = float(outcome.final)  # as plain Python the kernels give numpy's floats
    ledger = model.ledger(booked(outcome.accounts, final, capital))
    bar_days = part.bar_seconds / SECONDS_PER_DAY
    hurdle = kept(
        part,
        ("hurdle", config.protocol),
        lambda: compound_return(hurdle_apy(part, config.protocol), bar_days),
    )
    rows, closes = logged(outcome), model.closes(part, config)
    events = _events(model, part, closes, rows)
    outcome.equity.setflags(write=False)
    return model.result(
        config=config,
        market_name=market.name,
        market_fingerprint=market.fingerprint,
        market=part,
        asset=market.asset,
        times=part.times,
        closes=closes,
        equity_usd=outcome.equity,
        final_usd=final,
        ledger=ledger,
        event_list=events,
        counts=model.count(rows),
        bar_seconds=part.bar_seconds,
        max_drawdown=max_drawdown(outcome.equity, capital),
        annualized_return=annualized_return(final / capital - 1.0, len(part) * bar_days),
        hurdle_return=hurdle,
        warnings=(*notes, *model.warnings(Run(part, config, outcome, ledger, events))),
        **model.extras(outcome),
    )


def _events(model: Model, part: Market, closes: FloatArray, rows: FloatArray) -> tuple[Event, ...]:
    kinds, reasons = model.names.KIND_NAMES, model.names.REASON_NAMES
    bars = rows[:, 0].astype(np.int64)
    codes = rows[:, 1:4].astype(np.int64).tolist()
    labels = time_labels(part.times[bars], part.bar_seconds)
    return tuple(
        Event(bar, label, kinds[kind], LEG_NAMES[leg], reasons[reason], close, *amounts)
        for bar, label, close, (kind, leg, reason), amounts in zip(
            bars.tolist(), labels, closes[bars].tolist(), codes, rows[:, 4:].tolist(), strict=True
        )
    )
