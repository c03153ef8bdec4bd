"""The manifest of a stored market: what is in the directory, and how to tell that it is intact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from basislab.data.sources.payload import parse_json
from basislab.errors import DataError, SourceError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
MAX_MANIFEST_BYTES = 16 * 1024**2
MAX_BARS = 100_000_000
MAX_BAR_SECONDS = 366 * 86_400

Kind = Literal["price", "funding", "supply", "borrow"]


class SeriesEntry(BaseModel):
    """One series of the market, in the market's order."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    kind: Kind
    key: tuple[str, ...]
    label: str
    bars: int
    observed: int
    first: str | None
    last: str | None
    absent: tuple[str, ...]


class Manifest(BaseModel):
    """Content of ``manifest.json``; unknown keys are refused within a version."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    version: Literal[1]
    basislab: str
    name: str
    asset: str
    quote: str
    bar_seconds: Annotated[int, Field(gt=0, le=MAX_BAR_SECONDS)]
    bars: Annotated[int, Field(gt=0, le=MAX_BARS)]
    first: str
    last: str
    fingerprint: str
    files: dict[str, str]
    series: tuple[SeriesEntry, ...]
    provenance: dict[str, Any]


def read_manifest(directory: Path) -> Manifest:
    """Read and validate the manifest of a stored market.

    Raises
    ------
    DataError
        No manifest, unreadable or of another version, a missing or unknown key.
    """
    path = directory / MANIFEST
    remedy = "Import the market again with --replace."
    try:
        with path.open("rb") as file:
            text = file.read(MAX_MANIFEST_BYTES)
    except FileNotFoundError:
        raise DataError(
            f"{directory}: not a stored market, for it has no {MANIFEST}. "
            f"Import venue answers with 'basislab data import {directory}'."
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}. {remedy}") from error
    try:
        content = parse_json(text, str(path))
    except SourceError as error:
        raise DataError(f"{path}: damaged, not JSON. {remedy}") from error
    version = content.get("version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        raise DataError(
            f"{path}: format version {version!r}; this basislab reads version {FORMAT_VERSION}. "
            f"Use the basislab that wrote it, or import again with --replace."
        )
    try:
        return Manifest.model_validate_json(json.dumps(content))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        got = str(first["input"])[:40]
        what = "it is missing" if first["type"] == "missing" else f"got {got!r}"
        raise DataError(f"{path}: damaged, {place}: {what}. {remedy}") from None
