"""Alert addresses and keys: from the environment or a private file, and never shown."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from basislab.errors import ConfigError

ALERTS, RPC_URL = "BASISLAB_ALERTS", "BASISLAB_RPC_URL"
MAX_BYTES = 65_536


@dataclass(frozen=True)
class Secrets:
    """Where alerts go, and the node that is asked; shown as how many there are."""

    alerts: tuple[str, ...] = field(default=(), repr=False)
    rpc_url: str | None = field(default=None, repr=False)


def secrets_of(environment: Mapping[str, str], path: Path | None) -> Secrets:
    """Return what the environment and the file say; the file wins.

    The file has lines ``NAME=value``, as an environment file of systemd or docker has.

    Raises
    ------
    ConfigError
        Others may read the file, or a line is none; what stands in it is not quoted.
    """
    names = (ALERTS, RPC_URL)
    told = {name: environment[name] for name in names if name in environment}
    if path is not None:
        told |= _lines(path)
    return Secrets(tuple(told.get(ALERTS, "").split()), told.get(RPC_URL) or None)


def _lines(path: Path) -> dict[str, str]:
    try:
        mode = path.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"{path}: others may read it. Run: chmod 600 {path}")
        with os.fdopen(os.open(path, os.O_RDONLY), encoding="utf-8") as file:
            text = file.read(MAX_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise ConfigError(f"{path}: it cannot be read ({why}). Name another --secrets.") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, has_value, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not has_value or name.strip() not in (ALERTS, RPC_URL):
            raise ConfigError(
                f"{path}: line {number} is none of {ALERTS}=... and {RPC_URL}=.... Correct it."
            )
        found[name.strip()] = value.strip().strip("\"'")
    return found
