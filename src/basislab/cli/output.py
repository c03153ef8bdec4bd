"""Writing files whole or not at all, reading those that a command needs."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import typer

from basislab.errors import ConfigError

TABLE_ENDINGS = (".parquet", ".csv")
FIGURE_ENDINGS = (".svg", ".png", ".html")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Parameters
    ----------
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
    """Return a JSON document whose floats read back to the same bits."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def check_endings(out: Path | None, figure: Path | None = None) -> None:
    """Refuse files of an unknown kind before anything is computed."""
    for path, endings in ((out, TABLE_ENDINGS), (figure, FIGURE_ENDINGS)):
        if path is not None and path.suffix not in endings:
            raise ConfigError(f"output {path}: it must end in {' or '.join(endings)}.")


def write_figure(path: Path, thing: object, kind: str, **choices: Any) -> None:
    """Draw a result into a file of the path's ending, and say so."""
    from basislab.cli.progress import status
    from basislab.report.plots import figure_file, figure_of

    with status("drawing"):
        content = figure_file(figure_of(thing, kind, **choices), path.suffix)
    write_bytes(path, content)
    typer.echo(f"written: {path}", err=True)
