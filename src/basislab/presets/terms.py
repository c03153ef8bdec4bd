"""From a preset to the terms of the venue engine; a file that breaks its own rules is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import date
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from basislab.errors import ConfigError
from basislab.presets import (
    Preset,
    load_preset,
    load_venue,
    locate,
    read,
    terms_names,
    venue_names,
)
from basislab.types.checks import nearest
from basislab.types.configs import ModelConfig
from basislab.types.constants import Assumption, DatedFee, DatedTerm, MarginTier, VolumeFee
from basislab.types.venue import StudyVenue
from basislab.types.venue_terms import LendingMarket, PerpVenue, Route, Terms

Config = TypeVar("Config", bound=ModelConfig)
Loaded = TypeVar("Loaded")

_GIVEN = ("name", "kind", "assumed", "asset", "dated")
_REQUIRED = {
    "perp": ("funding", "taker_fees", "margin_tiers"),
    "lending": ("protocol", "max_ltv", "liquidation_ltv", "procedure"),
    "opening": ("cost_bps",),
    "swap": ("cost_bps",),
    "transfer": ("delay_seconds",),
}
_TYPES: dict[str, type[Any]] = {
    "perp": PerpVenue,
    "lending": LendingMarket,
    "opening": Route,
    "swap": Route,
    "transfer": Route,
}


def load_perp(name: str | Path) -> PerpVenue:
    """Return a perpetual venue's terms.

    Parameters
    ----------
    name : str or Path
        A preset of kind "perp", or a TOML file's path.

    Raises
    ------
    ConfigError
        Unknown name, another kind, a constant missing, unknown, outside its range or breaking the
        venue's own rules.

    Examples
    --------
    >>> load_perp("hyperliquid").margin_tiers[0].maintenance_rate
    0.025
    """
    return _load(name, PerpVenue, "perp")


def load_lending(name: str | Path) -> LendingMarket:
    """Return a lending market's terms; see `load_perp`.

    Raises
    ------
    ConfigError
        As `load_perp`.

    Examples
    --------
    >>> round(load_lending("kamino").max_leverage, 2)
    3.85
    """
    return _load(name, LendingMarket, "lending")


def load_route(name: str | Path, kind: str) -> Route:
    """Return the terms of an opening, a swap or a transfer; see `load_perp`.

    Raises
    ------
    ConfigError
        As `load_perp`.

    Examples
    --------
    >>> load_route("cctp", "transfer").delay_seconds
    300.0
    """
    return _load(name, Route, kind)


def load_terms(name: str | Path) -> Terms:
    """Return the terms of a preset of any kind of the venue engine.

    Raises
    ------
    ConfigError
        As `load_perp`.
    """
    place = locate(name, lambda: [*venue_names(), *terms_names()])
    if read(name, *place).kind == "study":
        raise ConfigError(f"venue {name}: it holds the study's constants. Use load_venue().")
    return _build(name, *place)


def load_role(config: ModelConfig | type[ModelConfig], role: str, name: str | Path) -> Any:
    """Return the terms of one of a config's roles; see `load_perp`."""
    kind = config.roles[role]
    return load_venue(name) if kind is StudyVenue else _load(name, kind, role)


def resolve(config: Config) -> Config:
    """Return a config with the names of its venues and routes replaced by their terms.

    Raises
    ------
    ConfigError
        As `load_perp`.
    """
    named = {role: getattr(config, role) for role in config.roles}
    found = {
        role: load_role(config, role, name) for role, name in named.items() if isinstance(name, str)
    }
    return replace(config, **found) if found else config


def _load(name: str | Path, kind_of: type[Loaded], wanted: str) -> Loaded:
    def known() -> list[str]:
        return [one for one in terms_names() if load_preset(one).kind == wanted]

    place = locate(name, known)
    kind = read(name, *place).kind
    if kind != wanted:
        raise ConfigError(
            f"venue {name}: its kind is {kind!r}; {wanted} is wanted here. "
            f"Known: {', '.join(known())}."
        )
    terms = _build(name, *place)
    assert isinstance(terms, kind_of)  # noqa: S101 - the kind decides the type
    return terms


