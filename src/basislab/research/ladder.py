"""The assumption ladder: from the study's number to the engine's, one assumption at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from basislab.errors import ConfigError
from basislab.simulate import simulate
from basislab.types.configs import NEVER, RebalanceConfig
from basislab.types.market import Market
from basislab.types.result import Result
from basislab.types.venue_config import CONVENTIONS, VenueConfig, resolved
from basislab.types.venue_terms import Route

ORDER = (
    "one_price",
    "simple_rates",
    "accrue_at_opening",
    "funding_first",
    "settle_at_close",
    "flat_margin",
    "instant",
    "study_costs",
    "negative_debt",
)
"""In which the conventions are dropped.

How a liquidation is settled comes before where it starts: the study's penalty on half of a leg, met
at the lender's threshold, is a rule that neither side knows.
"""


class Rung(NamedTuple):
    """One convention of the study dropped.

    Parameters
    ----------
    convention : str
        The one dropped here, all before it being dropped already.
    final_usd : float, USD
        Of the run without them.
    change_usd : float, USD
        Against the rung before.
    alone_usd : float, USD
        Against the study, where this one alone is dropped.
    """

    convention: str
    final_usd: float
    change_usd: float
    alone_usd: float


class Ladder(NamedTuple):
    """From the study's number to the venue engine's.

    Parameters
    ----------
    study : Result
        The study's own model.
    kept : Result
        The venue engine with every convention kept: the same number by other code.
    venue : Result
        The venue engine without any convention: where the last rung ends.
    """

    study: Result
    kept: Result
    rungs: tuple[Rung, ...]
    venue: Result

    @property
    def parity_usd(self) -> float:
        """What the engine's code alone changes, all assumptions being the study's, USD."""
        return self.kept.final_usd - self.study.final_usd


def counterpart(study: RebalanceConfig, venue: VenueConfig) -> VenueConfig:
    """Return the study's position as the venue engine takes it: size, leverage, trigger.

    Both legs have one leverage, and the size is not kept.

    Parameters
    ----------
    study : RebalanceConfig
        With its venue resolved.
    venue : VenueConfig
        Which venues and routes; resolved.

    Returns
    -------
    VenueConfig
        A trigger that is never reached becomes the policy "never".

    Examples
    --------
    >>> counterpart(RebalanceConfig(leverage=3, trigger=None), VenueConfig(leverage=2)).policy
    'never'
    """
    trigger = study.trigger_leverage
    held: dict[str, Any] = {"policy": "trigger", "trigger": trigger}
    if trigger == NEVER:
        held = {"policy": "never"}
    same: dict[str, Any] = {
        "leverage": study.leverage,
        "capital_usd": study.capital_usd,
        "study": study.perp,
        "long_leverage": None,
        "short_leverage": None,
        "band": None,
    }
    return replace(venue, **same, **held)


def ladder(
    market: Market,
    study: RebalanceConfig,
    venue: VenueConfig,
    *,
    order: Sequence[str] = ORDER,
    start: date | None = None,
    end: date | None = None,
) -> Ladder:
    """Run a position of the study on the venue engine, dropping its conventions one after another.

    With all of them kept the engine is the study's kernel; the changes of the rungs sum to what
    separates the two numbers (docs/venue-engine.md, section "The assumption ladder"). The order of
    the rungs decides how that sum is split; `Rung.alone_usd` stands beside it.

    Parameters
    ----------
    market : Market
        Daily bars.
    study : RebalanceConfig
        With its venue resolved.
    venue : VenueConfig
        Which venues and routes, how often the trader looks; resolved. See `counterpart`.
    order : sequence of str
        Every convention once.

    Raises
    ------
    ConfigError
        The position cannot be opened at the venues; `order` is no order of the conventions.
    DataError
        The market lacks a series.
    """
    if sorted(order) != sorted(CONVENTIONS):
        raise ConfigError(
            f"ladder: got the order {', '.join(order)}; it must hold every convention once: "
            f"{', '.join(CONVENTIONS)}."
        )
    engine = counterpart(study, venue)

    def run(kept: Sequence[str]) -> Result:
        return simulate(market, keeping(engine, study, kept), start=start, end=end)

    base, first = simulate(market, study, start=start, end=end), run(order)
    rungs: list[Rung] = []
    last = first
    for number, name in enumerate(order, start=1):
        here, alone = run(order[number:]), run([one for one in order if one != name])
        change = here.final_usd - last.final_usd
        rungs.append(Rung(name, here.final_usd, change, alone.final_usd - first.final_usd))
        last = here
    return Ladder(base, first, tuple(rungs), last)


def keeping(engine: VenueConfig, study: RebalanceConfig, kept: Sequence[str]) -> VenueConfig:
    """Return a config that keeps some conventions; the study's costs include its opening fee."""
    config = replace(engine, conventions=tuple(kept))
    if not config.has("study_costs"):
        return config
    opening = replace(resolved(config.opening, Route), cost_bps=study.open_fee_bps, assumed=())
    return replace(config, opening=opening)
