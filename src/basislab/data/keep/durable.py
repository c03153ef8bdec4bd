"""Directories that are written whole or not at all: temporary sibling, fsync, one rename."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from basislab.errors import DataError

_STALE_AFTER_S = 3_600
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD, RENAME_EXCHANGE


def fsync(path: Path) -> None:
    """Force a file or a directory to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_directory(target: Path, write: Callable[[Path], None], *, replace: bool) -> None:
    """Write a directory under a temporary name and rename it into place once.

    A process that dies on the way leaves `target` as it was: absent, or the old one. Replacing
    needs two renames (POSIX cannot rename over a directory that is not empty); a death between them
    leaves the old one beside the target, from where `recover` puts it back.

    Parameters
    ----------
    target : Path
        Final path; its parent is created.
    write : callable
        Fills the directory that it is given, and forces what it writes to disk.
    replace : bool
        Take the place of an existing directory.

    Raises
    ------
    DataError
        The directory cannot be written, or `target` appeared in the meantime.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        made = tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        temporary = Path(made)
    except OSError as error:
        raise _cannot(target, error) from error
    try:
        write(temporary)
        temporary.chmod(0o755)  # mkdtemp makes it private
        fsync(temporary)
        if replace:
            _swap(temporary, target)
        else:
            temporary.rename(target)
        fsync(target.parent)
    except OSError as error:
        raise _cannot(target, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def recover(target: Path) -> None:
    """Put back the directory that an interrupted replacement has left aside.

    Parameters
    ----------
    target : Path
        Untouched if it exists, or if nothing was left aside.

    Raises
    ------
    DataError
        It cannot be put back.
    """
    aside = _aside(target)
    try:
        if aside.is_dir() and not target.exists():
            aside.rename(target)
            fsync(target.parent)
    except OSError as error:
        raise _cannot(target, error) from error


def _swap(temporary: Path, target: Path) -> None:
    aside = _aside(target)
    recover(target)
    shutil.rmtree(aside, ignore_errors=True)
    had_old = target.exists()
    if had_old and _exchange(temporary, target):
        return  # the old one is the temporary one now, and is removed as such
    if had_old:
        target.rename(aside)
    try:
        temporary.rename(target)
    except OSError:
        if had_old:
            recover(target)
        raise
    fsync(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two directories in one step, so that no reader finds none; False where none can."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    paths = os.fsencode(one), os.fsencode(other)
    return bool(renameat2(_HERE, paths[0], _HERE, paths[1], _EXCHANGE) == 0)


def _aside(target: Path) -> Path:
    return target.parent / f".{target.name}.old"


def _sweep(target: Path) -> None:
    """Remove what killed writers have left, once no live one can own it."""
    for left in target.parent.glob(f".{glob_escape(target.name)}.*.tmp"):
        if time.time() - left.stat().st_mtime > _STALE_AFTER_S:
            shutil.rmtree(left, ignore_errors=True)


def glob_escape(text: str) -> str:
    """Return `text` as a pattern that matches nothing else.

    Examples
    --------
    >>> glob_escape("a[1]*")
    'a[[]1][*]'
    """
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _cannot(target: Path, error: OSError) -> DataError:
    return DataError(
        f"{target}: cannot be written: {error.strerror or error}. Nothing was changed; free space, "
        "correct the permissions, or choose another place."
    )
