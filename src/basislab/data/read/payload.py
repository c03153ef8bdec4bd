"""Read one file of a venue's answer: size limits, gzip. Refusals are one sentence."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from pathlib import Path
from typing import Any

from basislab.data.sources.payload import Payload, parse_json
from basislab.errors import SourceError

MAX_FILE_BYTES = 32 * 1024**2
"""Largest file that is opened; a year of hourly funding is 0.1 MiB compressed."""

MAX_TEXT_BYTES = 64 * 1024**2
"""Largest text after decompression; 40 years of hourly funding fit."""

_GZIP_MAGIC = b"\x1f\x8b"


def read_file(path: Path) -> tuple[bytes, str]:
    """Read a file of bounded size and decompress it if it is gzip.

    Parameters
    ----------
    path : Path
        Plain or gzip; told apart by the content, not by the name.

    Returns
    -------
    text : bytes
        Decompressed, not empty, at most `MAX_TEXT_BYTES`.
    sha256 : str
        Digest of the file's own bytes.

    Raises
    ------
    SourceError
        The file cannot be read, is empty, too large, or damaged gzip.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read: {error.strerror}. Check the path and its permissions."
        ) from error
    if len(raw) > MAX_FILE_BYTES:
        raise SourceError(
            f"{path}: larger than {MAX_FILE_BYTES // 1024**2} MiB. "
            "Split the file by date; parts of one series are merged."
        )
    text = _decompress(raw, path) if raw.startswith(_GZIP_MAGIC) else raw
    if not text.strip():
        raise SourceError(f"{path}: the file is empty. Fetch it again.")
    return text, hashlib.sha256(raw).hexdigest()


def _decompress(raw: bytes, path: Path) -> bytes:
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            text = file.read(MAX_TEXT_BYTES + 1)
    except EOFError as error:
        raise SourceError(
            f"{path}: the gzip data end early after {len(raw)} bytes. Fetch the file again."
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"{path}: damaged gzip data ({error}). Fetch the file again.") from error
    if len(text) > MAX_TEXT_BYTES:
        # Read no further: a few kilobytes can unpack to more than any memory holds.
        raise SourceError(
            f"{path}: {len(raw)} bytes unpack to more than {MAX_TEXT_BYTES // 1024**2} MiB. "
            "No venue answers like that; fetch the file again, or split it by date."
        )
    return text


def read_payload(path: Path) -> Payload:
    """Read the rows of one venue answer.

    Parameters
    ----------
    path : Path
        JSON, plain or gzip: a list of rows, or an object that holds them under ``data``.

    Returns
    -------
    Payload

    Raises
    ------
    SourceError
        Unreadable, empty, too large, truncated, not strict JSON (NaN, Infinity, a key twice), of
        another top-level type, or without rows.
    """
    text, digest = read_file(path)
    where = str(path)
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
