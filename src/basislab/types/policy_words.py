"""What a comparison of policies found, in words; every number is computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from basislab.types.ensemble import LEVEL
from basislab.types.policy_parts import Gates

MOST_NAMED = 4
"""Policies up to which a sentence names them."""

if TYPE_CHECKING:
    from basislab.types.policies import PolicyComparison


def sentences(found: PolicyComparison) -> list[str]:
    """Say what a comparison found, one sentence an item; every number is computed."""
    attainable = float(np.median(found.bound_return)) - found.hurdle_return
    reference = found.interval(found.reference)
    paths = (
        f"{found.n_paths} paths within the days" if found.is_bridged else "one history of real bars"
    )
    interval = f"90 % interval {_signed(reference.low)} to {_signed(reference.high)}"
    opening = (
        f"{len(found.policies)} policies at {found.configs[0].levered} on {found.market_name}: "
        f"{len(found.days)} days, {paths}; all with the same costs, looks and starts."
    )
    if found.n_histories:
        opening += f" Intervals: all of it run again on {found.n_histories} drawn histories."
    held = (
        f"Reference {found.reference!r}: {_signed(reference.median)} a year above the hurdle of "
        f"{found.hurdle_return:.1%}; {interval}."
    )
    bound = (
        f"With foresight {_signed(attainable)} a year above the hurdle could have been had, in the "
        f"market {found.bound_in_market:.0%} of the time; {found.reference!r} kept "
        f"{found.kept(found.reference):.0%} of it."
    )
    said = [opening, held, bound, _ranking(found), gate_sentence(found.gates)]
    if found.refused:
        said.append(f"Not run: {', '.join(found.refused)}.")
    return said


def _ranking(found: PolicyComparison) -> str:
    """Say which policies can be told apart from the reference."""
    standings = {name: found.standing(name) for name in found.names if name != found.reference}
    better = [name for name, stands in standings.items() if stands == "better"]
    worse = [name for name, stands in standings.items() if stands == "worse"]
    lucky = round((1 - LEVEL) * len(standings), 1)
    return (
        f"Against it, better: {_named(better)}; worse: {_named(worse)}; "
        f"{len(standings) - len(better) - len(worse)} of {len(standings)} cannot be told apart "
        f"(about {lucky:g} would differ by luck alone)."
    )


def _named(names: list[str]) -> str:
    """Return a few names, or how many there are."""
    return str(len(names)) if len(names) > MOST_NAMED else ", ".join(names) or "none"


def gate_sentence(gates: Gates | None) -> str:
    """Say what leaving the market while carry is low bought."""
    if gates is None:
        return "No policy ran with and without a gate."
    if gates.in_market[0] >= gates.in_market[1]:
        return "The gate on carry never closed: carry stayed above its threshold."
    made, (inside, _), (exposure, whole) = gates.difference, gates.in_market, gates.exposure
    return (
        f"A gate on carry bought {gates.bought}: over {gates.n_pairs} policies a mean exposure of "
        f"{exposure:.0%} of the equity in place of {whole:.0%}, in the market {inside:.0%} of the "
        f"time, and {_signed(made.median)} a year, 90 % interval {_signed(made.low)} to "
        f"{_signed(made.high)}."
    )


def _signed(value: float) -> str:
    """Return a fraction as signed percent; what rounds to nothing has no minus."""
    return f"{round(value, 3) + 0.0:+.1%}"
