"""From evidence to a word: the thresholds of the memo, stated in advance, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from basislab.types.decision import Interval, Sureness, Word

MIN_SPANS = 4
"""Fewer spans of a horizon that do not overlap decide nothing."""

MIN_STEPS = 2
"""Fewer steps of the walk-forward decide nothing."""

GOOD_SHARE = 0.75
"""Of the half-years: from here on a position is worth it in most regimes."""

SURE_SPANS, FAIRLY_SPANS = 16, 8
"""Spans from which on a word is sure, and fairly sure."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What a word is chosen by; excesses a year over the hurdle.

    Parameters
    ----------
    is_passed : bool
        Whether any choice passed the criterion on the whole past.
    excess : Interval
        Of the choice, held all along.
    spans, steps : int
        Spans that do not overlap; steps of the walk-forward.
    walk : float or None
        Excess of the walk-forward.
    good_share : float or None
        Share of half-years above the hurdle.
    paying : Interval or None
        Of openings after funding that pays; None where there were none.
    """

    is_passed: bool
    excess: Interval
    spans: int
    steps: int
    walk: float | None
    good_share: float | None
    paying: Interval | None


def judge(seen: Evidence) -> tuple[Word, tuple[str, ...]]:
    """Return the word, and the names of what decided.

    Too little: fewer than `MIN_SPANS` spans or `MIN_STEPS` steps. Not worth it: the whole interval
    lies at or below the hurdle; neither the choice nor the walk-forward beat it; or one of them did
    not and nothing passed the criterion. Worth it: the whole interval and the walk-forward lie
    above the hurdle, and most half-years. While carry pays: choice and walk-forward beat the
    hurdle, and so does the whole interval of openings after funding that pays. Else it cannot be
    told; a choice that did not pass is never worth it.
    """
    excess, walk = seen.excess, seen.walk
    if seen.spans < MIN_SPANS or seen.steps < MIN_STEPS or walk is None or excess.low is None:
        return "cannot be told", ("sample",)
    lost = [name for name, made in (("excess", excess.middle), ("walk", walk)) if made <= 0.0]
    if excess.high is not None and excess.high <= 0.0:
        return "not worth it", ("excess",)
    if len(lost) > 1:
        return "not worth it", tuple(lost)
    if not seen.is_passed:
        return ("not worth it" if lost else "cannot be told"), ("criterion", *lost)
    if lost:
        return "cannot be told", tuple(lost)
    is_mostly = seen.good_share is not None and seen.good_share >= GOOD_SHARE
    if excess.low > 0.0 and is_mostly:
        return "worth it", ("excess", "walk", "regimes")
    if _is_above(seen.paying):
        return "worth it while carry pays", ("walk", "paying")
    return "cannot be told", ("excess" if excess.low <= 0.0 else "regimes", "paying")


def sureness(word: Word, spans: int) -> Sureness:
    """Return how sure a word is: by how many spans that do not overlap it rests on."""
    if word == "cannot be told":
        return ""
    if spans >= SURE_SPANS:
        return "sure"
    return "fairly sure" if spans >= FAIRLY_SPANS else "not very sure"


def is_thin(lean: Interval | None) -> bool:
    """Whether openings after little funding are not known to beat the hurdle."""
    return not _is_above(lean)


def _is_above(found: Interval | None) -> bool:
    return found is not None and found.low is not None and found.low > 0.0
