"""What a comparison of policies is made of: a policy, the map's cells, start days, the gates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from basislab.types.ensemble import Difference
from basislab.types.levered import Leverages
from basislab.types.market import FloatArray

GATED = " + gate"
"""End of the name of a policy that leaves the market while carry is low."""


class Policy(NamedTuple):
    """A way to run the position, by name.

    ``fields`` are those of `VenueConfig` that it sets; ``family`` is what it has in common with
    others: never, transfers, resize, resize to the edge.
    """

    name: str
    family: str
    fields: Mapping[str, Any]
    is_gated: bool = False

    @property
    def ungated(self) -> str:
        """Name of the same policy that stays in the market."""
        return self.name.removesuffix(GATED)


class Cell(NamedTuple):
    """A kept size in the map: its leverages and band, what it made above the hurdle a year."""

    leverages: Leverages
    band: float
    excess_return: float
    is_plateau: bool


class Gates(NamedTuple):
    """What leaving the market while carry is low did, each policy against itself without it.

    ``n_pairs`` policies ran with and without one; ``in_market`` is the mean time in the market with
    a gate and without, ``exposure`` the mean notional over equity. ``difference`` is the mean of
    what the gates added a year, its interval that of the mean.
    """

    n_pairs: int
    in_market: tuple[float, float]
    exposure: tuple[float, float]
    difference: Difference

    @property
    def bought(self) -> str:
        """What the gates bought, in words: return only where its interval is above zero."""
        is_less = self.exposure[0] < self.exposure[1]
        if self.difference.low > 0.0:
            return "less exposure and more return" if is_less else "more return"
        if is_less:
            return "less exposure, not more return"
        return "neither less exposure nor more return"


class Starts(NamedTuple):
    """The same policies begun on many days, each held for `horizon_days`.

    ``days`` are the first ones; ``excess``, of shape (n_policies, n_paths, n_days), is the return
    above the hurdle, a fraction of capital over the horizon; ``is_liquidated`` says whether a leg
    was liquidated within it.
    """

    horizon_days: int
    days: tuple[str, ...]
    excess: FloatArray
    is_liquidated: FloatArray
