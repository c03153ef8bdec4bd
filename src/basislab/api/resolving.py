"""Names of venues and tables resolved to objects."""

from __future__ import annotations

from dataclasses import fields as fields_of
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from basislab.errors import ConfigError
from basislab.presets.terms import load_role, resolve
from basislab.types.configs import ModelConfig

if TYPE_CHECKING:
    import pandas as pd

    from basislab.research.grid import Grid

Given = TypeVar("Given", bound=ModelConfig)


def resolved_grid(
    config: Given, fields: dict[str, Any], samples: int | None, seed: int
) -> Grid[Given]:
    """Return the grid with every venue's name resolved once."""
    from basislab.research.grid import make_grid

    values = dict(fields)
    for role in config.roles:
        if role in values:
            given = values[role]
            listed = list(given) if isinstance(given, list | tuple) else [given]
            values[role] = [
                load_role(config, role, one) if isinstance(one, str) else one for one in listed
            ]
    return make_grid(resolve(config), values, samples=samples, seed=seed)


def configs_of(config: ModelConfig, sweep: pd.DataFrame) -> tuple[ModelConfig, ...]:
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
