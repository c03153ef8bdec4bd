"""Writing: files whole or not at all, progress on stderr."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from basislab.errors import ConfigError

Item = TypeVar("Item")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Parameters
    ----------
    path : Path
    text : str
        Written as UTF-8.

    Raises
    ------
    ConfigError
        The file cannot be written; what was there before is untouched.
    """
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, synced, renamed.

    A file that holds the content already is left alone: a report of dozens of files is rewritten in
    no time where nothing changed.

    Parameters
    ----------
    path : Path
    content : bytes

    Raises
    ------
    ConfigError
        The file cannot be written; what was there before is untouched.
    """
    temporary = None
    try:
        if path.is_file() and path.read_bytes() == content:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=".", delete=False) as file:
            temporary = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are private; a report is as readable as the user's other files.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        raise ConfigError(
            f"output {path}: it cannot be written ({error.strerror}). Choose another place."
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def read_text(path: Path) -> str:
    """Return a text file that a command needs.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: it cannot be read ({error}). Run 'basislab study'.") from None


def to_json(value: Any) -> str:
    """Return a JSON document whose floats read back to the same bits.

    Parameters
    ----------
    value : JSON-ready object

    Returns
    -------
    str
    """
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


@contextlib.contextmanager
def status(text: str) -> Iterator[Callable[[str], None]]:
    """Show on stderr what is being done, where someone is looking.

    Parameters
    ----------
    text : str
        First message.

    Yields
    ------
    callable of str
        Replaces the message.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status(text) as spinner:
        yield spinner.update


def progress(items: Iterable[Item], label: str, total: int) -> Iterator[Item]:
    """Yield `items` under a progress bar on stderr, where someone is looking.

    Parameters
    ----------
    items : iterable
    label : str
    total : int

    Yields
    ------
    The items.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from items
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        yield from bar.track(items, total=total, description=label)
