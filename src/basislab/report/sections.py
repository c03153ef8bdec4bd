"""The computed sections of a study: each takes the runs and returns plain facts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from basislab.data import partial_bars
from basislab.metrics import annualized_return, correlation
from basislab.presets import load_venue
from basislab.report.runs import Facts, Runs, trigger_of
from basislab.types.configs import (
    RotationConfig,
    StaticConfig,
)
from basislab.types.result import Event, Result, time_labels
from basislab.units import DAYS_PER_YEAR


def outcome(result: Result) -> Facts:
    """Return what every table may show of one run.

    Parameters
    ----------
    result : Result

    Returns
    -------
    dict
    """
    counts = {f"{name}_count": count for name, count in result.counts.items()}
    return {
        "final_usd": result.final_usd,
        "net_usd": result.final_usd - result.initial_usd,
        "total_return": result.total_return,
        "annualized": result.annualized_return,
        "excess_annualized": result.annualized_return - result.hurdle_annualized,
        "drawdown": result.max_drawdown,
        **counts,
    }


def unforgiven_annualized(result: Result) -> float:
    """Return the return a year as if the losses that the study forgives had been paid.

    Parameters
    ----------
    result : Result

    Returns
    -------
    float, fraction per year, simple
    """
    forgiven = result.ledger.shortfall / result.initial_usd
    return annualized_return(result.total_return - forgiven, len(result.times))


def number_or_none(value: float) -> float | None:
    """Return `value`, or None where it is not a number (JSON has no NaN).

    Parameters
    ----------
    value : float

    Returns
    -------
    float or None
    """
    return None if math.isnan(value) else float(value)


def market_section(runs: Runs) -> Facts:
    """Describe the window: prices, rates, funding, partial bars."""
    market, spec = runs.market, runs.spec
    price = market.reference_price
    labels = time_labels(market.times, market.bar_seconds)
    bad = np.flatnonzero(partial_bars(market))
    return {
        "name": market.name,
        "fingerprint": market.fingerprint,
        "asset": market.asset,
        "quote": market.quote,
        "start": labels[0],
        "end": labels[-1],
        "bars_count": len(market),
        "first_close_usd": float(price.close[0]),
        "last_close_usd": float(price.close[-1]),
        "price_change": float(price.close[-1] / price.close[0] - 1),
        "highest_usd": float(price.high.max()),
        "highest_on": labels[int(price.high.argmax())],
        "lowest_usd": float(price.low.min()),
        "lowest_on": labels[int(price.low.argmin())],
        "partial_bars": [labels[i] for i in bad],
        "supply_apy": float(market.supply[spec.lending, market.asset].apy.mean()),
        "borrow_apy": float(market.borrow[spec.lending, market.quote].apy.mean()),
        "funding": [
            {
                "venue": key,
                "funding_apy": float(series.rate.mean() * DAYS_PER_YEAR),
                "positive_days_share": float((series.rate > 0).mean()),
            }
            for key, series in market.funding.items()
        ],
        "funding_correlation": _funding_correlation(runs),
    }


def _funding_correlation(runs: Runs) -> float | None:
    keys = [load_venue(name).funding for name in (runs.spec.perp, runs.spec.rival_perp)]
    rates = [runs.market.funding[key].rate for key in keys if key in runs.market.funding]
    return number_or_none(correlation(*rates)) if len(rates) == len(keys) else None


def hurdle_section(runs: Runs) -> Facts:
    """Describe the hurdle: what the quote coin earned in the same reserve."""
    market, spec = runs.market, runs.spec
    result = runs.rebalance(spec.leverages[0])
    apy = market.supply[spec.lending, market.quote].apy
    return {
        "what": f"{market.quote} supplied to {spec.lending}",
        "mean_apy": float(apy.mean()),
        "lowest_apy": float(apy.min()),
        "highest_apy": float(apy.max()),
        "hurdle_return": result.hurdle_return,
        "hurdle_annualized": result.hurdle_annualized,
        "net_usd": result.hurdle_return * spec.capital_usd,
    }


def matrix_section(runs: Runs) -> list[Facts]:
    """Return the rebalance model at its default trigger by size and leverage, within its bounds."""
    rows = []
    for capital in runs.spec.capitals_usd:
        for leverage in runs.spec.leverages:
            base = runs.base(capital_usd=capital, leverage=leverage)
            result = runs.rebalance(leverage, capital_usd=capital)
            rows.append(
                {
                    "capital_usd": capital,
                    "leverage": leverage,
                    "static_annualized": runs.run(
                        StaticConfig(slippage="book", **base)
                    ).annualized_return,
                    "rotation_annualized": runs.run(RotationConfig(**base)).annualized_return,
                    "hurdle_annualized": result.hurdle_annualized,
                    **outcome(result),
                }
            )
    return rows


def triggers_section(runs: Runs) -> list[Facts]:
    """Return the trigger grid of every leverage, the best and the default one marked."""
    return [
        {"leverage": leverage, "rows": trigger_rows(runs, leverage)}
        for leverage in runs.spec.leverages
    ]


def trigger_rows(runs: Runs, leverage: float, **changes: Any) -> list[Facts]:
    """Return one row a trigger.

    Parameters
    ----------
    runs : Runs
    leverage : float
    **changes
        Config fields that differ from the study's.

    Returns
    -------
    list of dict
    """
    results = runs.triggers(leverage, **changes)
    best = max((result.final_usd for result in results), default=math.nan)
    return [
        {
            "trigger": trigger_of(result),
            "is_default": trigger_of(result) == 2 * leverage,
            "is_best": result.final_usd == best,
            **outcome(result),
        }
        for result in results
    ]


def fees_section(runs: Runs) -> list[Facts]:
    """Split the costs of the default trigger by what caused them."""
    rows = []
    for leverage in runs.spec.leverages:
        result = runs.rebalance(leverage)
        costs = {"open": 0.0, "reopen": 0.0, "rebalance": 0.0}
        for event in result.event_list:
            if event.kind in costs:
                costs[event.kind] += event.cost_usd
        rows.append(
            {
                "leverage": leverage,
                "opening_usd": costs["open"],
                "reopening_usd": costs["reopen"],
                "transfers_usd": costs["rebalance"],
                "closing_usd": float(result.equity_usd[-1]) - result.final_usd,
                "fees_usd": -result.ledger.costs,
                "fees_share": -result.ledger.costs / result.initial_usd,
                "penalty_usd": -result.ledger.liquidation_penalty,
                **outcome(result),
            }
        )
    return rows


def event_logs_section(runs: Runs) -> list[Facts]:
    """Return the event logs at the default trigger."""
    return [
        {
            "leverage": leverage,
            "rows": [event_facts(event) for event in runs.rebalance(leverage).event_list],
        }
        for leverage in runs.spec.event_log_leverages
    ]


def event_facts(event: Event) -> Facts:
    """Return what an event log shows of one event.

    Parameters
    ----------
    event : Event

    Returns
    -------
    dict
    """
    return {
        "time": event.time,
        "kind": event.kind,
        "leg": event.leg,
        "reason": event.reason,
        "price_usd": event.price_usd,
        "long_usd": number_or_none(event.long_equity_usd),
        "short_usd": number_or_none(event.short_equity_usd),
        "moved_usd": event.moved_usd,
        "cost_usd": event.cost_usd,
        "penalty_usd": event.penalty_usd,
        "equity_usd": event.equity_usd,
    }


def fee_sensitivity_section(runs: Runs) -> list[Facts]:
    """Return the outcome over the open fee of the long leg."""
    leverage = runs.spec.fee_leverage
    return [
        {
            "open_fee_bps": fee,
            "leverage": leverage,
            **outcome(runs.rebalance(leverage, open_fee_bps=fee)),
        }
        for fee in runs.spec.open_fees_bps
    ]


def ledger_facts(result: Result) -> Facts:
    """Return the accounts with their unit in the key.

    Parameters
    ----------
    result : Result

    Returns
    -------
    dict
    """
    return {f"{name}_usd": value for name, value in result.ledger.to_dict().items()}


def waterfall_section(runs: Runs) -> list[Facts]:
    """Return the default trigger's waterfall for every leverage, and the best one's beside it."""
    rows = []
    for leverage in runs.spec.leverages:
        for result in dict.fromkeys((runs.rebalance(leverage), runs.best(leverage))):
            strict = unforgiven_annualized(result)
            rows.append(
                {
                    "leverage": leverage,
                    "trigger": trigger_of(result),
                    "is_default": trigger_of(result) == 2 * leverage,
                    **ledger_facts(result),
                    **outcome(result),
                    "unforgiven_annualized": strict,
                    "unforgiven_excess_annualized": strict - result.hurdle_annualized,
                }
            )
    return rows


def neutrality_section(runs: Runs) -> list[Facts]:
    """Show how much of the price move reached the equity."""
    closes = runs.market.reference_price.close
    moves = np.diff(closes) / closes[:-1]
    rows = []
    for leverage in runs.spec.leverages:
        result = runs.rebalance(leverage)
        equity = result.equity_usd
        gains = np.diff(equity) / runs.spec.capital_usd
        spread = float(moves.var()) if len(moves) else 0.0
        beta = float(np.cov(moves, gains, bias=True)[0, 1]) / spread if spread > 0 else math.nan
        rows.append(
            {
                "leverage": leverage,
                "price_change": float(closes[-1] / closes[0] - 1),
                "equity_change": float(equity[-1] / equity[0] - 1) if equity[0] > 0 else None,
                "price_correlation": number_or_none(correlation(moves, gains)),
                "price_beta": number_or_none(beta),
                "revaluation_share": result.ledger.revaluation / result.initial_usd,
                "unexplained_usd": round(
                    result.ledger.total - (result.final_usd - result.initial_usd), 6
                ),
            }
        )
    return rows
