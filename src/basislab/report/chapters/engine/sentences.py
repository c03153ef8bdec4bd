"""What the chapter on the venue engine says; every judging word is chosen by comparing facts.

Figures come through `words`; this file's literals hold none.
"""

from __future__ import annotations

from collections.abc import Sequence

from basislab.report import words
from basislab.report.chapters.engine.limits import engine_limits
from basislab.report.chapters.engine.rows import (
    ENGINE,
    KEPT,
    OWN,
    Engine,
    EngineFacts,
    EngineRun,
    ModelRow,
    PathsRow,
    RungRow,
)
from basislab.report.fields import given
from basislab.report.study.runs import Runs
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
"""Of every convention: the step that drops it, what the study does, what the venue engine does."""

_LEGS = {"long": "loan", "short": "short"}


def step_name(rung: RungRow) -> str:
    """Return what a step of the ladder is called."""
    return STEPS[rung.convention][0]


def sentences(_: Runs, facts: EngineFacts) -> list[str]:
    """Return the results, or the reason where the engine was not run."""
    engine = facts.engine
    if not engine.runs:
        return _why_not(engine)
    said = [text for run in engine.runs for text in _results(run)]
    said += [_borne(run) for run in engine.runs if run.of(ENGINE).borne_usd > 0]
    said += [f"Not opened: {one.why}." for one in engine.refused]
    return [*said, *([] if engine.runs[0].paths else _blurred(engine.runs))]


def parts_say(engine: Engine) -> dict[str, list[str]]:
    """Return what the parts of the chapter say below their headings."""
    runs = engine.runs
    return {
        "deaths": [_firing(run) for run in runs],
        "ladder": [_parity(runs), *(_largest(run) for run in runs)] if runs else [],
        "constants": [_sensitive(run) for run in runs],
        "limits": engine_limits(engine),
    }


def reasons(_: Runs, facts: EngineFacts) -> list[str]:
    """Return what the verdict says of the venues' own rules, or why there is nothing to say."""
    engine = facts.engine
    if not engine.runs:
        return _why_not(engine)
    if all(run.paths for run in engine.runs):
        told = [_interval(run) for run in engine.runs]
        bars = "paths within the days" if engine.is_on_paths else "the market's own bars"
        text = (
            f"By the venues' own rules, on {bars}, the same leverages make, a year, with their "
            "size kept"
        )
    else:
        told = [
            f"{words.multiple(run.leverage)} {words.percent(run.of(ENGINE).annualized)} in place "
            f"of {words.percent(run.of('rebalance').annualized)}"
            for run in engine.runs
        ]
        text = "By the venues' own rules the grid's best triggers make, a year"
    return [f"{text}: {words.join(told)}."]


def _interval(run: EngineRun) -> str:
    kept, study = run.on_paths(KEPT), run.of("rebalance")
    ends = f" ({words.percent(kept.low_annualized)} to {words.percent(kept.high_annualized)})"
    return (
        f"{words.multiple(run.leverage)} {words.percent(kept.median_annualized)}"
        f"{ends if kept.is_interval else ''} where the study's days say "
        f"{words.percent(study.annualized)}"
    )


def _why_not(engine: Engine) -> list[str]:
    whys = [engine.reason] if engine.reason else [one.why for one in engine.refused]
    return [f"The venue engine was not run: {why}." for why in whys]


def _at(run: EngineRun) -> str:
    trigger = words.trigger(run.trigger)
    return f"At {words.multiple(run.leverage)} (trigger {trigger})"


def _results(run: EngineRun) -> list[str]:
    """Return the interval of every way to run a leverage, or the result where bars are narrow."""
    return [_on_paths(run, row) for row in run.paths] or [_result(run)]


_WAYS = {
    ENGINE: "with the study's trigger",
    OWN: "with the engine's own trigger",
    KEPT: "with its size kept",
}


def _on_bars(run: EngineRun, row: PathsRow) -> str:
    met = "a leg is liquidated" if row.most_liquidated_share else "no leg is liquidated"
    return (
        f"At {words.multiple(run.leverage)} {_WAYS[row.model]} it makes "
        f"{words.percent(row.median_annualized)} a year on the market's own bars, and "
        f"{row.verdict} the hurdle of {words.percent(row.hurdle_annualized)}; {met}."
    )


