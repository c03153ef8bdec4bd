"""The rows of one venue's answer: a JSON list, or an object that holds one under ``data``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from basislab.data.read.files import decode, read_raw, shown, unpack
from basislab.data.sources.payload import Payload, parse_json
from basislab.errors import SourceError

_REMEDY = "JSON or gzipped JSON is wanted; fetch the file again."


def read_payload(path: Path) -> Payload:
    """Read the rows of one venue answer; see `payload_of`."""
    raw = read_raw(path)
    content, _ = unpack(raw, shown(path))
    return payload_of(content, path, hashlib.sha256(raw).hexdigest())


def payload_of(content: bytes, path: Path, digest: str) -> Payload:
    """Parse unpacked JSON into its rows.

    Raises
    ------
    SourceError
        Truncated, not strict JSON (NaN, Infinity, a key twice), of another top-level type, or
        without rows.
    """
    where = shown(path)
    text = decode(content, where, _REMEDY).encode()
    return Payload(where, path.name, digest, _rows(parse_json(text, where), where))


def _rows(tree: Any, where: str) -> list[Any]:
    rows = tree.get("data") if isinstance(tree, dict) else tree
    if not isinstance(rows, list):
        kinds = {dict: "an object", str: "a text", type(None): "null", bool: "true or false"}
        got = kinds.get(type(tree), "a number")
        raise SourceError(
            f"{where}: the file holds {got}, not a list of rows. "
            "Keep the answer of candleSnapshot, fundingHistory, chartLendBorrow or the daily "
            "Drift sums as the venue sent it."
        )
    if not rows:
        raise SourceError(f"{where}: the list has no rows. Fetch a period that has data.")
    return rows
