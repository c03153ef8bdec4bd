"""Read one file of a venue's answer: size limits, gzip, strict JSON. Refusals are one sentence."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from basislab.errors import SourceError

MAX_FILE_BYTES = 32 * 1024**2
"""Largest file that is opened; a year of hourly funding is 0.1 MiB compressed."""

MAX_TEXT_BYTES = 64 * 1024**2
"""Largest text after decompression; 40 years of hourly funding fit."""

_GZIP_MAGIC = b"\x1f\x8b"
_ROW_END = re.compile(rb"\}")


@dataclass(frozen=True)
class Payload:
    """The rows of one answer, and where they come from.

    Parameters
    ----------
    where : str
        Path as the user gave it; starts every message about the file.
    name : str
        File name without directories, kept in the manifest.
    sha256 : str
        Digest of the file's bytes, as stored on disk.
    rows : list
        Parsed JSON values, at least one.
    """

    where: str
    name: str
    sha256: str
    rows: list[Any]


class _Defect:
    """Stands in the parsed tree for what JSON does not allow, until its row is known."""

    def __init__(self, got: str, remedy: str) -> None:
        self.got = got
        self.remedy = remedy


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


def parse_json(text: bytes, where: str) -> Any:
    """Parse strict JSON; NaN, Infinity and duplicate keys are refused.

    Parameters
    ----------
    text : bytes
        UTF-8, with or without byte order mark.
    where : str
        Starts the message.

    Returns
    -------
    object

    Raises
    ------
    SourceError
        With the byte, or with the row and field, at which the text stops being JSON.

    Examples
    --------
    >>> parse_json(b'[{"rate": 0.5}]', "f.json")
    [{'rate': 0.5}]
    """
    defects: list[_Defect] = []
    try:
        decoded = text.decode("utf-8-sig")
        tree = json.loads(
            decoded,
            parse_constant=lambda name: _mark(defects, _not_a_number(name)),
            object_pairs_hook=lambda pairs: _unique(defects, pairs),
        )
    except UnicodeDecodeError as error:
        raise SourceError(
            f"{where}: byte {error.start} is not UTF-8 text. JSON or gzipped JSON is wanted; "
            "fetch the file again."
        ) from error
    except json.JSONDecodeError as error:
        raise _not_json(text, decoded, error, where) from error
    except RecursionError as error:
        raise SourceError(f"{where}: nested too deeply for a venue's answer.") from error
    except ValueError as error:  # an integer of thousands of digits
        raise SourceError(f"{where}: a number is too long to read ({error}).") from error
    if defects:
        raise _located(tree, defects[0], where)
    return tree


def _not_a_number(name: str) -> _Defect:
    return _Defect(
        f"got {name}", "A missing value is null or absent; correct the row or fetch the file again."
    )


def _unique(defects: list[_Defect], pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Defect:
    row = dict(pairs)
    if len(row) == len(pairs):
        return row
    keys = [key for key, _ in pairs]
    twice = next(key for key in keys if keys.count(key) > 1)
    return _mark(defects, _Defect(f"key {twice!r} stands twice", "Keep one of the two values."))


def _mark(defects: list[_Defect], defect: _Defect) -> _Defect:
    defects.append(defect)
    return defect


def _located(tree: Any, defect: _Defect, where: str) -> SourceError:
    """Say in which row and field `defect` stands; a stack, because the tree may be deep."""
    stack: list[tuple[Any, str]] = [(tree, "")]
    place = ""
    while stack:
        node, place = stack.pop()
        if node is defect:
            break
        if isinstance(node, dict):
            stack += [(value, f"{place}, {key}" if place else key) for key, value in node.items()]
        elif isinstance(node, list):
            inner = f"{place}, item" if "row" in place else "row"
            stack += [(value, f"{inner} {number}") for number, value in enumerate(node, 1)]
    return SourceError(f"{where}: {place + ': ' if place else ''}{defect.got}. {defect.remedy}")


def _not_json(text: bytes, decoded: str, error: json.JSONDecodeError, where: str) -> SourceError:
    byte = len(text) - len(decoded[error.pos :].encode())
    if not decoded[error.pos :].strip() or error.msg.startswith("Unterminated"):
        rows = len(_ROW_END.findall(text[:byte]))
        return SourceError(
            f"{where}: the JSON is cut off at byte {len(text)}, in row {rows + 1}. "
            "The download was interrupted; fetch the file again."
        )
    return SourceError(
        f"{where}: not JSON at byte {byte} ({error.msg}), found {text[byte : byte + 12]!r}. "
        "Fetch the file again, and keep the answer as the venue sent it."
    )


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
