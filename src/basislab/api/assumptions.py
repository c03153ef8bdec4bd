"""Which constants behind a configuration are assumed, and how far they may be off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from basislab.types.configs import ModelConfig
from basislab.types.venue import StudyVenue
from basislab.types.venue_terms import Terms

if TYPE_CHECKING:
    from basislab.presets import Constant
    from basislab.research.overfit.sensitivity import Range


def assumed_ranges(config: ModelConfig, since: date | None = None) -> list[Range]:
    """Return the assumed constants behind a config that have a range.

    Study's models: those of the venue's preset whose status is "assumed", where the config still
    has the preset's value, and the open fee, an assumption of the config itself, from half to twice
    its value. Venue engine: those of its five presets, by role and name; before the day from which
    a preset says that a value holds, it is an assumption like the others.

    Parameters
    ----------
    config : any model's config
        Venues resolved.
    since : date, optional
        First day that is simulated; today's values only count as assumed where they are younger.

    Examples
    --------
    >>> import basislab as bl
    >>> config = bl.RebalanceConfig(leverage=2, perp=bl.load_venue("hyperliquid-study"))
    >>> [(each.name, each.low, each.high) for each in assumed_ranges(config)][:2]
    [('open_fee_bps', 7.5, 30.0), ('taker_fee_bps', 1.75, 7.0)]
    """
    if isinstance(config.perp, StudyVenue):
        return _study_ranges(config, config.perp)
    return _engine_ranges(config, since)


def _engine_ranges(config: ModelConfig, since: date | None) -> list[Range]:
    from basislab.research.overfit.sensitivity import Range

    return [
        Range(
            name=f"{role}.{field}",
            value=float(getattr(terms, field)),
            low=low,
            high=high,
            unit=constants[field].unit if field in constants else "",
        )
        for role, kind in config.roles.items()
        if kind is not StudyVenue
        for terms in [getattr(config, role)]
        for constants in [_constants(terms.name)]
        for field, low, high in [*terms.assumed, *_too_young(terms, constants, since)]
    ]


def _constants(name: str) -> Mapping[str, Constant]:
    """Return the constants of a preset; a user's own file is not read again."""
    from basislab.presets import load_preset, terms_names

    return load_preset(name).constants if name in terms_names() else {}


def _too_young(
    terms: Terms, constants: Mapping[str, Constant], since: date | None
) -> Iterator[tuple[str, float, float]]:
    """Yield what a preset knows only from a later day on, and the range that it gives for it."""
    for name, constant in constants.items():
        begins, low, high = constant.valid_from, constant.low, constant.high
        if constant.status == "assumed" or None in (since, begins, low, high):
            continue
        if str(begins) > f"{since}" and getattr(terms, name) == constant.value:
            yield name, float(low or 0.0), float(high or 0.0)


def _study_ranges(config: Any, venue: StudyVenue) -> list[Range]:
    from basislab.presets import load_preset, venue_names
    from basislab.research.overfit.sensitivity import Range

    fee = config.open_fee_bps
    found = [Range(name="open_fee_bps", value=fee, low=fee / 2, high=2 * fee, unit="bps")]
    if venue.name not in venue_names():
        return found
    for name, constant in load_preset(venue.name).constants.items():
        now = getattr(venue, name)
        value = getattr(now, "rate", now)
        known = constant.value["rate"] if isinstance(constant.value, dict) else constant.value
        if constant.status != "assumed" or constant.low is None or constant.high is None:
            continue
        if isinstance(value, float | int) and value == known:
            unit = constant.unit
            found.append(
                Range(name=name, value=value, low=constant.low, high=constant.high, unit=unit)
            )
    return found
