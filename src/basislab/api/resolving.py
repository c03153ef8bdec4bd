"""Names of venues and tables resolved to objects."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from basislab.errors import ConfigError
from basislab.presets import load_venue
from basislab.presets.terms import load_lending, load_perp, load_route, resolve_terms
from basislab.types.configs import TradeConfig
from basislab.types.venue import StudyVenue
from basislab.types.venue_config import AnyConfig, VenueConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from basislab.research.grid import Grid

Config = TypeVar("Config", bound=TradeConfig)
Given = TypeVar("Given", bound=AnyConfig)


def resolve_venue(config: Config) -> Config:
    """Return `config` with the name of its venue replaced by the venue.

    Parameters
    ----------
    config : any model's config

    Returns
    -------
    the same type

    Raises
    ------
    ConfigError
        Unknown preset.
    """
    if isinstance(config.perp, StudyVenue):
        return config
    return replace(config, perp=load_venue(config.perp))


def resolve(config: Given) -> Given:
    """Return a config of any model with the names of its venues replaced; see `resolve_venue`."""
    ready = resolve_terms(config) if isinstance(config, VenueConfig) else resolve_venue(config)
    return cast("Given", ready)


def resolved_grid(
    config: Given, fields: dict[str, Any], samples: int | None, seed: int
) -> Grid[Given]:
    """Return the grid with every venue's name resolved once."""
    from basislab.research.grid import make_grid

    values = dict(fields)
    for role, load in _loaders(config).items():
        if role in values:
            given = values[role]
            listed = list(given) if isinstance(given, list | tuple) else [given]
            values[role] = [load(one) if isinstance(one, str) else one for one in listed]
    return make_grid(resolve(config), values, samples=samples, seed=seed)


def _loaders(config: AnyConfig) -> dict[str, Callable[[str], Any]]:
    """Return what loads each of a model's venues by name."""
    if not isinstance(config, VenueConfig):
        return {"perp": load_venue}
    routes: dict[str, Callable[[str], Any]] = {
        kind: lambda name, kind=kind: load_route(name, kind)  # type: ignore[misc]
        for kind in ("opening", "swap", "transfer")
    }
    return {"perp": load_perp, "lending": load_lending, "study": load_venue, **routes}


def configs_of(config: AnyConfig, sweep: pd.DataFrame) -> tuple[AnyConfig, ...]:
    """Rebuild a sweep's configurations from the columns that are fields of the config."""
    names = [field.name for field in fields_of(config) if field.name in sweep.columns]
    if not len(sweep) or not names:
        raise ConfigError("sweep: it has no rows, or no column that is a field of the config.")
    base = resolve(config)
    rows = sweep[names].astype(object).itertuples(index=False, name=None)
    found = []
    for row in rows:
        values = {name: _as_given(value) for name, value in zip(names, row, strict=True)}
        found.append(resolve(replace(base, **values)))
    return tuple(found)


def _as_given(value: Any) -> Any:
    """Return a cell as it was typed: a missing trigger is none."""
    return None if value is None or value != value else value
