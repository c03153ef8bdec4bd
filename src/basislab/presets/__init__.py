"""Venue presets: every constant with its value, unit, source and status; and the loader.

A preset is a TOML file. The package's own are found by name; a path to a user's own file works the
same way.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.venue import LiquidationPenalty, StudyVenue

FOLDERS = (Path(__file__).parent, Path(__file__).parent / "venues")
"""Presets of the study's models, and of the venue engine."""


Parsed = TypeVar("Parsed")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Constant(_Strict):
    """One constant of a venue, and why anyone should believe it.

    Parameters
    ----------
    status : {"verified", "excerpt", "derived", "assumed"}
        How sure the value is.
    valid_from : str, optional
        First day that the value holds.
    low, high : float, optional
        Range to test the verdict over, where the value is assumed.
    """

    value: float | str | dict[str, float | str] | list[dict[str, float | str]]
    unit: str
    source: str
    status: Literal["verified", "excerpt", "derived", "assumed"]
    valid_from: str | None = None
    low: Annotated[float, Field(allow_inf_nan=False)] | None = None
    high: Annotated[float, Field(allow_inf_nan=False)] | None = None


class Preset(_Strict):
    """A venue's file: name, kind, title, constants.

    Parameters
    ----------
    kind : {"study", "perp", "lending", "opening", "swap", "transfer"}
        "study" holds the constants of the study's models, the others those of the venue engine.
    asset : str, optional
        The coin that the constants hold for; any where it is left out.
    """

    name: str
    kind: Literal["study", "perp", "lending", "opening", "swap", "transfer"]
    title: str
    constants: dict[str, Constant]
    asset: str | None = None


def venue_names() -> list[str]:
    """Return the names of the presets of the study's models, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> venue_names()
    ['drift-study', 'hyperliquid-study']
    """
    return _names(FOLDERS[0])


def terms_names() -> list[str]:
    """Return the names of the presets of the venue engine, sorted.

    Examples
    --------
    >>> terms_names()[:4]
    ['aave-v3', 'asgard', 'binance', 'bridge']
    """
    return _names(FOLDERS[1])


def _names(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.glob("*.toml"))


def load_preset(name: str | Path) -> Preset:
    """Return a preset with the provenance of its constants; a file that has changed is read again.

    Parameters
    ----------
    name : str or Path
        One of `venue_names` or `terms_names`, or a TOML file's path.

    Raises
    ------
    ConfigError
        Unknown name, unreadable file, a field that is missing, unknown or of the wrong type.
    """
    return read(name, *locate(name, lambda: [*venue_names(), *terms_names()]))


def locate(
    name: str | Path,
    known: Callable[[], list[str]],
    folders: tuple[Path, ...] = FOLDERS,
    what: str = "venue",
) -> tuple[Path, int]:
    """Return a preset's file and when it was last changed, ns: together the key of its content."""
    path = _packaged(str(name), folders) or Path(name)
    if path.suffix != ".toml":
        names = known()
        raise ConfigError(
            f"{what} {str(name)!r} is unknown{nearest(name, names)}. Known: {', '.join(names)}; "
            "or give the path of a .toml file."
        )
    try:
        return path, path.stat().st_mtime_ns
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        raise ConfigError(f"{what} file {path}: it cannot be read ({error}).") from None


@cache
def _packaged(name: str, folders: tuple[Path, ...]) -> Path | None:
    """Return the package's own preset of that name."""
    if Path(name).name != name or Path(name).suffix == ".toml":
        return None
    return next((file for folder in folders if (file := folder / f"{name}.toml").is_file()), None)


@cache
def read(name: str | Path, path: Path, changed_ns: int) -> Preset:  # noqa: ARG001 - a key
    """Return the preset that a file held at that time; see `load_preset`."""
    example = "basislab venues hyperliquid-study"
    return parsed(f"venue {name}", path, Preset.model_validate, example)


def parsed(what: str, path: Path, validate: Callable[[Any], Parsed], example: str) -> Parsed:
    """Return what a TOML file holds; `example` is the command that shows how one looks."""
    try:
        return validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{what}: not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{what}: {where}: {first['msg']}. Compare '{example}'.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{what}: it cannot be read ({error}).") from None


def load_venue(name: str | Path) -> StudyVenue:
    """Return a venue's constants, ready to simulate with.

    Parameters
    ----------
    name : str or Path
        One of `venue_names`, or a TOML file's path; a file that has changed is read again.

    Returns
    -------
    StudyVenue

    Raises
    ------
    ConfigError
        Unknown name, unreadable file, a constant missing, unknown or outside its range.

    Examples
    --------
    >>> load_venue("hyperliquid-study").taker_fee_bps
    3.5
    """
    return _load_venue(name, *locate(name, venue_names, FOLDERS[:1]))


@cache
def _load_venue(name: str | Path, path: Path, changed_ns: int) -> StudyVenue:
    preset = read(name, path, changed_ns)
    values: dict[str, Any] = {key: item.value for key, item in preset.constants.items()}
    wanted = set(StudyVenue.__dataclass_fields__) - {"name"}
    for problem, keys in (("missing", wanted - set(values)), ("unknown", set(values) - wanted)):
        if keys:
            raise ConfigError(
                f"venue {name}: {problem} constant(s): {', '.join(sorted(keys))}. "
                f"A study venue has exactly: {', '.join(sorted(wanted))}."
            )
    try:
        penalty = LiquidationPenalty(**values.pop("liquidation_penalty"))
        return StudyVenue(name=preset.name, liquidation_penalty=penalty, **values)
    except (TypeError, ConfigError) as error:
        raise ConfigError(f"venue {name}: {error}") from None
