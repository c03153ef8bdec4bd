"""What can go wrong with an answer, each on demand and repeatable."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

FAULTS = {
    "storm": "429 with Retry-After, or without",
    "error": "500, 502, 503",
    "reset": "the connection is cut before the answer",
    "length": "Content-Length promises more than comes",
    "truncated": "the body ends early, with a matching Content-Length",
    "invalid": "NaN in the JSON",
    "html": "an HTML page with status 200",
    "redirect": "302 to another host",
    "schema": "a field has another name",
    "half": "only the first half of the rows",
    "endless": "the body does not end",
    "stuck": "an earlier page again, whatever was asked for",
    "duplicates": "rows stand twice",
    "disorder": "rows stand in any order",
    "jitter": "settlements are stamped up to 15 minutes late",
}
"""Name and meaning; the last three spoil every answer, the others some of them."""

ALWAYS = ("duplicates", "disorder", "jitter")
MAX_JITTER_MS = 887_645
"""The latest stamp that Hyperliquid was seen to give: 2025-07-19T10:14:47Z."""


@dataclass(frozen=True)
class Faults:
    """Which faults happen, and how often.

    Parameters
    ----------
    names : tuple of str
        Of `FAULTS`.
    rate : float
        Share of attempts that are spoilt.
    most : int
        The same request is spoilt at most so many times, so that patience is rewarded.
    """

    names: tuple[str, ...] = ()
    rate: float = 0.5
    most: int = 2
    seed: int = 1

    def choose(self, request: str, attempt: int) -> str:
        """Return the fault of one attempt; empty for none.

        Parameters
        ----------
        request : str
            What was asked for.
        attempt : int
            How often it was asked for before.
        """
        names = [name for name in self.names if name not in ALWAYS]
        if not names or attempt >= self.most:
            return ""
        random = self._random(f"{attempt} {request}")
        return str(random.choice(names)) if random.random() < self.rate else ""

    def spoil_rows(self, rows: list[Any], request: str) -> None:
        """Apply the faults that spoil every answer, in place.

        Parameters
        ----------
        rows : list
            Rows of the answer.
        """
        random = self._random(request)
        if "jitter" in self.names:
            for row in rows:
                if isinstance(row, dict) and "fundingRate" in row:
                    key = "time" if "time" in row else "fundingTime"
                    # One row is late by the same time in every answer.
                    row[key] += int(self._random(str(row[key])).integers(MAX_JITTER_MS))
        if "duplicates" in self.names and rows:
            rows += [rows[i] for i in random.integers(0, len(rows), len(rows) // 10 + 1)]
        if "disorder" in self.names:
            rows[:] = [rows[i] for i in random.permutation(len(rows))]

    def _random(self, text: str) -> np.random.Generator:
        digest = hashlib.sha256(f"{self.seed} {text}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def rename_field(answer: Any) -> Any:
    """Return an answer in which the last field of every row has another name.

    Parameters
    ----------
    answer : object
        JSON.
    """
    if isinstance(answer, list):
        return [rename_field(entry) for entry in answer]
    if not isinstance(answer, dict):
        return str(answer) + "?"
    return {f"new_{name}": value for name, value in answer.items()}


def spoil_body(fault: str, answer: Any) -> bytes:
    """Return the body of an answer with a fault in its content.

    Parameters
    ----------
    fault : str
        "truncated", "invalid", "schema", or anything else for none.
    answer : object
        JSON.
    """
    body = json.dumps(rename_field(answer) if fault == "schema" else answer).encode()
    if fault == "truncated":
        return body[: len(body) * 2 // 3]
    if fault == "invalid":
        return body.replace(b'": ', b'": NaN, "was": ', 1) if b'": ' in body else b"[NaN]"
    return body
