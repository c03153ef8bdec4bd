"""The verdict: words chosen by code from the facts, against the hurdle and never against zero."""

from __future__ import annotations

from typing import Any, Literal

from basislab.report import words
from basislab.report.engine.sentences import engine_verdict
from basislab.units import DAYS_PER_YEAR

Facts = dict[str, Any]
Word = Literal["beats", "hindsight", "below", "loses"]

SHORT_DAYS = DAYS_PER_YEAR / 2
"""A window shorter than this is said to be short."""


def study_verdict(facts: Facts) -> Facts:
    """Judge the realistic model against the hurdle, the losses that it forgives paid.

    Parameters
    ----------
    facts : dict
        Of a study, without the verdict.

    Returns
    -------
    dict
        ``word``: "beats" (at the default trigger), "hindsight" (only with a trigger chosen
        afterwards), "below" (earns, but less than the hurdle) or "loses"; ``headline``;
        ``reasons``; ``limits``.
    """
    defaults = [row for row in facts["waterfall"] if row["is_default"]]
    tuned = max(facts["waterfall"], key=lambda row: row["unforgiven_annualized"])
    default = max(defaults, key=lambda row: row["unforgiven_annualized"])
    word = _word(default, tuned)
    return {
        "word": word,
        "headline": _headline(word, facts),
        "reasons": _reasons(facts, default, tuned),
        "limits": _limits(facts),
    }


def _word(default: Facts, tuned: Facts) -> Word:
    if default["unforgiven_excess_annualized"] > 0:
        return "beats"
    if tuned["unforgiven_excess_annualized"] > 0:
        return "hindsight"
    return "below" if tuned["unforgiven_annualized"] > 0 else "loses"


def _headline(word: Word, facts: Facts) -> str:
    hurdle = facts["hurdle"]
    bar = f"{hurdle['what']} ({words.percent(hurdle['hurdle_annualized'])} a year)"
    defaults = [row for row in facts["waterfall"] if row["is_default"]]
    above, below = (
        [
            words.multiple(row["leverage"])
            for row in defaults
            if (row["unforgiven_excess_annualized"] > 0) is is_above
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


def _place(row: Facts) -> str:
    return f"{words.multiple(row['leverage'])} with trigger {words.trigger(row['trigger'])}"


def _forgiven(where: str, row: Facts) -> str:
    """Say what a return owes to losses that the study forgives."""
    strict = row["unforgiven_annualized"]
    only = "only because" if strict <= 0 < row["annualized"] else "in part because"
    return (
        f"{where} shows {words.percent(row['annualized'])} {only} "
        f"{words.usd(row['shortfall_usd'])} USD of losses are forgiven; without that it is "
        f"{words.percent(strict)}."
    )


def _run(row: Facts) -> str:
    return (
        f"{_place(row)}: "
        f"{words.percent(row['annualized'])} a year, {words.points(row['excess_annualized'])} "
        f"points against the hurdle, {words.share(row['drawdown'])} drawdown, "
        f"{_count(row['liquidations_count'], 'liquidation')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _reasons(facts: Facts, default: Facts, tuned: Facts) -> list[str]:
    reasons = [f"Best default run: {_run(default)}."]
    if tuned is not default:
        reasons.append(f"Best run in hindsight: {_run(tuned)}.")
    ceiling = [row for row in facts["models"] if row["model"] == "static"]
    above = [words.multiple(r["leverage"]) for r in ceiling if r["excess_annualized"] > 0]
    reasons.append(
        f"Carry alone, with no liquidation and no rebalancing (the static ceiling), beats the "
        f"hurdle at: {words.join(above)}."
    )
    lost = sum(-row["liquidation_penalty_usd"] for row in facts["waterfall"] if row["is_default"])
    earned = sum(
        row["carry_usd"] + row["funding_usd"] for row in facts["waterfall"] if row["is_default"]
    )
    reasons.append(
        f"Over the leverages at their default triggers, carry and funding came to "
        f"{words.signed_usd(earned)} USD and liquidation penalties took {words.usd(lost)} USD."
    )
    reasons += [
        _forgiven(_place(row), row)
        for row in facts["waterfall"]
        if row["excess_annualized"] > 0 and row["shortfall_usd"] > 0
    ]
    own = facts["study"]["perp"]
    reasons += [
        _forgiven(f"{row['perp']} at {words.multiple(row['leverage'])}", row)
        for row in facts["venues"]
        if row["perp"] != own and row["annualized"] > 0 > row["unforgiven_annualized"]
    ]
    judged = [f"{each['label']}: {each['word']}" for each in facts["certificates"]]
    if judged:
        reasons.append(f"Best triggers judged for luck (certificates): {'; '.join(judged)}.")
    return [*reasons, *engine_verdict(facts)]


def _limits(facts: Facts) -> list[str]:
    market = facts["market"]
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
    days = market["bars_count"]
    if days < SHORT_DAYS:
        limits.append(
            f"A short window: a return a year extrapolates {_count(days, 'day')}, opening and "
            f"closing costs included, {DAYS_PER_YEAR / days:.1f} times."
        )
    limits += [
        f"At {words.multiple(row['leverage'])} the convention turns surplus into a debt below zero "
        f"({words.usd(row['lowest_debt_usd'])} USD) and lets it earn the borrow rate; no lender "
        "pays that."
        for row in facts["risks"]
        if row["lowest_debt_usd"] < 0
    ]
    if errors := facts["quality"]["errors_count"]:
        # Without that option there is no study of such a market.
        limits.insert(
            0,
            f"The data have {_count(errors, 'error')}, accepted with --accept-quality: no number "
            "here is to be relied on before they are corrected. The chapter on data quality names "
            "them.",
        )
    if market["partial_bars"]:
        limits.append(f"Partial days in the data: {words.join(market['partial_bars'])}.")
    return limits
