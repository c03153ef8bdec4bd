"""What the chapter on the venue engine says; every judging word is chosen by comparing facts.

Figures come through `words`; this file's literals hold none.
"""

from __future__ import annotations

from collections.abc import Sequence

from basislab.report import words
from basislab.report.chapters.engine.limits import engine_limits
from basislab.report.chapters.engine.rows import (
    KEPT,
    ConstantRow,
    Engine,
    EngineFacts,
    EngineRun,
    PathsRow,
    RungRow,
)
from basislab.report.study.runs import Runs
from basislab.research.ladder import FINER
from basislab.types.configs import NEVER

STEPS: dict[str, tuple[str, str, str]] = {
    "one_price": (
        "separate prices",
        "the reference price is everything",
        "perp, mark, spot and oracle are prices of their own, as far as there are series",
    ),
    "simple_rates": (
        "compound interest",
        "a day earns the APY divided by the days of a year",
        "a day earns its share of a compound year",
    ),
    "accrue_at_opening": (
        "opened at the close",
        "the opening day accrues and may liquidate, although the position opens at its close",
        "the position lives from the next day on",
    ),
    "funding_first": (
        "funding comes last",
        "funding is paid before a liquidation is looked for",
        "funding is paid at the day's end, on the contracts that are left",
    ),
    "settle_at_close": (
        "venues' liquidations",
        (
            "a share of a liquidated leg's equity is lost at the close, all is reopened there, and "
            "what lies below zero is forgiven"
        ),
        (
            "the venue's procedure at the price at which it starts; the other leg stays naked "
            "until the trader has answered"
        ),
    ),
    "flat_margin": (
        "venues' thresholds",
        "the loan is liquidated like a perpetual, by the same maintenance margin",
        "the loan by its liquidation LTV, the perpetual by its margin tiers",
    ),
    FINER: (
        "hours within the days",
        "one look a day, at its close; a day is one high and one low",
        "a look every hour: on the market's own bars, or on paths that agree with every day",
    ),
    "instant": (
        "moves take time",
        "what is decided at a close is done there, at once and without limit",
        "it is done at the next open, within what the venues let go; transfers arrive bars later",
    ),
    "study_costs": (
        "venues' costs",
        "the study's fees, one taker fee for all days",
        "dated taker fees, slippage, swaps, the transfer's own price",
    ),
    "negative_debt": (
        "debt ends at zero",
        "surplus makes the debt negative, and earns the borrow rate",
        "surplus lies idle",
    ),
}
"""Of every step: what it is called, what the study does, what the venue engine does."""

_LEGS = {"long": "loan", "short": "short"}


def step_name(rung: RungRow) -> str:
    """Return what a step of the ladder is called."""
    return STEPS[rung.convention][0]


def sentences(_: Runs, facts: EngineFacts) -> list[str]:
    """Return the results, or the reason where the engine was not run."""
    engine = facts.engine
    if not engine.runs:
        return _why_not(engine)
    said = [_result(run, run.on_paths(KEPT)) for run in engine.runs]
    return [*said, *(f"Not opened: {one.why}." for one in engine.refused)]


def parts_say(engine: Engine) -> dict[str, list[str]]:
    """Return what the parts of the chapter say below their headings."""
    runs = engine.runs
    return {
        "deaths": [_firing(run) for run in runs],
        "ladder": [_parity(runs), *(_largest(run) for run in runs)] if runs else [],
        "constants": _sensitive(engine.constants),
        "limits": engine_limits(engine),
    }


def reasons(_: Runs, facts: EngineFacts) -> list[str]:
    """Return what the verdict says of the venues' own rules, or why there is nothing to say."""
    engine = facts.engine
    if not engine.runs:
        return _why_not(engine)
    kept = [run.on_paths(KEPT) for run in engine.runs]
    bars = "paths of hours within the days" if engine.is_on_paths else "the market's own bars"
    told = words.join([_interval(run, row) for run, row in zip(engine.runs, kept, strict=True)])
    near = [run for run, row in zip(engine.runs, kept, strict=True) if _is_open(row)]
    unknown = (
        f" At {words.join([words.multiple(run.leverage) for run in near])} days do not say whether "
        "a liquidation is met: import bars of an hour."
        if near
        else ""
    )
    hurdle = words.percent(kept[0].hurdle_annualized)
    said = (
        f"By the venues' own rules, on {bars} and with their size kept, the same leverages make a "
        f"year, against a hurdle of {hurdle}: {told}.{unknown}"
    )
    return [said]


def _is_open(row: PathsRow) -> bool:
    """Whether days leave open that a leg is liquidated."""
    is_possible = row.nearness == "near" or row.most_liquidated_share > 0.0
    return row.is_interval and is_possible and row.least_liquidated_share < 1.0


