"""What stresses do to a position, in plain words; every number is computed."""

from __future__ import annotations

import numpy as np

from basislab.report import words
from basislab.types.stress import StressResult

SERIOUS = 0.02
"""Loss of equity from which a stress is named."""


def stress_words(found: StressResult) -> list[str]:
    """Return what a stress run says, a sentence each."""
    last = len(found.policies) - 1
    said = [_worst(found, place) for place in range(len(found.policies))]
    said += [_from_where(found, last)] if found.column("liquidations_long")[last].any() else []
    said.append(_back(found, last))
    said += [f"not run: {name}, {why}" for name, why in found.skipped.items()]
    return said


def _worst(found: StressResult, policy: int) -> str:
    most = found.column("loss")[policy].max(axis=1)
    place = int(most.argmax())
    hit = found.column("liquidations_long")[policy] + found.column("liquidations_short")[policy]
    met = int((hit > 0).any(axis=1).sum())
    serious = int((most > SERIOUS).sum())
    return (
        f"{found.policies[policy]}: the worst is {found.stresses[place].name}, "
        f"{words.share(most[place])} of the equity; "
        f"{serious} of {len(most)} stresses cost more than {words.share(SERIOUS, 0)}, {met} "
        "liquidated a leg"
    )


def _from_where(found: StressResult, policy: int) -> str:
    known = [
        value
        for place in range(len(found.stresses))
        if (value := found.hurts_from(policy, place)) is not None
    ]
    return (
        f"{found.policies[policy]}: a leg that was liquidated had a leverage of at least "
        f"{words.decimal(min(known), 1)} as the stress began"
    )


def _back(found: StressResult, policy: int) -> str:
    days = found.column("recovery_days")[policy]
    is_back = np.isfinite(days)
    if not is_back.any():
        return f"{found.policies[policy]}: never back within {found.after_days} days"
    return (
        f"{found.policies[policy]}: in {words.share(float(is_back.mean()), 0)} of all runs the "
        f"equity was back within {found.after_days} days, half of those within "
        f"{words.decimal(float(np.median(days[is_back])), 1)} days"
    )