def _on_paths(run: EngineRun, row: PathsRow) -> str:
    if not row.is_interval:
        return _on_bars(run, row)
    least, most = (words.share(one, 0) for one in _ends(row))
    met = f"{most} of the paths meet" if least == most else f"{least} to {most} of the paths meet"
    undecided = "; days do not say whether it is met" if row.nearness == "near" else ""
    return (
        f"At {words.multiple(run.leverage)} {_WAYS[row.model]} it makes "
        f"{words.percent(row.median_annualized)} a year on the median path, on most of them "
        f"{words.percent(row.low_annualized)} to {words.percent(row.high_annualized)}, and "
        f"{row.verdict} the hurdle of {words.percent(row.hurdle_annualized)}; {met} a "
        f"liquidation{undecided}."
    )


def _ends(row: PathsRow) -> tuple[float, float]:
    return row.least_liquidated_share, row.most_liquidated_share


def _result(run: EngineRun) -> str:
    study, engine, own = (run.of(name) for name in ("rebalance", ENGINE, OWN))
    beats = "beats" if engine.excess_annualized > 0 else "does not beat"
    return (
        f"{_at(run)} the venues' rules leave {_more_or_less(study, engine)} the study: "
        f"{words.percent(engine.annualized)} a year in place of "
        f"{words.percent(study.annualized)}, {words.points(engine.excess_annualized)} points "
        f"against the hurdle, which it {beats}; {_hits(engine)}. With the engine's own trigger "
        f"({_short(given(own.used_trigger))}) it makes {words.percent(own.annualized)}."
    )


def _blurred(runs: Sequence[EngineRun]) -> list[str]:
    """Say where the bars' own coarseness weighs as much as what is compared."""
    found = []
    for run in runs:
        gap = run.of(ENGINE).final_usd - run.of("rebalance").final_usd
        if abs(run.open.prompt_usd) > _BLURRED * abs(gap):
            found.append(words.multiple(run.leverage))
    if not found:
        return []
    return [
        (
            f"Read the gap with care at {words.join(found)}: that a transfer takes whole bars here "
            "moves the result by more than half of it. It shows that the position hangs on how "
            "fast it is watched and moved; how much it would have earned is for finer bars to say."
        )
    ]


_BLURRED = 0.5
"""Share of the gap to the study from which the rounding of transfers is said to blur it."""


def _more_or_less(study: ModelRow, engine: ModelRow) -> str:
    gap = round(engine.final_usd - study.final_usd)
    if not gap:
        return "as much as"
    return f"{words.usd(abs(gap))} USD {'less' if gap < 0 else 'more'} than"


def _hits(engine: ModelRow) -> str:
    hits = given(engine.long_liquidations_count) + given(engine.short_liquidations_count)
    if not hits:
        return "no leg is liquidated"
    days = words.plural(given(engine.naked_days), "day")
    return (
        f"{words.plural(hits, 'liquidation')}, {days} with a naked leg, on which price moves made "
        f"{words.signed_usd(engine.naked_usd)} USD"
    )


def _short(trigger: float) -> str:
    return words.trigger(round(trigger, 1))


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


def _borne(run: EngineRun) -> str:
    engine = run.of(ENGINE)
    return (
        f"{_at(run)} venues and lenders bore {words.usd(engine.borne_usd)} USD; without that it "
        f"would be {words.percent(engine.borne_annualized)} a year."
    )


def _sensitive(run: EngineRun) -> str:
    if not run.constants:
        return f"{_at(run)} no constant of the venues is assumed."
    top = max(run.constants, key=lambda row: row.span_annualized)
    deciding = [row.title for row in run.constants if row.is_deciding]
    turned = (
        f"whether it beats the hurdle depends on {words.join(deciding)}"
        if deciding
        else "whether it beats the hurdle depends on no constant alone"
    )
    return (
        f"{_at(run)} the result hangs most on the assumed {top.title} "
        f"({words.percent(top.low_annualized)} at its low, "
        f"{words.percent(top.high_annualized)} at its high); within the assumed ranges {turned}."
    )
