"""The facts of the memo: the decision's numbers, without its curves."""

from __future__ import annotations

from dataclasses import dataclass, fields

from basislab.report.fields import COUNT, DAYS, USD, unit
from basislab.report.study.decision import study_decision
from basislab.report.study.runs import Runs
from basislab.types.decision import (
    Ahead,
    Assumption,
    Chosen,
    Expected,
    FundingLevel,
    HalfYear,
    Luck,
    Made,
    Orders,
    Replay,
    Unknown,
    Walk,
)


@dataclass(frozen=True, kw_only=True)
class Memo:
    """What the memo says; `word` is None where it cannot be written, and `reason` says why."""

    reason: str | None = None
    word: str | None = None
    sureness: str | None = None
    why: tuple[str, ...] = ()
    hurdle: str | None = None
    capital_usd: float | None = unit(USD)
    horizon_days: int | None = unit(DAYS)
    paths_count: int | None = unit(COUNT)
    chosen: Chosen | None = None
    made: Made | None = None
    walk: Walk | None = None
    luck: Luck | None = None
    half_years: tuple[HalfYear, ...] = ()
    funding_levels: tuple[FundingLevel, ...] = ()
    paying: FundingLevel | None = None
    lean: FundingLevel | None = None
    expected: Expected | None = None
    ahead: Ahead | None = None
    orders: Orders | None = None
    assumptions: tuple[Assumption, ...] = ()
    replays: tuple[Replay, ...] = ()
    unknown: Unknown | None = None


@dataclass(frozen=True, kw_only=True)
class MemoFacts:
    """Of the chapter."""

    memo: Memo


def memo_facts(runs: Runs) -> MemoFacts:
    """Decide on the study's market."""
    found = runs.kept(study_decision)
    if isinstance(found, str):
        none = Memo(reason=found, capital_usd=None, horizon_days=None, paths_count=None)
        return MemoFacts(memo=none)
    own = {each.name for each in fields(Memo)} - {"reason"}
    return MemoFacts(memo=Memo(**{name: getattr(found, name) for name in own}))