@cache
def _build(name: str | Path, path: Path, changed_ns: int) -> Terms:
    preset = read(name, path, changed_ns)
    kind_of = _TYPES[preset.kind]
    wanted = [field.name for field in fields(kind_of) if field.name not in _GIVEN]
    for key in preset.constants:
        if key not in wanted:
            raise ConfigError(f"venue {name}: unknown constant {key}{nearest(key, wanted)}.")
    missing = [key for key in _REQUIRED[preset.kind] if key not in preset.constants]
    if missing:
        raise ConfigError(f"venue {name}: missing constant(s): {', '.join(missing)}.")
    given: dict[str, Any] = {
        "name": preset.name,
        "assumed": _assumed(name, preset),
        "asset": preset.asset,
    }
    if kind_of is Route:
        given["kind"] = preset.kind
    try:
        values = {key: _value(key, constant.value) for key, constant in preset.constants.items()}
        if kind_of is LendingMarket:
            values |= _dated(preset)
        terms: Terms = kind_of(**given, **values)
    except (TypeError, ValueError, KeyError, ConfigError) as error:
        raise ConfigError(f"venue {name}: {error}") from None
    return terms


def _dated(preset: Preset) -> dict[str, Any]:
    """Return the constants that change: the first value, and the others with their dates."""
    first: dict[str, Any] = {}
    later: list[DatedTerm] = []
    for key, constant in preset.constants.items():
        if isinstance(constant.value, list):
            rows = sorted(_rows(key, constant.value, "since", "value"), key=itemgetter("since"))
            first[key] = float(rows[0]["value"])
            later += [
                DatedTerm(date.fromisoformat(row["since"]), key, float(row["value"]))
                for row in rows[1:]
            ]
    return first | {"dated": tuple(sorted(later))}


def _assumed(name: str | Path, preset: Preset) -> tuple[Assumption, ...]:
    """Return the assumed numbers with their ranges; an assumption without a range is refused."""
    found = []
    for key, constant in preset.constants.items():
        if constant.status != "assumed" or not isinstance(constant.value, float | int):
            continue
        if constant.low is None or constant.high is None or constant.low > constant.high:
            raise ConfigError(
                f"venue {name}: {key} is assumed, so it needs a range: give low and high, in order."
            )
        found.append(Assumption(key, float(constant.low), float(constant.high)))
    return tuple(found)


def _rows(key: str, value: object, *names: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list):
        raise ConfigError(f"{key}: got {value!r}; it must be a list of tables.")
    for row in value:
        if set(row) != set(names):
            raise ConfigError(f"{key}: got {row!r}; every row has exactly: {', '.join(names)}.")
    return value


def _taker_fees(value: object) -> tuple[DatedFee, ...]:
    rows = _rows("taker_fees", value, "since", "bps")
    return tuple(DatedFee(date.fromisoformat(row["since"]), float(row["bps"])) for row in rows)


def _volume_fees(value: object) -> tuple[VolumeFee, ...]:
    rows = _rows("volume_fees", value, "above_usd", "bps")
    return tuple(VolumeFee(float(row["above_usd"]), float(row["bps"])) for row in rows)


def _margin_tiers(value: object) -> tuple[MarginTier, ...]:
    names = ("above_usd", "maintenance_rate", "max_leverage")
    rows = _rows("margin_tiers", value, *names)
    return tuple(MarginTier(*(float(row[name]) for name in names)) for row in rows)


_READERS: dict[str, Callable[[Any], Any]] = {
    "taker_fees": _taker_fees,
    "volume_fees": _volume_fees,
    "margin_tiers": _margin_tiers,
    "valid_until": date.fromisoformat,
}


def _value(key: str, value: object) -> object:
    return _READERS[key](value) if key in _READERS else value
