"""Venue presets: every constant with its value, unit, source and status; and the loader.

A preset is a TOML file. The package's own are found by name; a path to a user's own file works the
same way.
"""

from __future__ import annotations

import tomllib
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.venue import LiquidationPenalty, StudyVenue


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Constant(_Strict):
    """One constant of a venue, and why anyone should believe it.

    Parameters
    ----------
    value : float, str, table or list of tables
    unit, source : str
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
    name, title : str
    kind : {"study", "perp", "lending", "opening", "swap", "transfer"}
        "study" holds the constants of the study's models, the others those of the venue engine.
    constants : dict of str to Constant
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
    return _names("basislab.presets")


def terms_names() -> list[str]:
    """Return the names of the presets of the venue engine, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> terms_names()[:4]
    ['aave-v3', 'asgard', 'binance', 'bridge']
    """
    return _names("basislab.presets.venues")


def _names(folder: str) -> list[str]:
    entries = [entry.name for entry in files(folder).iterdir()]
    return sorted(name[:-5] for name in entries if name.endswith(".toml"))


def load_preset(name: str | Path) -> Preset:
    """Return a preset with the provenance of its constants.

    Parameters
    ----------
    name : str or Path
        One of `venue_names` or `terms_names`, or a TOML file's path.

    Returns
    -------
    Preset

    Raises
    ------
    ConfigError
        Unknown name, unreadable file, a field that is missing, unknown or of the wrong type.
    """
    return read_preset(name, [*venue_names(), *terms_names()])


def read_preset(name: str | Path, known: list[str]) -> Preset:
    """Return a preset, by one of the `known` names or from a file.

    Parameters
    ----------
    name : str or Path
    known : list of str
        Names of the package's own presets that may be meant.

    Returns
    -------
    Preset

    Raises
    ------
    ConfigError
        Unknown name, unreadable file, a field that is missing, unknown or of the wrong type.
    """
    path = Path(name)
    if path.suffix == ".toml":
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
            raise ConfigError(f"venue file {path}: it cannot be read ({error}).") from None
    else:
        if str(name) not in known:
            raise ConfigError(
                f"venue {str(name)!r} is unknown{nearest(name, known)}. Known: {', '.join(known)}; "
                "or give the path of a .toml file."
            )
        folder = "basislab.presets" if name in venue_names() else "basislab.presets.venues"
        text = files(folder).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    try:
        return Preset.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"venue {name}: not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"venue {name}: {where}: {first['msg']}. Compare 'basislab venues hyperliquid-study'."
        ) from None


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
    changed_ns = None
    if Path(name).suffix == ".toml":
        with suppress(OSError, ValueError):  # reading it says what is wrong
            changed_ns = Path(name).stat().st_mtime_ns
    return _load_venue(name, changed_ns)


@cache
def _load_venue(name: str | Path, changed_ns: int | None) -> StudyVenue:  # noqa: ARG001 - a key
    preset = read_preset(name, venue_names())
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
