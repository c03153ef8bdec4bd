"""The claims of an earlier publication beside what the same data give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from basislab.presets import load_venue
from basislab.report import claims, words
from basislab.report.study.legs import lowest_debt
from basislab.report.study.market import mean_rates
from basislab.report.study.runs import Runs, trigger_of
from basislab.research import breakeven as be
from basislab.types.configs import StaticConfig
from basislab.types.result import Ledger, time_labels

_MODELS = "the computed figure"


@dataclass(frozen=True, kw_only=True)
class StatementRow:
    """What was said, what the data give, and whether the two agree; all of it text."""

    subject: str
    said: str
    found: str
    word: Literal["agrees", "differs"]
    why: str
    is_marked: bool


@dataclass(frozen=True, kw_only=True)
class PublishedFacts:
    """Of the chapter; empty where the study file lists no claim."""

    published: tuple[StatementRow, ...]


def published_facts(runs: Runs) -> PublishedFacts:
    """Check every claim that the study file lists."""
    rows = [row for claim in runs.spec.published for row in _CHECKS[type(claim)](runs, claim)]
    return PublishedFacts(published=tuple(rows))


def _row(subject: str, said: str, found: str, why: str) -> StatementRow:
    same = said == found
    return StatementRow(
        subject=subject,
        said=said,
        found=found,
        word="agrees" if same else "differs",
        why=why,
        is_marked=not same,
    )


def _static(runs: Runs, claim: claims.StaticClaim) -> list[StatementRow]:
    result = runs.run(StaticConfig(slippage="book", **runs.base(leverage=claim.leverage)))
    return [
        _row(
            f"Static return a year at {words.multiple(claim.leverage)}",
            words.percent(claim.annualized),
            words.percent(result.annualized_return),
            f"{_MODELS} is {words.percent(result.annualized_return, 2)} before rounding",
        )
    ]


def _highest(runs: Runs, claim: claims.HighestPriceClaim) -> list[StatementRow]:
    high = runs.market.reference_price.high
    day = time_labels(runs.market.times, runs.market.bar_seconds)[int(high.argmax())]
    return [
        _row(
            f"Highest price of {runs.market.asset}, USD",
            words.usd(claim.price_usd, 2),
            words.usd(float(high.max()), 2),
            f"the data's highest high, on {day}",
        )
    ]


def _parts(ledger: Ledger) -> dict[str, float]:
    rest = ledger.liquidation_penalty + ledger.revaluation + ledger.shortfall
    return {"carry": ledger.carry, "funding": ledger.funding, "fees": ledger.costs, "rest": rest}


def _waterfall(runs: Runs, claim: claims.WaterfallClaim) -> list[StatementRow]:
    said = {
        "carry": claim.carry_usd,
        "funding": claim.funding_usd,
        "fees": claim.fees_usd,
        "rest": claim.rest_usd,
    }
    result = runs.rebalance(claim.leverage, trigger=claim.trigger)
    found = _parts(result.ledger)
    net = result.final_usd - result.initial_usd
    config = f"{words.multiple(claim.leverage)}, trigger {words.trigger(claim.trigger)}"
    lines = [
        _row(
            f"Waterfall at {config}: {name}, USD",
            words.signed_usd(said[name]),
            words.signed_usd(found[name]),
            _whose(runs, claim, name, said[name]),
        )
        for name in said
    ]
    total = sum(said.values())
    return [
        *lines,
        _row(
            f"Waterfall at {config}: sum of the printed items, USD",
            words.signed_usd(total),
            words.signed_usd(net),
            f"the net that goes with the printed {words.percent(claim.annualized)} a year",
        ),
    ]


def _whose(runs: Runs, claim: claims.WaterfallClaim, name: str, said: float) -> str:
    """Name the run whose item was printed, where there is one."""
    default = runs.rebalance(claim.leverage)
    same = {
        "this trigger's": runs.rebalance(claim.leverage, trigger=claim.trigger),
        f"the default trigger's ({words.multiple(2 * claim.leverage)})": default,
    }
    for whose, result in same.items():
        candidates = [_parts(result.ledger)[name], result.ledger.revaluation]
        if any(round(value) == round(said) for value in candidates[: 2 if name == "rest" else 1]):
            return f"the printed item is {whose}"
    return "the printed item belongs to neither the default trigger nor this one"


def _formula(runs: Runs, claim: claims.FormulaClaim) -> list[StatementRow]:
    margin = load_venue(runs.spec.perp).maintenance_margin
    supply, borrow, funding, _ = mean_rates(runs)
    rows = []
    for leverage in runs.spec.leverages:
        said, found = {
            "gross_apy": (
                leverage / 2 * (supply + funding - borrow),
                be.gross_apy(leverage, supply, borrow, funding),
            ),
            "long_distance": (
                -(1 / leverage - margin),
                -be.long_liquidation_distance(leverage, margin),
            ),
            "short_distance": (
                (1 - margin) / (leverage - 1 + margin),
                be.short_liquidation_distance(leverage, margin),
            ),
        }[claim.name]
        subject = f"{_FORMULAS[claim.name][0]} at {words.multiple(leverage)}"
        why = _FORMULAS[claim.name][1]
        rows.append(_row(subject, words.percent(said), words.percent(found), why))
    return rows


_FORMULAS = {
    "gross_apy": (
        "Gross return a year at the mean rates",
        "the printed formula charges interest on the equity too: it drops half of the borrow rate",
    ),
    "long_distance": (
        "Price move that liquidates the long",
        "the printed formula forgets that the maintenance margin shrinks with the price",
    ),
    "short_distance": (
        "Price move that liquidates the short",
        "the printed formula is not the margin equation of a short",
    ),
}


def _binding(runs: Runs, claim: claims.BindingLegClaim) -> list[StatementRow]:
    margin = load_venue(runs.spec.perp).maintenance_margin
    rows = []
    for leverage in runs.spec.leverages:
        long = be.long_liquidation_distance(leverage, margin)
        short = be.short_liquidation_distance(leverage, margin)
        nearer = "short" if short < long else "long"
        why = (
            f"from the entry the long survives {words.percent(-long)}, the short "
            f"{words.percent(short)}"
        )
        rows.append(
            _row(f"Leg that binds first at {words.multiple(leverage)}", claim.leg, nearer, why)
        )
    return rows


def _debt(runs: Runs, claim: claims.DebtClaim) -> list[StatementRow]:
    result = runs.rebalance(claim.leverage)
    lowest = lowest_debt(runs, claim.leverage)
    return [
        _row(
            f"Lowest debt of the long at {words.multiple(claim.leverage)}, USD",
            "not negative",
            words.usd(lowest) if lowest < 0 else "not negative",
            f"at its default trigger {words.trigger(trigger_of(result))}; a debt below zero is a "
            "deposit, and this convention lets it earn the borrow rate",
        )
    ]


def _full_days(runs: Runs, _: claims.FullDaysClaim) -> list[StatementRow]:
    rows = []
    for venue, series in runs.market.funding.items():
        if series.settlements is None:
            continue
        full = int(np.max(series.settlements))
        labels = time_labels(runs.market.times, runs.market.bar_seconds)
        short = [int(bar) for bar in np.flatnonzero(series.settlements < full)]
        rows += [
            _row(
                f"Settlements of {venue} funding on {labels[bar]}",
                words.usd(full),
                words.usd(int(series.settlements[bar])),
                "the day's funding is the sum of fewer settlements than on other days",
            )
            for bar in short
            if bar in (0, len(labels) - 1)
        ]
    return rows


_CHECKS: dict[type, Callable[[Runs, Any], list[StatementRow]]] = {
    claims.StaticClaim: _static,
    claims.HighestPriceClaim: _highest,
    claims.WaterfallClaim: _waterfall,
    claims.FormulaClaim: _formula,
    claims.BindingLegClaim: _binding,
    claims.DebtClaim: _debt,
    claims.FullDaysClaim: _full_days,
}
