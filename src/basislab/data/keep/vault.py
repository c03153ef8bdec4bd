"""The venues' answers as they came: one immutable file each, from which markets are rebuilt.

A file is written under a temporary name, forced to disk and renamed once, so that it is whole or it
is not there, whoever dies. Nobody changes one, so that readers need no lock. Its name says which
time it covers; what has been fetched is read from the names.
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from basislab.data.keep.durable import fsync
from basislab.data.keep.home import home
from basislab.data.sources.feeds import Feed
from basislab.data.sources.http import Call
from basislab.errors import DataError

FORMAT_VERSION = 1
_NAME = re.compile(r"(\d{10})-(\d{10})\.(\d{8}T\d{6}\d{6})\.([0-9a-f]{16})\.json\.gz")
_STAMP = "%Y%m%dT%H%M%S%f"
Window = tuple[int, int]
"""[start, end), seconds since 1970."""


@dataclass(frozen=True, order=True)
class Record:
    """One stored answer, as its name describes it.

    Parameters
    ----------
    fetched_at : datetime
        UTC; records sort by it.
    start, end : int, seconds since 1970
        The time that it covers with final rows, [start, end).
    sha256 : str
        First 16 digits of the digest of the body.
    """

    fetched_at: datetime
    start: int
    end: int
    sha256: str
    path: Path


class Vault:
    """The store of answers.

    Parameters
    ----------
    root : Path, optional
        ``payloads`` at home by default.
    as_of : datetime, optional
        Answers that were asked for later are not there; all of them by default.
    """

    def __init__(self, root: Path | None = None, as_of: datetime | None = None) -> None:
        self.root = root or home() / "payloads"
        self.as_of = as_of

    def records(self, feed: Feed) -> list[Record]:
        """Return the stored answers of a feed, oldest first."""
        directory = self.root / feed.place
        try:
            names = [entry.name for entry in directory.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(directory, error) from error
        found = ((name, _NAME.fullmatch(name)) for name in names)
        records = (
            Record(
                datetime.strptime(match[3], _STAMP).replace(tzinfo=UTC),
                int(match[1]),
                int(match[2]),
                match[4],
                directory / name,
            )
            for name, match in found
            if match
        )
        return sorted(r for r in records if self.as_of is None or r.fetched_at <= self.as_of)

    def covered(self, feed: Feed) -> list[Window]:
        """Return the windows that stored answers cover, joined, in order."""
        return joined((record.start, record.end) for record in self.records(feed))

    def put(self, feed: Feed, call: Call, body: bytes, window: Window, at: datetime) -> Path | None:
        """Store an answer.

        Parameters
        ----------
        call : Call
            Its URL is recorded without keys.
        body : bytes
            As the venue sent it, decompressed.
        window : (int, int)
            What the answer covers.
        at : datetime
            When it was asked for, UTC.

        Returns
        -------
        Path or None
            None where the newest answer for this very window is the same.

        Raises
        ------
        DataError
            It cannot be written; nothing has changed.
        """
        digest = hashlib.sha256(body).hexdigest()
        same = [r for r in self.records(feed) if (r.start, r.end) == window]
        if same and same[-1].sha256 == digest[:16]:
            return None
        head = {
            "version": FORMAT_VERSION,
            "url": call.url,
            "body": call.body,
            "fetched_at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
            "window": window,
            "bytes": len(body),
            "sha256": digest,
        }
        content = gzip.compress(json.dumps(head).encode() + b"\n" + body, 6, mtime=0)
        name = f"{window[0]:010d}-{window[1]:010d}.{at:{_STAMP}}.{digest[:16]}.json.gz"
        path = self.root / feed.place / name
        write_whole(path, content)
        return path

    def read(self, record: Record) -> bytes:
        """Return the body of a stored answer, verified.

        Raises
        ------
        DataError
            Unreadable, or not what was stored.
        """
        try:
            head, _, body = gzip.decompress(record.path.read_bytes()).partition(b"\n")
            digest = json.loads(head)["sha256"]
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(record.path, error) from error
        except (ValueError, KeyError, TypeError):
            digest, body = "", b""
        if hashlib.sha256(body).hexdigest() != digest or digest[:16] != record.sha256:
            raise DataError(
                f"{record.path}: its content is not what was stored: damaged, or changed by hand. "
                "Remove the file and fetch again."
            )
        return body

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Keep the cleaner out while answers are fetched; any number may fetch at once.

        Raises
        ------
        DataError
            The store cannot be written.
        """
        with locked(self.root / ".lock", shared=True):
            yield


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[None]:
    """Hold a lock that dies with the process.

    Parameters
    ----------
    path : Path
        Created if it is absent.
    shared : bool
        Others may hold it too, unless they want it alone.
    wait : bool
        False raises where somebody holds it.

    Raises
    ------
    DataError
        It cannot be created, or is held by another process and `wait` is False.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, kind | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise DataError(f"{path}: another process is fetching. Try again later.") from None
        yield
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    DataError
        It cannot be written; nothing has changed.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=".", suffix=".tmp", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        fsync(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def joined(windows: Iterable[Window]) -> list[Window]:
    """Return windows with those that touch made one, in order.

    Examples
    --------
    >>> joined([(5, 7), (0, 2), (2, 3)])
    [(0, 3), (5, 7)]
    """
    result: list[Window] = []
    for start, end in sorted(windows):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def missing(covered: Iterable[Window], start: int, end: int) -> list[Window]:
    """Return the parts of [start, end) that no window covers.

    Parameters
    ----------
    start, end : int, seconds since 1970

    Examples
    --------
    >>> missing([(2, 4)], 0, 6)
    [(0, 2), (4, 6)]
    """
    gaps, at = [], start
    for low, high in joined(covered):
        if low > at:
            gaps.append((at, min(low, end)))
        at = max(at, high)
        if at >= end:
            break
    if at < end:
        gaps.append((at, end))
    return [(low, high) for low, high in gaps if low < high]


def _unreadable(path: Path, error: BaseException) -> DataError:
    reason = getattr(error, "strerror", None) or error
    return DataError(f"{path}: cannot be read ({reason}). Remove the file and fetch again.")


def _unwritable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"{path}: cannot be written ({error.strerror or error}). What was fetched before is whole; "
        "free space or correct the permissions, and run the same command again."
    )
