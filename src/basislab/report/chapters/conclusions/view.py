"""The conclusions: verdict, whether income sufficed, whether a leg was lost, what to do."""

from __future__ import annotations

from basislab.report import words
from basislab.report.chapter import NoFacts
from basislab.report.study.breakeven import hurdle_funding
from basislab.report.study.market import mean_rates
from basislab.report.study.results import waterfall_rows
from basislab.report.study.runs import Runs
from basislab.report.study.verdict import Word, study_verdict

ADVICE: dict[Word, str] = {
    "beats": (
        "What holds on this path has to hold on other paths, and under the venues' own rules, "
        "before capital is committed."
    ),
    "hindsight": (
        "The excess exists for a trigger that nobody could have known; treat it as zero until "
        "other windows agree."
    ),
    "below": (
        "The same money, supplied to the hurdle's reserve, would have earned more without any of "
        "these risks; there is no reason in these data to open the position."
    ),
    "loses": (
        "Every configuration lost money; there is no reason in these data to open the position."
    ),
}


def sentences(runs: Runs, _: NoFacts) -> list[str]:
    """Return the conclusions."""
    verdict, leverage = runs.once(study_verdict), runs.spec.focus
    needed, seen = hurdle_funding(runs, leverage), mean_rates(runs).funding
    lost = [
        words.multiple(row.leverage)
        for row in runs.once(waterfall_rows)
        if row.is_default and row.outcome.liquidations_count
    ]
    return [
        verdict.headline,
        f"Held for a year at {words.multiple(leverage)} without any liquidation, the "
        f"position needs funding of {words.percent(needed)} a year to match the hurdle; the window "
        f"paid {words.percent(seen)}. "
        + (
            "Income was sufficient; what matters is what liquidations and moves take from it."
            if seen > needed
            else "Income was not sufficient, whatever the rebalancing."
        ),
        f"At the default trigger a leg was liquidated at {words.join(lost)}: the protection failed "
        "when a day's range was wider than the distance left."
        if lost
        else "At the default trigger no leg was liquidated in this window.",
        ADVICE[verdict.word],
    ]
