"""The verdict: words chosen by code from the facts, against the hurdle and never against zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from basislab.data import check
from basislab.report import words
from basislab.report.study.legs import lowest_debt
from basislab.report.study.market import HurdleFacts, MarketFacts, hurdle_facts, market_facts
from basislab.report.study.results import ModelRow, WaterfallRow, model_rows, waterfall_rows
from basislab.report.study.runs import Runs
from basislab.units import DAYS_PER_YEAR

Word = Literal["beats", "hindsight", "below", "loses"]

SHORT_DAYS = DAYS_PER_YEAR / 2
"""A window shorter than this is said to be short."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The realistic model against the hurdle, the losses that it forgives paid.

    Parameters
    ----------
    word : str
        "beats" (at the default trigger), "hindsight" (only with a trigger chosen afterwards),
        "below" (earns, but less than the hurdle) or "loses".
    """

    word: Word
    headline: str
    reasons: tuple[str, ...]
    limits: tuple[str, ...]


def study_verdict(runs: Runs) -> Verdict:
    """Judge a study by what all chapters share; each chapter may add its own reasons."""
    rows, hurdle = runs.once(waterfall_rows), runs.once(hurdle_facts)
    word = verdict_word(rows)
    return Verdict(
        word=word,
        headline=verdict_headline(word, rows, hurdle),
        reasons=tuple(verdict_reasons(rows, runs.once(model_rows))),
        limits=tuple(_limits(runs, runs.once(market_facts))),
    )


def _best(rows: Sequence[WaterfallRow]) -> WaterfallRow:
    return max(rows, key=lambda row: row.unforgiven_annualized)


def _defaults(rows: Sequence[WaterfallRow]) -> list[WaterfallRow]:
    return [row for row in rows if row.is_default]


def verdict_word(rows: Sequence[WaterfallRow]) -> Word:
    """Return the word for some realistic runs."""
    if _best(_defaults(rows)).unforgiven_excess_annualized > 0:
        return "beats"
    tuned = _best(rows)
    if tuned.unforgiven_excess_annualized > 0:
        return "hindsight"
    return "below" if tuned.unforgiven_annualized > 0 else "loses"


def verdict_headline(word: Word, rows: Sequence[WaterfallRow], hurdle: HurdleFacts) -> str:
    """Return the verdict in one sentence."""
    bar = f"{hurdle.what} ({words.percent(hurdle.hurdle_annualized)} a year)"
    above, below = (
        [
            words.multiple(row.leverage)
            for row in _defaults(rows)
            if (row.unforgiven_excess_annualized > 0) is is_above
        ]
        for is_above in (True, False)
    )
    but = f", not at {words.join(below)}" if below else ""
    return {
        "beats": (
            f"On this path the carry trade beat {bar} at its default trigger at "
            f"{words.join(above)}{but}."
        ),
        "hindsight": f"Only a trigger chosen in hindsight beat {bar}; the default did not.",
        "below": f"Not worth its risk here: no leverage and trigger tried beat {bar}.",
        "loses": f"It lost money at every leverage and trigger tried, against {bar}.",
    }[word]


def verdict_reasons(rows: Sequence[WaterfallRow], models: Sequence[ModelRow]) -> list[str]:
    """Return what the verdict rests on."""
    default, tuned = _best(_defaults(rows)), _best(rows)
    reasons = [f"Best default run: {_run(default)}."]
    if tuned is not default:
        reasons.append(f"Best run in hindsight: {_run(tuned)}.")
    above = [
        words.multiple(row.leverage)
        for row in models
        if row.model == "static" and row.outcome.excess_annualized > 0
    ]
    reasons.append(
        f"Carry alone, with no liquidation and no rebalancing (the static ceiling), beats the "
        f"hurdle at: {words.join(above)}."
    )
    lost = sum(-row.ledger.liquidation_penalty_usd for row in _defaults(rows))
    earned = sum(row.ledger.carry_usd + row.ledger.funding_usd for row in _defaults(rows))
    reasons.append(
        f"Over the leverages at their default triggers, carry and funding came to "
        f"{words.signed_usd(earned)} USD and liquidation penalties took {words.usd(lost)} USD."
    )
    reasons += [
        owed_to_forgiveness(
            _place(row),
            row.outcome.annualized,
            row.unforgiven_annualized,
            row.ledger.shortfall_usd,
        )
        for row in rows
        if row.outcome.excess_annualized > 0 and row.ledger.shortfall_usd > 0
    ]
    return reasons


def owed_to_forgiveness(where: str, annualized: float, strict: float, forgiven: float) -> str:
    """Say what a return a year owes to losses that the study forgives, USD."""
    only = "only because" if strict <= 0 < annualized else "in part because"
    return (
        f"{where} shows {words.percent(annualized)} {only} {words.usd(forgiven)} USD of losses "
        f"are forgiven; without that it is {words.percent(strict)}."
    )


def _place(row: WaterfallRow) -> str:
    return f"{words.multiple(row.leverage)} with trigger {words.trigger(row.trigger)}"


def _run(row: WaterfallRow) -> str:
    made = row.outcome
    return (
        f"{_place(row)}: {words.percent(made.annualized)} a year, "
        f"{words.points(made.excess_annualized)} points against the hurdle, "
        f"{words.share(made.drawdown)} drawdown, "
        f"{words.plural(made.liquidations_count, 'liquidation')}"
    )


def _limits(runs: Runs, market: MarketFacts) -> list[str]:
    limits = [
        (
            "One start date and one price path: the spread between neighbouring triggers is the "
            "size of a few liquidations, so the best trigger is a description of this path, not a "
            "forecast."
        ),
        (
            "Daily bars: each leg is checked once a day against the high and the low of the perp, "
            "and penalties are the study's assumptions, not the venues' rules."
        ),
    ]
    days = market.bars_count
    if days < SHORT_DAYS:
        limits.append(
            f"A short window: a return a year extrapolates {words.plural(days, 'day')}, opening "
            f"and closing costs included, {words.decimal(DAYS_PER_YEAR / days, 1)} times."
        )
    debts = {leverage: lowest_debt(runs, leverage) for leverage in runs.spec.leverages}
    limits += [
        f"At {words.multiple(leverage)} the convention turns surplus into a debt below zero "
        f"({words.usd(debt)} USD) and lets it earn the borrow rate; no lender pays that."
        for leverage, debt in debts.items()
        if debt < 0
    ]
    if errors := len(check(runs.stored).errors):
        # without that option there is no study of such a market
        limits.insert(
            0,
            f"The data have {words.plural(errors, 'error')}, accepted with --accept-quality: no "
            "number here is to be relied on before they are corrected. The chapter on data quality "
            "names them.",
        )
    if market.partial_bars:
        limits.append(f"Partial days in the data: {words.join(market.partial_bars)}.")
    return limits
