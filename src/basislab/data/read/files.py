"""The bytes of one file, out of gzip or zip, and its text, within limits."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from pathlib import Path

from basislab.errors import SourceError

MAX_FILE_BYTES = 32 * 1024**2
"""Largest file that is opened; a year of hourly funding is 0.1 MiB compressed."""

MAX_TEXT_BYTES = 64 * 1024**2
"""Largest text after decompression; 40 years of hourly funding fit."""

GZIP, ZIP, PARQUET, ARROW = b"\x1f\x8b", b"PK\x03\x04", b"PAR1", (b"ARROW1", b"FEA1")
_EMPTY_ZIP = b"PK\x05\x06"
_FOREIGN = {
    b"\xfd7zXZ": "xz",
    b"BZh": "bzip2",
    b"(\xb5/\xfd": "zstd",
    b"7z\xbc\xaf": "7z",
    b"\x89HDF": "HDF5",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "PDF",
    b"SQLite format 3": "an SQLite database",
}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def shown(path: str | Path) -> str:
    """Return a path for a message; one of thousands of characters is cut."""
    text = str(path)
    return text if len(text) <= 300 else f"{text[:80]}...{text[-80:]}"


def read_raw(path: Path, limit: int | None = None) -> bytes:
    """Return a file's own bytes; a directory, a missing file or one above the limit is refused."""
    limit = limit or MAX_FILE_BYTES
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        why = getattr(error, "strerror", None) or "the path holds a character that no file has"
        raise SourceError(
            f"{shown(path)}: cannot be read: {why}. Check the path and its permissions."
        ) from None
    if len(raw) > limit:
        raise SourceError(
            f"{shown(path)}: larger than {limit // 1024**2} MiB. "
            "Split the file by date; parts of one series are merged."
        )
    return raw


def read_file(path: Path) -> tuple[bytes, str]:
    """Return a file's content, out of gzip or zip, and the digest of the file's own bytes."""
    raw = read_raw(path)
    return unpack(raw, shown(path))[0], hashlib.sha256(raw).hexdigest()


def unpack(raw: bytes, where: str) -> tuple[bytes, tuple[str, ...]]:
    """Return what `raw` holds, told by its content, and out of what it was taken.

    The name of a file says nothing: an archive is known by its first bytes.
    """
    packed: list[str] = []
    while raw.startswith((GZIP, ZIP, _EMPTY_ZIP)):
        if len(packed) == 2:
            raise SourceError(f"{where}: packed three times over. Unpack it and import the inside.")
        is_gzip = raw.startswith(GZIP)
        packed.append("gzip" if is_gzip else "zip")
        raw = _gunzip(raw, where) if is_gzip else _unzip(raw, where)
    for magic, what in _FOREIGN.items():
        if raw.startswith(magic):
            raise SourceError(
                f"{where}: got {what}; CSV, JSON, Parquet and Arrow are read, plain or in gzip or "
                "zip. Save it as one of them."
            )
    if not raw.strip():
        raise SourceError(f"{where}: the file is empty. Fetch it again.")
    return raw, tuple(packed)


def _gunzip(raw: bytes, where: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            content = file.read(MAX_TEXT_BYTES + 1)
    except EOFError:
        raise SourceError(
            f"{where}: the gzip data end early after {len(raw)} bytes. Fetch the file again."
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise SourceError(f"{where}: damaged gzip data. Fetch the file again.") from None
    return _bounded(content, raw, where)


def _unzip(raw: bytes, where: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            member = _only_member(archive, where)
            with archive.open(member) as file:
                content = file.read(MAX_TEXT_BYTES + 1)
    except RuntimeError:
        raise SourceError(f"{where}: the zip is locked with a password. Unpack it first.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError):
        raise SourceError(
            f"{where}: damaged zip data, or packed in a way that is not read. "
            "Fetch the file again, or unpack it first."
        ) from None
    return _bounded(content, raw, where)


def _only_member(archive: zipfile.ZipFile, where: str) -> zipfile.ZipInfo:
    names = [one.filename for one in archive.infolist()]
    if "[Content_Types].xml" in names:
        raise SourceError(f"{where}: got an Excel workbook. Save its sheet as CSV.")
    members = [
        one
        for one in archive.infolist()
        if not one.is_dir() and not one.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        few = ", ".join(repr(one.filename[:60]) for one in members[:3])
        raise SourceError(
            f"{where}: the zip holds {len(members)} files{f' ({few} ...)' if few else ''}; "
            "one is wanted. Unpack it and import the file that holds the series."
        )
    return members[0]


def _bounded(content: bytes, raw: bytes, where: str) -> bytes:
    if len(content) > MAX_TEXT_BYTES:
        # Read no further: a few kilobytes can unpack to more than any memory holds.
        raise SourceError(
            f"{where}: {len(raw)} bytes unpack to more than {MAX_TEXT_BYTES // 1024**2} MiB. "
            "No venue answers like that; fetch the file again, or split it by date."
        )
    return content


def is_json(content: bytes) -> bool:
    """Tell whether unpacked text begins like JSON rows."""
    head = content[:256]
    text = head.decode("utf-16" if head.startswith(_UTF16) else "utf-8-sig", "ignore")
    return text.lstrip()[:1] in ("[", "{")


def decode(content: bytes, where: str, remedy: str) -> str:
    """Return the text of UTF-8, with or without a byte order mark, or of UTF-16 with one."""
    coding = "utf-16" if content.startswith(_UTF16) else "utf-8-sig"
    try:
        text = content.decode(coding)
    except UnicodeDecodeError as error:
        name = "UTF-16" if coding == "utf-16" else "UTF-8"
        raise SourceError(f"{where}: byte {error.start} is not {name} text. {remedy}") from None
    if "\0" in text:
        raise SourceError(f"{where}: character {text.index(chr(0))} is a NUL, no text. {remedy}")
    return text
