"""Who is told what, and when: conditions and a memory in, alerts and the next memory out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

HOUR_S = 3_600.0

News = Literal["new", "still", "over"]


@dataclass(frozen=True)
class Condition:
    """One thing that can be wrong; between bad and well it stays as it was.

    `is_bad` is None where it cannot be judged, on stale numbers for instance: nothing changes then.
    """

    key: str
    text: str
    is_bad: bool | None
    is_well: bool
    is_urgent: bool = False
    """Whether a return within the hour is told at once; what is not urgent waits its hour."""
    patience_s: float = 0.0
    """How long it must have been bad before it is told."""


@dataclass(frozen=True)
class Kept:
    """What is remembered of a condition: seconds since 1970."""

    bad_since: float | None
    is_open: bool
    told: float | None


@dataclass(frozen=True)
class Alert:
    """One message."""

    key: str
    news: News
    text: str
    time: float


Memory = Mapping[str, Kept]

_NOTHING = Kept(None, is_open=False, told=None)


def judge(
    conditions: Iterable[Condition], memory: Memory, now: float
) -> tuple[tuple[Alert, ...], dict[str, Kept]]:
    """Return what is to be told now, and what is to be remembered.

    A condition is told once it has been bad for its patience, again each hour while it lasts, and
    when it is over. Conditions that are not among those judged are forgotten.

    Examples
    --------
    >>> low = Condition("loan distance", "loan 9.0% away", is_bad=True, is_well=False)
    >>> told, memory = judge([low], {}, now=0.0)
    >>> [alert.news for alert in told], judge([low], memory, now=60.0)[0]
    (['new'], ())
    >>> [alert.news for alert in judge([low], memory, now=3600.0)[0]]
    ['still']
    """
    told: list[Alert] = []
    kept: dict[str, Kept] = {}
    for condition in conditions:
        before = _not_ahead(memory.get(condition.key, _NOTHING), now)
        news, after = _judged(condition, before, now)
        if news:
            told.append(Alert(condition.key, news, condition.text, now))
        if after != _NOTHING:
            kept[condition.key] = after
    return tuple(told), kept


def _not_ahead(kept: Kept, now: float) -> Kept:
    """Bring times back that a clock, once ahead, has left in the future: an hour is an hour."""
    since = None if kept.bad_since is None else min(kept.bad_since, now)
    told = None if kept.told is None else min(kept.told, now)
    return replace(kept, bad_since=since, told=told)


def _judged(condition: Condition, kept: Kept, now: float) -> tuple[News | None, Kept]:
    if condition.is_bad is None:
        return None, kept
    is_hour_over = kept.told is None or now - kept.told >= HOUR_S
    if kept.is_open:
        if condition.is_well:
            return "over", Kept(None, is_open=False, told=kept.told)
        if is_hour_over:
            return "still", replace(kept, told=now)
        return None, kept
    if not condition.is_bad:
        # When it was told stays known: a clock that was ahead for a while has not let an hour pass.
        return None, Kept(None, is_open=False, told=kept.told)
    since = now if kept.bad_since is None else kept.bad_since
    is_due = now - since >= condition.patience_s and (condition.is_urgent or is_hour_over)
    if is_due:
        return "new", Kept(since, is_open=True, told=now)
    return None, Kept(since, is_open=False, told=kept.told)