def _interval(run: EngineRun, row: PathsRow) -> str:
    ends = f" ({words.percent(row.low_annualized)} to {words.percent(row.high_annualized)})"
    return (
        f"{words.multiple(run.leverage)} {words.percent(row.median_annualized)}"
        f"{ends if row.is_interval else ''} where the study's days say "
        f"{words.percent(run.study_annualized)}, {_met(row)}"
    )


def _met(row: PathsRow) -> str:
    """Say how often a liquidation is met: of the paths, or at all."""
    if not row.is_interval:
        return "with a liquidation" if row.most_liquidated_share else "without a liquidation"
    least, most = (words.share(one, 0) for one in _ends(row))
    share = most if least == most else f"{least} to {most}"
    return f"with a liquidation on {share} of the paths"


def _why_not(engine: Engine) -> list[str]:
    whys = [engine.reason] if engine.reason else [one.why for one in engine.refused]
    return [f"The venue engine was not run: {why}." for why in whys]


def _at(run: EngineRun) -> str:
    trigger = words.trigger(run.trigger)
    return f"At {words.multiple(run.leverage)} (trigger {trigger})"


def _result(run: EngineRun, row: PathsRow) -> str:
    at = f"At {words.multiple(run.leverage)} with its size kept it makes "
    if row.is_interval:
        made = (
            f"{words.percent(row.median_annualized)} a year on the median path, on most of them "
            f"{words.percent(row.low_annualized)} to {words.percent(row.high_annualized)}"
        )
    else:
        made = f"{words.percent(row.median_annualized)} a year on the market's own bars"
    undecided = "; days do not say whether it is met" if _is_open(row) else ""
    return (
        f"{at}{made}, and {row.verdict} the hurdle of {words.percent(row.hurdle_annualized)}, "
        f"{_met(row)}{undecided}."
    )


def _ends(row: PathsRow) -> tuple[float, float]:
    return row.least_liquidated_share, row.most_liquidated_share


def _parity(runs: Sequence[EngineRun]) -> str:
    gap = max((run.ladder.parity_usd for run in runs), key=abs)
    return (
        "The same engine with every convention of the study kept gives the study's result, with a "
        f"difference of {words.usd(abs(gap), 6)} USD: what separates the numbers are assumptions, "
        "and not the code."
    )


def _largest(run: EngineRun) -> str:
    rungs = sorted(run.ladder.rungs, key=lambda rung: -abs(rung.change_usd))
    told = [
        f"\u201c{step_name(rung)}\u201d ({words.signed_usd(rung.change_usd)} USD)"
        for rung in rungs[:_TOLD]
        if rung.change_usd
    ]
    if not told:
        return f"{_at(run)} no step changes anything."
    return f"{_at(run)} the largest steps from one number to the other: {words.join(told)}."


_TOLD = 2
"""Steps of the ladder that a sentence names."""


def _firing(run: EngineRun) -> str:
    first = run.deaths[0]
    dies = (
        f"{_at(run)} the {_LEGS[first.leg]} dies first: at "
        f"{words.usd(first.price_usd, 2)} USD, {words.percent(first.away)} from the opening, where "
        f"a liquidation costs {words.usd(first.cost_usd, 2)} USD"
    )
    if run.trigger == NEVER:
        return f"{dies}; no trigger watches it."
    unable = [death for death in run.deaths if death.leg not in run.firing]
    if not unable:
        return f"{dies}; either leg can fire the trigger before it is liquidated."
    legs = [
        f"the {_LEGS[death.leg]}, liquidated at leverage {words.decimal(death.death_leverage, 1)}"
        for death in unable
    ]
    able = words.join([f"the {_LEGS[leg]}" for leg in run.firing])
    return f"{dies}; {words.join(legs)}, never reaches the trigger: only {able} can fire it."


def _sensitive(constants: Sequence[ConstantRow]) -> list[str]:
    if not constants:
        return ["No constant of the venues is assumed."]
    top = max(constants, key=lambda row: row.span_annualized)
    deciding = [row.title for row in constants if row.is_deciding]
    turned = (
        f"what can be said of the hurdle depends on {words.join(deciding)}"
        if deciding
        else "what can be said of the hurdle depends on no constant alone"
    )
    ends = [
        f"{words.percent(end.annualized)} at its {name}"
        for end, name in ((top.at_low, "low"), (top.at_high, "high"))
        if end is not None
    ]
    told = f"The result hangs most on the assumed {top.title} ({', '.join(ends)})"
    return [f"{told}; within the assumed ranges {turned}."]
