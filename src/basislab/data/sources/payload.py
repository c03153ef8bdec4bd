"""What a venue answered: its rows, and strict JSON. Refusals are one sentence."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from basislab.errors import SourceError

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


def parse_json(text: bytes, where: str) -> Any:
    """Parse strict JSON; NaN, Infinity and duplicate keys are refused.

    Parameters
    ----------
    text : bytes
        UTF-8, with or without byte order mark.
    where : str
        Starts the message.

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
        raise SourceError(f"{where}: a number is too long to read.") from error
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
        f"{where}: not JSON at byte {byte}, found {text[byte : byte + 12]!r}. "
        "Fetch the file again, and keep the answer as the venue sent it."
    )
