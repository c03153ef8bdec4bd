"""Which positions of a study the venue engine takes, by whose rules, and why others it cannot."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

from basislab.errors import BasisLabError, ConfigError
from basislab.presets import load_preset, load_venue, terms_names
from basislab.presets.terms import resolve
from basislab.report.study.runs import Runs
from basislab.research.ladder import counterpart
from basislab.types.configs import RebalanceConfig
from basislab.types.market import Market
from basislab.types.venue_config import VenueConfig, resolved
from basislab.types.venue_terms import LendingMarket, PerpVenue
from basislab.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

STEP = 0.1
"""A leverage that cannot be opened is replaced by the highest multiple of this that can."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """A leverage of the study with its best trigger, for both kinds of rules.

    Parameters
    ----------
    leverage : float
    study : RebalanceConfig
        The study's model at the best trigger of its grid; its venue resolved.
    venue : VenueConfig
        The same position on the venue engine.
    """

    leverage: float
    study: RebalanceConfig
    venue: VenueConfig

    @property
    def own(self) -> VenueConfig:
        """The same with the trigger that the engine takes by itself."""
        return replace(self.venue, policy="trigger", trigger="auto")

    @property
    def kept(self) -> VenueConfig:
        """The same with its size kept, as the engine does where nothing else is said."""
        return replace(self.own, band=VenueConfig(leverage=1.0).band)


@dataclass(frozen=True, kw_only=True)
class Positions:
    """The positions that can be opened, and what cannot.

    Parameters
    ----------
    terms : VenueConfig or None
        Whose rules; None where there are none for this market.
    refused : tuple of (float, str)
        Leverages that cannot be opened, or whose trigger nobody can fire, with the reason.
    reason : str or None
        Why the engine was not run at all.
    """

    terms: VenueConfig | None
    held: tuple[Position, ...]
    refused: tuple[tuple[float, str], ...]
    reason: str | None


def positions(runs: Runs) -> Positions:
    """Return the positions for the venue engine; where it cannot run, `reason` says why."""
    try:
        terms = _terms(runs)
        # whether the market has what the engine reads
        runs.run(replace(terms, leverage=1.0, monitor_seconds=runs.market.bar_seconds))
    except BasisLabError as error:
        return Positions(terms=None, held=(), refused=(), reason=str(error).removesuffix("."))
    held: dict[float, Position] = {}
    refused: list[tuple[float, str]] = []
    for leverage in runs.spec.leverages:
        for tried in (leverage, *_highest(terms, leverage)):
            position = position_at(runs, terms, tried)
            try:
                position.venue.check_feasible()
            except ConfigError as error:
                refused.append((tried, _sentence(error)))
            else:
                held[tried] = position
                break
    in_order = tuple(held[leverage] for leverage in sorted(held))
    return Positions(terms=terms, held=in_order, refused=tuple(refused), reason=None)


def focus_of(runs: Runs) -> list[Position]:
    """Return the position nearest to the study's focus; none where none is held."""
    held = positions(runs).held
    return sorted(held, key=lambda one: abs(one.leverage - runs.spec.focus))[:1]


def engine_bars(runs: Runs) -> int:
    """Return the width of the engine's bars in seconds: the market's own, or hours within days."""
    stored = runs.stored.bar_seconds
    return stored if stored < SECONDS_PER_DAY else SECONDS_PER_HOUR


def position_at(runs: Runs, terms: VenueConfig, leverage: float) -> Position:
    """Return the position at a leverage, with the best trigger of the study's grid."""
    study = runs.best(leverage).config
    assert isinstance(study, RebalanceConfig)  # noqa: S101 - what `best` runs
    return Position(leverage=leverage, study=study, venue=counterpart(study, terms))


def _highest(terms: VenueConfig, wanted: float) -> list[float]:
    """Return the highest leverage below the wanted one that opens, or nothing."""
    loan, perp = resolved(terms.lending, LendingMarket), resolved(terms.perp, PerpVenue)
    most = min(loan.max_leverage, perp.max_leverage)
    lower = round(math.floor(most / STEP) * STEP, 9)
    return [lower] if 1.0 < lower < wanted else []


def _terms(runs: Runs) -> VenueConfig:
    spec = runs.spec
    study = load_venue(spec.perp)
    perp = spec.engine.perp or _preset_of("perp", "funding", study.funding)
    lending = spec.engine.lending or _preset_of("lending", "protocol", spec.lending)
    config = VenueConfig(
        leverage=1.0,
        capital_usd=spec.capital_usd,
        perp=perp,
        lending=lending,
        opening=spec.engine.opening,
        swap=spec.engine.swap,
        transfer=spec.engine.transfer,
        study=study,
        policy="never",
        band=None,
        monitor_seconds=max(SECONDS_PER_HOUR, engine_bars(runs)),
    )
    terms = resolve(config)
    _check_assets(terms, runs.market)
    return terms


@cache
def _preset_of(kind: str, key: str, value: str) -> str:
    for name in terms_names():
        preset = load_preset(name)
        if preset.kind == kind and preset.constants[key].value == value:
            return name
    raise ConfigError(
        f"no preset of the venue engine has the {key} {value!r}. Name a preset, or a file of your "
        f"own, under [engine] {kind} in the study file."
    )


def _check_assets(terms: VenueConfig, market: Market) -> None:
    for one in (resolved(terms.perp, PerpVenue), resolved(terms.lending, LendingMarket)):
        if one.asset not in (None, market.asset):
            raise ConfigError(
                f"the constants of preset {one.name} are another coin's, not those of "
                f"{market.asset}. Name a file of your own under [engine] in the study file."
            )


def _sentence(error: Exception) -> str:
    """Return an error as one sentence, without the advice that follows it."""
    return str(error).split(". ")[0].removesuffix(".")
