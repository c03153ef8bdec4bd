"""Clean up: answers that no stored market is made of, and what killed writers have left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from basislab.data.keep.home import home
from basislab.data.keep.manifest import read_manifest
from basislab.data.keep.vault import Vault, locked

STALE_AFTER_S = 3_600


@dataclass(frozen=True)
class Garbage:
    """Something that nobody needs."""

    path: Path
    bytes: int
    why: str


def collect(vault: Vault | None = None, *, delete: bool = False) -> list[Garbage]:
    """Find what nobody needs, and remove it if that is wanted.

    Answers are kept as long as a stored market names their series as its source.

    Parameters
    ----------
    delete : bool
        Only then is anything removed.

    Returns
    -------
    list of Garbage
        What was found, by path.

    Raises
    ------
    DataError
        A market that cannot be read, so that nobody knows what it needs, or a fetch that is
        running; nothing is removed.
    """
    vault = vault or Vault()
    if not vault.root.is_dir():
        return []
    with locked(vault.root / ".lock", wait=False):
        found = sorted([*_orphans(vault), *_leftovers(vault)], key=lambda item: item.path)
        if delete:
            for item in found:
                if item.path.is_dir():
                    shutil.rmtree(item.path, ignore_errors=True)
                else:
                    item.path.unlink(missing_ok=True)
        return found


def _orphans(vault: Vault) -> Iterator[Garbage]:
    needed = set(_needed())
    directories = {path.parent for path in vault.root.rglob("*.json.gz")}
    for directory in sorted(directories):
        if directory.relative_to(vault.root).as_posix() not in needed:
            size = sum(path.stat().st_size for path in directory.iterdir())
            yield Garbage(directory, size, "no stored market is made of it")


def _needed() -> Iterator[str]:
    markets = home() / "markets"
    if not markets.is_dir():
        return
    for entry in sorted(markets.iterdir()):
        if entry.is_dir() and not entry.name.endswith(".tmp"):
            sources = read_manifest(entry).provenance.get("sources", ())
            for source in sources if isinstance(sources, list) else ():
                if isinstance(source, dict) and isinstance(source.get("answers"), str):
                    yield source["answers"]


def _leftovers(vault: Vault) -> Iterator[Garbage]:
    for path in vault.root.rglob(".*.tmp"):
        if time.time() - path.stat().st_mtime > STALE_AFTER_S:
            yield Garbage(path, path.stat().st_size, "a writer was killed")
