"""The stress library: one TOML file each, found by name; a user's own file works the same way."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from basislab.errors import ConfigError
from basislab.types.checks import nearest
from basislab.types.faults import FaultKind
from basislab.types.stress import FaultShape, Stress

FOLDER = Path(__file__).parent

Moves = tuple[float, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _FaultFile(_Strict):
    kind: FaultKind
    from_step: int = 0
    to_step: int | None = None
    share: float = 1.0
    beyond: float = 0.0
    seconds: float = 3_600.0


class _StressFile(_Strict):
    name: str
    title: str
    what: str
    date: str = ""
    source: str
    fact: str
    assumed: str
    step_minutes: int = 60
    price: Moves
    low: Moves | None = None
    high: Moves | None = None
    perp: Moves | None = None
    oracle: Moves | None = None
    perp_low: Moves | None = None
    perp_high: Moves | None = None
    funding_hour: Moves | None = None
    borrow_apy: Moves | None = None
    faults: tuple[_FaultFile, ...] = ()
    loan_field: str | None = None
    loan_change: float = 0.0
    loan_days: int = 0
    fee_factor: float = 1.0
    needs: Literal["", "staking"] = ""


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
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{path.name}.toml"
        if not path.is_file() or path.stem != str(name):
            known = stress_names()
            raise ConfigError(
                f"stress {str(name)!r} is unknown{nearest(str(name), known)}. Known: "
                f"{', '.join(known)}; or give the path of a .toml file."
            )
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        raise ConfigError(f"stress file {path}: it cannot be read ({error}).") from None


@cache
def _read(path: Path, changed_ns: int) -> Stress:  # noqa: ARG001 - a key
    try:
        file = _StressFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"stress {path.stem}: not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"stress {path.stem}: {where}: {first['msg']}. Compare 'basislab stress --make'."
        ) from None
    values = dict(file)
    faults = tuple(FaultShape(**dict(one)) for one in file.faults)
    return Stress(**values | {"faults": faults})
