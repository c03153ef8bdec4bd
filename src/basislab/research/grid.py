"""Many configurations from one: every combination of the fields' values, or random samples."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Generic, TypeVar

import numpy as np

from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.configs import ModelConfig

Config = TypeVar("Config", bound=ModelConfig)

MAX_CONFIGS = 5_000_000
"""Largest number of configurations in one grid: their table is then about 1 GB."""


@dataclass(frozen=True, kw_only=True)
class Grid(Generic[Config]):
    """Configurations that differ in the swept fields only.

    Parameters
    ----------
    names : tuple of str
        The swept fields.
    configs : tuple of ModelConfig
        In the order of the combinations, the last field fastest.
    """

    base: Config
    names: tuple[str, ...]
    configs: tuple[Config, ...]

    def columns(self) -> dict[str, list[Any]]:
        """Return the value of every swept field for every configuration, as one types it."""
        return {
            name: [as_cell(getattr(config, name)) for config in self.configs] for name in self.names
        }


def as_cell(value: Any) -> Any:
    """Return a field's value as a table shows it: a venue by its name, conventions as a list."""
    return ", ".join(value) if isinstance(value, tuple) else getattr(value, "name", value)


def make_grid(
    base: Config,
    values: Mapping[str, Any],
    *,
    samples: int | None = None,
    seed: int = 0,
) -> Grid[Config]:
    """Return every combination of the given values, or `samples` random ones.

    Parameters
    ----------
    base : ModelConfig
        Gives the fields that are not swept.
    values : mapping of str to a value or a sequence of values
        By field. With `samples`, a tuple ``(low, high)`` of two numbers is a range to draw from
        uniformly and any other sequence a list of choices.
    seed : int
        Of the samples.

    Raises
    ------
    ConfigError
        A field that the model does not have, no values, a value outside its range, too many
        configurations.

    Examples
    --------
    >>> from basislab.types import RebalanceConfig
    >>> grid = make_grid(RebalanceConfig(leverage=2), {"leverage": [2, 3], "trigger": [5, None]})
    >>> [(config.leverage, config.trigger) for config in grid.configs]
    [(2.0, 5.0), (2.0, None), (3.0, 5.0), (3.0, None)]
    """
    names = tuple(values)
    _check_names(base, names)
    lists = {name: _as_list(name, given) for name, given in values.items()}
    if samples is None:
        return Grid(base=base, names=names, configs=_product(base, lists))
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise ConfigError(f"samples: got {samples!r}; it must be a whole number of at least 1.")
    _check_count(samples)
    drawn = {name: _draw(name, values[name], samples, seed) for name in names}
    rows = zip(*drawn.values(), strict=True) if names else iter([()] * samples)
    configs = tuple(replace(base, **dict(zip(names, row, strict=True))) for row in rows)
    return Grid(base=base, names=names, configs=configs)


def _check_names(base: ModelConfig, names: Sequence[str]) -> None:
    known = [field.name for field in fields(base)]
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{type(base).__name__} has no field {name!r}{nearest(name, known)}. "
                f"It has: {', '.join(known)}."
            )


def _as_list(name: str, given: Any) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [given]
    found = given.tolist() if isinstance(given, np.ndarray) else list(given)
    if not found:
        raise ConfigError(f"{name}: the list of values is empty. Give at least one.")
    return found


def _check_count(count: int) -> None:
    if count > MAX_CONFIGS:
        raise ConfigError(
            f"grid: {count} configurations; at most {MAX_CONFIGS} are run at once. "
            "Take coarser steps, or random samples."
        )


def _product(base: Config, lists: Mapping[str, list[Any]]) -> tuple[Config, ...]:
    _check_count(int(np.prod([len(found) for found in lists.values()], dtype=np.float64)))
    return tuple(
        replace(base, **dict(zip(lists, row, strict=True)))
        for row in itertools.product(*lists.values())
    )


def _draw(name: str, given: Any, samples: int, seed: int) -> list[Any]:
    """Draw one field from a stream of its own: adding a field leaves the others as they were."""
    words = [seed, *name.encode()]
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(words)))
    choices = _as_list(name, given)
    if isinstance(given, tuple) and len(choices) == 2 and all(map(_is_number, choices)):
        low, high = map(float, choices)
        if high < low:
            raise ConfigError(f"{name}: the range ({low:g}, {high:g}) ends before it begins.")
        return [float(value) for value in random.uniform(low, high, samples)]
    return [choices[index] for index in random.integers(len(choices), size=samples)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
