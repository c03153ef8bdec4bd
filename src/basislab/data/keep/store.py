"""Stored markets: a directory of zstd Parquet and a manifest, verified on every load.

``prices.parquet``, ``funding.parquet`` and ``lending.parquet`` hold one row per series and bar;
docs/data-format.md has their columns. The manifest is written last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basislab._version import VERSION
from basislab.data.keep.durable import fsync, recover, write_directory
from basislab.data.keep.frames import (
    TABLE_OF,
    VALUE_COLUMNS,
    each_series,
    read_parquet,
    rebuild,
    to_frames,
    write_parquet,
)
from basislab.errors import DataError
from basislab.types.market import Market

if TYPE_CHECKING:
    from basislab.data.keep.manifest import Manifest

_AGAIN = "Import the market again with --replace."
_READS = 5


def save(market: Market, target: Path, *, replace: bool = False) -> bool:
    """Write a market to a directory, whole or not at all.

    Parameters
    ----------
    target : Path
        Directory of the market itself.
    replace : bool
        Take the place of a market with other content.

    Returns
    -------
    bool
        False where the same content was there already, and nothing was written.

    Raises
    ------
    DataError
        `target` holds something else, or cannot be written. What was there is still there.
    """
    recover(target)
    if _is_same(market, target, replace=replace):
        return False
    try:
        write_directory(target, lambda directory: _write(market, directory), replace=replace)
    except DataError:
        # Another process may have stored the very same market in the meantime.
        if not replace and _is_same(market, target, replace=False):
            return False
        raise
    return True


def load(directory: Path) -> Market:
    """Read a stored market and verify it.

    Returns
    -------
    Market
        With the fingerprint that it was stored with.

    Raises
    ------
    DataError
        No stored market, another format version, a missing or changed file.
    """
    for _ in range(_READS):
        recover(directory)
        before = identity(directory)
        try:
            return _load(directory)
        except DataError:
            if identity(directory) == before:
                raise
            # A writer has put a newer market in place while this one was read: read that.
    return _load(directory)


def _load(directory: Path) -> Market:
    from basislab.data.keep.manifest import read_manifest

    manifest = read_manifest(directory)
    for table in VALUE_COLUMNS:
        file = directory / f"{table}.parquet"
        if _digest(file) != manifest.files.get(file.name):
            raise DataError(
                f"{file}: its content is not what the manifest records: damaged, or changed by "
                f"hand. {_AGAIN}"
            )
    return _build(manifest, directory)


def identity(directory: Path) -> tuple[int, ...]:
    """Return what tells a directory from another one in its place.

    The number of a removed directory is given to a new one at once, so that it alone says nothing
    where a market is replaced twice while it is read.

    Returns
    -------
    tuple of int
        Empty where there is none.
    """
    try:
        found = directory.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _build(manifest: Manifest, directory: Path) -> Market:
    """Build the market that a manifest describes from the files beside it."""
    frames = {table: read_parquet(directory / f"{table}.parquet") for table in VALUE_COLUMNS}
    groups: dict[str, dict[Any, Any]] = {"prices": {}, "funding": {}, "supply": {}, "borrow": {}}
    for entry in manifest.series:
        group = "prices" if entry.kind == "price" else entry.kind
        key = entry.key[0] if entry.kind == "funding" else entry.key
        groups[group][key] = rebuild(entry.kind, entry.key, frames, entry.absent)
    try:
        times = np.arange(manifest.bars) * np.timedelta64(manifest.bar_seconds, "s")
        market = Market(
            name=manifest.name,
            asset=manifest.asset,
            quote=manifest.quote,
            times=np.datetime64(manifest.first.removesuffix("Z"), "s") + times,
            provenance=manifest.provenance,
            **groups,
        )
    except ValueError as error:
        raise DataError(f"{directory}: the manifest's times cannot be read. {_AGAIN}") from error
    if market.fingerprint != manifest.fingerprint:
        raise DataError(
            f"{directory}: fingerprint {market.fingerprint[:19]}..., but the manifest records "
            f"{manifest.fingerprint[:19]}.... {_AGAIN}"
        )
    return market


def _is_same(market: Market, target: Path, *, replace: bool) -> bool:
    """Tell whether `target` holds `market` already; refuse what may not be overwritten."""
    from basislab.data.keep.manifest import MANIFEST

    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return False
    if not (target / MANIFEST).is_file():
        raise DataError(
            f"{target}: exists and is no stored market; it is left as it is. "
            "Choose another directory or another --name."
        )
    try:
        stored = load(target)
    except DataError:
        if replace:
            return False
        raise
    if replace:  # where it comes from may have changed alone
        is_same = dict(stored.provenance) == dict(market.provenance)
        return is_same and stored.fingerprint == market.fingerprint
    if stored.fingerprint != market.fingerprint:
        raise DataError(
            f"{target}: a market with other content is stored there (fingerprint "
            f"{stored.fingerprint[:19]}..., not {market.fingerprint[:19]}...). "
            "Replace it with --replace, or keep both with another --name."
        )
    return True


def _write(market: Market, directory: Path) -> None:
    from basislab.data.keep.manifest import MANIFEST, Manifest

    digests = {}
    for path in write_parquet(to_frames(market), directory):
        fsync(path)
        digests[path.name] = _digest(path)
    try:
        text = json.dumps(describe(market, digests), indent=1, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise DataError(
            f"market {market.name!r}: provenance cannot be stored as JSON ({error}). "
            "Keep texts, numbers, lists and mappings in it."
        ) from error
    # Read back before the manifest makes it a market: what is put in place has been read once.
    _build(Manifest.model_validate_json(text), directory)
    manifest = directory / MANIFEST
    manifest.write_text(text, encoding="utf-8")
    fsync(manifest)


def describe(market: Market, digests: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest of a market.

    Parameters
    ----------
    digests : mapping of str to str
        SHA-256 by file name.

    Returns
    -------
    dict
        As `basislab.data.keep.manifest.Manifest` wants it; plain JSON values.
    """
    from basislab.data.keep.manifest import FORMAT_VERSION

    return {
        "version": FORMAT_VERSION,
        "basislab": VERSION,
        "name": market.name,
        "asset": market.asset,
        "quote": market.quote,
        "bar_seconds": market.bar_seconds,
        "bars": len(market),
        "first": iso(market.times[0]),
        "last": iso(market.times[-1]),
        "fingerprint": market.fingerprint,
        "files": dict(digests),
        "series": _entries(market),
        "provenance": dict(market.provenance),
    }


def _entries(market: Market) -> list[dict[str, Any]]:
    entries = []
    labels = list(market.series())  # in the order of each_series
    for label, (kind, key, series) in zip(labels, each_series(market), strict=True):
        seen = np.flatnonzero(series.observed)
        columns = VALUE_COLUMNS[TABLE_OF[kind]]
        entries.append(
            {
                "kind": kind,
                "key": list(key),
                "label": label,
                "bars": len(series),
                "observed": len(seen),
                "first": iso(market.times[seen[0]]) if len(seen) else None,
                "last": iso(market.times[seen[-1]]) if len(seen) else None,
                "absent": [name for name in columns if getattr(series, name) is None],
            }
        )
    return entries


def iso(time: np.datetime64) -> str:
    """Return a time as text, such as ``2025-01-01T00:00:00Z``."""
    return f"{time.astype('datetime64[s]')}Z"


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}. {_AGAIN}") from error
