"""The stress library: one TOML file each, found by name; a user's own file works the same way."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from basislab.presets import locate, parsed
from basislab.types.stress import Stress

FOLDER = Path(__file__).parent


def stress_names() -> list[str]:
    """Return the names of the package's stresses, sorted.

    Examples
    --------
    >>> stress_names()[:2]
    ['adl-100', 'adl-30']
    """
    return sorted(file.stem for file in FOLDER.glob("*.toml"))


def load_stress(name: str | Path) -> Stress:
    """Return a stress.

    Parameters
    ----------
    name : str or Path
        One of `stress_names`, or a TOML file's path; a file that has changed is read again.

    Raises
    ------
    ConfigError
        Unknown name, unreadable file, a field that is missing, unknown or outside its range.

    Examples
    --------
    >>> load_stress("usdc-depeg").worst_rise > 0.1
    True
    """
    return _read(name, *locate(name, stress_names, (FOLDER,), "stress"))


@cache
def _read(name: str | Path, path: Path, changed_ns: int) -> Stress:  # noqa: ARG001 - a key
    validate = TypeAdapter(Stress).validate_python
    return parsed(f"stress {name}", path, validate, "basislab stress --make my.toml")
