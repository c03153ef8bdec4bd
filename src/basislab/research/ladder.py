"""The assumption ladder: from the study's number to the engine's, one assumption at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from basislab.research.ensemble import run_finest
from basislab.simulate import simulate
from basislab.types.configs import NEVER, RebalanceConfig
from basislab.types.ensemble import Ensemble
from basislab.types.market import Market
from basislab.types.result import Result
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import Route

ON_DAYS = (
    "one_price",
    "simple_rates",
    "accrue_at_opening",
    "funding_first",
    "settle_at_close",
    "flat_margin",
)
"""Conventions that are dropped while all else is still looked at and done once a day.

How a liquidation is settled comes before where it starts: the study's penalty on half of a leg, met
at the lender's threshold, is a rule that neither side knows.
"""

FINER = "finer_bars"
"""The step from days to the finest bars: the market's own, or paths within the days."""

WITHIN_DAYS = ("instant", "study_costs", "negative_debt")
"""Conventions that are dropped on the finest bars: on days a transfer of minutes would take one."""


class Rung(NamedTuple):
    """One convention of the study dropped, or days given up for finer bars.

    Parameters
    ----------
    convention : str
        The one dropped here, all before it being dropped already; `FINER` for the bars.
    final_usd, low_usd, high_usd : float, USD
        Final equity without them: median, and the interval that holds 90 % of the paths; on days
        the three are one number.
    change_usd : float, USD
        Of the median, against the rung before.
    change_low_usd, change_high_usd : float, USD
        The 90 % interval of the difference on the same paths.
    """

    convention: str
    final_usd: float
    low_usd: float
    high_usd: float
    change_usd: float
    change_low_usd: float
    change_high_usd: float


class Ladder(NamedTuple):
    """From the study's number to the venue engine's.

    Parameters
    ----------
    study : Result
        The study's own model, on days.
    kept : Result
        The venue engine on days with every convention kept: the same number by other code.
    rungs : tuple of Rung
        Their changes sum to what lies between `kept` and the median of `venue`.
    venue : Ensemble
        The venue engine without any convention, on the finest bars: where the last rung ends.
    """

    study: Result
    kept: Result
    rungs: tuple[Rung, ...]
    venue: Ensemble

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
    days: Market, finest: Market, study: RebalanceConfig, venue: VenueConfig, *, paths: int = 64
) -> Ladder:
    """Run a position of the study on the venue engine, dropping its conventions one after another.

    With all of them kept the engine is the study's kernel (docs/venue-engine.md, section "The
    assumption ladder"). The order of the rungs decides how the gap is split.

    Parameters
    ----------
    days, finest : Market
        The same window in daily bars, and as it is stored: days again, or narrower bars.
    study : RebalanceConfig
        With its venue resolved.
    venue : VenueConfig
        Which venues and routes, how often the trader looks; resolved. See `counterpart`.
    paths : int
        Within the days, where the market's own bars are days.

    Raises
    ------
    ConfigError
        The position cannot be opened at the venues.
    DataError
        The market lacks a series.
    """
    return climb(days, study, venue, run_finest(finest, finer_configs(study, venue), paths=paths))


def finer_configs(study: RebalanceConfig, venue: VenueConfig) -> tuple[VenueConfig, ...]:
    """Return what a ladder runs on the finest bars, from all of `WITHIN_DAYS` kept to none."""
    engine = counterpart(study, venue)
    return tuple(
        keeping(engine, study, WITHIN_DAYS[number:]) for number in range(len(WITHIN_DAYS) + 1)
    )


def climb(
    days: Market, study: RebalanceConfig, venue: VenueConfig, drawn: Sequence[Ensemble]
) -> Ladder:
    """Return the ladder whose configurations of `finer_configs` have been run already."""
    look = max(venue.monitor_seconds, days.bar_seconds)
    engine = replace(counterpart(study, venue), monitor_seconds=look)
    kept = [
        simulate(days, keeping(engine, study, (*ON_DAYS[number:], *WITHIN_DAYS)))
        for number in range(len(ON_DAYS) + 1)
    ]
    finals = [one.final_usd for one in kept]
    rungs = [
        _on_days(name, here, here - last)
        for name, last, here in zip(ON_DAYS, finals, finals[1:], strict=False)
    ]
    rungs.append(_to_finer(drawn[0], finals[-1]))
    rungs += [
        _finer(name, last, here)
        for name, last, here in zip(WITHIN_DAYS, drawn, drawn[1:], strict=False)
    ]
    return Ladder(simulate(days, study), kept[0], tuple(rungs), drawn[-1])


def _on_days(name: str, final: float, change: float) -> Rung:
    return Rung(name, final, final, final, change, change, change)


def _to_finer(here: Ensemble, days_usd: float) -> Rung:
    """Return the step from one number to many: its interval is theirs, less that number."""
    final, (low, high) = here.median("final_usd"), here.interval("final_usd")
    return Rung(FINER, final, low, high, final - days_usd, low - days_usd, high - days_usd)


def _finer(name: str, last: Ensemble, here: Ensemble) -> Rung:
    paired = here.versus(last, "final_usd")
    final, (low, high) = here.median("final_usd"), here.interval("final_usd")
    change = final - last.median("final_usd")
    return Rung(name, final, low, high, change, paired.low, paired.high)


def keeping(engine: VenueConfig, study: RebalanceConfig, kept: Sequence[str]) -> VenueConfig:
    """Return a config that keeps some conventions; the study's costs include its opening fee."""
    config = replace(engine, conventions=tuple(kept))
    if not config.has("study_costs"):
        return config
    opening = replace(resolved(config.opening, Route), cost_bps=study.open_fee_bps, assumed=())
    return replace(config, opening=opening)
