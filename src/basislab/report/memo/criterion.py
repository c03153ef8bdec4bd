"""The criterion in words: what was tried, what was asked of it, how often it was asked."""

from __future__ import annotations

from basislab.report import words
from basislab.report.memo.sentences import explained_luck
from basislab.research.decision.choice import LIQUIDATED_DAYS, MOST_LIQUIDATED, QUANTILE
from basislab.research.decision.grid import BANDS, LEVERAGES, LOOKS, NEAR
from basislab.research.decision.past import STEP_DAYS
from basislab.research.decision.verdict import GOOD_SHARE, MIN_SPANS, MIN_STEPS
from basislab.research.decision.walk import FIRST_DAYS, LIVED_DAYS
from basislab.types.decision import Decision
from basislab.units import SECONDS_PER_HOUR


def criterion(found: Decision) -> tuple[str, ...]:
    """Return how the size was chosen, and by which rules the word follows."""
    return (
        _tried(),
        _asked(found),
        _reached(found),
        (
            f"Walking forward, the choice is made on at least {FIRST_DAYS} days before, held for "
            f"{LIVED_DAYS} days, and made again."
        ),
        *explained_luck(found),
        _rules(),
    )


def _tried() -> str:
    pairs = words.join([f"{long:g}x / {short:g}x" for long, short in LEVERAGES])
    bands = words.join([words.share(band, 0) for band in BANDS])
    looks = words.join([f"{look / SECONDS_PER_HOUR:g}" for look in LOOKS])
    return (
        f"Tried were leverages of {pairs} (long / short), each with a band of {bands} and a look "
        f"every {looks} hours. They were fixed before results were seen."
    )


def _asked(found: Decision) -> str:
    return (
        f"Every position is opened every {STEP_DAYS} days of the past, held for "
        f"{words.plural(found.horizon_days, 'day')} and closed. Chosen is the one whose openings "
        f"reach the highest excess over the hurdle in {words.share(1 - QUANTILE, 0)} of cases, of "
        f"those that meet a liquidation in at most {words.share(MOST_LIQUIDATED, 0)} of "
        f"{LIQUIDATED_DAYS} days and whose neighbours, {words.share(NEAR, 0)} up and down in each "
        "number, all beat the hurdle in the middle. Ties go to the lower leverage."
    )


def _reached(found: Decision) -> str:
    size = found.chosen
    return (
        f"The choice beats the hurdle by at least {words.percent(size.quarter_return)} of the "
        f"capital over the horizon in {words.share(1 - QUANTILE, 0)} of its openings, by "
        f"{words.percent(size.middle_return)} in the middle, and meets a liquidation in "
        f"{words.share(size.liquidated_share)} of {LIQUIDATED_DAYS} days."
    )


def _rules() -> str:
    return (
        f"The word asks for at least {MIN_SPANS} spans that do not overlap and {MIN_STEPS} steps. "
        "Worth it: the whole interval of the excess and the walk-forward lie above the hurdle, and "
        f"{words.share(GOOD_SHARE, 0)} of the half-years. While carry pays: both lie above it, and "
        "the whole interval of openings after funding that pays. Not worth it: neither the choice "
        "nor the walk-forward beats it, or one of them does not and no size passes. Else it cannot "
        "be told. No trigger found in hindsight and no run on bars of a day takes part."
    )
