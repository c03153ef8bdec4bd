"""From numbers to a word: thresholds stated in advance, each check met, short or failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Word = Literal["recommended", "fragile", "refused", "undecidable"]
Status = Literal["met", "short", "failed", "absent"]

STATED_RATE = 0.05
"""At most this share of searches without any edge may be recommended."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Two thresholds of one statistic.

    Parameters
    ----------
    met : float
        From here on the check is met.
    failed : float
        On the far side of this it is failed; between the two it is short.
    scale : float
        Distance that counts as one step when the strongest reasons are chosen.
    is_strict : bool
        Whether a value equal to `met` is not enough.
    """

    name: str
    met: float
    failed: float
    scale: float
    more_is_better: bool = True
    is_strict: bool = False


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Everything that a certificate assumes about itself.

    Parameters
    ----------
    blocks : int
        Of CSCV.
    min_days : int, days
        From which a start day counts in the fan.
    train_days, test_days : int, days
        Of the walk-forward.
    resamples, seed : int
        Of the bootstrap of the SPA test.
    min_episodes : int
        Fewer independent liquidation episodes make everything undecidable.
    apart_days : int, days
        Liquidations up to this long after the first of an episode belong to it.
    """

    blocks: int = 16
    min_days: int = 90
    train_days: int = 180
    test_days: int = 60
    resamples: int = 2_000
    seed: int = 0
    min_episodes: int = 5
    apart_days: int = 14


CHECKS: tuple[Rule, ...] = (
    Rule(name="excess", met=0.0, failed=0.0, scale=0.02, is_strict=True),
    Rule(name="start_days", met=0.75, failed=0.5, scale=0.25),
    Rule(name="neighbourhood", met=0.75, failed=0.5, scale=0.25),
    Rule(name="overfitting", met=0.2, failed=0.5, scale=0.3, more_is_better=False),
    Rule(name="deflated_sharpe", met=0.95, failed=0.5, scale=0.45),
    Rule(name="superior_ability", met=0.05, failed=0.2, scale=0.45, more_is_better=False),
    Rule(name="walk_forward", met=0.0, failed=0.0, scale=0.02, is_strict=True),
    Rule(name="constants", met=1.0, failed=0.5, scale=0.5),
)
"""Annual excess of the optimum (fraction per year); share of start days above the hurdle; share of
the map around the optimum above it; probability of backtest overfitting or of loss, the smaller;
deflated Sharpe ratio on the raw number of trials; the larger p-value of SPA and reality check;
annual excess of the walk-forward; share of the assumed constants' ranges that leaves the optimum
above the hurdle.

Both p-values, because rare liquidations fool the studentised test: a sample that holds none of a
trial's has a tiny deviation and a huge statistic (benchmarks/certificate.py shows how often)."""

REQUIRED = ("start_days", "walk_forward")
"""Checks without which nothing can be said: the sample is too short for them."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One statistic against its thresholds.

    Parameters
    ----------
    value : float
        NaN where the statistic does not exist (one trial alone has no overfitting).
    """

    rule: Rule
    value: float

    @property
    def status(self) -> Status:
        """Whether the check is met, short of it, failed, or absent."""
        if math.isnan(self.value):
            return "absent"
        sign = 1.0 if self.rule.more_is_better else -1.0
        value, met, failed = (sign * x for x in (self.value, self.rule.met, self.rule.failed))
        if value > met or (value == met and not self.rule.is_strict):
            return "met"
        return "short" if value > failed else "failed"

    @property
    def margin(self) -> float:
        """Signed distance from `met` in steps of the rule's scale; > 0 is beyond it."""
        if math.isnan(self.value):
            return 0.0
        sign = 1.0 if self.rule.more_is_better else -1.0
        return sign * (self.value - self.rule.met) / self.rule.scale


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The word, and why.

    Parameters
    ----------
    otherwise : {"recommended", "fragile", "refused"}
        What the checks alone say, were there enough to decide on.
    reasons : tuple of str
        Names of what speaks strongest, at most three; ``episodes`` and ``sample`` are not checks.
    """

    word: Word
    otherwise: Word
    reasons: tuple[str, ...]


def judge(checks: Sequence[Check], episodes: int | None, min_episodes: int) -> Verdict:
    """Choose the word.

    Undecidable: fewer than `min_episodes` independent liquidation episodes, or a sample too short
    for a required check, whatever the rest says. Refused: a check failed. Fragile: none failed, but
    one is short. Recommended: all that exist are met.

    Parameters
    ----------
    episodes : int or None
        None where liquidations play no part (bare returns).
    """
    statuses = {check.status for check in checks}
    otherwise: Word = "recommended"
    if "failed" in statuses:
        otherwise = "refused"
    elif "short" in statuses:
        otherwise = "fragile"
    first: list[str] = []
    if episodes is not None and episodes < min_episodes:
        first.append("episodes")
    if any(check.status == "absent" and check.rule.name in REQUIRED for check in checks):
        first.append("sample")
    ranked = [check.rule.name for check in sorted(checks, key=_weight(otherwise))]
    known = [name for name in ranked if not _is_absent(name, checks)]
    return Verdict(
        word="undecidable" if first else otherwise,
        otherwise=otherwise,
        reasons=tuple((first + known)[:3]),
    )


def _is_absent(name: str, checks: Sequence[Check]) -> bool:
    return any(check.rule.name == name and check.status == "absent" for check in checks)


def _weight(word: Word) -> Callable[[Check], tuple[int, float]]:
    """Order checks by how much they speak for the word: failures first, the worst in front.

    An optimum that does not even beat the hurdle where it was chosen needs no better reason.
    """
    order = {"failed": 0, "short": 1, "met": 2, "absent": 3}
    sign = -1.0 if word == "recommended" else 1.0

    def weight(check: Check) -> tuple[int, float]:
        if check.rule.name == "excess" and check.status == "failed":
            return (-1, 0.0)
        return (order[check.status], sign * check.margin)

    return weight
